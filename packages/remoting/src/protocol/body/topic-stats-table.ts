import { bean, double, jsonBody, long, optional, queueTable, type BodyOf } from './shape.js';

const topicOffset = bean({ lastUpdateTimestamp: long, maxOffset: long, minOffset: long });
/** Queue offsets a queue begins and ends at, and ms of its last message; upstream's `TopicOffset`. */
export type TopicOffset = BodyOf<typeof topicOffset>;

const topicStatsTable = bean({ offsetTable: queueTable(topicOffset), topicPutTps: optional(double) });
/** Answer of 202. `topicPutTps` is 5.x. */
export type TopicStatsTable = BodyOf<typeof topicStatsTable>;

const topicStatsTableCodec = jsonBody('TopicStatsTable', topicStatsTable);
/** Encodes the body of the answer to GET_TOPIC_STATS_INFO (202), upstream's `TopicStatsTable`. */
export const encodeTopicStatsTable = topicStatsTableCodec.encode;
/**
 * Decodes the body of the answer to GET_TOPIC_STATS_INFO (202), upstream's `TopicStatsTable`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTopicStatsTable = topicStatsTableCodec.decode;
