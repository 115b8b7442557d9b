// Administration of consumer groups and their progress. Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { rpcFields, topicFields } from './common.js';

/** 207 DELETE_SUBSCRIPTIONGROUP */
export const DeleteSubscriptionGroupRequestHeader = defineHeader('DeleteSubscriptionGroupRequestHeader', {
  groupName: string(),
  /** Whether the group's offsets go too: `cleanOffset` from 5.x, `removeOffset` from 4.9.7. */
  cleanOffset: boolean().optional(),
  removeOffset: boolean().optional(),
  ...rpcFields,
});
export type DeleteSubscriptionGroupRequestHeader = HeaderOf<typeof DeleteSubscriptionGroupRequestHeader>;

/** 352 GET_SUBSCRIPTIONGROUP_CONFIG */
export const GetSubscriptionGroupConfigRequestHeader = defineHeader(
  'GetSubscriptionGroupConfigRequestHeader',
  {
    group: string(),
    ...rpcFields,
  },
);
export type GetSubscriptionGroupConfigRequestHeader = HeaderOf<
  typeof GetSubscriptionGroupConfigRequestHeader
>;

/** 353 UPDATE_AND_GET_GROUP_FORBIDDEN */
export const UpdateGroupForbiddenRequestHeader = defineHeader('UpdateGroupForbiddenRequestHeader', {
  group: string(),
  topic: string(),
  /** Absent: nothing is changed, only told. */
  readable: boolean().optional(),
  ...topicFields,
});
export type UpdateGroupForbiddenRequestHeader = HeaderOf<typeof UpdateGroupForbiddenRequestHeader>;

/** 208 GET_CONSUME_STATS */
export const GetConsumeStatsRequestHeader = defineHeader('GetConsumeStatsRequestHeader', {
  consumerGroup: string(),
  /** Absent: every topic the group consumes. */
  topic: string().optional(),
  /** Joined by `;` (5.3). */
  topicList: string().optional(),
  ...topicFields,
});
export type GetConsumeStatsRequestHeader = HeaderOf<typeof GetConsumeStatsRequestHeader>;

/** 317 GET_BROKER_CONSUME_STATS */
export const GetConsumeStatsInBrokerHeader = defineHeader('GetConsumeStatsInBrokerHeader', {
  /** Only groups of topics in order. */
  isOrder: boolean(),
});
export type GetConsumeStatsInBrokerHeader = HeaderOf<typeof GetConsumeStatsInBrokerHeader>;

/** 303 QUERY_CONSUME_TIME_SPAN */
export const QueryConsumeTimeSpanRequestHeader = defineHeader('QueryConsumeTimeSpanRequestHeader', {
  topic: string(),
  group: string(),
  ...topicFields,
});
export type QueryConsumeTimeSpanRequestHeader = HeaderOf<typeof QueryConsumeTimeSpanRequestHeader>;

/** Declared upstream; 5.3.3 has no request that uses it. Times in ms. */
export const StatisticsMessagesRequestHeader = defineHeader('StatisticsMessagesRequestHeader', {
  consumerGroup: string(),
  topic: string(),
  queueId: int(),
  fromTime: long().optional(),
  toTime: long().optional(),
  ...topicFields,
});
export type StatisticsMessagesRequestHeader = HeaderOf<typeof StatisticsMessagesRequestHeader>;

/** 201 GET_ALL_SUBSCRIPTIONGROUP_CONFIG: empty up to 5.3.3, pages after it. */
export const GetAllSubscriptionGroupRequestHeader = defineHeader('GetAllSubscriptionGroupRequestHeader', {
  groupSeq: int().optional(),
  dataVersion: string().optional(),
  maxGroupNum: int().optional(),
});
export type GetAllSubscriptionGroupRequestHeader = HeaderOf<typeof GetAllSubscriptionGroupRequestHeader>;

/** Answer to 201 GET_ALL_SUBSCRIPTIONGROUP_CONFIG: without members up to 5.3.3, the count of all groups after it. */
export const GetAllSubscriptionGroupResponseHeader = defineHeader('GetAllSubscriptionGroupResponseHeader', {
  totalGroupNum: int().optional(),
});
export type GetAllSubscriptionGroupResponseHeader = HeaderOf<typeof GetAllSubscriptionGroupResponseHeader>;
