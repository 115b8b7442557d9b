import {
  GetConsumerConnectionListRequestHeader,
  GetConsumerRunningInfoRequestHeader,
  GetProducerConnectionListRequestHeader,
  QueryTopicsByConsumerRequestHeader,
  RequestCode,
  decodeConsumerConnection,
  decodeConsumerRunningInfo,
  decodeProducerConnection,
  decodeProducerTableInfo,
  decodeTopicList,
  retryTopic,
  type ConsumerConnection,
  type ConsumerRunningInfo,
  type ProducerConnection,
  type ProducerTableInfo,
} from '@mq/remoting/protocol';
import type { AdminChannel } from '../channel.js';
import { AdminError } from '../errors.js';
import { readableAddresses } from './broker-address.js';
import type { TopicOperations } from './topics.js';

/** Connected producers and consumers. A client tells every broker it uses, so that one broker's word is enough. */
export class ClientOperations {
  constructor(
    private readonly channel: AdminChannel,
    private readonly topics: TopicOperations,
  ) {}

  /**
   * Members of a consumer group and what they subscribe to.
   * @param address the broker to ask; default one that holds the group's retry topic
   * @throws AdminError GROUP_NOT_ONLINE without any member, TOPIC_NOT_FOUND for a group no broker has seen
   */
  async consumerConnection(group: string, address?: string): Promise<ConsumerConnection> {
    const broker = address ?? (await this.#brokerOf(retryTopic(group)));
    const ext = GetConsumerConnectionListRequestHeader.encode({ consumerGroup: group });
    const { body } = await this.channel.ask(broker, RequestCode.GET_CONSUMER_CONNECTION_LIST, { ext });
    const connection = this.channel.decode(broker, () => decodeConsumerConnection(body));
    if (connection.connectionSet.length === 0) throw notOnline('consumer', group, broker);
    return connection;
  }

  /**
   * Members of a producer group.
   * @param topic one they send to
   * @throws AdminError GROUP_NOT_ONLINE, TOPIC_NOT_FOUND
   */
  async producerConnection(group: string, topic: string): Promise<ProducerConnection> {
    const broker = await this.#brokerOf(topic);
    const ext = GetProducerConnectionListRequestHeader.encode({ producerGroup: group });
    const { body } = await this.channel.ask(broker, RequestCode.GET_PRODUCER_CONNECTION_LIST, { ext });
    const connection = this.channel.decode(broker, () => decodeProducerConnection(body));
    if (connection.connectionSet.length === 0) throw notOnline('producer', group, broker);
    return connection;
  }

  /** Every producer of one broker, by group (5.x). @throws AdminError */
  async producers(address: string): Promise<ProducerTableInfo['data']> {
    const { body } = await this.channel.ask(address, RequestCode.GET_ALL_PRODUCER_INFO);
    return this.channel.decode(address, () => decodeProducerTableInfo(body).data);
  }

  /**
   * What a consumer says of itself; asked through a broker.
   * @param options.jstack also what its threads do, where the client can tell
   * @throws AdminError GROUP_NOT_ONLINE, TIMEOUT when the client does not answer
   */
  async consumerRunningInfo(
    group: string,
    clientId: string,
    options: { jstack?: boolean } = {},
  ): Promise<ConsumerRunningInfo> {
    const broker = await this.#brokerOf(retryTopic(group));
    const ext = GetConsumerRunningInfoRequestHeader.encode({
      consumerGroup: group,
      clientId,
      jstackEnable: options.jstack ?? false,
    });
    // The broker waits for the client in turn.
    const timeoutMs = 3 * this.channel.requestTimeoutMs;
    const { body } = await this.channel.ask(broker, RequestCode.GET_CONSUMER_RUNNING_INFO, {
      ext,
      timeoutMs,
    });
    return this.channel.decode(broker, () => decodeConsumerRunningInfo(body));
  }

  /** Topics that a group has offsets in, on all brokers that hold its retry topic. @throws AdminError */
  async topicsOf(group: string): Promise<string[]> {
    const topics = new Set<string>();
    for (const address of readableAddresses((await this.topics.route(retryTopic(group))).brokerDatas)) {
      const ext = QueryTopicsByConsumerRequestHeader.encode({ group });
      const { body } = await this.channel.ask(address, RequestCode.QUERY_TOPICS_BY_CONSUMER, { ext });
      for (const topic of this.channel.decode(address, () => decodeTopicList(body).topicList))
        topics.add(topic);
    }
    return [...topics];
  }

  async #brokerOf(topic: string): Promise<string> {
    const [address] = readableAddresses((await this.topics.route(topic)).brokerDatas);
    if (address === undefined)
      throw new AdminError('BROKER_NOT_FOUND', `no broker of the topic "${topic}" is up`);
    return address;
  }
}

function notOnline(kind: string, group: string, brokerAddr: string): AdminError {
  return new AdminError(
    'GROUP_NOT_ONLINE',
    `no ${kind} of the group "${group}" is connected to ${brokerAddr}`,
    {
      brokerAddr,
    },
  );
}
