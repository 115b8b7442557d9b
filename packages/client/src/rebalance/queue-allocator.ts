import type { MessageModel, MessageQueue } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { AllocateMessageQueueStrategy } from './allocate-strategy.js';

/** Works out which queues of a topic belong to this client. Upstream: RebalanceImpl.rebalanceByTopic, without its effects. */
export class QueueAllocator {
  /** @param consumerGroup with namespace */
  constructor(
    private readonly client: ClientInstance,
    private readonly consumerGroup: string,
    private readonly messageModel: MessageModel,
    private readonly strategy: AllocateMessageQueueStrategy,
  ) {}

  /**
   * The queues that are ours; all of them for a broadcasting consumer.
   * @returns undefined when the topic has no route (yet)
   * @throws MQClientError when the members of the group cannot be known now: keep what there is
   */
  async allocate(topic: string): Promise<MessageQueue[] | undefined> {
    const queues = this.client.routes.subscribeQueuesOf(topic) ?? (await this.#fetchQueues(topic));
    if (queues === undefined) return undefined;
    if (this.messageModel === 'BROADCASTING' || queues.length === 0) return [...queues];
    const clientIds = await this.#memberIds(topic);
    if (!clientIds.includes(this.client.clientId)) {
      const facts = { group: this.consumerGroup, topic, clientId: this.client.clientId };
      this.client.logger.warn('the broker does not list this consumer in its group', facts);
    }
    return this.strategy.allocate(this.consumerGroup, this.client.clientId, queues, clientIds);
  }

  async #fetchQueues(topic: string): Promise<readonly MessageQueue[] | undefined> {
    await this.client.fetchRoute(topic);
    return this.client.routes.subscribeQueuesOf(topic);
  }

  /** Members of the group, sorted as every member sorts them. Any broker of the topic knows them: all hear heartbeats. */
  async #memberIds(topic: string): Promise<string[]> {
    const broker = this.client.routes.anyBrokerOf(topic);
    if (broker === undefined)
      throw new MQClientError('BROKER_NOT_FOUND', `no broker of topic "${topic}" is known`);
    const options = { timeoutMs: this.client.requestTimeoutMs };
    const ids = await this.client.brokers.consumerIds(broker, this.consumerGroup, options);
    if (ids.length === 0)
      throw new MQClientError('BAD_RESPONSE', 'the broker lists no member of the group', broker);
    return ids.sort();
  }
}
