/**
 * A run of consume queue entries as the bytes they are stored in: reading 32 of them creates one object, not 32.
 * The bytes do not change afterwards, so a block may be kept across an await.
 */
import {
  ENTRY_BYTES,
  entryPhysicalOffset,
  entrySize,
  entryTagsCode,
  entryTagsCodeBits,
  extOffset,
  isBlank,
  isExtAddress,
} from './consume-queue-entry.js';
import { QueueBlock } from './queue-block.js';

const NO_BYTES = Buffer.alloc(0);

/** `firstIndex` is the queue offset of the first entry. */
export class EntryBlock extends QueueBlock {
  static empty(firstIndex: number): EntryBlock {
    return new EntryBlock(NO_BYTES, 0, 0, firstIndex);
  }

  override physicalOffset(i: number): number {
    return entryPhysicalOffset(this.buffer, this.start + i * ENTRY_BYTES);
  }

  override sizeBytes(i: number): number {
    return entrySize(this.buffer, this.start + i * ENTRY_BYTES);
  }

  /** Exact unless `isExtAddress(i)`. */
  tagsCode(i: number): number {
    return entryTagsCode(this.buffer, this.start + i * ENTRY_BYTES);
  }

  tagsCodeBits(i: number): bigint {
    return entryTagsCodeBits(this.buffer, this.start + i * ENTRY_BYTES);
  }

  /** The tagsCode is the address of a consume-queue-ext unit at byte `extOffset(i)` there. */
  isExtAddress(i: number): boolean {
    return isExtAddress(this.buffer, this.start + i * ENTRY_BYTES);
  }

  extOffset(i: number): number {
    return extOffset(this.buffer, this.start + i * ENTRY_BYTES);
  }

  override isBlank(i: number): boolean {
    return isBlank(this.buffer, this.start + i * ENTRY_BYTES);
  }
}
