// Whether the record that an entry of a batch consume queue leads to is the one it stands for. Entries have no checksum.
import {
  RecordLayout,
  recordQueueId,
  recordQueueOffset,
  recordSize,
  recordSysFlag,
} from '@mq/remoting/message';
import { batchSpanOf } from '../commit-log/batch-suffix.js';
import { MAX_BATCH_SIZE } from '../consume-queue/batch-consume-queue-entry.js';
import type { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { BatchEntryBlock } from '../consume-queue/batch-entry-block.js';

export class BatchEntryCheck {
  /** Where the parts of the record are that was looked at last. */
  readonly #layout = new RecordLayout();
  /** Topic of the queue that was asked for last, as records hold it. */
  #topic = '';
  #topicBytes = Buffer.alloc(0);

  /**
   * Whether the record at `start` has the size, queue and base offset that entry `at` of a block says.
   * @param bytes hold a record that is sound there, or was when it was written
   */
  isPlaced(
    bytes: Buffer,
    start: number,
    queue: BatchConsumeQueue,
    block: BatchEntryBlock,
    at: number,
  ): boolean {
    const size = block.sizeBytes(at);
    return (
      recordSize(bytes, start) === size &&
      this.#layout.locate(bytes, start, start + size) &&
      recordQueueOffset(bytes, start) === block.baseOffset(at) &&
      recordQueueId(bytes, start) === queue.queueId &&
      this.#isOfTopic(bytes, queue.topic)
    );
  }

  /** As `isPlaced`, for a record alone, which must hold as many messages too. */
  isOf(record: Buffer, queue: BatchConsumeQueue, block: BatchEntryBlock, at: number): boolean {
    if (record.length !== block.sizeBytes(at) || !this.isPlaced(record, 0, queue, block, at)) return false;
    const { propertiesStart, propertiesEnd } = this.#layout;
    const span = batchSpanOf(record, propertiesStart, propertiesEnd, recordSysFlag(record, 0));
    return span !== undefined && Math.min(span.count, MAX_BATCH_SIZE) === block.batchSize(at);
  }

  #isOfTopic(bytes: Buffer, topic: string): boolean {
    if (topic !== this.#topic) {
      this.#topic = topic;
      this.#topicBytes = Buffer.from(topic, 'utf8');
    }
    const { topicStart, topicEnd } = this.#layout;
    return this.#topicBytes.compare(bytes, topicStart, topicEnd) === 0;
  }
}
