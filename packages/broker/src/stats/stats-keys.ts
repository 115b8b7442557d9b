// Which counter a statsName and statsKey of VIEW_BROKER_STATS_DATA mean (upstream `BrokerStatsManager`). Keys join names with `@`.
import type { BrokerTotals } from './broker-totals.js';
import type { StatsItem } from './tallies.js';
import type { GroupCounter, GroupStats, TopicStats } from './topic-stats.js';

export interface StatsTables {
  readonly clusterName: string;
  readonly topics: ReadonlyMap<string, TopicStats>;
  readonly totals: BrokerTotals;
}

type Find = (tables: StatsTables, key: string) => StatsItem | undefined;
type PickItem<Owner> = (owner: Owner, queueId: number) => StatsItem | undefined;

/** Keys `T` and `T@queueId`. */
const ofTopic =
  (pick: PickItem<TopicStats>): Find =>
  ({ topics }, key) => {
    const [name = '', queueId] = key.split('@');
    const topic = topics.get(name);
    return topic && pick(topic, Number(queueId));
  };

/** Keys `T@G` and `T@queueId@G`. */
const ofGroup = (layout: 'T@G' | 'T@Q@G', pick: PickItem<GroupStats>): Find => {
  const order = layout.split('@');
  return ({ topics }, key) => {
    const parts = key.split('@');
    const part = (letter: string) => parts[order.indexOf(letter)] ?? '';
    const group = topics.get(part('T'))?.groups.get(part('G'));
    return group && pick(group, Number(part('Q')));
  };
};

/** Key `T@G`; found under its own name. */
const rareOfGroup = (name: GroupCounter): [GroupCounter, Find] => [
  name,
  ofGroup('T@G', (group) => group.peekRare(name)?.item('nums')),
];

/** Key: the cluster's name. */
const ofCluster =
  (name: keyof BrokerTotals): Find =>
  ({ totals, clusterName }, key) =>
    key === clusterName ? totals[name].item('nums') : undefined;

const FIND: ReadonlyMap<string, Find> = new Map<string, Find>([
  ['TOPIC_PUT_NUMS', ofTopic((topic) => topic.traffic.item('nums'))],
  ['TOPIC_PUT_SIZE', ofTopic((topic) => topic.traffic.item('size'))],
  ['QUEUE_PUT_NUMS', ofTopic((topic, id) => topic.traffic.item('nums', id))],
  ['QUEUE_PUT_SIZE', ofTopic((topic, id) => topic.traffic.item('size', id))],
  ['GROUP_GET_NUMS', ofGroup('T@G', (group) => group.traffic.item('nums'))],
  ['GROUP_GET_SIZE', ofGroup('T@G', (group) => group.traffic.item('size'))],
  rareOfGroup('GROUP_ACK_NUMS'),
  rareOfGroup('GROUP_CK_NUMS'),
  rareOfGroup('SNDBCK_PUT_NUMS'),
  rareOfGroup('DLQ_PUT_NUMS'),
  rareOfGroup('GROUP_GET_FROM_DISK_NUMS'),
  rareOfGroup('GROUP_GET_FROM_DISK_SIZE'),
  ['QUEUE_GET_NUMS', ofGroup('T@Q@G', (group, id) => group.traffic.item('nums', id))],
  ['QUEUE_GET_SIZE', ofGroup('T@Q@G', (group, id) => group.traffic.item('size', id))],
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
