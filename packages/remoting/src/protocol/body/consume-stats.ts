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
  brokerOffset: long,
  consumerOffset: long,
  /** ms of the newest consumed message. */
  lastTimestamp: long,
  /** 5.x: what was handed out, committed or not. */
  pullOffset: optional(long),
});
/** How far a group is in one queue: offsets of the queue's end and of the group; upstream's `OffsetWrapper`. */
export type OffsetWrapper = BodyOf<typeof offsetWrapper>;

const consumeStats = bean({ consumeTps: double, offsetTable: queueTable(offsetWrapper) });
/** Answer of 208: progress of a group by queue. */
export type ConsumeStats = BodyOf<typeof consumeStats>;
/**
 * Body of the answer to GET_CONSUME_STATS (208): upstream's `ConsumeStats`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeConsumeStats, decode: decodeConsumeStats } = jsonBody(
  'ConsumeStats',
  consumeStats,
);

const consumeStatsList = bean({
  brokerAddr: optional(text),
  /** One entry a group: its name and its stats by topic. */
  consumeStatsList: list(table(list(consumeStats))),
  totalDiff: long,
  totalInflightDiff: optional(long),
});
/** Answer of 317. */
export type ConsumeStatsList = BodyOf<typeof consumeStatsList>;
/**
 * Body of the answer to GET_BROKER_CONSUME_STATS (317): upstream's `ConsumeStatsList`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeConsumeStatsList, decode: decodeConsumeStatsList } = jsonBody(
  'ConsumeStatsList',
  consumeStatsList,
);

const queueTimeSpan = bean({
  consumeTimeStamp: long,
  consumeTimeStampStr: optional(text),
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
/**
 * Body of the answer to QUERY_CONSUME_TIME_SPAN (303): upstream's `QueryConsumeTimeSpanBody`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeQueryConsumeTimeSpanBody, decode: decodeQueryConsumeTimeSpanBody } = jsonBody(
  'QueryConsumeTimeSpanBody',
  queryConsumeTimeSpanBody,
);
