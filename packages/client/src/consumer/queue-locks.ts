import type { MessageQueue } from '@mq/remoting/protocol';
import { sameMessageQueue } from '@mq/remoting/protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import type { ProcessQueue } from './process-queue.js';

const LOCK_TIMEOUT_MS = 1_000;

/** The broker's locks on queues, which orderly consumption needs. Upstream: RebalanceImpl.lock, lockAll, unlockAll. */
export class QueueLocks {
  /** @param consumerGroup with namespace */
  constructor(
    private readonly client: ClientInstance,
    private readonly consumerGroup: string,
  ) {}

  /**
   * Locks, or renews the lock of, every queue: one request a broker. A queue the broker refuses is marked unlocked; one whose
   * broker does not answer keeps its lock until it expires.
   * @returns whether all are locked now. Never rejects
   */
  async lock(queues: readonly ProcessQueue[]): Promise<boolean> {
    await this.#eachBroker(queues, async (brokerQueues) => {
      const granted = await this.#request(brokerQueues.map((queue) => queue.messageQueue));
      for (const queue of brokerQueues) {
        queue.setLocked(granted.some((messageQueue) => sameMessageQueue(messageQueue, queue.messageQueue)));
      }
    });
    return queues.every((queue) => queue.isLocked);
  }

  /**
   * Gives the locks back, but of queues of which a message is still with a handler: another consumer would handle it beside
   * that one. Never rejects; a lock not given back expires at the broker after 60 s.
   */
  async unlock(queues: readonly ProcessQueue[], timeoutMs: number = LOCK_TIMEOUT_MS): Promise<void> {
    const idle = queues.filter(({ handlers }) => handlers.count === 0);
    await this.#eachBroker(idle, async (brokerQueues) => {
      for (const queue of brokerQueues) queue.setLocked(false);
      const mqSet = brokerQueues.map((queue) => queue.messageQueue);
      const broker = await this.client.masterOf(mqSet[0] as MessageQueue);
      await this.client.brokers.unlockBatch(broker, this.#body(mqSet), { timeoutMs });
    });
  }

  async #request(mqSet: MessageQueue[]): Promise<readonly MessageQueue[]> {
    const broker = await this.client.masterOf(mqSet[0] as MessageQueue);
    return this.client.brokers.lockBatch(broker, this.#body(mqSet), { timeoutMs: LOCK_TIMEOUT_MS });
  }

  #body(mqSet: MessageQueue[]): {
    clientId: string;
    consumerGroup: string;
    mqSet: MessageQueue[];
    onlyThisBroker: boolean;
  } {
    return {
      clientId: this.client.clientId,
      consumerGroup: this.consumerGroup,
      mqSet,
      onlyThisBroker: false,
    };
  }

  async #eachBroker(
    queues: readonly ProcessQueue[],
    act: (queues: ProcessQueue[]) => Promise<void>,
  ): Promise<void> {
    const byBroker = new Map<string, ProcessQueue[]>();
    for (const queue of queues) {
      const { brokerName } = queue.messageQueue;
      const others = byBroker.get(brokerName);
      if (others === undefined) byBroker.set(brokerName, [queue]);
      else others.push(queue);
    }
    const acts = [...byBroker].map(async ([brokerName, brokerQueues]) => {
      try {
        await act(brokerQueues);
      } catch (error) {
        this.client.logger.warn('locking or unlocking of queues failed', {
          group: this.consumerGroup,
          brokerName,
          error,
        });
      }
    });
    await Promise.all(acts);
  }
}
