// The controller, which elects masters (5.x). Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';

/** 1001 CONTROLLER_ALTER_SYNC_STATE_SET */
export const AlterSyncStateSetRequestHeader = defineHeader('AlterSyncStateSetRequestHeader', {
  brokerName: string().optional(),
  masterBrokerId: long().optional(),
  masterEpoch: int().optional(),
  /** Sender's clock, ms. */
  invokeTime: long().optional(),
});
export type AlterSyncStateSetRequestHeader = HeaderOf<typeof AlterSyncStateSetRequestHeader>;

/** Answer to 1001 CONTROLLER_ALTER_SYNC_STATE_SET: the epoch of the set that is in the body. */
export const AlterSyncStateSetResponseHeader = defineHeader('AlterSyncStateSetResponseHeader', {
  newSyncStateSetEpoch: int().optional(),
});
export type AlterSyncStateSetResponseHeader = HeaderOf<typeof AlterSyncStateSetResponseHeader>;

/** 1002 CONTROLLER_ELECT_MASTER */
export const ElectMasterRequestHeader = defineHeader('ElectMasterRequestHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
  /** Who asks, or with `designateElect` who is to be elected. */
  brokerId: long().optional(),
  /** True: nobody but `brokerId`. */
  designateElect: boolean().optional(),
  /** Sender's clock, ms. */
  invokeTime: long().optional(),
});
export type ElectMasterRequestHeader = HeaderOf<typeof ElectMasterRequestHeader>;

/** Answer to 1002 CONTROLLER_ELECT_MASTER: the master of the group and its epochs. */
export const ElectMasterResponseHeader = defineHeader('ElectMasterResponseHeader', {
  masterBrokerId: long().optional(),
  /** `ip:port`. */
  masterAddress: string().optional(),
  masterEpoch: int().optional(),
  syncStateSetEpoch: int().optional(),
});
export type ElectMasterResponseHeader = HeaderOf<typeof ElectMasterResponseHeader>;

/** 1003 CONTROLLER_REGISTER_BROKER */
export const RegisterBrokerToControllerRequestHeader = defineHeader(
  'RegisterBrokerToControllerRequestHeader',
  {
    clusterName: string().optional(),
    brokerName: string().optional(),
    brokerId: long().optional(),
    /** `ip:port`. */
    brokerAddress: string().optional(),
    /** Sender's clock, ms. */
    invokeTime: long().optional(),
  },
);
export type RegisterBrokerToControllerRequestHeader = HeaderOf<
  typeof RegisterBrokerToControllerRequestHeader
>;

/** Answer to 1003 CONTROLLER_REGISTER_BROKER: the master of the broker's group, when it has one. */
export const RegisterBrokerToControllerResponseHeader = defineHeader(
  'RegisterBrokerToControllerResponseHeader',
  {
    clusterName: string().optional(),
    brokerName: string().optional(),
    masterBrokerId: long().optional(),
    /** `ip:port`. */
    masterAddress: string().optional(),
    masterEpoch: int().optional(),
    syncStateSetEpoch: int().optional(),
  },
);
export type RegisterBrokerToControllerResponseHeader = HeaderOf<
  typeof RegisterBrokerToControllerResponseHeader
>;

/** 1004 CONTROLLER_GET_REPLICA_INFO */
export const GetReplicaInfoRequestHeader = defineHeader('GetReplicaInfoRequestHeader', {
  brokerName: string().optional(),
});
export type GetReplicaInfoRequestHeader = HeaderOf<typeof GetReplicaInfoRequestHeader>;

/** Answer to 1004 CONTROLLER_GET_REPLICA_INFO: the master of the group, when it has one. */
export const GetReplicaInfoResponseHeader = defineHeader('GetReplicaInfoResponseHeader', {
  masterBrokerId: long().optional(),
  /** `ip:port`. */
  masterAddress: string().optional(),
  masterEpoch: int().optional(),
});
export type GetReplicaInfoResponseHeader = HeaderOf<typeof GetReplicaInfoResponseHeader>;

/** Answer to 1005 CONTROLLER_GET_METADATA_INFO: the controllers' leader, and all of them (`peers`, joined by `;`). */
export const GetMetaDataResponseHeader = defineHeader('GetMetaDataResponseHeader', {
  group: string().optional(),
  controllerLeaderId: string().optional(),
  /** `ip:port`. */
  controllerLeaderAddress: string().optional(),
  /** Whether it is the leader who answers. */
  isLeader: boolean().optional(),
  peers: string().optional(),
});
export type GetMetaDataResponseHeader = HeaderOf<typeof GetMetaDataResponseHeader>;

/** 1011 CLEAN_BROKER_DATA */
export const CleanControllerBrokerDataRequestHeader = defineHeader('CleanControllerBrokerDataRequestHeader', {
  clusterName: string().optional(),
  brokerName: string(),
  /** Broker ids joined by `;`; absent: the whole group. */
  brokerControllerIdsToClean: string().optional(),
  /** Brokers that are alive go too. */
  isCleanLivingBroker: boolean().optional(),
  /** Sender's clock, ms. */
  invokeTime: long().optional(),
});
export type CleanControllerBrokerDataRequestHeader = HeaderOf<typeof CleanControllerBrokerDataRequestHeader>;

/** 1012 CONTROLLER_GET_NEXT_BROKER_ID */
export const GetNextBrokerIdRequestHeader = defineHeader('GetNextBrokerIdRequestHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
});
export type GetNextBrokerIdRequestHeader = HeaderOf<typeof GetNextBrokerIdRequestHeader>;

/** Answer to 1012 CONTROLLER_GET_NEXT_BROKER_ID: the id the next new member of the group may apply for. */
export const GetNextBrokerIdResponseHeader = defineHeader('GetNextBrokerIdResponseHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
  nextBrokerId: long().optional(),
});
export type GetNextBrokerIdResponseHeader = HeaderOf<typeof GetNextBrokerIdResponseHeader>;

/** 1013 CONTROLLER_APPLY_BROKER_ID */
export const ApplyBrokerIdRequestHeader = defineHeader('ApplyBrokerIdRequestHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
  appliedBrokerId: long().optional(),
  /** `ip:port;ms`: a repeated application is known by it. */
  registerCheckCode: string().optional(),
});
export type ApplyBrokerIdRequestHeader = HeaderOf<typeof ApplyBrokerIdRequestHeader>;

/** Answer to 1013 CONTROLLER_APPLY_BROKER_ID: the group in which the id now is the broker's. */
export const ApplyBrokerIdResponseHeader = defineHeader('ApplyBrokerIdResponseHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
});
export type ApplyBrokerIdResponseHeader = HeaderOf<typeof ApplyBrokerIdResponseHeader>;
