// Clients, their connections, and requests a broker sends to them. Field names are upstream's.
import { boolean, defineHeader, int, string, type HeaderOf } from '../header.js';
import { rpcFields, topicFields } from './common.js';

/** 35 UNREGISTER_CLIENT */
export const UnregisterClientRequestHeader = defineHeader('UnregisterClientRequestHeader', {
  clientID: string(),
  /** Absent: no producer leaves. */
  producerGroup: string().optional(),
  /** Absent: no consumer leaves. */
  consumerGroup: string().optional(),
  ...rpcFields,
});
export type UnregisterClientRequestHeader = HeaderOf<typeof UnregisterClientRequestHeader>;

/** 38 GET_CONSUMER_LIST_BY_GROUP */
export const GetConsumerListByGroupRequestHeader = defineHeader('GetConsumerListByGroupRequestHeader', {
  consumerGroup: string(),
  ...rpcFields,
});
export type GetConsumerListByGroupRequestHeader = HeaderOf<typeof GetConsumerListByGroupRequestHeader>;

/** 40 NOTIFY_CONSUMER_IDS_CHANGED */
export const NotifyConsumerIdsChangedRequestHeader = defineHeader('NotifyConsumerIdsChangedRequestHeader', {
  consumerGroup: string(),
  ...rpcFields,
});
export type NotifyConsumerIdsChangedRequestHeader = HeaderOf<typeof NotifyConsumerIdsChangedRequestHeader>;

/** 203 GET_CONSUMER_CONNECTION_LIST */
export const GetConsumerConnectionListRequestHeader = defineHeader('GetConsumerConnectionListRequestHeader', {
  consumerGroup: string(),
  ...rpcFields,
});
export type GetConsumerConnectionListRequestHeader = HeaderOf<typeof GetConsumerConnectionListRequestHeader>;

/** 204 GET_PRODUCER_CONNECTION_LIST */
export const GetProducerConnectionListRequestHeader = defineHeader('GetProducerConnectionListRequestHeader', {
  producerGroup: string(),
  ...rpcFields,
});
export type GetProducerConnectionListRequestHeader = HeaderOf<typeof GetProducerConnectionListRequestHeader>;

/** 307 GET_CONSUMER_RUNNING_INFO */
export const GetConsumerRunningInfoRequestHeader = defineHeader('GetConsumerRunningInfoRequestHeader', {
  consumerGroup: string(),
  clientId: string(),
  /** Whether the answer is to hold the stacks of all threads. */
  jstackEnable: boolean().optional(),
  ...rpcFields,
});
export type GetConsumerRunningInfoRequestHeader = HeaderOf<typeof GetConsumerRunningInfoRequestHeader>;

/** 309 CONSUME_MESSAGE_DIRECTLY */
export const ConsumeMessageDirectlyResultRequestHeader = defineHeader(
  'ConsumeMessageDirectlyResultRequestHeader',
  {
    consumerGroup: string(),
    clientId: string().optional(),
    /** The offsetMsgId of the message, which the broker looks up. */
    msgId: string().optional(),
    brokerName: string().optional(),
    topic: string().optional(),
    /** Bits of `TopicSysFlag`. */
    topicSysFlag: int().optional(),
    groupSysFlag: int().optional(),
    ...topicFields,
  },
);
export type ConsumeMessageDirectlyResultRequestHeader = HeaderOf<
  typeof ConsumeMessageDirectlyResultRequestHeader
>;

/** 34 HEART_BEAT response (5.1.3): both absent from older brokers. */
export const HeartbeatResponseHeader = defineHeader('HeartbeatResponseHeader', {
  isSupportHeartbeatV2: boolean().optional().wire('IS_SUPPORT_HEART_BEAT_V2'),
  /** Whether a subscription changed; after a heartbeat V1 always true. */
  isSubChange: boolean().optional().wire('IS_SUB_CHANGE'),
});
export type HeartbeatResponseHeader = HeaderOf<typeof HeartbeatResponseHeader>;
