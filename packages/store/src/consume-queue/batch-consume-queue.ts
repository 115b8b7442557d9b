/**
 * The queue of a topic with attribute `queue.type=BatchCQ` (upstream store/queue/BatchConsumeQueue): its records hold
 * several messages each, and every message has a queue offset of its own.
 *
 *   entry        0        1      2           3
 *   offsets   |0 1 2 3|4 5 6 7|  8  |  gap  |11 12|
 *
 * A message is found by a search for the entry that holds its offset. A gap holds none: Apache's broker gives queue offsets
 * to records of such a topic that are no batch, and no entry.
 */
import {
  BATCH_ENTRY_BYTES,
  isBatchEntryWritten,
  writeBatchEntry,
  type BatchConsumeQueueEntry,
} from './batch-consume-queue-entry.js';
import { BatchEntryBlock } from './batch-entry-block.js';
import { EntryQueue, type QueueHost } from './entry-queue.js';
import type { EntryFormat } from './queue-end.js';

const FORMAT: EntryFormat = { entryBytes: BATCH_ENTRY_BYTES, isWritten: isBatchEntryWritten };

export class BatchConsumeQueue extends EntryQueue<BatchEntryBlock> {
  /** `minOffset` and `maxOffset`, and the positions in the queue they were read for. */
  #minOffset = 0;
  #minAt = -1;
  #maxOffset = 0;
  #maxAt = -1;
  /** Where a queue goes on that lost all its entries. */
  #floor = 0;

  constructor(host: QueueHost, topic: string, queueId: number, dir: string) {
    super(host, FORMAT, topic, queueId, dir);
  }

  override get minOffset(): number {
    if (this.minBytes >= this.endBytes) return this.maxOffset;
    if (this.#minAt !== this.minBytes) {
      this.#minOffset = this.#firstOffset(this.minBytes / BATCH_ENTRY_BYTES);
      this.#minAt = this.minBytes;
    }
    return this.#minOffset;
  }

  /** Of entry `index`; or of the next one, which can only be smaller where one of them is damaged. */
  #firstOffset(index: number): number {
    const entry = this.entriesNow(index, 1);
    if ((index + 1) * BATCH_ENTRY_BYTES >= this.endBytes) return entry.baseOffset(0);
    const next = this.entriesNow(index + 1, 1).baseOffset(0);
    if (next < entry.endOffset(0)) this.host.reportDamage(this, index);
    return Math.min(entry.baseOffset(0), next);
  }

  override get maxOffset(): number {
    if (this.#maxAt !== this.endBytes) {
      this.#maxOffset = this.offsetAt(this.endBytes);
      this.#maxAt = this.endBytes;
    }
    return this.#maxOffset;
  }

  protected override offsetAt(position: number): number {
    const index = position / BATCH_ENTRY_BYTES;
    if (position > this.firstReadable()) return this.entriesNow(index - 1, 1).endOffset(0);
    return position < this.endBytes ? this.entriesNow(index, 1).baseOffset(0) : this.#floor;
  }

  protected override block(
    buffer: Buffer,
    start: number,
    count: number,
    firstIndex: number,
  ): BatchEntryBlock {
    return new BatchEntryBlock(buffer, start, count, firstIndex);
  }

  /**
   * Adds the entry of a record. Entries that exist already are skipped, so a rebuild may start early.
   * @throws DiskError when the tail is full and cannot be written; nothing has changed then, and the put may be repeated
   */
  put(entry: BatchConsumeQueueEntry): void {
    const recordEnd = entry.physicalOffset + entry.sizeBytes;
    if (recordEnd <= this.maxPhysicalOffset) return;
    if (entry.baseOffset < this.maxOffset) return this.host.reportOverlap(this, entry.baseOffset);
    if (this.tail === undefined || this.endBytes - this.tailStart === this.tail.length) this.makeRoom();
    if (this.endBytes === this.minBytes) {
      this.#minAt = -1;
      this.minPhysicalOffset = entry.physicalOffset;
    }
    writeBatchEntry(this.tail!, this.endBytes - this.tailStart, entry);
    this.grew(recordEnd);
    this.#maxOffset = entry.baseOffset + entry.batchSize;
    this.#maxAt = this.endBytes;
  }

  override truncateDirty(physicalOffset: number): void {
    const { minOffset } = this;
    super.truncateDirty(physicalOffset);
    if (this.minBytes === this.endBytes) this.#floor = Math.max(this.#floor, minOffset);
    this.#minAt = this.#maxAt = -1;
  }

  /** The first and the one behind the last entry number that may be read. */
  get range(): { readonly first: number; readonly end: number } {
    return { first: this.minBytes / BATCH_ENTRY_BYTES, end: this.endBytes / BATCH_ENTRY_BYTES };
  }

  /**
   * Number of the entry that holds a queue offset, or of the next one where it is in a gap; that behind the last entry when
   * there is none. From memory at once, else off the event loop: also what neither the entry found nor the next one
   * confirms, so that whoever waits may look for damage.
   */
  indexOf(queueOffset: number): number | Promise<number> {
    const { first, end } = this.range;
    if (queueOffset >= this.maxOffset) return end;
    for (const block of [this.#tailBlock(), this.#cachedBlock()]) {
      if (block === undefined || block.count === 0) continue;
      const isBehind = queueOffset < block.baseOffset(0) && block.firstIndex > first;
      if (isBehind || queueOffset >= block.endOffset(block.count - 1)) continue;
      const i = indexIn(block, queueOffset);
      const index = Math.max(first, block.firstIndex + i);
      if (block.baseOffset(i) <= queueOffset && (index + 1 === end || isFollowed(block, i))) return index;
    }
    return this.#search(queueOffset);
  }

  /** One entry, off the event loop unless it is in memory. */
  async entry(index: number): Promise<BatchEntryBlock> {
    const near = this.entriesInMemory(index, 1);
    if (near !== undefined) return near;
    const bytes = Buffer.allocUnsafe(BATCH_ENTRY_BYTES);
    await this.files.readAsync(bytes, index * BATCH_ENTRY_BYTES, bytes.length);
    return new BatchEntryBlock(bytes, 0, 1, index);
  }

  async #search(queueOffset: number): Promise<number> {
    let { first: low, end: high } = this.range;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await this.entry(middle)).endOffset(0) > queueOffset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #tailBlock(): BatchEntryBlock | undefined {
    if (this.tail === undefined) return undefined;
    const count = (this.endBytes - this.tailStart) / BATCH_ENTRY_BYTES;
    return new BatchEntryBlock(this.tail, 0, count, this.tailStart / BATCH_ENTRY_BYTES);
  }

  #cachedBlock(): BatchEntryBlock | undefined {
    const block = this.host.cachedBlock(this);
    if (block === undefined) return undefined;
    return new BatchEntryBlock(block.buffer, block.start, block.count, block.firstIndex);
  }
}

/** Whether the entry behind entry `i` is in the block too, and comes behind it. */
function isFollowed(block: BatchEntryBlock, i: number): boolean {
  return i + 1 < block.count && block.baseOffset(i + 1) >= block.endOffset(i);
}

/** The first entry of a block that ends behind a queue offset. */
function indexIn(block: BatchEntryBlock, queueOffset: number): number {
  let low = 0;
  let high = block.count;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (block.endOffset(middle) > queueOffset) high = middle;
    else low = middle + 1;
  }
  return low;
}
