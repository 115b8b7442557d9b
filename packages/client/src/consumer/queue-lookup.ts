import { wrapNamespace, type MessageQueue } from '@mq/remoting/protocol';
import type { BrokerPeer, CallOptions } from '../instance/broker-api.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { assertTopic } from '../names.js';
import { wireQueue } from './queue-names.js';

/** What brokers say of queues that the application names. Every question may throw MQClientError. */
export class QueueLookup {
  constructor(private readonly client: ClientInstance) {}

  /** The readable queues of a topic, sorted, as brokers know them. @throws MQClientError TOPIC_NOT_FOUND, NAME_SERVER_UNREACHABLE */
  async queuesOf(topic: string): Promise<readonly MessageQueue[]> {
    assertTopic(topic);
    return this.client.subscribeQueues(wrapNamespace(this.client.namespace, topic));
  }

  /** The first offset there is. */
  minOffset(queue: MessageQueue): Promise<number> {
    return this.#ask(queue, (broker, wire, options) => this.client.brokers.minOffset(broker, wire, options));
  }

  /** One past the last offset. */
  maxOffset(queue: MessageQueue): Promise<number> {
    return this.#ask(queue, (broker, wire, options) => this.client.brokers.maxOffset(broker, wire, options));
  }

  /** The first offset stored at or after a time, milliseconds since 1970. */
  offsetAt(queue: MessageQueue, timestampMs: number): Promise<number> {
    return this.#ask(queue, (broker, wire, options) =>
      this.client.brokers.searchOffset(broker, wire, timestampMs, options),
    );
  }

  /** Store time of the first message, milliseconds since 1970; -1 when the queue is empty. */
  earliestStoreTime(queue: MessageQueue): Promise<number> {
    return this.#ask(queue, (broker, wire, options) =>
      this.client.brokers.earliestStoreTime(broker, wire, options),
    );
  }

  /** The offset a group has committed at the broker; -1 when it has none. @param group with namespace */
  committed(queue: MessageQueue, group: string): Promise<number> {
    return this.#ask(queue, (broker, wire, options) =>
      this.client.brokers.consumerOffset(broker, group, wire, options),
    );
  }

  async #ask(
    queue: MessageQueue,
    question: (broker: BrokerPeer, wire: MessageQueue, options: CallOptions) => Promise<number>,
  ): Promise<number> {
    const wire = wireQueue(this.client.namespace, queue);
    const broker = await this.client.masterOf(wire);
    return question(broker, wire, { timeoutMs: this.client.requestTimeoutMs });
  }
}
