// 208 GET_CONSUME_STATS and 317 GET_BROKER_CONSUME_STATS.
import type { RequestProcessor } from '@mq/remoting';
import {
  type ConsumeStats,
  GetConsumeStatsInBrokerHeader,
  GetConsumeStatsRequestHeader,
  encodeConsumeStats,
  encodeConsumeStatsList,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { found } from './answer.js';
import {
  type ConsumeOffsets,
  collectConsumeOffsets,
  consumeStats,
  isUnsubscribed,
} from './consume-offsets.js';

/** 208: a group's progress in one topic, in a given list (5.3), or in all it has offsets of. */
export function getConsumeStats(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const { consumerGroup, topic, topicList } = GetConsumeStatsRequestHeader.decode(request.extFields);
    const offsets: ConsumeOffsets = new Map();
    const topics = topicsToCollect(parts, consumerGroup, topic, topicList);
    for (const name of topics) await collectConsumeOffsets(parts, consumerGroup, name, offsets);
    return found(encodeConsumeStats(consumeStats(parts, consumerGroup, topics, offsets)));
  };
}

/** 317: the progress of every group; with `isOrder` in ordered topics only. */
export function getBrokerConsumeStats(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const { isOrder } = GetConsumeStatsInBrokerHeader.decode(request.extFields);
    const consumeStatsList: Record<string, ConsumeStats[]>[] = [];
    let totalDiff = 0;
    let totalInflightDiff = 0;
    for (const group of [...parts.subscriptionGroups.table.keys()]) {
      const stats: ConsumeStats[] = [];
      for (const topic of parts.consumerOffsets.whichTopicsByGroup(group)) {
        const config = parts.topicConfig.select(topic);
        if (config === undefined || (isOrder && !config.order) || isUnsubscribed(parts, group, topic))
          continue;
        const offsets: ConsumeOffsets = new Map();
        await collectConsumeOffsets(parts, group, topic, offsets);
        for (const { brokerOffset, consumerOffset, pullOffset } of offsets.values()) {
          totalDiff += brokerOffset - consumerOffset;
          totalInflightDiff += pullOffset - consumerOffset;
        }
        stats.push(consumeStats(parts, group, [topic], offsets));
      }
      consumeStatsList.push({ [group]: stats });
    }
    const { brokerAddr } = parts.identity;
    return found(encodeConsumeStatsList({ brokerAddr, consumeStatsList, totalDiff, totalInflightDiff }));
  };
}

/** A list that is given is taken as it is; otherwise topics an online group does not subscribe to are left out. */
function topicsToCollect(parts: BrokerParts, group: string, topic?: string, topicList?: string): string[] {
  const listed = (topicList ?? '').split(';').filter((name) => name !== '');
  if (listed.length > 0) return [...new Set(listed)];
  const topics =
    topic === undefined || topic.trim() === '' ? parts.consumerOffsets.whichTopicsByGroup(group) : [topic];
  return topics.filter((name) => !isUnsubscribed(parts, group, name));
}
