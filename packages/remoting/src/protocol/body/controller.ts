// Bodies of the controller, which elects masters (5.x, remoting.md 3.14).
import { brokerMemberGroup } from './cluster-info.js';
import {
  bean,
  exactLong,
  flag,
  int,
  jsonBody,
  list,
  long,
  optional,
  setList,
  table,
  text,
  type BodyOf,
} from './shape.js';

const syncStateSet = bean({
  /** Broker ids. */
  syncStateSet: setList(long),
  /** Counts the changes of the set. */
  syncStateSetEpoch: int,
});
/** The brokers whose copy is complete: body of 1001 and 1008, answer of 1001, 1003 and 1004. */
export type SyncStateSet = BodyOf<typeof syncStateSet>;

const syncStateSetCodec = jsonBody('SyncStateSet', syncStateSet);
/**
 * Encodes the body of CONTROLLER_ALTER_SYNC_STATE_SET (1001) and NOTIFY_BROKER_ROLE_CHANGED (1008), and of the
 * answers to 1001, 1003 and 1004, upstream's `SyncStateSet`.
 */
export const encodeSyncStateSet = syncStateSetCodec.encode;
/**
 * Decodes the body of CONTROLLER_ALTER_SYNC_STATE_SET (1001) and NOTIFY_BROKER_ROLE_CHANGED (1008), and of the
 * answers to 1001, 1003 and 1004, upstream's `SyncStateSet`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeSyncStateSet = syncStateSetCodec.decode;

const electMasterResponseBody = bean({
  brokerMemberGroup: optional(brokerMemberGroup),
  /** Broker ids. */
  syncStateSet: optional(setList(long)),
});
/** Answer of 1002. */
export type ElectMasterResponseBody = BodyOf<typeof electMasterResponseBody>;

const electMasterResponseBodyCodec = jsonBody('ElectMasterResponseBody', electMasterResponseBody);
/** Encodes the body of the answer to CONTROLLER_ELECT_MASTER (1002), upstream's `ElectMasterResponseBody`. */
export const encodeElectMasterResponseBody = electMasterResponseBodyCodec.encode;
/**
 * Decodes the body of the answer to CONTROLLER_ELECT_MASTER (1002), upstream's `ElectMasterResponseBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeElectMasterResponseBody = electMasterResponseBodyCodec.decode;

const brokerNamesCodec = jsonBody('brokerNames', list(text));
/** Encodes the body of CONTROLLER_GET_SYNC_STATE_DATA (1006), a list of broker names. */
export const encodeBrokerNames = brokerNamesCodec.encode;
/**
 * Decodes the body of CONTROLLER_GET_SYNC_STATE_DATA (1006), a list of broker names.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeBrokerNames = brokerNamesCodec.decode;

const replicaIdentity = bean({
  alive: optional(flag),
  /** `ip:port`. */
  brokerAddress: text,
  brokerId: long,
  brokerName: text,
});
/** One member of a broker group as the controller knows it; upstream's `BrokerReplicasInfo.ReplicaIdentity`. */
export type ReplicaIdentity = BodyOf<typeof replicaIdentity>;

const replicasInfo = bean({
  inSyncReplicas: list(replicaIdentity),
  /** `ip:port`; absent while there is no master. */
  masterAddress: optional(text),
  masterBrokerId: optional(long),
  /** Counts the changes of master. */
  masterEpoch: int,
  notInSyncReplicas: list(replicaIdentity),
  syncStateSetEpoch: int,
});
/**
 * A broker group: its master, and whose copy is complete and whose is not; upstream's
 * `BrokerReplicasInfo.ReplicasInfo`.
 */
export type ReplicasInfo = BodyOf<typeof replicasInfo>;

const brokerReplicasInfo = bean({ replicasInfoTable: table(replicasInfo) });
/** Answer of 1006: by broker name. */
export type BrokerReplicasInfo = BodyOf<typeof brokerReplicasInfo>;

const brokerReplicasInfoCodec = jsonBody('BrokerReplicasInfo', brokerReplicasInfo);
/** Encodes the body of the answer to CONTROLLER_GET_SYNC_STATE_DATA (1006), upstream's `BrokerReplicasInfo`. */
export const encodeBrokerReplicasInfo = brokerReplicasInfoCodec.encode;
/**
 * Decodes the body of the answer to CONTROLLER_GET_SYNC_STATE_DATA (1006), upstream's `BrokerReplicasInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeBrokerReplicasInfo = brokerReplicasInfoCodec.decode;

const epochEntryCache = bean({
  brokerId: long,
  brokerName: text,
  clusterName: text,
  /** `endOffset` of the last is `Long.MAX_VALUE`. */
  epochList: list(bean({ endOffset: exactLong, epoch: int, startOffset: long })),
  /** End of the log, bytes. */
  maxOffset: long,
});
/** Answer of 1007 GET_BROKER_EPOCH_CACHE. */
export type EpochEntryCache = BodyOf<typeof epochEntryCache>;

const epochEntryCacheCodec = jsonBody('EpochEntryCache', epochEntryCache);
/** Encodes the body of the answer to GET_BROKER_EPOCH_CACHE (1007), upstream's `EpochEntryCache`. */
export const encodeEpochEntryCache = epochEntryCacheCodec.encode;
/**
 * Decodes the body of the answer to GET_BROKER_EPOCH_CACHE (1007), upstream's `EpochEntryCache`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeEpochEntryCache = epochEntryCacheCodec.decode;
