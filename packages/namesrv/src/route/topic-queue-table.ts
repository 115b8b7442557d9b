// Which broker offers how many queues of which topic: topic -> brokerName -> QueueData.
import type { QueueData, TopicConfig } from '@mq/remoting/protocol';
import { PERM_READ, PERM_WRITE } from '@mq/remoting/protocol';

/** Upstream: RouteInfoManager.topicQueueTable. Owned by {@link RouteInfoManager}; not exported from the package. */
export class TopicQueueTable {
  readonly #brokersOfTopic = new Map<string, Map<string, QueueData>>();

  has(topic: string, brokerName: string): boolean {
    return this.#brokersOfTopic.get(topic)?.has(brokerName) ?? false;
  }

  topics(): string[] {
    return [...this.#brokersOfTopic.keys()];
  }

  /** Topics that the broker offers. */
  topicsOf(brokerName: string): string[] {
    return this.#select((queueData) => queueData.has(brokerName));
  }

  /** Topics whose first queue data carries sys flags that satisfy the predicate (unit topic lists). */
  topicsBySysFlag(matches: (topicSysFlag: number) => boolean): string[] {
    return this.#select((queueData) => {
      const [first] = queueData.values();
      return first !== undefined && matches(first.topicSysFlag);
    });
  }

  queueDataOf(topic: string): QueueData[] | undefined {
    const brokers = this.#brokersOfTopic.get(topic);
    return brokers && [...brokers.values()];
  }

  put(topic: string, queueData: QueueData): void {
    let brokers = this.#brokersOfTopic.get(topic);
    if (brokers === undefined) this.#brokersOfTopic.set(topic, (brokers = new Map()));
    brokers.set(queueData.brokerName, queueData);
  }

  putTopicConfig(brokerName: string, config: TopicConfig, perm: number): void {
    this.put(config.topicName, {
      brokerName,
      readQueueNums: config.readQueueNums,
      writeQueueNums: config.writeQueueNums,
      perm,
      topicSysFlag: config.topicSysFlag,
    });
  }

  deleteTopic(topic: string): void {
    this.#brokersOfTopic.delete(topic);
  }

  /** Removes one broker's queues of a topic, and the topic with its last broker. */
  remove(topic: string, brokerName: string): void {
    const brokers = this.#brokersOfTopic.get(topic);
    if (brokers?.delete(brokerName) && brokers.size === 0) this.#brokersOfTopic.delete(topic);
  }

  removeBroker(brokerName: string): void {
    for (const topic of this.topicsOf(brokerName)) this.remove(topic, brokerName);
  }

  /** Takes the write permission off every topic of the broker; returns how many topics it has. */
  wipeWritePerm(brokerName: string): number {
    return this.#updatePerm(brokerName, (perm) => perm & ~PERM_WRITE);
  }

  /** Gives read and write permission to every topic of the broker; returns how many topics it has. */
  addWritePerm(brokerName: string): number {
    return this.#updatePerm(brokerName, () => PERM_READ | PERM_WRITE);
  }

  #updatePerm(brokerName: string, change: (perm: number) => number): number {
    let count = 0;
    for (const brokers of this.#brokersOfTopic.values()) {
      const queueData = brokers.get(brokerName);
      if (queueData === undefined) continue;
      brokers.set(brokerName, { ...queueData, perm: change(queueData.perm) });
      count++;
    }
    return count;
  }

  #select(matches: (brokers: Map<string, QueueData>) => boolean): string[] {
    const topics: string[] = [];
    for (const [topic, brokers] of this.#brokersOfTopic) if (matches(brokers)) topics.push(topic);
    return topics;
  }
}
