import type { MessageQueue } from '@mq/remoting/protocol';

/**
 * How far a group has come in each queue. `update` and `read` work on memory, `persist` makes memory durable: at the broker
 * for a cluster, in a file for broadcasting. Upstream: OffsetStore.
 */
export interface OffsetStore {
  /** Loads what is durable and must be in memory from the start. @throws MQClientError LOCAL_STORE_FAILED */
  load(): Promise<void>;
  /** Notes the next offset to consume. With `increaseOnly` a smaller one is ignored. Hot. */
  update(queue: MessageQueue, offset: number, increaseOnly: boolean): void;
  /** The offset in memory; -1 when there is none. Hot. */
  read(queue: MessageQueue): number;
  /**
   * The durable offset; -1 when the group has none. Also put into memory.
   * @throws MQClientError when it cannot be known now
   */
  readFromStore(queue: MessageQueue): Promise<number>;
  /** Makes the offsets of these queues durable. Returns those that failed; never rejects. */
  persist(queues: readonly MessageQueue[], timeoutMs: number): Promise<MessageQueue[]>;
  /** Forgets a queue in memory. */
  remove(queue: MessageQueue): void;
}
