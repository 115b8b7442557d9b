import {
  CreateTopicRequestHeader,
  DeleteTopicFromNamesrvRequestHeader,
  DeleteTopicRequestHeader,
  GetRouteInfoRequestHeader,
  GetTopicConfigRequestHeader,
  GetTopicStatsInfoRequestHeader,
  GetTopicsByClusterRequestHeader,
  QueryTopicConsumeByWhoRequestHeader,
  RequestCode,
  SystemTopic,
  decodeGroupList,
  decodeTopicConfigAndQueueMapping,
  decodeTopicConfigSerializeWrapper,
  decodeTopicList,
  decodeTopicRouteData,
  decodeTopicStatsTable,
  isDlqTopic,
  isRetryTopic,
  isSystemTopic,
  isValidPerm,
  newTopicConfig,
  type MessageQueue,
  type TopicConfig,
  type TopicOffset,
  type TopicRouteData,
  type TopicStatsTable,
} from '@mq/remoting/protocol';
import type { AdminChannel } from '../channel.js';
import { AdminError } from '../errors.js';
import { readableAddresses } from './broker-address.js';
import { membersOf, type ClusterOperations } from './cluster.js';

/** What a topic is to become; what is left out keeps the default named. */
export interface TopicChange {
  /** The topic. */
  readonly topicName: string;
  /** Default 8. */
  readonly readQueueNums?: number;
  /** Default 8. */
  readonly writeQueueNums?: number;
  /** Bits of `PermName`: 2 write, 4 read, 6 both. Default 6. */
  readonly perm?: number;
  /** Bits of `TopicSysFlag`. Default 0. */
  readonly topicSysFlag?: number;
  /** Whether the topic is for messages in order. Default false. */
  readonly order?: boolean;
  /** `+key=value` adds or alters, `-key` deletes: keys with their sign (5.x). */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A topic as its brokers have been told to hold it: the change with every default filled in. */
export function completeTopic(change: TopicChange): TopicConfig {
  const { topicName, readQueueNums = 8, writeQueueNums = 8, perm, topicSysFlag = 0, order = false } = change;
  const attributes = { ...change.attributes };
  return {
    ...newTopicConfig(topicName, readQueueNums, perm),
    writeQueueNums,
    topicSysFlag,
    order,
    attributes,
  };
}

/** Topics: where they are, how they are configured, how full they are. */
export class TopicOperations {
  constructor(
    private readonly channel: AdminChannel,
    private readonly cluster: ClusterOperations,
  ) {}

  /** Every topic of the NameServer, in its order. @throws AdminError */
  async list(): Promise<string[]> {
    const { body } = await this.channel.askNameServer(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER);
    return this.channel.decode('the NameServer', () => decodeTopicList(body).topicList);
  }

  /** Topics with a queue in a cluster. @throws AdminError */
  async listOfCluster(clusterName: string): Promise<string[]> {
    const ext = GetTopicsByClusterRequestHeader.encode({ cluster: clusterName });
    const { body } = await this.channel.askNameServer(RequestCode.GET_TOPICS_BY_CLUSTER, { ext });
    return this.channel.decode('the NameServer', () => decodeTopicList(body).topicList);
  }

  /** Where a topic is. @throws AdminError TOPIC_NOT_FOUND */
  async route(topic: string): Promise<TopicRouteData> {
    const ext = GetRouteInfoRequestHeader.encode({ topic, acceptStandardJsonOnly: true });
    const { body } = await this.channel.askNameServer(RequestCode.GET_ROUTEINFO_BY_TOPIC, { ext });
    return this.channel.decode('the NameServer', () => decodeTopicRouteData(body));
  }

  /** Clusters that hold a topic. @throws AdminError TOPIC_NOT_FOUND */
  async clustersOf(topic: string): Promise<string[]> {
    const route = await this.route(topic);
    const names = new Set(route.brokerDatas.map(({ brokerName }) => brokerName));
    const members = membersOf(await this.cluster.info());
    return [...new Set(members.filter((m) => names.has(m.brokerName)).map((m) => m.clusterName))];
  }

  /** Creates a topic on one broker, or changes it there. @throws AdminError */
  async createOrUpdate(address: string, change: TopicChange): Promise<TopicConfig> {
    const topic = completeTopic(change);
    const ext = CreateTopicRequestHeader.encode({
      topic: topic.topicName,
      defaultTopic: SystemTopic.AUTO_CREATE,
      readQueueNums: topic.readQueueNums,
      writeQueueNums: topic.writeQueueNums,
      perm: topic.perm,
      topicFilterType: topic.topicFilterType,
      topicSysFlag: topic.topicSysFlag,
      order: topic.order,
      attributes: formatAttributes(topic.attributes),
      force: false,
    });
    await this.channel.ask(address, RequestCode.UPDATE_AND_CREATE_TOPIC, { ext });
    return topic;
  }

  /** Removes a topic and its messages from one broker. @throws AdminError */
  async deleteFromBroker(address: string, topic: string): Promise<void> {
    const ext = DeleteTopicRequestHeader.encode({ topic });
    await this.channel.ask(address, RequestCode.DELETE_TOPIC_IN_BROKER, { ext });
  }

