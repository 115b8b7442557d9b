/**
 * A batch consume queue, read only: the queue of a topic with attribute `queue.type=BatchCQ`, whose records hold
 * several messages each. A message is found by any queue offset inside its batch.
 */
import { BATCH_ENTRY_BYTES, readBatchEntry } from './batch-consume-queue-entry.js';
import type { BatchConsumeQueueEntry } from './batch-consume-queue-entry.js';
import { QueueFiles } from './queue-files.js';
import type { QueueFilesContext } from './queue-files.js';

export class BatchConsumeQueue {
  private readonly files: QueueFiles;
  /** Entry numbers of the readable part, [first, end). */
  private readonly first: number;
  private readonly end: number;

  /** @param dir `batchconsumequeue/TOPIC/QID`; its files have `mapperFileSizeBatchConsumeQueue` bytes */
  constructor(context: QueueFilesContext, dir: string) {
    this.files = new QueueFiles(context, dir);
    this.files.load();
    this.first = this.files.startBytes / BATCH_ENTRY_BYTES;
    this.end = this.firstWhere(
      (entry) => entry === undefined,
      this.first,
      this.files.endBytes / BATCH_ENTRY_BYTES,
    );
  }

  get minOffset(): number {
    return this.entry(this.first)?.baseOffset ?? 0;
  }

  /** Next queue offset to be written. */
  get maxOffset(): number {
    const last = this.entry(this.end - 1);
    return last === undefined ? 0 : last.baseOffset + last.batchSize;
  }

  get entryCount(): number {
    return this.end - this.first;
  }

  /** End in the log of the last record that has an entry; -1 when there is none. */
  get maxPhysicalOffset(): number {
    const last = this.entry(this.end - 1);
    return last === undefined ? -1 : last.physicalOffset + last.sizeBytes;
  }

  /** The batch that holds a queue offset; undefined outside [minOffset, maxOffset). Blocking, a few small reads. */
  find(queueOffset: number): BatchConsumeQueueEntry | undefined {
    if (queueOffset >= this.maxOffset) return undefined;
    const behind = this.firstWhere((entry) => entry!.baseOffset > queueOffset, this.first, this.end);
    return this.entry(behind - 1);
  }

  /** Every entry, in order. */
  *entries(): Generator<BatchConsumeQueueEntry> {
    for (let number = this.first; number < this.end; number++) yield this.entry(number)!;
  }

  private entry(number: number): BatchConsumeQueueEntry | undefined {
    if (number < this.first || number * BATCH_ENTRY_BYTES >= this.files.endBytes) return undefined;
    const bytes = Buffer.alloc(BATCH_ENTRY_BYTES);
    this.files.read(bytes, number * BATCH_ENTRY_BYTES, bytes.length);
    return readBatchEntry(bytes);
  }

  /** First entry number in [low, high) for which a monotone condition holds, else `high`. */
  private firstWhere(
    condition: (entry: BatchConsumeQueueEntry | undefined) => boolean,
    low: number,
    high: number,
  ): number {
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (condition(this.entry(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
