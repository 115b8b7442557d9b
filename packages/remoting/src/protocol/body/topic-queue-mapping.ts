// Static topics (5.x): which broker holds which logical queue (remoting.md 3.11).
import { bean, flag, int, intTable, jsonBody, list, long, or, table, text, type BodyOf } from './shape.js';

const infoMembers = {
  /** The hosting broker. */
  bname: text,
  /** Logical queue id to physical queue id. */
  currIdMap: intTable(int),
  dirty: flag,
  /** Fences stale mappings. */
  epoch: long,
  scope: or(text, '__global__'),
  topic: text,
  /** Logical queues. */
  totalQueues: int,
};

export const topicQueueMappingInfo = bean(infoMembers);
/** Which logical queues of a static topic one broker holds; upstream's `TopicQueueMappingInfo`. */
export type TopicQueueMappingInfo = BodyOf<typeof topicQueueMappingInfo>;

const logicQueueMappingItem = bean({
  /** Counts the stretches of a logical queue, from 0. */
  gen: int,
  queueId: int,
  bname: text,
  /** Offset in the logical queue at which it begins; -1 while that is not known. */
  logicOffset: long,
  /** Offset in the physical queue at which it begins. */
  startOffset: long,
  /** -1: still growing. */
  endOffset: or(long, -1),
  timeOfStart: or(long, -1),
  timeOfEnd: or(long, -1),
});
/**
 * One stretch of a logical queue, and the physical queue it lies in; times in ms. Upstream's
 * `LogicQueueMappingItem`.
 */
export type LogicQueueMappingItem = BodyOf<typeof logicQueueMappingItem>;

export const topicQueueMappingDetail = bean({
  ...infoMembers,
  hostedQueues: intTable(list(logicQueueMappingItem)),
});
/** What a broker knows of its logical queues, with the stretches of each; upstream's `TopicQueueMappingDetail`. */
export type TopicQueueMappingDetail = BodyOf<typeof topicQueueMappingDetail>;

const topicQueueMappingDetailCodec = jsonBody('TopicQueueMappingDetail', topicQueueMappingDetail);
/** Encodes the body of UPDATE_AND_CREATE_STATIC_TOPIC (513), upstream's `TopicQueueMappingDetail`. */
export const encodeTopicQueueMappingDetail = topicQueueMappingDetailCodec.encode;
/**
 * Decodes the body of UPDATE_AND_CREATE_STATIC_TOPIC (513), upstream's `TopicQueueMappingDetail`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTopicQueueMappingDetail = topicQueueMappingDetailCodec.decode;

export const topicQueueMappingInfoTable = table(topicQueueMappingInfo);
export const topicQueueMappingDetailTable = table(topicQueueMappingDetail);
