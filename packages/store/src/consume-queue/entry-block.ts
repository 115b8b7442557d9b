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

const NO_BYTES = Buffer.alloc(0);

export class EntryBlock {
  /**
   * @param buffer holds the entries, from byte `start` on
   * @param firstIndex queue offset of the first entry
   */
  constructor(
    readonly buffer: Buffer,
    readonly start: number,
    readonly count: number,
    readonly firstIndex: number,
  ) {}

  static empty(firstIndex: number): EntryBlock {
    return new EntryBlock(NO_BYTES, 0, 0, firstIndex);
  }

  /** Physical offset of entry `i`, counted inside the block; so are all the following. */
  physicalOffset(i: number): number {
    return entryPhysicalOffset(this.buffer, this.start + i * ENTRY_BYTES);
  }

  sizeBytes(i: number): number {
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

  /** Stands for no record; readers step over it. */
  isBlank(i: number): boolean {
    return isBlank(this.buffer, this.start + i * ENTRY_BYTES);
  }

  /** The part of the block from queue offset `index` on, at most `count` entries; shares the bytes. */
  slice(index: number, count: number): EntryBlock {
    const skip = index - this.firstIndex;
    const start = this.start + skip * ENTRY_BYTES;
    return new EntryBlock(this.buffer, start, Math.min(count, this.count - skip), index);
  }
}
