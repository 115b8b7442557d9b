// 351 GET_TOPIC_CONFIG, 21 GET_ALL_TOPIC_CONFIG, 305 GET_SYSTEM_TOPIC_LIST_FROM_BROKER, 202 GET_TOPIC_STATS_INFO.
import type { RequestProcessor } from '@mq/remoting';
import {
  GetTopicConfigRequestHeader,
  GetTopicStatsInfoRequestHeader,
  type MessageQueue,
  ResponseCode,
  type TopicOffset,
  encodeTopicConfig,
  encodeTopicConfigSerializeWrapper,
  encodeTopicList,
  encodeTopicStatsTable,
  firstDataVersion,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';
import { queueOf } from './queue-of.js';

/** 351 (5.x): one topic. */
export function getTopicConfig(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { topic } = GetTopicConfigRequestHeader.decode(request.extFields);
    const config = parts.topicConfig.select(topic);
    if (config !== undefined) return found(encodeTopicConfig(config));
    throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${topic}`);
  };
}

/** 21: every topic, for slaves and tools. There are no static topics, so the mapping tables are empty. */
export function getAllTopicConfig(parts: BrokerParts): RequestProcessor {
  const mappingDataVersion = firstDataVersion(parts.bootTimestamp);
  return () =>
    found(
      encodeTopicConfigSerializeWrapper({
        ...parts.topicConfig.serializeWrapper(),
        mappingDataVersion,
        topicQueueMappingDetailMap: {},
        topicQueueMappingInfoMap: {},
      }),
    );
}

/** 305: upstream's system topics and this broker's own. */
export function getSystemTopicList(parts: BrokerParts): RequestProcessor {
  return () => found(encodeTopicList({ topicList: [...parts.topicConfig.systemTopics()] }));
}

/** 202: where each queue of a topic begins and ends. */
export function getTopicStatsInfo(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const { topic } = GetTopicStatsInfoRequestHeader.decode(request.extFields);
    const config = parts.topicConfig.select(topic);
    if (config === undefined)
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
    const { store } = parts;
    const offsetTable = new Map<MessageQueue, TopicOffset>();
    const queueNums = Math.max(config.writeQueueNums, config.readQueueNums);
    for (let queueId = 0; queueId < queueNums; queueId++) {
      const minOffset = Math.max(0, store.minOffsetInQueue(topic, queueId));
      const maxOffset = Math.max(0, store.maxOffsetInQueue(topic, queueId));
      const lastUpdateTimestamp =
        maxOffset > 0 ? await store.storeTimestampOf(topic, queueId, maxOffset - 1) : 0;
      offsetTable.set(queueOf(parts, topic, queueId), { minOffset, maxOffset, lastUpdateTimestamp });
    }
    return found(encodeTopicStatsTable({ offsetTable, topicPutTps: parts.stats.tpsTopicPutNums(topic) }));
  };
}
