// Which kind of queues a topic has. Its configuration says so when its first queue is made; from then on its queues do.
import type { Logger } from '@mq/remoting';
import type { ConsumeQueueStore } from './consume-queue-store.js';

/** Attribute queue.type of a topic. BatchCQ: its records hold several messages each. */
export type QueueType = 'SimpleCQ' | 'BatchCQ';

export class TopicKinds {
  /** Topics that were reported. */
  readonly #contradictory = new Set<string>();

  /** @param configured what a topic's attribute queue.type says; undefined for a topic that is not known */
  constructor(
    private readonly consumeQueues: ConsumeQueueStore,
    private readonly configured: (topic: string) => QueueType | undefined,
    private readonly logger: Logger,
  ) {}

  isBatchTopic(topic: string): boolean {
    return this.kindOf(topic) === 'BatchCQ';
  }

  /** Undefined for a topic that is not known and has no queue. */
  kindOf(topic: string): QueueType | undefined {
    const found = this.consumeQueues.kindOf(topic);
    const configured = this.configured(topic);
    if (found === undefined || configured === undefined || found === configured) return found ?? configured;
    if (!this.#contradictory.has(topic)) {
      this.#contradictory.add(topic);
      // Apache's broker does not start with such a directory.
      this.logger.error('a topic has queues of another type than its configuration says, and keeps them', {
        topic,
        found,
        configured,
      });
    }
    return found;
  }
}
