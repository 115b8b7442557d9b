// Which queue offset comes next, per topic and queue (upstream `QueueOffsetOperator`), and what an append needs to
// know of a topic. An offset is assigned when a record is encoded; the ConsumeQueue's own end follows with dispatch.
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';

/** A queue as the appender sees it. */
export interface AppendQueue {
  readonly topic: AppendTopic;
  readonly queueId: number;
  readonly consumeQueue: ConsumeQueue;
  /** Assigned to the next record; never behind `consumeQueue.maxOffset`. */
  nextOffset: number;
}

export interface AppendTopic {
  readonly name: string;
  readonly bytes: Buffer;
  readonly queues: Map<number, AppendQueue>;
}

export class QueueTable {
  readonly #topics = new Map<string, AppendTopic>();

  constructor(private readonly consumeQueues: ConsumeQueueStore) {}

  /** The queue, created where it does not exist yet. @throws ConsumeQueueError when the topic is no directory name */
  queue(topic: string, queueId: number): AppendQueue {
    return this.#topics.get(topic)?.queues.get(queueId) ?? this.#create(topic, queueId);
  }

  /** The queue if something was appended to it since the start. */
  find(topic: string, queueId: number): AppendQueue | undefined {
    return this.#topics.get(topic)?.queues.get(queueId);
  }

  deleteTopic(topic: string): void {
    this.#topics.delete(topic);
  }

  #create(name: string, queueId: number): AppendQueue {
    const consumeQueue = this.consumeQueues.findOrCreate(name, queueId);
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { name, bytes: Buffer.from(name, 'utf8'), queues: new Map() };
      this.#topics.set(name, topic);
    }
    const queue = { topic, queueId, consumeQueue, nextOffset: consumeQueue.maxOffset };
    topic.queues.set(queueId, queue);
    return queue;
  }
}
