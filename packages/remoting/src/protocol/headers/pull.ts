// Pulling, and looking messages up. Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { topicFields } from './common.js';

/** 11 PULL_MESSAGE, 361 LITE_PULL_MESSAGE */
export const PullMessageRequestHeader = defineHeader('PullMessageRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  /** First queue offset wanted. */
  queueOffset: long(),
  maxMsgNums: int(),
  /** Bits of `PullSysFlag`: what of the request counts. */
  sysFlag: int(),
  /** Queue offset to commit, with the bit for it. */
  commitOffset: long(),
  /** ms to wait at the broker for new messages, with the bit for it. */
  suspendTimeoutMillis: long(),
  /** The expression, with the bit for it. */
  subscription: string().optional(),
  /** Version of the subscription the client goes by, ms. */
  subVersion: long(),
  /** `TAG` (also when absent) or `SQL92`. */
  expressionType: string().optional(),
  /** Most bytes of records wanted (5.x). */
  maxMsgBytes: int().optional(),
  /** Absent or -1: a client; 0 and greater: a proxy, for it. Upstream's `RequestSource`. */
  requestSource: int().optional(),
  /** Whom a proxy asks for; so spelt on the wire. */
  proxyFrowardClientId: string().optional(),
  ...topicFields,
});
export type PullMessageRequestHeader = HeaderOf<typeof PullMessageRequestHeader>;

/**
 * Answer to 11 PULL_MESSAGE and 361 LITE_PULL_MESSAGE: where to pull next, and the queue's range; records are the
 * body.
 */
export const PullMessageResponseHeader = defineHeader('PullMessageResponseHeader', {
  /** Id of the member to pull from next; 0 = master. */
  suggestWhichBrokerId: long(),
  nextBeginOffset: long(),
  minOffset: long(),
  maxOffset: long(),
  /** Of a static topic: to be added to the queue offsets in the records. */
  offsetDelta: long().optional(),
  /** Bits of `TopicSysFlag`. */
  topicSysFlag: int().optional(),
  groupSysFlag: int().optional(),
  /** With NO_PERMISSION, by what: 1 broker, 2 group, 3 topic, 4 broadcasting, 5 subscription. */
  forbiddenType: int().optional(),
});
export type PullMessageResponseHeader = HeaderOf<typeof PullMessageResponseHeader>;

/** 12 QUERY_MESSAGE */
export const QueryMessageRequestHeader = defineHeader('QueryMessageRequestHeader', {
  topic: string(),
  key: string(),
  /** True: `key` is a UNIQ_KEY. Upstream sends it beside the header. */
  isUniqueKeyQuery: boolean().optional().wire('_UNIQUE_KEY_QUERY'),
  /** Most messages wanted. */
  maxNum: int(),
  /** Store time, ms. */
  beginTimestamp: long(),
  /** Store time, ms. */
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
  /** Log offset of the record, bytes. */
  offset: long(),
});
export type ViewMessageRequestHeader = HeaderOf<typeof ViewMessageRequestHeader>;
