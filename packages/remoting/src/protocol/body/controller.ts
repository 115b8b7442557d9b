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

const syncStateSet = bean({ syncStateSet: setList(long), syncStateSetEpoch: int });
/** The brokers whose copy is complete: body of 1001 and 1008, answer of 1001, 1003 and 1004. */
export type SyncStateSet = BodyOf<typeof syncStateSet>;
/**
 * Body of CONTROLLER_ALTER_SYNC_STATE_SET (1001) and of the controller's answers: upstream's `SyncStateSet`.
 * Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeSyncStateSet, decode: decodeSyncStateSet } = jsonBody(
  'SyncStateSet',
  syncStateSet,
);

const electMasterResponseBody = bean({
  brokerMemberGroup: optional(brokerMemberGroup),
  syncStateSet: optional(setList(long)),
});
/** Answer of 1002. */
export type ElectMasterResponseBody = BodyOf<typeof electMasterResponseBody>;
/**
 * Body of the answer to CONTROLLER_ELECT_MASTER (1002): upstream's `ElectMasterResponseBody`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeElectMasterResponseBody, decode: decodeElectMasterResponseBody } = jsonBody(
  'ElectMasterResponseBody',
  electMasterResponseBody,
);

/** Body of CONTROLLER_GET_SYNC_STATE_DATA (1006): a list of broker names. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeBrokerNames, decode: decodeBrokerNames } = jsonBody('brokerNames', list(text));

const replicaIdentity = bean({
  alive: optional(flag),
  brokerAddress: text,
  brokerId: long,
  brokerName: text,
});
/** One member of a broker group as the controller knows it; upstream's `BrokerReplicasInfo.ReplicaIdentity`. */
export type ReplicaIdentity = BodyOf<typeof replicaIdentity>;

const replicasInfo = bean({
  inSyncReplicas: list(replicaIdentity),
  masterAddress: optional(text),
  masterBrokerId: optional(long),
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
/**
 * Body of the answer to CONTROLLER_GET_SYNC_STATE_DATA (1006): upstream's `BrokerReplicasInfo`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeBrokerReplicasInfo, decode: decodeBrokerReplicasInfo } = jsonBody(
  'BrokerReplicasInfo',
  brokerReplicasInfo,
);

const epochEntryCache = bean({
  brokerId: long,
  brokerName: text,
  clusterName: text,
  /** `endOffset` of the last is `Long.MAX_VALUE`. */
  epochList: list(bean({ endOffset: exactLong, epoch: int, startOffset: long })),
  maxOffset: long,
});
/** Answer of 1007 GET_BROKER_EPOCH_CACHE. */
export type EpochEntryCache = BodyOf<typeof epochEntryCache>;
/**
 * Body of the answer to GET_BROKER_EPOCH_CACHE (1007): upstream's `EpochEntryCache`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeEpochEntryCache, decode: decodeEpochEntryCache } = jsonBody(
  'EpochEntryCache',
  epochEntryCache,
);
