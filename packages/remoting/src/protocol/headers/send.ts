// Sending, sending back, replying, recalling. Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { rpcFields, topicFields } from './common.js';

/**
 * Answer to every send. `msgId` is the offsetMsgId, joined by commas for a batch; `queueOffset` that of the first.
 * `MSG_REGION` and `TRACE_ON` are ext keys without a field upstream; clients need the ext object not to be empty.
 */
export const SendMessageResponseHeader = defineHeader('SendMessageResponseHeader', {
  msgId: string(),
  queueId: int(),
  queueOffset: long(),
  /** Of a message sent in a transaction. */
  transactionId: string().optional(),
  /** Of a batch kept as one record. */
  batchUniqId: string().optional(),
  /** What RECALL_MESSAGE (370) takes it back with (5.3.2). */
  recallHandle: string().optional(),
  /** The broker's region, for tracing. */
  msgRegion: string().optional().wire('MSG_REGION'),
  /** False: no trace is wanted. */
  traceOn: boolean().optional().wire('TRACE_ON'),
});
export type SendMessageResponseHeader = HeaderOf<typeof SendMessageResponseHeader>;

/** 36 CONSUMER_SEND_MSG_BACK */
export const ConsumerSendMsgBackRequestHeader = defineHeader('ConsumerSendMsgBackRequestHeader', {
  /** Physical offset of the message in the commit log. */
  offset: long(),
  group: string(),
  /** 0: the broker chooses by the deliveries so far; negative: to the dead letters. */
  delayLevel: int(),
  originMsgId: string().optional(),
  originTopic: string().optional(),
  unitMode: boolean().optional(),
  /** Redeliveries before the dead letters; absent: the group's own limit holds. */
  maxReconsumeTimes: int().optional(),
  ...rpcFields,
});
export type ConsumerSendMsgBackRequestHeader = HeaderOf<typeof ConsumerSendMsgBackRequestHeader>;

/** 326 PUSH_REPLY_MESSAGE_TO_CLIENT */
export const ReplyMessageRequestHeader = defineHeader('ReplyMessageRequestHeader', {
  producerGroup: string(),
  topic: string(),
  defaultTopic: string(),
  defaultTopicQueueNums: int(),
  queueId: int(),
  /** Bits of `SysFlag`. */
  sysFlag: int(),
  /** ms, the replier's clock. */
  bornTimestamp: long(),
  flag: int(),
  /** Encoded properties text. */
  properties: string().optional(),
  reconsumeTimes: int().optional(),
  unitMode: boolean().optional(),
  /** `ip:port` of the replier. */
  bornHost: string(),
  /** `ip:port` of the broker. */
  storeHost: string(),
  /** ms, the broker's clock. */
  storeTimestamp: long(),
  ...topicFields,
});
export type ReplyMessageRequestHeader = HeaderOf<typeof ReplyMessageRequestHeader>;

/** 370 RECALL_MESSAGE */
export const RecallMessageRequestHeader = defineHeader('RecallMessageRequestHeader', {
  producerGroup: string().optional(),
  topic: string(),
  recallHandle: string(),
  ...topicFields,
});
export type RecallMessageRequestHeader = HeaderOf<typeof RecallMessageRequestHeader>;

/** Answer to 370 RECALL_MESSAGE: the id (UNIQ_KEY) of the message that was recalled. */
export const RecallMessageResponseHeader = defineHeader('RecallMessageResponseHeader', {
  msgId: string(),
});
export type RecallMessageResponseHeader = HeaderOf<typeof RecallMessageResponseHeader>;

/** What a send declares, under the names that 10, 324 and upstream's code use. */
const sendFields = {
  producerGroup: string(),
  topic: string(),
  /** The topic whose settings a topic is made with that does not exist yet. */
  defaultTopic: string(),
  /** Queues such a topic gets, at most those of `defaultTopic`. */
  defaultTopicQueueNums: int(),
  /** Negative: the broker chooses. */
  queueId: int(),
  /** Bits of `SysFlag`. */
  sysFlag: int(),
  /** ms, the producer's clock. */
  bornTimestamp: long(),
  /** The application's own flag. */
  flag: int(),
  /** Encoded properties text. */
  properties: string().optional(),
  /** Deliveries that failed before; absent: 0. */
  reconsumeTimes: int().optional(),
  unitMode: boolean().optional(),
  /** Absent: the group's own limit holds. */
  maxReconsumeTimes: int().optional(),
  /** The body holds several messages. */
  batch: boolean().optional(),
};

/** 10 SEND_MESSAGE, 324 SEND_REPLY_MESSAGE: keys are the field names. */
export const SendMessageRequestHeader = defineHeader('SendMessageRequestHeader', {
  ...sendFields,
  ...topicFields,
});
export type SendMessageRequestHeader = HeaderOf<typeof SendMessageRequestHeader>;

/** 310 SEND_MESSAGE_V2, 320 SEND_BATCH_MESSAGE, 325 SEND_REPLY_MESSAGE_V2: the same header under one letter keys. */
export const SendMessageRequestHeaderV2 = defineHeader('SendMessageRequestHeaderV2', {
  producerGroup: sendFields.producerGroup.wire('a'),
  topic: sendFields.topic.wire('b'),
  defaultTopic: sendFields.defaultTopic.wire('c'),
  defaultTopicQueueNums: sendFields.defaultTopicQueueNums.wire('d'),
  queueId: sendFields.queueId.wire('e'),
  sysFlag: sendFields.sysFlag.wire('f'),
  bornTimestamp: sendFields.bornTimestamp.wire('g'),
  flag: sendFields.flag.wire('h'),
  properties: sendFields.properties.wire('i'),
  reconsumeTimes: sendFields.reconsumeTimes.wire('j'),
  unitMode: sendFields.unitMode.wire('k'),
  maxReconsumeTimes: sendFields.maxReconsumeTimes.wire('l'),
  batch: sendFields.batch.wire('m'),
  ...topicFields,
  bname: topicFields.bname.wire('n'),
});
export type SendMessageRequestHeaderV2 = HeaderOf<typeof SendMessageRequestHeaderV2>;
