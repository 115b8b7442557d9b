// Which queue offset comes next, per topic and queue (upstream `QueueOffsetOperator`), and what an append needs to
// know of a topic. An offset is assigned when a record is encoded; the ConsumeQueue's own end follows with dispatch.
import type { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { TopicKinds } from '../consume-queue/topic-kinds.js';

/** A queue as the appender sees it; of the two kinds of queues it has the one. */
export interface AppendQueue {
  readonly topic: AppendTopic;
  readonly queueId: number;
  readonly consumeQueue: ConsumeQueue | undefined;
  /** Of a topic whose records hold several messages each. */
  readonly batchQueue: BatchConsumeQueue | undefined;
  /** Assigned to the next record; never behind the queue's `maxOffset`. */
  nextOffset: number;
}

export interface AppendTopic {
  readonly name: string;
  readonly bytes: Buffer;
  /** By queue id. */
  readonly queues: (AppendQueue | undefined)[];
}

export class QueueTable {
  readonly #topics = new Map<string, AppendTopic>();

  constructor(
    private readonly consumeQueues: ConsumeQueueStore,
    private readonly kinds: TopicKinds,
  ) {}

  /** The queue, created where it does not exist yet. @throws ConsumeQueueError when the topic is no directory name */
  queue(topic: string, queueId: number): AppendQueue {
    return this.find(topic, queueId) ?? this.#create(topic, queueId);
  }

  /** The queue if something was appended to it since the start. */
  find(topic: string, queueId: number): AppendQueue | undefined {
    return this.#topics.get(topic)?.queues[queueId];
  }

  /** Whether records of the topic hold several messages each. */
  isBatchTopic(topic: string): boolean {
    return this.kinds.isBatchTopic(topic);
  }

  deleteTopic(topic: string): void {
    this.#topics.delete(topic);
  }

  #create(name: string, queueId: number): AppendQueue {
    const isBatch = this.kinds.isBatchTopic(name);
    const batchQueue = isBatch ? this.consumeQueues.findOrCreateBatch(name, queueId) : undefined;
    const consumeQueue = isBatch ? undefined : this.consumeQueues.findOrCreate(name, queueId);
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { name, bytes: Buffer.from(name, 'utf8'), queues: [] };
      this.#topics.set(name, topic);
    }
    const nextOffset = (batchQueue ?? consumeQueue!).maxOffset;
    const queue = { topic, queueId, consumeQueue, batchQueue, nextOffset };
    topic.queues[queueId] = queue;
    return queue;
  }
}
