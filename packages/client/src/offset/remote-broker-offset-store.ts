import { messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import type { OffsetStore } from './offset-store.js';

interface Entry {
  offset: number;
  /** What the broker has; -1 unknown. */
  persisted: number;
}

/** Offsets of a cluster: the brokers keep them, for the whole group. Upstream: RemoteBrokerOffsetStore. */
export class RemoteBrokerOffsetStore implements OffsetStore {
  readonly #entries = new Map<string, Entry>();
  /** By topic and broker: whether the first commit there succeeded. */
  readonly #firstCommits = new Map<string, Promise<boolean>>();

  constructor(
    private readonly client: ClientInstance,
    private readonly consumerGroup: string,
  ) {}

  async load(): Promise<void> {}

  update(queue: MessageQueue, offset: number, increaseOnly: boolean): void {
    const entry = this.#entries.get(messageQueueKey(queue));
    if (entry === undefined) this.#entries.set(messageQueueKey(queue), { offset, persisted: -1 });
    else if (!increaseOnly || offset > entry.offset) entry.offset = offset;
  }

  read(queue: MessageQueue): number {
    return this.#entries.get(messageQueueKey(queue))?.offset ?? -1;
  }

  async readFromStore(queue: MessageQueue): Promise<number> {
    const broker = await this.client.brokerOf(queue, 0, false);
    const offset = await this.client.brokers.consumerOffset(broker, this.consumerGroup, queue, {
      timeoutMs: this.client.requestTimeoutMs,
    });
    if (offset >= 0) this.#entries.set(messageQueueKey(queue), { offset, persisted: offset });
    return offset;
  }

  /**
   * Unlike upstream (oneway) this waits for the broker's word: only then does closing know what was saved. An offset the
   * broker has already is not sent again. So no commit may go lost: the first one of a topic goes alone, since upstream's
   * broker makes the group's table of a topic with it, and keeps one of two that race to make it
   * (ConsumerOffsetManager.commitOffset).
   */
  async persist(queues: readonly MessageQueue[], timeoutMs: number): Promise<MessageQueue[]> {
    const outcomes = await Promise.all(queues.map((queue) => this.#persistOne(queue, timeoutMs)));
    return queues.filter((_queue, at) => !outcomes[at]);
  }

  remove(queue: MessageQueue): void {
    this.#entries.delete(messageQueueKey(queue));
  }

  async #persistOne(queue: MessageQueue, timeoutMs: number): Promise<boolean> {
    const entry = this.#entries.get(messageQueueKey(queue));
    if (entry === undefined || entry.offset === entry.persisted) return true;
    const table = `${queue.topic} ${queue.brokerName}`;
    const first = this.#firstCommits.get(table);
    if (first !== undefined) {
      await first;
      return this.#commit(queue, entry, timeoutMs);
    }
    const commit = this.#commit(queue, entry, timeoutMs);
    this.#firstCommits.set(table, commit);
    const isCommitted = await commit;
    if (!isCommitted) this.#firstCommits.delete(table);
    return isCommitted;
  }

  async #commit(queue: MessageQueue, entry: Entry, timeoutMs: number): Promise<boolean> {
    const { offset } = entry;
    try {
      const broker = await this.client.brokerOf(queue, 0, false);
      await this.client.brokers.updateConsumerOffset(broker, this.consumerGroup, queue, offset, {
        timeoutMs,
      });
      entry.persisted = offset;
      return true;
    } catch (error) {
      this.client.logger.warn('commit of an offset failed', {
        group: this.consumerGroup,
        ...queue,
        offset,
        error,
      });
      return false;
    }
  }
}
