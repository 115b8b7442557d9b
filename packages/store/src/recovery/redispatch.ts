// Records read back from the log, on their way to the queues and the index again.
import {
  RecordLayout,
  recordQueueId,
  recordQueueOffset,
  recordStoreTimestamp,
  recordSysFlag,
} from '@mq/remoting/message';
import type { Logger } from '@mq/remoting';
import { batchSpanOf, isInnerBatch, namesSpan } from '../commit-log/batch-suffix.js';
import { isInQueue } from '../commit-log/commit-log.js';
import { MAX_BATCH_SIZE } from '../consume-queue/batch-consume-queue-entry.js';
import type { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import { ConsumeQueueError } from '../consume-queue/consume-queue-error.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { QueueType, TopicKinds } from '../consume-queue/topic-kinds.js';
import type { BatchPlace } from '../dispatch/dispatch-record.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Record = Mutable<Parameters<Dispatcher['build']>[0]>;

export class Redispatcher {
  readonly #layout = new RecordLayout();
  #record: Record | undefined;
  #lastTopic = Buffer.alloc(0);
  #lastTopicName = '';
  #kindTopic: string | undefined;
  #kind: QueueType | undefined;
  readonly #straysReported = new Set<string>();
  readonly #gapsReported = new Set<BatchConsumeQueue>();

  /**
   * @param kinds which topics have batch consume queues
   * @param isLogWhole whether the log still holds everything from its first byte
   */
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly consumeQueues: ConsumeQueueStore,
    private readonly kinds: Pick<TopicKinds, 'kindOf'>,
    private readonly isLogWhole: () => boolean,
    private readonly logger: Logger,
  ) {}

  /** Builds the entries of the record at `buffer[at, at + sizeBytes)`. @throws DiskError */
  dispatch(buffer: Buffer, at: number, sizeBytes: number, offset: number): void {
    const layout = this.#layout;
    if (!layout.locate(buffer, at, at + sizeBytes)) return;
    const topic = this.#topic(buffer, layout.topicStart, layout.topicEnd);
    const sysFlag = recordSysFlag(buffer, at);
    const queueId = recordQueueId(buffer, at);
    const queueOffset = recordQueueOffset(buffer, at);
    const isQueued = queueId >= 0 && isInQueue(sysFlag);
    const isBatch = isQueued && this.#isBatch(topic, sysFlag);
    const record = (this.#record ??= {} as Record);
    record.topic = topic;
    record.queueId = queueId;
    if (queueId < 0 && isInQueue(sysFlag))
      this.logger.error('a record names no queue, its message is not served', { topic, queueId, offset });
    const isPlain = isQueued && !isBatch && !isInnerBatch(sysFlag);
    if (isQueued && !isBatch && !isPlain) this.#reportStray(topic, offset);
    record.consumeQueue = isPlain ? this.#queue(topic, queueId, offset, queueOffset) : undefined;
    record.batch = isBatch ? this.#batchPlace(topic, queueId, offset, at, buffer) : undefined;
    record.queueOffset = queueOffset;
    record.commitLogOffset = offset;
    record.sizeBytes = sizeBytes;
    record.sysFlag = sysFlag;
    record.storeTimestamp = recordStoreTimestamp(buffer, at);
    record.tagsCode = undefined;
    record.isScanned = false;
    record.buffer = buffer;
    record.propertiesStart = layout.propertiesStart;
    record.propertiesEnd = layout.propertiesEnd;
    this.dispatcher.build(record);
  }

  /** Neighbours in the log mostly are of one topic: its name is made once for a run of them. */
  #topic(buffer: Buffer, start: number, end: number): string {
    const last = this.#lastTopic;
    if (last.length !== end - start || buffer.compare(last, 0, last.length, start, end) !== 0) {
      this.#lastTopic = Buffer.from(buffer.subarray(start, end));
      this.#lastTopicName = buffer.toString('utf8', start, end);
    }
    return this.#lastTopicName;
  }

  /** Whether the record's topic has batch consume queues; neighbours in the log mostly are of one topic. */
  #isBatch(topic: string, sysFlag: number): boolean {
    if (topic !== this.#kindTopic || this.#kind === undefined) {
      this.#kindTopic = topic;
      this.#kind = this.kinds.kindOf(topic);
    }
    // Of a topic that nobody knows any more the record itself tells.
    return this.#kind === undefined ? isInnerBatch(sysFlag) : this.#kind === 'BatchCQ';
  }

  /** Undefined for a record that says not what it holds: Apache's broker gives it no entry either. */
  #batchPlace(
    topic: string,
    queueId: number,
    offset: number,
    at: number,
    buffer: Buffer,
  ): BatchPlace | undefined {
    const { propertiesStart, propertiesEnd } = this.#layout;
    const queueOffset = recordQueueOffset(buffer, at);
    const place = { topic, queueId, queueOffset, offset };
    const sysFlag = recordSysFlag(buffer, at);
    const span = batchSpanOf(buffer, propertiesStart, propertiesEnd, sysFlag);
    if (span === undefined) {
      if (isInnerBatch(sysFlag) || namesSpan(buffer, propertiesStart, propertiesEnd))
        this.logger.error('a batch does not say what it holds, its messages are not served', place);
      return undefined;
    }
    // Neither number has a checksum; the one in the head of the record is what readers are told.
    if (span.baseOffset !== queueOffset)
      this.logger.warn('a batch has two queue offsets', { ...place, ...span });
    const queue = this.#created(offset, () => this.consumeQueues.findOrCreateBatch(topic, queueId));
    if (queue === undefined) return undefined;
    this.#reportBatchGap(queue, place);
    return { queue, count: Math.min(span.count, MAX_BATCH_SIZE) };
  }

  /** Either of a topic that had the name before, or damaged: the topic of a record has no checksum. Once for each topic. */
  #reportStray(topic: string, offset: number): void {
    if (this.#straysReported.has(topic)) return;
    this.#straysReported.add(topic);
    this.logger.warn('a batch of a topic without batch queues is not served', { topic, offset });
  }

  /** Topic, queue and queue offset of a record have no checksum. Once for each queue: a broker of Apache's leaves gaps. */
  #reportBatchGap(queue: BatchConsumeQueue, place: { queueOffset: number; offset: number }): void {
    const { maxOffset } = queue;
    if (place.queueOffset <= maxOffset || place.offset < queue.maxPhysicalOffset) return;
    if ((maxOffset === 0 && !this.isLogWhole()) || this.#gapsReported.has(queue)) return;
    this.#gapsReported.add(queue);
    this.logger.warn(
      'a batch queue has a gap: another broker stored messages there that are no batches, or a record names another place ' +
        'than its own',
      { ...place, from: maxOffset },
    );
  }

  #queue(topic: string, queueId: number, offset: number, queueOffset: number): ConsumeQueue | undefined {
    const known = this.consumeQueues.find(topic, queueId);
    if (known !== undefined) return known;
    if (queueOffset > 0 && this.isLogWhole()) {
      // Topic and queue of a record have no checksum; this is where damage to them shows.
      this.logger.warn(
        'a queue does not begin with its first record: a record names another queue than its own',
        { topic, queueId, queueOffset, offset },
      );
    }
    return this.#created(offset, () => this.consumeQueues.findOrCreate(topic, queueId));
  }

  /** Names in a record are a stranger's: one that is no directory name gets no queue. */
  #created<Queue>(offset: number, create: () => Queue): Queue | undefined {
    try {
      return create();
    } catch (error) {
      if (!(error instanceof ConsumeQueueError)) throw error;
      this.logger.error('record not dispatched', { offset, error: error.message });
      return undefined;
    }
  }
}