  /**
   * Removes a topic's routes from every NameServer.
   * @param clusterName only the routes to this cluster (5.x NameServers)
   * @throws AdminError
   */
  async deleteFromNameServers(topic: string, clusterName?: string): Promise<void> {
    const ext = DeleteTopicFromNamesrvRequestHeader.encode({ topic, clusterName });
    await this.channel.askEveryNameServer(RequestCode.DELETE_TOPIC_IN_NAMESRV, { ext });
  }

  /** The configuration of a topic on one broker (5.x). @throws AdminError TOPIC_NOT_FOUND */
  async config(address: string, topic: string): Promise<TopicConfig> {
    const ext = GetTopicConfigRequestHeader.encode({ topic, lo: true });
    const { body } = await this.channel.ask(address, RequestCode.GET_TOPIC_CONFIG, { ext });
    return this.channel.decode(address, () => decodeTopicConfigAndQueueMapping(body));
  }

  /** Every topic of one broker, by name. @throws AdminError */
  async allConfigs(address: string): Promise<Record<string, TopicConfig>> {
    const timeoutMs = 2 * this.channel.requestTimeoutMs;
    const { body } = await this.channel.ask(address, RequestCode.GET_ALL_TOPIC_CONFIG, { timeoutMs });
    return this.channel.decode(address, () => decodeTopicConfigSerializeWrapper(body).topicConfigTable);
  }

  /**
   * The topics of one broker that applications made.
   * @param options.withRetryAndDlq also the retry and dead letter topics of groups
   * @throws AdminError
   */
  async userConfigs(
    address: string,
    options: { withRetryAndDlq?: boolean } = {},
  ): Promise<Record<string, TopicConfig>> {
    const system = new Set(await this.systemTopics(address));
    const isWanted = ({ topicName, perm }: TopicConfig): boolean =>
      !system.has(topicName) &&
      !isSystemTopic(topicName) &&
      isValidPerm(perm) &&
      (options.withRetryAndDlq === true || !(isRetryTopic(topicName) || isDlqTopic(topicName)));
    const topics = Object.values(await this.allConfigs(address)).filter(isWanted);
    return Object.fromEntries(topics.map((topic) => [topic.topicName, topic]));
  }

  /** Topics that a broker keeps for itself. @throws AdminError */
  async systemTopics(address: string): Promise<string[]> {
    const { body } = await this.channel.ask(address, RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER);
    return this.channel.decode(address, () => decodeTopicList(body).topicList);
  }

  /** The offsets of a topic's queues on one broker. @throws AdminError TOPIC_NOT_FOUND */
  async statsOf(address: string, topic: string): Promise<TopicStatsTable> {
    const ext = GetTopicStatsInfoRequestHeader.encode({ topic });
    const { body } = await this.channel.ask(address, RequestCode.GET_TOPIC_STATS_INFO, { ext });
    return this.channel.decode(address, () => decodeTopicStatsTable(body));
  }

  /**
   * The offsets of a topic's queues on all brokers, and messages put per second (5.x).
   * @param routeTopic whose route to use, when the topic has none of its own
   * @throws AdminError TOPIC_NOT_FOUND
   */
  async stats(topic: string, routeTopic = topic): Promise<TopicStatsTable> {
    const offsetTable = new Map<MessageQueue, TopicOffset>();
    let topicPutTps = 0;
    for (const address of readableAddresses((await this.route(routeTopic)).brokerDatas)) {
      const stats = await this.statsOf(address, topic);
      for (const [queue, offset] of stats.offsetTable) offsetTable.set(queue, offset);
      topicPutTps += stats.topicPutTps ?? 0;
    }
    if (offsetTable.size === 0)
      throw new AdminError('TOPIC_NOT_FOUND', `the topic "${topic}" has no queue anywhere`);
    return { offsetTable, topicPutTps };
  }

  /** Groups that consume a topic or have offsets in it, on any of its brokers. @throws AdminError TOPIC_NOT_FOUND */
  async groupsConsuming(topic: string): Promise<string[]> {
    const groups = new Set<string>();
    for (const address of readableAddresses((await this.route(topic)).brokerDatas)) {
      const ext = QueryTopicConsumeByWhoRequestHeader.encode({ topic });
      const { body } = await this.channel.ask(address, RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, { ext });
      for (const group of this.channel.decode(address, () => decodeGroupList(body).groupList))
        groups.add(group);
    }
    return [...groups];
  }
}

/**
 * Reads `+a=b,-c` into keys with their sign. Upstream: AttributeParser.
 * @throws AdminError INVALID_ARGUMENT for a part without a sign, or a key that comes twice
 */
export function parseAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const part of text.split(',').filter((piece) => piece !== '')) {
    const [, key, value] = /^(\+[^=]+)=(.*)$/.exec(part) ?? /^(-[^=]+)()$/.exec(part) ?? [];
    if (key === undefined || value === undefined || key in attributes) {
      throw new AdminError(
        'INVALID_ARGUMENT',
        `the attribute "${part}" should be like +name=value or -name, once each`,
      );
    }
    attributes[key] = value;
  }
  return attributes;
}

function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => (key.startsWith('-') ? key : `${key}=${value}`))
    .join(',');
}
