// Pulling, and looking messages up. Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { topicFields } from './common.js';

/** 11 PULL_MESSAGE, 361 LITE_PULL_MESSAGE */
export const PullMessageRequestHeader = defineHeader('PullMessageRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  queueOffset: long(),
  maxMsgNums: int(),
  sysFlag: int(),
  commitOffset: long(),
  suspendTimeoutMillis: long(),
  subscription: string().optional(),
  subVersion: long(),
  expressionType: string().optional(),
  maxMsgBytes: int().optional(),
  requestSource: int().optional(),
  proxyFrowardClientId: string().optional(),
  ...topicFields,
});
export type PullMessageRequestHeader = HeaderOf<typeof PullMessageRequestHeader>;

/**
 * Answer to 11 PULL_MESSAGE and 361 LITE_PULL_MESSAGE: where to pull next, and the queue's range; records are the
 * body.
 */
export const PullMessageResponseHeader = defineHeader('PullMessageResponseHeader', {
  suggestWhichBrokerId: long(),
  nextBeginOffset: long(),
  minOffset: long(),
  maxOffset: long(),
  offsetDelta: long().optional(),
  topicSysFlag: int().optional(),
  groupSysFlag: int().optional(),
  forbiddenType: int().optional(),
});
export type PullMessageResponseHeader = HeaderOf<typeof PullMessageResponseHeader>;

/** 12 QUERY_MESSAGE */
export const QueryMessageRequestHeader = defineHeader('QueryMessageRequestHeader', {
  topic: string(),
  key: string(),
  /** True: `key` is a UNIQ_KEY. Upstream sends it beside the header. */
  isUniqueKeyQuery: boolean().optional().wire('_UNIQUE_KEY_QUERY'),
  maxNum: int(),
  beginTimestamp: long(),
  endTimestamp: long(),
  ...topicFields,
});
export type QueryMessageRequestHeader = HeaderOf<typeof QueryMessageRequestHeader>;

/** Answer to 12 QUERY_MESSAGE: how far the index is, in ms and in bytes of the log; records are the body. */
export const QueryMessageResponseHeader = defineHeader('QueryMessageResponseHeader', {
  indexLastUpdateTimestamp: long(),
  indexLastUpdatePhyoffset: long(),
});
export type QueryMessageResponseHeader = HeaderOf<typeof QueryMessageResponseHeader>;

/** 33 VIEW_MESSAGE_BY_ID */
export const ViewMessageRequestHeader = defineHeader('ViewMessageRequestHeader', {
  topic: string().optional(),
  offset: long(),
});
export type ViewMessageRequestHeader = HeaderOf<typeof ViewMessageRequestHeader>;
