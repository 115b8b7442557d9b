// Which counter a statsName and statsKey of VIEW_BROKER_STATS_DATA mean (upstream `BrokerStatsManager`). Keys join names with `@`.
import type { BrokerTotals } from './broker-totals.js';
import type { StatsItem } from './stats-item.js';
import type { GroupStats, TopicStats } from './topic-stats.js';

export interface StatsTables {
  readonly clusterName: string;
  readonly topics: ReadonlyMap<string, TopicStats>;
  readonly totals: BrokerTotals;
}

type Find = (tables: StatsTables, key: string) => StatsItem | undefined;
type PickItem<Owner> = (owner: Owner, queueId: number) => StatsItem | undefined;

/** Keys `T`, `T@queueId` and `queueId@T`, by the parts they are made of. */
const ofTopic = (layout: 'T' | 'T@Q' | 'Q@T', pick: PickItem<TopicStats>): Find => {
  const [topicAt, queueAt] = layout === 'Q@T' ? [1, 0] : [0, 1];
  return ({ topics }, key) => {
    const parts = key.split('@');
    const topic = topics.get(parts[topicAt] ?? '');
    return topic && pick(topic, Number(parts[queueAt]));
  };
};

/** Keys `T@G`, `T@queueId@G` and `queueId@T@G`. */
const ofGroup = (layout: 'T@G' | 'T@Q@G' | 'Q@T@G', pick: PickItem<GroupStats>): Find => {
  const order = layout.split('@');
  return ({ topics }, key) => {
    const parts = key.split('@');
    const part = (letter: string) => parts[order.indexOf(letter)] ?? '';
    const group = topics.get(part('T'))?.groups.get(part('G'));
    return group && pick(group, Number(part('Q')));
  };
};

/** Key: the cluster's name. */
const ofCluster =
  (name: keyof BrokerTotals): Find =>
  ({ totals, clusterName }, key) =>
    key === clusterName ? totals[name] : undefined;

const FIND: ReadonlyMap<string, Find> = new Map([
  ['TOPIC_PUT_NUMS', ofTopic('T', (topic) => topic.total.nums)],
  ['TOPIC_PUT_SIZE', ofTopic('T', (topic) => topic.total.size)],
  ['QUEUE_PUT_NUMS', ofTopic('T@Q', (topic, id) => topic.peekQueue(id)?.nums)],
  ['QUEUE_PUT_SIZE', ofTopic('T@Q', (topic, id) => topic.peekQueue(id)?.size)],
  ['TOPIC_PUT_LATENCY', ofTopic('Q@T', (topic, id) => topic.peekRareOfQueue(id)?.peek('TOPIC_PUT_LATENCY'))],
  ['GROUP_GET_NUMS', ofGroup('T@G', (group) => group.total.nums)],
  ['GROUP_GET_SIZE', ofGroup('T@G', (group) => group.total.size)],
  ['GROUP_ACK_NUMS', ofGroup('T@G', (group) => group.rare.peek('GROUP_ACK_NUMS'))],
  ['GROUP_CK_NUMS', ofGroup('T@G', (group) => group.rare.peek('GROUP_CK_NUMS'))],
  ['SNDBCK_PUT_NUMS', ofGroup('T@G', (group) => group.rare.peek('SNDBCK_PUT_NUMS'))],
  ['DLQ_PUT_NUMS', ofGroup('T@G', (group) => group.rare.peek('DLQ_PUT_NUMS'))],
  ['GROUP_GET_FROM_DISK_NUMS', ofGroup('T@G', (group) => group.rare.peek('GROUP_GET_FROM_DISK_NUMS'))],
  ['GROUP_GET_FROM_DISK_SIZE', ofGroup('T@G', (group) => group.rare.peek('GROUP_GET_FROM_DISK_SIZE'))],
  ['QUEUE_GET_NUMS', ofGroup('T@Q@G', (group, id) => group.peekQueue(id)?.nums)],
  ['QUEUE_GET_SIZE', ofGroup('T@Q@G', (group, id) => group.peekQueue(id)?.size)],
  [
    'GROUP_GET_LATENCY',
    ofGroup('Q@T@G', (group, id) => group.peekRareOfQueue(id)?.peek('GROUP_GET_LATENCY')),
  ],
  [
    'GROUP_GET_FALL_SIZE',
    ofGroup('Q@T@G', (group, id) => group.peekRareOfQueue(id)?.peek('GROUP_GET_FALL_SIZE')),
  ],
  [
    'GROUP_GET_FALL_TIME',
    ofGroup('Q@T@G', (group, id) => group.peekRareOfQueue(id)?.peek('GROUP_GET_FALL_TIME')),
  ],
  ['BROKER_PUT_NUMS', ofCluster('put')],
  ['BROKER_GET_NUMS', ofCluster('get')],
  ['BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC', ofCluster('putWithoutSystem')],
  ['BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', ofCluster('getWithoutSystem')],
  ['SNDBCK2DLQ_TIMES', ofCluster('sentToDlq')],
]);

/** The counter, or undefined when the name is unknown or nothing was ever counted under the key. */
export function findStatsItem(
  tables: StatsTables,
  statsName: string,
  statsKey: string,
): StatsItem | undefined {
  const item = FIND.get(statsName)?.(tables, statsKey);
  return item === undefined || item.times === 0 ? undefined : item;
}
