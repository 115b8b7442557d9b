// Pop consumption (5.x). Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { topicFields } from './common.js';

/** 200050 POP_MESSAGE */
export const PopMessageRequestHeader = defineHeader('PopMessageRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  /** -1: any queue of the topic. */
  queueId: int(),
  /** At most 32. */
  maxMsgNums: int(),
  /** ms in which nobody else gets the messages. */
  invisibleTime: long(),
  /** ms to wait at the broker when there are none. */
  pollTime: long(),
  /** Client's clock when it sent, ms: `pollTime` counts from there. */
  bornTime: long(),
  /** Where a group without an offset begins: 0 at the oldest message, 1 at the newest. */
  initMode: int(),
  /** `TAG` or `SQL92`; absent: no filter. */
  expType: string().optional(),
  /** The expression of the filter. */
  exp: string().optional(),
  /** In order: nobody of the group gets more of a queue until these are acknowledged. */
  order: boolean().optional(),
  /** With `order`: the same again for a repeated request gets the same messages. */
  attemptId: string().optional(),
  ...topicFields,
});
export type PopMessageRequestHeader = HeaderOf<typeof PopMessageRequestHeader>;

/** Answer to 200050 POP_MESSAGE; its parts are what handles are made of. Times in ms; `restNum` messages are left. */
export const PopMessageResponseHeader = defineHeader('PopMessageResponseHeader', {
  popTime: long(),
  invisibleTime: long(),
  reviveQid: int(),
  restNum: long(),
  /** First queue offsets: see `parseStartOffsetInfo`. */
  startOffsetInfo: string().optional(),
  /** Queue offsets of the messages: see `parseMsgOffsetInfo`. */
  msgOffsetInfo: string().optional(),
  /** Of pops in order, how often each was delivered before: see `parseOrderCountInfo`. */
  orderCountInfo: string().optional(),
});
export type PopMessageResponseHeader = HeaderOf<typeof PopMessageResponseHeader>;

/** 200051 ACK_MESSAGE */
export const AckMessageRequestHeader = defineHeader('AckMessageRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  /** The message's handle: see `parsePopHandle`. */
  extraInfo: string(),
  /** Queue offset of the message. */
  offset: long(),
  ...topicFields,
});
export type AckMessageRequestHeader = HeaderOf<typeof AckMessageRequestHeader>;

/** 200053 CHANGE_MESSAGE_INVISIBLETIME */
export const ChangeInvisibleTimeRequestHeader = defineHeader('ChangeInvisibleTimeRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  /** The message's handle: see `parsePopHandle`. */
  extraInfo: string(),
  /** Queue offset of the message. */
  offset: long(),
  /** ms from now on. */
  invisibleTime: long(),
  ...topicFields,
});
export type ChangeInvisibleTimeRequestHeader = HeaderOf<typeof ChangeInvisibleTimeRequestHeader>;

/** Answer to 200053 CHANGE_MESSAGE_INVISIBLETIME: the parts of the handle that changed. Times in ms. */
export const ChangeInvisibleTimeResponseHeader = defineHeader('ChangeInvisibleTimeResponseHeader', {
  popTime: long(),
  invisibleTime: long(),
  reviveQid: int(),
});
export type ChangeInvisibleTimeResponseHeader = HeaderOf<typeof ChangeInvisibleTimeResponseHeader>;

/** 200052 PEEK_MESSAGE */
export const PeekMessageRequestHeader = defineHeader('PeekMessageRequestHeader', {
  topic: string(),
  /** -1: any queue of the topic. */
  queueId: int(),
  maxMsgNums: int(),
  consumerGroup: string(),
  ...topicFields,
});
export type PeekMessageRequestHeader = HeaderOf<typeof PeekMessageRequestHeader>;

/** 200054 NOTIFICATION */
export const NotificationRequestHeader = defineHeader('NotificationRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  /** -1: any queue of the topic. */
  queueId: int(),
  /** ms to wait at the broker when there are none. */
  pollTime: long(),
  /** Client's clock when it sent, ms: `pollTime` counts from there. */
  bornTime: long(),
  order: boolean().optional(),
  attemptId: string().optional(),
  ...topicFields,
});
export type NotificationRequestHeader = HeaderOf<typeof NotificationRequestHeader>;

/** Answer to 200054 NOTIFICATION: whether there are messages to pop; `pollingFull`: too many requests wait already. */
export const NotificationResponseHeader = defineHeader('NotificationResponseHeader', {
  hasMsg: boolean().optional(),
  pollingFull: boolean().optional(),
});
export type NotificationResponseHeader = HeaderOf<typeof NotificationResponseHeader>;

/** 200055 POLLING_INFO */
export const PollingInfoRequestHeader = defineHeader('PollingInfoRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  ...topicFields,
});
export type PollingInfoRequestHeader = HeaderOf<typeof PollingInfoRequestHeader>;

/** Answer to 200055 POLLING_INFO: how many requests wait for messages. */
export const PollingInfoResponseHeader = defineHeader('PollingInfoResponseHeader', {
  pollingNum: int(),
});
export type PollingInfoResponseHeader = HeaderOf<typeof PollingInfoResponseHeader>;
