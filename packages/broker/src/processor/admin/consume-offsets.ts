// How far a group is in a topic, queue by queue: what GET_CONSUME_STATS and GET_BROKER_CONSUME_STATS are made of.
import type { ConsumeStats, MessageQueue, OffsetWrapper } from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { queueOf } from './queue-of.js';

/** Positions by queue. Offsets are the next to be written, consumed and pulled; the time is 0 when unknown. */
export type ConsumeOffsets = Map<MessageQueue, Required<OffsetWrapper>>;

/** Adds the group's position in every queue of the topic to `into`. An unknown topic adds nothing. */
export async function collectConsumeOffsets(
  parts: BrokerParts,
  group: string,
  topic: string,
  into: ConsumeOffsets,
): Promise<void> {
  const config = parts.topicConfig.select(topic);
  if (config === undefined) return;
  for (let queueId = 0; queueId < config.readQueueNums; queueId++) {
    const consumerOffset = Math.max(0, parts.consumerOffsets.query(group, topic, queueId));
    const pullOffset = Math.max(consumerOffset, parts.consumerOffsets.queryPull(group, topic, queueId));
    const brokerOffset = Math.max(0, parts.store.maxOffsetInQueue(topic, queueId));
    const consumedAt =
      consumerOffset > 0 ? await parts.store.storeTimestampOf(topic, queueId, consumerOffset - 1) : 0;
    into.set(queueOf(parts, topic, queueId), {
      brokerOffset,
      consumerOffset,
      pullOffset,
      lastTimestamp: Math.max(0, consumedAt),
    });
  }
}

/** What one group does with some topics, whose positions are `offsetTable`. */
export function consumeStats(
  parts: BrokerParts,
  group: string,
  topics: Iterable<string>,
  offsetTable: ConsumeOffsets,
): ConsumeStats {
  let consumeTps = 0;
  for (const topic of topics) consumeTps += parts.stats.tpsGroupGetNums(group, topic);
  return { consumeTps, offsetTable };
}

/** True when the group is online without subscribing to the topic: what it once consumed of it does not count. */
export function isUnsubscribed(parts: BrokerParts, group: string, topic: string): boolean {
  const info = parts.consumers.groupInfo(group);
  if (info === undefined || info.subscriptions.size === 0) return false;
  return parts.consumers.findSubscription(group, topic) === undefined;
}
