// Consumer offsets and offsets of queues. Field names are upstream's.
import { boolean, defineHeader, int, long, oneOf, string, type HeaderOf } from '../header.js';
import { rpcFields, topicFields } from './common.js';

/** 14 QUERY_CONSUMER_OFFSET */
export const QueryConsumerOffsetRequestHeader = defineHeader('QueryConsumerOffsetRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  /** False: a group without an offset gets QUERY_NOT_FOUND even where it might begin at 0. */
  setZeroIfNotFound: boolean().optional(),
  ...topicFields,
});
export type QueryConsumerOffsetRequestHeader = HeaderOf<typeof QueryConsumerOffsetRequestHeader>;

/** Answer to 14 QUERY_CONSUMER_OFFSET: the queue offset the group consumes next. */
export const QueryConsumerOffsetResponseHeader = defineHeader('QueryConsumerOffsetResponseHeader', {
  offset: long(),
});
export type QueryConsumerOffsetResponseHeader = HeaderOf<typeof QueryConsumerOffsetResponseHeader>;

/** 15 UPDATE_CONSUMER_OFFSET */
export const UpdateConsumerOffsetRequestHeader = defineHeader('UpdateConsumerOffsetRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  /** Queue offset of the next message to consume. */
  commitOffset: long(),
  ...topicFields,
});
export type UpdateConsumerOffsetRequestHeader = HeaderOf<typeof UpdateConsumerOffsetRequestHeader>;

/** 30 GET_MAX_OFFSET */
export const GetMaxOffsetRequestHeader = defineHeader('GetMaxOffsetRequestHeader', {
  topic: string(),
  queueId: int(),
  /** Whether only what consumers can read counts; 5.3.3 brokers do not look at it. */
  committed: boolean().optional(),
  ...topicFields,
});
export type GetMaxOffsetRequestHeader = HeaderOf<typeof GetMaxOffsetRequestHeader>;

/** Answer to 30 GET_MAX_OFFSET: the queue offset behind the newest message. */
export const GetMaxOffsetResponseHeader = defineHeader('GetMaxOffsetResponseHeader', {
  offset: long(),
});
export type GetMaxOffsetResponseHeader = HeaderOf<typeof GetMaxOffsetResponseHeader>;

/** 31 GET_MIN_OFFSET */
export const GetMinOffsetRequestHeader = defineHeader('GetMinOffsetRequestHeader', {
  topic: string(),
  queueId: int(),
  ...topicFields,
});
export type GetMinOffsetRequestHeader = HeaderOf<typeof GetMinOffsetRequestHeader>;

/** Answer to 31 GET_MIN_OFFSET: the queue offset of the oldest message. */
export const GetMinOffsetResponseHeader = defineHeader('GetMinOffsetResponseHeader', {
  offset: long(),
});
export type GetMinOffsetResponseHeader = HeaderOf<typeof GetMinOffsetResponseHeader>;

/** 29 SEARCH_OFFSET_BY_TIMESTAMP */
export const SearchOffsetRequestHeader = defineHeader('SearchOffsetRequestHeader', {
  topic: string(),
  queueId: int(),
  /** Store time, ms. */
  timestamp: long(),
  /** LOWER (also when absent): the first message at that time; UPPER: the last. */
  boundaryType: oneOf('LOWER', 'UPPER').optional(),
  ...topicFields,
});
export type SearchOffsetRequestHeader = HeaderOf<typeof SearchOffsetRequestHeader>;

/** Answer to 29 SEARCH_OFFSET_BY_TIMESTAMP: the queue offset found. */
export const SearchOffsetResponseHeader = defineHeader('SearchOffsetResponseHeader', {
  offset: long(),
});
export type SearchOffsetResponseHeader = HeaderOf<typeof SearchOffsetResponseHeader>;

/** 32 GET_EARLIEST_MSG_STORETIME */
export const GetEarliestMsgStoretimeRequestHeader = defineHeader('GetEarliestMsgStoretimeRequestHeader', {
  topic: string(),
  queueId: int(),
  ...topicFields,
});
export type GetEarliestMsgStoretimeRequestHeader = HeaderOf<typeof GetEarliestMsgStoretimeRequestHeader>;

/** Answer to 32 GET_EARLIEST_MSG_STORETIME: ms, -1 when the queue has no message. */
export const GetEarliestMsgStoretimeResponseHeader = defineHeader('GetEarliestMsgStoretimeResponseHeader', {
  timestamp: long(),
});
export type GetEarliestMsgStoretimeResponseHeader = HeaderOf<typeof GetEarliestMsgStoretimeResponseHeader>;

/** 222 INVOKE_BROKER_TO_RESET_OFFSET, 220 RESET_CONSUMER_CLIENT_OFFSET */
export const ResetOffsetRequestHeader = defineHeader('ResetOffsetRequestHeader', {
  group: string(),
  topic: string(),
  /** With `useServerSideResetOffset` (5.x) the one queue; -1 or absent: all. */
  queueId: int().optional(),
  /** With `useServerSideResetOffset` (5.x) the queue offset, in place of `timestamp`. */
  offset: long().optional(),
  /** Store time, ms; -1: the end of each queue. */
  timestamp: long(),
  /** False: only backwards. */
  isForce: boolean(),
  ...topicFields,
});
export type ResetOffsetRequestHeader = HeaderOf<typeof ResetOffsetRequestHeader>;

/** 223 INVOKE_BROKER_TO_GET_CONSUMER_STATUS, 221 GET_CONSUMER_STATUS_FROM_CLIENT */
export const GetConsumerStatusRequestHeader = defineHeader('GetConsumerStatusRequestHeader', {
  topic: string(),
  group: string(),
  /** Client id of the one that is asked; absent: all of the group. */
  clientAddr: string().optional(),
  ...topicFields,
});
export type GetConsumerStatusRequestHeader = HeaderOf<typeof GetConsumerStatusRequestHeader>;

/** 314 CLONE_GROUP_OFFSET */
export const CloneGroupOffsetRequestHeader = defineHeader('CloneGroupOffsetRequestHeader', {
  srcGroup: string(),
  destGroup: string(),
  /** Absent: every topic of the source. */
  topic: string().optional(),
  /** True: the groups' clients are not looked at. */
  offline: boolean().optional(),
  ...rpcFields,
});
export type CloneGroupOffsetRequestHeader = HeaderOf<typeof CloneGroupOffsetRequestHeader>;

/** 308 QUERY_CORRECTION_OFFSET */
export const QueryCorrectionOffsetHeader = defineHeader('QueryCorrectionOffsetHeader', {
  /** Groups to leave out, joined by commas. */
  filterGroups: string().optional(),
  compareGroup: string(),
  topic: string(),
  ...topicFields,
});
export type QueryCorrectionOffsetHeader = HeaderOf<typeof QueryCorrectionOffsetHeader>;

/** Declared upstream; 5.3.3 has no request that uses it. */
export const InitConsumerOffsetRequestHeader = defineHeader('InitConsumerOffsetRequestHeader', {
  topic: string().optional(),
  initMode: int().optional(),
  ...topicFields,
});
export type InitConsumerOffsetRequestHeader = HeaderOf<typeof InitConsumerOffsetRequestHeader>;
