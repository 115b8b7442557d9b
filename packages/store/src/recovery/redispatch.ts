// Records read back from the log, on their way to the queues and the index again.
import {
  RecordLayout,
  recordQueueId,
  recordQueueOffset,
  recordStoreTimestamp,
  recordSysFlag,
  SysFlag,
} from '@mq/remoting/message';
import type { Logger } from '@mq/remoting';
import { isInQueue } from '../commit-log/commit-log.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import { ConsumeQueueError } from '../consume-queue/consume-queue-error.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Record = Mutable<Parameters<Dispatcher['build']>[0]>;

export class Redispatcher {
  readonly #layout = new RecordLayout();
  #record: Record | undefined;
  #lastTopic = Buffer.alloc(0);
  #lastTopicName = '';

  /**
   * @param foreignTopics topics whose queues are of a kind this store does not keep
   * @param isLogWhole whether the log still holds everything from its first byte
   */
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly consumeQueues: ConsumeQueueStore,
    private readonly foreignTopics: ReadonlySet<string>,
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
    const consumeQueue = this.#queue(topic, queueId, sysFlag, offset, recordQueueOffset(buffer, at));
    const record = (this.#record ??= {} as Record);
    record.topic = topic;
    record.queueId = queueId;
    record.consumeQueue = consumeQueue;
    record.queueOffset = recordQueueOffset(buffer, at);
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

  /** Names in a record are a stranger's: one that is no directory name gets no queue. */
  #queue(
    topic: string,
    queueId: number,
    sysFlag: number,
    offset: number,
    queueOffset: number,
  ): ConsumeQueue | undefined {
    if (queueId < 0 || !isInQueue(sysFlag)) return undefined;
    if (this.foreignTopics.has(topic) || (sysFlag & SysFlag.INNER_BATCH) !== 0) return undefined;
    const known = this.consumeQueues.find(topic, queueId);
    if (known !== undefined) return known;
    if (queueOffset > 0 && this.isLogWhole()) {
      // Topic and queue of a record have no checksum; this is where damage to them shows.
      this.logger.warn(
        'a queue does not begin with its first record: a record names another queue than its own',
        {
          topic,
          queueId,
          queueOffset,
          offset,
        },
      );
    }
    try {
      return this.consumeQueues.findOrCreate(topic, queueId);
    } catch (error) {
      if (!(error instanceof ConsumeQueueError)) throw error;
      this.logger.error('record not dispatched', { offset, error: error.message });
      return undefined;
    }
  }
}
