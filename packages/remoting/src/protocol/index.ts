// The protocol's vocabulary: codes, typed headers, bodies, names. No sockets, no state.
export * from './request-code.js';
export * from './response-code.js';
export * from './version.js';
export * from './language.js';
export * from './names.js';
export * from './perm.js';
export * from './message-queue.js';
export { defineHeader, type HeaderFields, type HeaderOf } from './header.js';
export { parseFastjson, MAX_JSON_DEPTH, type FastjsonMap, type FastjsonObject } from './fastjson-reader.js';
export {
  stringifyFastjson,
  JavaDouble,
  type StringifyOptions,
  type IntKeyMap,
  type ObjectKeyMap,
} from './fastjson-writer.js';
export { RpcRequestHeader } from './headers/common.js';
export {
  HotSendHeader,
  type HotEndTransactionHeader,
  decodeEndTransactionHeader,
  decodePullHeader,
  decodeSendHeader,
  decodeUpdateConsumerOffsetHeader,
} from './hot-headers.js';
export * from './headers/send.js';
export * from './headers/pull.js';
export * from './headers/client.js';
export * from './headers/offset.js';
export * from './headers/topic.js';
export * from './headers/group.js';
export * from './headers/admin.js';
export * from './headers/namesrv.js';
export * from './headers/transaction.js';
export * from './headers/pop.js';
export * from './pop/pop-handle.js';
export * from './pop/pop-offset-info.js';
export * from './pop/check-point-record.js';
export * from './pop/pop-ack-record.js';
export * from './pop/consumer-order-info.js';
export * from './headers/ha.js';
export * from './headers/auth.js';
export * from './headers/controller.js';
export {
  type DataVersion,
  firstDataVersion,
  nextDataVersion,
  dataVersionEquals,
  compareDataVersion,
  encodeDataVersion,
  decodeDataVersion,
} from './body/data-version.js';
export {
  type TopicQueueMappingInfo,
  type LogicQueueMappingItem,
  type TopicQueueMappingDetail,
  encodeTopicQueueMappingDetail,
  decodeTopicQueueMappingDetail,
} from './body/topic-queue-mapping.js';
export {
  type TopicFilterType,
  type TopicConfig,
  newTopicConfig,
  encodeTopicConfig,
  decodeTopicConfig,
  type TopicConfigAndQueueMapping,
  encodeTopicConfigAndQueueMapping,
  decodeTopicConfigAndQueueMapping,
  type TopicConfigSerializeWrapper,
  encodeTopicConfigSerializeWrapper,
  decodeTopicConfigSerializeWrapper,
  type CreateTopicListRequestBody,
  encodeCreateTopicListRequestBody,
  decodeCreateTopicListRequestBody,
  encodeTopicConfigLine,
  decodeTopicConfigLine,
} from './body/topic-config.js';
export {
  MAX_INFLATED_REGISTRATION_BYTES,
  type RegisterBrokerBody,
  encodeRegisterBrokerBody,
  decodeRegisterBrokerBody,
} from './body/register-broker-body.js';
export {
  type QueueData,
  type BrokerData,
  type TopicRouteData,
  decodeTopicRouteData,
  encodeTopicRouteData,
} from './body/topic-route-data.js';
export {
  type ClusterInfo,
  encodeClusterInfo,
  decodeClusterInfo,
  type BrokerMemberGroup,
  type GetBrokerMemberGroupResponseBody,
  encodeGetBrokerMemberGroupResponseBody,
  decodeGetBrokerMemberGroupResponseBody,
} from './body/cluster-info.js';
export {
  type KVTable,
  encodeKVTable,
  decodeKVTable,
  type KVConfigSerializeWrapper,
  encodeKVConfigSerializeWrapper,
  decodeKVConfigSerializeWrapper,
} from './body/kv-table.js';
export {
  type TopicList,
  encodeTopicList,
  decodeTopicList,
  type GroupList,
  encodeGroupList,
  decodeGroupList,
} from './body/topic-list.js';
export {
  SUB_ALL,
  ExpressionType,
  isTagType,
  type SubscriptionData,
  encodeSubscriptionData,
  decodeSubscriptionData,
  buildSubscriptionData,
  type QuerySubscriptionResponseBody,
  encodeQuerySubscriptionResponseBody,
  decodeQuerySubscriptionResponseBody,
  type CheckClientRequestBody,
  encodeCheckClientRequestBody,
  decodeCheckClientRequestBody,
} from './body/subscription-data.js';
export {
  type ConsumeType,
  type MessageModel,
  type ConsumeFromWhere,
  type ProducerData,
  type ConsumerData,
  type HeartbeatData,
  encodeHeartbeatData,
  decodeHeartbeatData,
  heartbeatFingerprint,
} from './body/heartbeat-data.js';
export {
  type SimpleSubscriptionData,
  type GroupRetryPolicy,
  type SubscriptionGroupConfig,
  encodeSubscriptionGroupConfig,
  decodeSubscriptionGroupConfig,
  defaultSubscriptionGroupConfig,
  type SubscriptionGroupList,
  encodeSubscriptionGroupList,
  decodeSubscriptionGroupList,
  type SubscriptionGroupWrapper,
  encodeSubscriptionGroupWrapper,
  decodeSubscriptionGroupWrapper,
  type GroupForbidden,
  encodeGroupForbidden,
  decodeGroupForbidden,
} from './body/subscription-group-config.js';
export {
  type ConsumerOffsetSerializeWrapper,
  encodeConsumerOffsetSerializeWrapper,
  decodeConsumerOffsetSerializeWrapper,
  type DelayOffsetSerializeWrapper,
  encodeDelayOffsetSerializeWrapper,
  decodeDelayOffsetSerializeWrapper,
  type QueryCorrectionOffsetBody,
  encodeQueryCorrectionOffsetBody,
  decodeQueryCorrectionOffsetBody,
} from './body/consumer-offset.js';
export {
  type LockBatchRequestBody,
  encodeLockBatchRequestBody,
  decodeLockBatchRequestBody,
  type UnlockBatchRequestBody,
  encodeUnlockBatchRequestBody,
  decodeUnlockBatchRequestBody,
  type LockBatchResponseBody,
  encodeLockBatchResponseBody,
  decodeLockBatchResponseBody,
} from './body/lock-batch.js';
export {
  type ClientConnection,
  type ConsumerConnection,
  encodeConsumerConnection,
  decodeConsumerConnection,
  type ProducerConnection,
  encodeProducerConnection,
  decodeProducerConnection,
  type ProducerInfo,
  type ProducerTableInfo,
  encodeProducerTableInfo,
  decodeProducerTableInfo,
  type GetConsumerListByGroupResponseBody,
  encodeGetConsumerListByGroupResponseBody,
  decodeGetConsumerListByGroupResponseBody,
} from './body/consumer-connection.js';
export {
  type TopicOffset,
  type TopicStatsTable,
  encodeTopicStatsTable,
  decodeTopicStatsTable,
} from './body/topic-stats-table.js';
export {
  type OffsetWrapper,
  type ConsumeStats,
  encodeConsumeStats,
  decodeConsumeStats,
  type ConsumeStatsList,
  encodeConsumeStatsList,
  decodeConsumeStatsList,
  type QueueTimeSpan,
  type QueryConsumeTimeSpanBody,
  encodeQueryConsumeTimeSpanBody,
  decodeQueryConsumeTimeSpanBody,
} from './body/consume-stats.js';
export {
  type ResetOffsetBody,
  encodeResetOffsetBody,
  decodeResetOffsetBody,
  type MessageQueueForC,
  type ResetOffsetBodyForC,
  encodeResetOffsetBodyForC,
  decodeResetOffsetBodyForC,
  type GetConsumerStatusBody,
  encodeGetConsumerStatusBody,
  decodeGetConsumerStatusBody,
} from './body/reset-offset.js';
export {
  type ProcessQueueInfo,
  type PopProcessQueueInfo,
  type ConsumeStatus,
  type ConsumerRunningInfo,
  encodeConsumerRunningInfo,
  decodeConsumerRunningInfo,
  type ConsumeMessageDirectlyResult,
  encodeConsumeMessageDirectlyResult,
  decodeConsumeMessageDirectlyResult,
} from './body/consumer-running-info.js';
export {
  type BrokerStatsItem,
  type BrokerStatsData,
  encodeBrokerStatsData,
  decodeBrokerStatsData,
} from './body/broker-stats-data.js';
export {
  type ConsumeQueueData,
  type QueryConsumeQueueResponseBody,
  encodeQueryConsumeQueueResponseBody,
  decodeQueryConsumeQueueResponseBody,
} from './body/query-consume-queue.js';
export {
  type UserInfo,
  encodeUserInfo,
  decodeUserInfo,
  encodeUserInfos,
  decodeUserInfos,
  type PolicyEntryInfo,
  type PolicyInfo,
  type AclInfo,
  encodeAclInfo,
  decodeAclInfo,
  encodeAclInfos,
  decodeAclInfos,
  type PlainAccessConfig,
  type AclConfig,
  encodeAclConfig,
  decodeAclConfig,
} from './body/auth.js';
export {
  type AccAndTimeStamp,
  type ColdDataFlowCtrInfo,
  encodeColdDataFlowCtrInfo,
  decodeColdDataFlowCtrInfo,
  type CheckRocksdbCqWriteResult,
  encodeCheckRocksdbCqWriteResult,
  decodeCheckRocksdbCqWriteResult,
  type OffsetMovedEvent,
  encodeOffsetMovedEvent,
  decodeOffsetMovedEvent,
  type TopicQueueMappingSerializeWrapper,
  encodeTopicQueueMappingSerializeWrapper,
  decodeTopicQueueMappingSerializeWrapper,
} from './body/broker-admin.js';
export {
  type SyncStateSet,
  encodeSyncStateSet,
  decodeSyncStateSet,
  type ElectMasterResponseBody,
  encodeElectMasterResponseBody,
  decodeElectMasterResponseBody,
  encodeBrokerNames,
  decodeBrokerNames,
  type ReplicaIdentity,
  type ReplicasInfo,
  type BrokerReplicasInfo,
  encodeBrokerReplicasInfo,
  decodeBrokerReplicasInfo,
  type EpochEntryCache,
  encodeEpochEntryCache,
  decodeEpochEntryCache,
} from './body/controller.js';
export {
  type DLedgerEntry,
  type DLedgerMessage,
  encodeDLedgerMessage,
  decodeDLedgerMessage,
  type DLedgerMetadataResponse,
  encodeDLedgerMetadataResponse,
  decodeDLedgerMetadataResponse,
  type DLedgerAppendRequest,
  encodeDLedgerAppendRequest,
  decodeDLedgerAppendRequest,
  type DLedgerAppendResponse,
  encodeDLedgerAppendResponse,
  decodeDLedgerAppendResponse,
  type DLedgerGetRequest,
  encodeDLedgerGetRequest,
  decodeDLedgerGetRequest,
  type DLedgerPullRequest,
  encodeDLedgerPullRequest,
  decodeDLedgerPullRequest,
  type DLedgerEntriesResponse,
  encodeDLedgerEntriesResponse,
  decodeDLedgerEntriesResponse,
  type DLedgerPushRequest,
  encodeDLedgerPushRequest,
  decodeDLedgerPushRequest,
  type DLedgerPushResponse,
  encodeDLedgerPushResponse,
  decodeDLedgerPushResponse,
  type DLedgerVoteRequest,
  encodeDLedgerVoteRequest,
  decodeDLedgerVoteRequest,
  type DLedgerVoteResponse,
  encodeDLedgerVoteResponse,
  decodeDLedgerVoteResponse,
  type DLedgerTransferRequest,
  encodeDLedgerTransferRequest,
  decodeDLedgerTransferRequest,
} from './body/dledger.js';
export {
  type HAConnectionRuntimeInfo,
  type HAClientRuntimeInfo,
  type HARuntimeInfo,
  encodeHARuntimeInfo,
  decodeHARuntimeInfo,
} from './body/ha-runtime-info.js';
export {
  type BatchAck,
  type BatchAckMessageRequestBody,
  encodeBatchAckMessageRequestBody,
  decodeBatchAckMessageRequestBody,
  type QueryAssignmentRequestBody,
  encodeQueryAssignmentRequestBody,
  decodeQueryAssignmentRequestBody,
  type MessageRequestMode,
  type MessageQueueAssignment,
  type QueryAssignmentResponseBody,
  encodeQueryAssignmentResponseBody,
  decodeQueryAssignmentResponseBody,
  type SetMessageRequestModeRequestBody,
  encodeSetMessageRequestModeRequestBody,
  decodeSetMessageRequestModeRequestBody,
  type MessageRequestModeSerializeWrapper,
  encodeMessageRequestModeSerializeWrapper,
  decodeMessageRequestModeSerializeWrapper,
} from './body/pop.js';
export {
  type TimerMetrics,
  encodeTimerMetrics,
  decodeTimerMetrics,
  type TimerCheckpoint,
  TIMER_CHECKPOINT_BYTES,
  encodeTimerCheckpoint,
  decodeTimerCheckpoint,
} from './body/timer.js';
