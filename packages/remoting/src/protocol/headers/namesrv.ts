// NameServer: routes, KV configuration, brokers that come and go. Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { topicFields } from './common.js';

/** 105 GET_ROUTEINFO_BY_TOPIC */
export const GetRouteInfoRequestHeader = defineHeader('GetRouteInfoRequestHeader', {
  topic: string(),
  /** True: the answer quotes its integer keys. */
  acceptStandardJsonOnly: boolean().optional(),
  ...topicFields,
});
export type GetRouteInfoRequestHeader = HeaderOf<typeof GetRouteInfoRequestHeader>;

/** 103 REGISTER_BROKER */
export const RegisterBrokerRequestHeader = defineHeader('RegisterBrokerRequestHeader', {
  brokerName: string(),
  /** `ip:port` for clients. */
  brokerAddr: string(),
  clusterName: string(),
  /** `ip:port` for slaves. */
  haServerAddr: string(),
  /** 0 = master. */
  brokerId: long(),
  /** Silence after which it counts as gone, ms; absent: two minutes. */
  heartbeatTimeoutMillis: long().optional(),
  /** Absent from brokers older than 5.0. */
  enableActingMaster: boolean().optional(),
  /** Not to be relied on: see `decodeRegisterBrokerBody`. */
  compressed: boolean().optional(),
  /** CRC-32 of the body; 0 or absent: it is not checked. */
  bodyCrc32: int().optional(),
});
export type RegisterBrokerRequestHeader = HeaderOf<typeof RegisterBrokerRequestHeader>;

/** Answer to 103 REGISTER_BROKER: addresses of the group's master, for its slaves. */
export const RegisterBrokerResponseHeader = defineHeader('RegisterBrokerResponseHeader', {
  /** `ip:port` for slaves. */
  haServerAddr: string().optional(),
  /** `ip:port`. */
  masterAddr: string().optional(),
});
export type RegisterBrokerResponseHeader = HeaderOf<typeof RegisterBrokerResponseHeader>;

/** 104 UNREGISTER_BROKER */
export const UnRegisterBrokerRequestHeader = defineHeader('UnRegisterBrokerRequestHeader', {
  brokerName: string(),
  /** `ip:port`. */
  brokerAddr: string(),
  clusterName: string(),
  /** 0 = master. */
  brokerId: long(),
});
export type UnRegisterBrokerRequestHeader = HeaderOf<typeof UnRegisterBrokerRequestHeader>;

/** 904 BROKER_HEARTBEAT */
export const BrokerHeartbeatRequestHeader = defineHeader('BrokerHeartbeatRequestHeader', {
  clusterName: string(),
  /** `ip:port`. */
  brokerAddr: string(),
  brokerName: string(),
  brokerId: long().optional(),
  /** To a controller: the epoch of its master. */
  epoch: int().optional(),
  /** To a controller: end of its log, bytes. */
  maxOffset: long().optional(),
  /** To a controller: log offset that all of the set have, bytes. */
  confirmOffset: long().optional(),
  /** Silence after which it counts as gone, ms. */
  heartbeatTimeoutMills: long().optional(),
  /** To a controller: among equals the smallest is elected. */
  electionPriority: int().optional(),
});
export type BrokerHeartbeatRequestHeader = HeaderOf<typeof BrokerHeartbeatRequestHeader>;

/** 322 QUERY_DATA_VERSION */
export const QueryDataVersionRequestHeader = defineHeader('QueryDataVersionRequestHeader', {
  brokerName: string(),
  /** `ip:port`. */
  brokerAddr: string(),
  clusterName: string(),
  brokerId: long(),
});
export type QueryDataVersionRequestHeader = HeaderOf<typeof QueryDataVersionRequestHeader>;

/** Answer to 322 QUERY_DATA_VERSION: whether the NameServer has another version than the one in the request's body. */
export const QueryDataVersionResponseHeader = defineHeader('QueryDataVersionResponseHeader', {
  changed: boolean(),
});
export type QueryDataVersionResponseHeader = HeaderOf<typeof QueryDataVersionResponseHeader>;

/** 901 GET_BROKER_MEMBER_GROUP */
export const GetBrokerMemberGroupRequestHeader = defineHeader('GetBrokerMemberGroupRequestHeader', {
  clusterName: string(),
  brokerName: string(),
});
export type GetBrokerMemberGroupRequestHeader = HeaderOf<typeof GetBrokerMemberGroupRequestHeader>;

