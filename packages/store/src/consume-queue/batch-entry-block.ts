/** A run of entries of a batch consume queue; each is one record with several messages. */
import {
  BATCH_ENTRY_BYTES,
  batchBaseOffset,
  batchSize,
  batchStoreTimestamp,
  batchTagsCode,
} from './batch-consume-queue-entry.js';
import { entryPhysicalOffset, entrySize } from './consume-queue-entry.js';
import { QueueBlock } from './queue-block.js';

export class BatchEntryBlock extends QueueBlock {
  override physicalOffset(i: number): number {
    return entryPhysicalOffset(this.buffer, this.#at(i));
  }

  override sizeBytes(i: number): number {
    return entrySize(this.buffer, this.#at(i));
  }

  override isBlank(): boolean {
    return false;
  }

  tagsCode(i: number): number {
    return batchTagsCode(this.buffer, this.#at(i));
  }

  storeTimestamp(i: number): number {
    return batchStoreTimestamp(this.buffer, this.#at(i));
  }

  /** Queue offset of the first message of entry `i`. */
  baseOffset(i: number): number {
    return batchBaseOffset(this.buffer, this.#at(i));
  }

  /** Messages of entry `i`. */
  batchSize(i: number): number {
    return batchSize(this.buffer, this.#at(i));
  }

  /** Queue offset behind the last message of entry `i`. */
  endOffset(i: number): number {
    return this.baseOffset(i) + this.batchSize(i);
  }

  #at(i: number): number {
    return this.start + i * BATCH_ENTRY_BYTES;
  }
}
