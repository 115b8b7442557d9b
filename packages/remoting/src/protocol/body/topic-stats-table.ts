import { bean, double, jsonBody, long, optional, queueTable, type BodyOf } from './shape.js';

const topicOffset = bean({ lastUpdateTimestamp: long, maxOffset: long, minOffset: long });
export type TopicOffset = BodyOf<typeof topicOffset>;

const topicStatsTable = bean({ offsetTable: queueTable(topicOffset), topicPutTps: optional(double) });
/** Answer of 202. `topicPutTps` is 5.x. */
export type TopicStatsTable = BodyOf<typeof topicStatsTable>;
export const { encode: encodeTopicStatsTable, decode: decodeTopicStatsTable } = jsonBody(
  'TopicStatsTable',
  topicStatsTable,
);