/** 100 PUT_KV_CONFIG */
export const PutKVConfigRequestHeader = defineHeader('PutKVConfigRequestHeader', {
  namespace: string(),
  key: string(),
  value: string(),
});
export type PutKVConfigRequestHeader = HeaderOf<typeof PutKVConfigRequestHeader>;

/** 101 GET_KV_CONFIG */
export const GetKVConfigRequestHeader = defineHeader('GetKVConfigRequestHeader', {
  namespace: string(),
  key: string(),
});
export type GetKVConfigRequestHeader = HeaderOf<typeof GetKVConfigRequestHeader>;

/** Answer to 101 GET_KV_CONFIG: the value. */
export const GetKVConfigResponseHeader = defineHeader('GetKVConfigResponseHeader', {
  value: string().optional(),
});
export type GetKVConfigResponseHeader = HeaderOf<typeof GetKVConfigResponseHeader>;

/** 102 DELETE_KV_CONFIG */
export const DeleteKVConfigRequestHeader = defineHeader('DeleteKVConfigRequestHeader', {
  namespace: string(),
  key: string(),
});
export type DeleteKVConfigRequestHeader = HeaderOf<typeof DeleteKVConfigRequestHeader>;

/** 219 GET_KVLIST_BY_NAMESPACE */
export const GetKVListByNamespaceRequestHeader = defineHeader('GetKVListByNamespaceRequestHeader', {
  namespace: string(),
});
export type GetKVListByNamespaceRequestHeader = HeaderOf<typeof GetKVListByNamespaceRequestHeader>;

/** 205 WIPE_WRITE_PERM_OF_BROKER */
export const WipeWritePermOfBrokerRequestHeader = defineHeader('WipeWritePermOfBrokerRequestHeader', {
  brokerName: string(),
});
export type WipeWritePermOfBrokerRequestHeader = HeaderOf<typeof WipeWritePermOfBrokerRequestHeader>;

/** Answer to 205 WIPE_WRITE_PERM_OF_BROKER: how many topics were touched. */
export const WipeWritePermOfBrokerResponseHeader = defineHeader('WipeWritePermOfBrokerResponseHeader', {
  wipeTopicCount: int(),
});
export type WipeWritePermOfBrokerResponseHeader = HeaderOf<typeof WipeWritePermOfBrokerResponseHeader>;

/** 327 ADD_WRITE_PERM_OF_BROKER */
export const AddWritePermOfBrokerRequestHeader = defineHeader('AddWritePermOfBrokerRequestHeader', {
  brokerName: string(),
});
export type AddWritePermOfBrokerRequestHeader = HeaderOf<typeof AddWritePermOfBrokerRequestHeader>;

/** Answer to 327 ADD_WRITE_PERM_OF_BROKER: how many topics were touched. */
export const AddWritePermOfBrokerResponseHeader = defineHeader('AddWritePermOfBrokerResponseHeader', {
  addTopicCount: int(),
});
export type AddWritePermOfBrokerResponseHeader = HeaderOf<typeof AddWritePermOfBrokerResponseHeader>;

/** 216 DELETE_TOPIC_IN_NAMESRV */
export const DeleteTopicFromNamesrvRequestHeader = defineHeader('DeleteTopicFromNamesrvRequestHeader', {
  topic: string(),
  /** Absent: on all clusters. */
  clusterName: string().optional(),
  ...topicFields,
});
export type DeleteTopicFromNamesrvRequestHeader = HeaderOf<typeof DeleteTopicFromNamesrvRequestHeader>;

/** 217 REGISTER_TOPIC_IN_NAMESRV */
export const RegisterTopicRequestHeader = defineHeader('RegisterTopicRequestHeader', {
  topic: string(),
  ...topicFields,
});
export type RegisterTopicRequestHeader = HeaderOf<typeof RegisterTopicRequestHeader>;

/** Declared upstream; 5.3.3 has no request that uses it. */
export const RegisterOrderTopicRequestHeader = defineHeader('RegisterOrderTopicRequestHeader', {
  topic: string(),
  /** `brokerA:4;brokerB:2`. */
  orderTopicString: string(),
});
export type RegisterOrderTopicRequestHeader = HeaderOf<typeof RegisterOrderTopicRequestHeader>;
