/**
 * The consume queue of one topic and queue id: where its messages are in the log (upstream store/ConsumeQueue). The number
 * of an entry is the queue offset of its message.
 */
import { BLANK_SIZE, ENTRY_BYTES, isWritten, tagsCodeHigh, writeEntry } from './consume-queue-entry.js';
import { ConsumeQueueError } from './consume-queue-error.js';
import { EntryBlock } from './entry-block.js';
import { EntryQueue, type QueueHost } from './entry-queue.js';
import type { EntryFormat } from './queue-end.js';

const FORMAT: EntryFormat = { entryBytes: ENTRY_BYTES, isWritten };

const BLANK_BLOCK_BYTES = 3200 * ENTRY_BYTES;

/** An entry this far beyond the end of its queue is not a gap but a mistake. */
export const MAX_GAP_ENTRIES = 3_000_000;

export class ConsumeQueue extends EntryQueue<EntryBlock> {
  constructor(host: QueueHost, topic: string, queueId: number, dir: string) {
    super(host, FORMAT, topic, queueId, dir);
  }

  override get minOffset(): number {
    return this.minBytes / ENTRY_BYTES;
  }

  override get maxOffset(): number {
    return this.endBytes / ENTRY_BYTES;
  }

  protected override offsetAt(position: number): number {
    return position / ENTRY_BYTES;
  }

  protected override block(buffer: Buffer, start: number, count: number, firstIndex: number): EntryBlock {
    return new EntryBlock(buffer, start, count, firstIndex);
  }

  /**
   * Adds the entry of a record. Entries that exist already are skipped, so a rebuild may start early.
   * @param tagsCode safe integer
   * @throws DiskError when the tail is full and cannot be written; nothing has changed then, and the put may be repeated
   */
  putPosition(queueOffset: number, physicalOffset: number, sizeBytes: number, tagsCode: number): void {
    this.putPositionBits(queueOffset, physicalOffset, sizeBytes, tagsCodeHigh(tagsCode), tagsCode | 0);
  }

  /** As `putPosition`, the tagsCode as the two halves of its 64 bits. */
  putPositionBits(
    queueOffset: number,
    physicalOffset: number,
    sizeBytes: number,
    tagsHigh: number,
    tagsLow: number,
  ): void {
    const recordEnd = physicalOffset + sizeBytes;
    if (recordEnd <= this.maxPhysicalOffset) return;
    const position = queueOffset * ENTRY_BYTES;
    if (position !== this.endBytes && !this.alignEnd(position)) return;
    let at = this.endBytes - this.tailStart;
    if (this.tail === undefined || at === this.tail.length) {
      this.makeRoom();
      at = this.endBytes - this.tailStart;
      if (position === this.minBytes) this.minPhysicalOffset = physicalOffset;
    }
    writeEntry(this.tail!, at, physicalOffset, sizeBytes, tagsHigh, tagsLow);
    this.grew(recordEnd);
  }

  /** Brings the end of the queue to `position`; false when the entry there exists already. */
  private alignEnd(position: number): boolean {
    if (position < this.endBytes) {
      this.host.reportOverlap(this, position / ENTRY_BYTES);
      return false;
    }
    const isFirst = this.files.isEmpty && this.endBytes === 0;
    const from = isFirst ? this.files.fileStart(position) : this.endBytes;
    if (!isFirst) {
      if (position - from > MAX_GAP_ENTRIES * ENTRY_BYTES) {
        throw new ConsumeQueueError(
          'GAP_TOO_LARGE',
          this.dir,
          `ends at queue offset ${this.maxOffset}, an entry for ${position / ENTRY_BYTES} does not belong here`,
        );
      }
      // Different on purpose: upstream appends at the end, and every later message answers to a wrong queue offset.
      this.host.reportGap(this, this.maxOffset, position / ENTRY_BYTES);
      this.writePending();
    }
    this.writeBlanks(from, position);
    this.dropTail();
    this.endBytes = this.writtenBytes = position;
    if (isFirst) {
      this.minBytes = position;
      this.minPhysicalOffset = -1;
      this.syncedBytes = this.durableBytes = from;
    }
    return true;
  }

  /** Blanks carry the end of the record before them, so that physical offsets never fall along the queue. */
  private writeBlanks(from: number, to: number): void {
    const block = Buffer.allocUnsafe(Math.min(to - from, BLANK_BLOCK_BYTES));
    const physicalOffset = Math.max(0, this.maxPhysicalOffset);
    for (let at = 0; at < block.length; at += ENTRY_BYTES)
      writeEntry(block, at, physicalOffset, BLANK_SIZE, 0, 0);
    for (let at = from; at < to; at += block.length)
      this.files.write(block, 0, Math.min(block.length, to - at), at);
  }
}
