import type { BrokerParts } from '../broker-parts.js';
import { type ConsumerPositions, SlowConsumers } from './slow-consumers.js';

type WatchedBroker = Pick<
  BrokerParts,
  'settings' | 'store' | 'consumers' | 'consumerOffsets' | 'subscriptionGroups' | 'logger'
>;

/** The watch over the groups of a broker, by its settings of the moment. */
export function createSlowConsumers(broker: WatchedBroker): SlowConsumers {
  return new SlowConsumers(() => broker.settings.broker, positionsOf(broker), broker.logger);
}

function positionsOf({
  store,
  consumers,
  consumerOffsets,
  subscriptionGroups,
}: WatchedBroker): ConsumerPositions {
  return {
    logBytes: () => store.maxPhyOffset - store.minPhyOffset,
    *groups() {
      for (const [group, info] of consumers.groups) yield { group, topics: info.subscriptions.keys() };
    },
    queueIds: (topic) => store.queueIds(topic),
    bytesBehind: async (group, topic, queueId) => {
      const next = consumerOffsets.queryPull(group, topic, queueId);
      // A queue that the group has not begun with is not read slowly.
      if (next < 0 || next >= store.maxOffsetInQueue(topic, queueId)) return 0;
      const [entry] = await store.consumeQueueEntries(topic, queueId, next, 1);
      return entry === undefined ? 0 : store.maxPhyOffset - entry.commitLogOffset;
    },
    disableConsume: (group) => subscriptionGroups.disableConsume(group),
  };
}
