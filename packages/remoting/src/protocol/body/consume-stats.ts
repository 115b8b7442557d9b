import {
  bean,
  double,
  jsonBody,
  list,
  long,
  messageQueue,
  optional,
  queueTable,
  setList,
  table,
  text,
  type BodyOf,
} from './shape.js';

const offsetWrapper = bean({
  /** Queue offset the next message will have. */
  brokerOffset: long,
  /** Queue offset the group consumes next. */
  consumerOffset: long,
  /** ms of the newest consumed message. */
  lastTimestamp: long,
  /** 5.x: what was handed out, committed or not. */
  pullOffset: optional(long),
});
/** How far a group is in one queue: offsets of the queue's end and of the group; upstream's `OffsetWrapper`. */
export type OffsetWrapper = BodyOf<typeof offsetWrapper>;

const consumeStats = bean({
  /** Messages per second, of all queues. */
  consumeTps: double,
  offsetTable: queueTable(offsetWrapper),
});
/** Answer of 208: progress of a group by queue. */
export type ConsumeStats = BodyOf<typeof consumeStats>;

const consumeStatsCodec = jsonBody('ConsumeStats', consumeStats);
/** Encodes the body of the answer to GET_CONSUME_STATS (208), upstream's `ConsumeStats`. */
export const encodeConsumeStats = consumeStatsCodec.encode;
/**
 * Decodes the body of the answer to GET_CONSUME_STATS (208), upstream's `ConsumeStats`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeConsumeStats = consumeStatsCodec.decode;

const consumeStatsList = bean({
  brokerAddr: optional(text),
  /** One entry a group: its name and its stats by topic. */
  consumeStatsList: list(table(list(consumeStats))),
  /** Messages not consumed yet, of all groups. */
  totalDiff: long,
  /** Those of them that were handed out. */
  totalInflightDiff: optional(long),
});
/** Answer of 317. */
export type ConsumeStatsList = BodyOf<typeof consumeStatsList>;

const consumeStatsListCodec = jsonBody('ConsumeStatsList', consumeStatsList);
/** Encodes the body of the answer to GET_BROKER_CONSUME_STATS (317), upstream's `ConsumeStatsList`. */
export const encodeConsumeStatsList = consumeStatsListCodec.encode;
/**
 * Decodes the body of the answer to GET_BROKER_CONSUME_STATS (317), upstream's `ConsumeStatsList`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeConsumeStatsList = consumeStatsListCodec.decode;

const queueTimeSpan = bean({
  /** Store time of the newest consumed message. */
  consumeTimeStamp: long,
  consumeTimeStampStr: optional(text),
  /** Time the oldest message that is not consumed has waited; 0 when there is none. */
  delayTime: long,
  maxTimeStamp: long,
  maxTimeStampStr: optional(text),
  messageQueue,
  minTimeStamp: long,
  minTimeStampStr: optional(text),
});
/** Times in ms, -1 when not readable; the texts are `yyyy-MM-dd#HH:mm:ss:SSS` in the server's zone. */
export type QueueTimeSpan = BodyOf<typeof queueTimeSpan>;

const queryConsumeTimeSpanBody = bean({ consumeTimeSpanSet: setList(queueTimeSpan) });
/** Answer of 303. */
export type QueryConsumeTimeSpanBody = BodyOf<typeof queryConsumeTimeSpanBody>;

const queryConsumeTimeSpanBodyCodec = jsonBody('QueryConsumeTimeSpanBody', queryConsumeTimeSpanBody);
/** Encodes the body of the answer to QUERY_CONSUME_TIME_SPAN (303), upstream's `QueryConsumeTimeSpanBody`. */
export const encodeQueryConsumeTimeSpanBody = queryConsumeTimeSpanBodyCodec.encode;
/**
 * Decodes the body of the answer to QUERY_CONSUME_TIME_SPAN (303), upstream's `QueryConsumeTimeSpanBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeQueryConsumeTimeSpanBody = queryConsumeTimeSpanBodyCodec.decode;
