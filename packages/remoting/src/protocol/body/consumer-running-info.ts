import {
  bean,
  double,
  enumOf,
  flag,
  int,
  jsonBody,
  long,
  optional,
  or,
  queueTable,
  setList,
  table,
  text,
  type BodyOf,
} from './shape.js';
import { subscriptionData } from './subscription-data.js';

const processQueueInfo = bean({
  /** Messages fetched and not yet consumed. */
  cachedMsgCount: int,
  cachedMsgMaxOffset: long,
  cachedMsgMinOffset: long,
  cachedMsgSizeInMiB: int,
  commitOffset: long,
  /** The queue was given to another client; so spelt on the wire. */
  droped: flag,
  lastConsumeTimestamp: long,
  lastLockTimestamp: long,
  lastPullTimestamp: long,
  /** The client holds the broker's lock of the queue. */
  locked: flag,
  transactionMsgCount: int,
  transactionMsgMaxOffset: long,
  transactionMsgMinOffset: long,
  tryUnlockTimes: long,
});
/**
 * What a client holds of one queue it pulls: offsets, counts, times in ms, and its lock; upstream's
 * `ProcessQueueInfo`.
 */
export type ProcessQueueInfo = BodyOf<typeof processQueueInfo>;

const popProcessQueueInfo = bean({
  /** The queue was given to another client; so spelt on the wire. */
  droped: flag,
  lastPopTimestamp: long,
  /** Messages fetched and not yet acknowledged. */
  waitAckCount: int,
});
/** What a client holds of one queue it pops; `lastPopTimestamp` in ms. Upstream's `PopProcessQueueInfo`. */
export type PopProcessQueueInfo = BodyOf<typeof popProcessQueueInfo>;

const consumeStatus = bean({
  consumeFailedMsgs: long,
  consumeFailedTPS: double,
  consumeOKTPS: double,
  consumeRT: double,
  pullRT: double,
  pullTPS: double,
});
/**
 * A client's figures for one topic: RT in ms, TPS per second, failures of the last hour; upstream's `ConsumeStatus`.
 */
export type ConsumeStatus = BodyOf<typeof consumeStatus>;

const consumerRunningInfo = bean({
  /** Stacks of all threads; absent unless asked for. */
  jstack: optional(text),
  mqPopTable: optional(queueTable(popProcessQueueInfo)),
  mqTable: queueTable(processQueueInfo),
  /** `PROP_CONSUME_TYPE`, `PROP_CLIENT_VERSION`, ... and the consumer's settings. */
  properties: table(text),
  statusTable: table(consumeStatus),
  subscriptionSet: setList(subscriptionData),
  /** What the application adds. */
  userConsumerInfo: optional(table(text)),
});
/** A client's answer to 307. Java has its tables sorted. */
export type ConsumerRunningInfo = BodyOf<typeof consumerRunningInfo>;

const consumerRunningInfoCodec = jsonBody('ConsumerRunningInfo', consumerRunningInfo);
/** Encodes the body of a client's answer to GET_CONSUMER_RUNNING_INFO (307), upstream's `ConsumerRunningInfo`. */
export const encodeConsumerRunningInfo = consumerRunningInfoCodec.encode;
/**
 * Decodes the body of a client's answer to GET_CONSUMER_RUNNING_INFO (307), upstream's `ConsumerRunningInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeConsumerRunningInfo = consumerRunningInfoCodec.decode;

const consumeMessageDirectlyResult = bean({
  autoCommit: or(flag, true),
  /** What the handler answered or did. */
  consumeResult: optional(
    enumOf('CR_SUCCESS', 'CR_LATER', 'CR_ROLLBACK', 'CR_COMMIT', 'CR_THROW_EXCEPTION', 'CR_RETURN_NULL'),
  ),
  order: flag,
  /** What went wrong. */
  remark: optional(text),
  /** ms in the handler. */
  spentTimeMills: long,
});
/** A client's answer to 309. */
export type ConsumeMessageDirectlyResult = BodyOf<typeof consumeMessageDirectlyResult>;

const consumeMessageDirectlyResultCodec = jsonBody(
  'ConsumeMessageDirectlyResult',
  consumeMessageDirectlyResult,
);
/**
 * Encodes the body of a client's answer to CONSUME_MESSAGE_DIRECTLY (309), upstream's
 * `ConsumeMessageDirectlyResult`.
 */
export const encodeConsumeMessageDirectlyResult = consumeMessageDirectlyResultCodec.encode;
/**
 * Decodes the body of a client's answer to CONSUME_MESSAGE_DIRECTLY (309), upstream's
 * `ConsumeMessageDirectlyResult`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeConsumeMessageDirectlyResult = consumeMessageDirectlyResultCodec.decode;
