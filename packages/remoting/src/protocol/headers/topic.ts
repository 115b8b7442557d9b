// Administration of topics. Field names are upstream's.
import { boolean, defineHeader, int, string, type HeaderOf } from '../header.js';
import { rpcFields, topicFields } from './common.js';

/** 17 UPDATE_AND_CREATE_TOPIC, 513 UPDATE_AND_CREATE_STATIC_TOPIC. `attributes` is `+key=value,-key,...`. */
export const CreateTopicRequestHeader = defineHeader('CreateTopicRequestHeader', {
  topic: string(),
  /** Brokers do not look at it. */
  defaultTopic: string(),
  readQueueNums: int(),
  writeQueueNums: int(),
  /** Bits of `PermName`. */
  perm: int(),
  /** `SINGLE_TAG` or `MULTI_TAG`. */
  topicFilterType: string(),
  /** Bits of `TopicSysFlag`. */
  topicSysFlag: int().optional(),
  order: boolean().optional(),
  attributes: string().optional(),
  /** Of a static topic: an older epoch is taken, too. */
  force: boolean().optional(),
  ...topicFields,
});
export type CreateTopicRequestHeader = HeaderOf<typeof CreateTopicRequestHeader>;

/** 215 DELETE_TOPIC_IN_BROKER */
export const DeleteTopicRequestHeader = defineHeader('DeleteTopicRequestHeader', {
  topic: string(),
  ...topicFields,
});
export type DeleteTopicRequestHeader = HeaderOf<typeof DeleteTopicRequestHeader>;

/** 351 GET_TOPIC_CONFIG */
export const GetTopicConfigRequestHeader = defineHeader('GetTopicConfigRequestHeader', {
  topic: string(),
  ...topicFields,
});
export type GetTopicConfigRequestHeader = HeaderOf<typeof GetTopicConfigRequestHeader>;

/** 202 GET_TOPIC_STATS_INFO */
export const GetTopicStatsInfoRequestHeader = defineHeader('GetTopicStatsInfoRequestHeader', {
  topic: string(),
  ...topicFields,
});
export type GetTopicStatsInfoRequestHeader = HeaderOf<typeof GetTopicStatsInfoRequestHeader>;

/** 300 QUERY_TOPIC_CONSUME_BY_WHO */
export const QueryTopicConsumeByWhoRequestHeader = defineHeader('QueryTopicConsumeByWhoRequestHeader', {
  topic: string(),
  ...topicFields,
});
export type QueryTopicConsumeByWhoRequestHeader = HeaderOf<typeof QueryTopicConsumeByWhoRequestHeader>;

/** 343 QUERY_TOPICS_BY_CONSUMER */
export const QueryTopicsByConsumerRequestHeader = defineHeader('QueryTopicsByConsumerRequestHeader', {
  group: string(),
  ...rpcFields,
});
export type QueryTopicsByConsumerRequestHeader = HeaderOf<typeof QueryTopicsByConsumerRequestHeader>;

/** 345 QUERY_SUBSCRIPTION_BY_CONSUMER */
export const QuerySubscriptionByConsumerRequestHeader = defineHeader(
  'QuerySubscriptionByConsumerRequestHeader',
  {
    group: string(),
    topic: string().optional(),
    ...topicFields,
  },
);
export type QuerySubscriptionByConsumerRequestHeader = HeaderOf<
  typeof QuerySubscriptionByConsumerRequestHeader
>;

/** 224 GET_TOPICS_BY_CLUSTER */
export const GetTopicsByClusterRequestHeader = defineHeader('GetTopicsByClusterRequestHeader', {
  cluster: string(),
});
export type GetTopicsByClusterRequestHeader = HeaderOf<typeof GetTopicsByClusterRequestHeader>;

/** 21 GET_ALL_TOPIC_CONFIG: empty up to 5.3.3, pages after it. */
export const GetAllTopicConfigRequestHeader = defineHeader('GetAllTopicConfigRequestHeader', {
  topicSeq: int().optional(),
  dataVersion: string().optional(),
  maxTopicNum: int().optional(),
});
export type GetAllTopicConfigRequestHeader = HeaderOf<typeof GetAllTopicConfigRequestHeader>;

/** Answer to 21 GET_ALL_TOPIC_CONFIG: without members up to 5.3.3, the count of all topics after it. */
export const GetAllTopicConfigResponseHeader = defineHeader('GetAllTopicConfigResponseHeader', {
  totalTopicNum: int().optional(),
});
export type GetAllTopicConfigResponseHeader = HeaderOf<typeof GetAllTopicConfigResponseHeader>;
