// Which counter a statsName and statsKey of VIEW_BROKER_STATS_DATA mean (remoting.md §6.6). Keys join names with `@`.
import type { BrokerCounter } from './broker-stats-manager.js';
import type { StatsItem } from './stats-item.js';
import type {
  Counters,
  GroupCounter,
  GroupQueueCounter,
  TopicCounter,
  TopicQueueCounter,
  TopicStats,
} from './topic-stats.js';

export interface StatsTables {
  readonly clusterName: string;
  readonly topics: ReadonlyMap<string, TopicStats>;
  readonly broker: Counters<BrokerCounter>;
}

type Find = (tables: StatsTables, key: string) => StatsItem | undefined;

/** Key `T`. */
const byTopic =
  (name: TopicCounter): Find =>
  ({ topics }, key) =>
    topics.get(key)?.counters.peek(name);

/** Key `T@G`. */
const byGroup =
  (name: GroupCounter): Find =>
  ({ topics }, key) => {
    const [topic = '', group = ''] = key.split('@');
    return topics.get(topic)?.groups.get(group)?.counters.peek(name);
  };

/** Key `T@queueId`. */
const byTopicQueue =
  (name: TopicQueueCounter): Find =>
  ({ topics }, key) => {
    const [topic = '', queueId = ''] = key.split('@');
    return topics.get(topic)?.peekQueue(Number(queueId))?.peek(name);
  };

/** Key `queueId@T`. */
const byQueueTopic =
  (name: TopicQueueCounter): Find =>
  ({ topics }, key) => {
    const [queueId = '', topic = ''] = key.split('@');
    return topics.get(topic)?.peekQueue(Number(queueId))?.peek(name);
  };

/** Key `T@queueId@G`. */
const byGroupQueue =
  (name: GroupQueueCounter): Find =>
  ({ topics }, key) => {
    const [topic = '', queueId = '', group = ''] = key.split('@');
    return topics.get(topic)?.groups.get(group)?.peekQueue(Number(queueId))?.peek(name);
  };

/** Key `queueId@T@G`. */
const byQueueGroup =
  (name: GroupQueueCounter): Find =>
  ({ topics }, key) => {
    const [queueId = '', topic = '', group = ''] = key.split('@');
    return topics.get(topic)?.groups.get(group)?.peekQueue(Number(queueId))?.peek(name);
  };

/** Key: the cluster's name. */
const byCluster =
  (name: BrokerCounter): Find =>
  ({ broker, clusterName }, key) =>
    key === clusterName ? broker.peek(name) : undefined;

const FIND: ReadonlyMap<string, Find> = new Map([
  ['TOPIC_PUT_NUMS', byTopic('TOPIC_PUT_NUMS')],
  ['TOPIC_PUT_SIZE', byTopic('TOPIC_PUT_SIZE')],
  ['TOPIC_PUT_LATENCY', byQueueTopic('TOPIC_PUT_LATENCY')],
  ['QUEUE_PUT_NUMS', byTopicQueue('QUEUE_PUT_NUMS')],
  ['QUEUE_PUT_SIZE', byTopicQueue('QUEUE_PUT_SIZE')],
  ['GROUP_GET_NUMS', byGroup('GROUP_GET_NUMS')],
  ['GROUP_GET_SIZE', byGroup('GROUP_GET_SIZE')],
  ['GROUP_ACK_NUMS', byGroup('GROUP_ACK_NUMS')],
  ['GROUP_CK_NUMS', byGroup('GROUP_CK_NUMS')],
  ['SNDBCK_PUT_NUMS', byGroup('SNDBCK_PUT_NUMS')],
  ['DLQ_PUT_NUMS', byGroup('DLQ_PUT_NUMS')],
  ['GROUP_GET_FROM_DISK_NUMS', byGroup('GROUP_GET_FROM_DISK_NUMS')],
  ['GROUP_GET_FROM_DISK_SIZE', byGroup('GROUP_GET_FROM_DISK_SIZE')],
  ['QUEUE_GET_NUMS', byGroupQueue('QUEUE_GET_NUMS')],
  ['QUEUE_GET_SIZE', byGroupQueue('QUEUE_GET_SIZE')],
  ['GROUP_GET_LATENCY', byQueueGroup('GROUP_GET_LATENCY')],
  ['GROUP_GET_FALL_SIZE', byQueueGroup('GROUP_GET_FALL_SIZE')],
  ['GROUP_GET_FALL_TIME', byQueueGroup('GROUP_GET_FALL_TIME')],
  ['BROKER_PUT_NUMS', byCluster('BROKER_PUT_NUMS')],
  ['BROKER_GET_NUMS', byCluster('BROKER_GET_NUMS')],
  ['BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC', byCluster('BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC')],
  ['BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', byCluster('BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC')],
  ['BROKER_GET_FROM_DISK_NUMS', byCluster('BROKER_GET_FROM_DISK_NUMS')],
  ['BROKER_GET_FROM_DISK_SIZE', byCluster('BROKER_GET_FROM_DISK_SIZE')],
  ['SNDBCK2DLQ_TIMES', byCluster('SNDBCK2DLQ_TIMES')],
]);

/** The counter, or undefined when the name is unknown or nothing was counted under the key. */
export function findStatsItem(
  tables: StatsTables,
  statsName: string,
  statsKey: string,
): StatsItem | undefined {
  return FIND.get(statsName)?.(tables, statsKey);
}
