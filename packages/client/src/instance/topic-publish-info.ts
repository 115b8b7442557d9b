import type { MessageQueue } from '@mq/remoting/protocol';

export type QueueFilter = (queue: MessageQueue) => boolean;

/** The queues of one topic that may be sent to, and the place of the round robin over them. Upstream: TopicPublishInfo. */
export class TopicPublishInfo {
  #next: number;

  constructor(
    readonly queues: readonly MessageQueue[],
    random: () => number,
  ) {
    this.#next = queues.length === 0 ? 0 : Math.floor(random() * queues.length);
  }

  get isEmpty(): boolean {
    return this.queues.length === 0;
  }

  /** The next queue that passes, going round once; undefined when none does. */
  next(filter?: QueueFilter): MessageQueue | undefined {
    for (let tried = 0; tried < this.queues.length; tried++) {
      const queue = this.queues[this.#next] as MessageQueue;
      this.#next = this.#next + 1 === this.queues.length ? 0 : this.#next + 1;
      if (filter === undefined || filter(queue)) return queue;
    }
    return undefined;
  }
}
