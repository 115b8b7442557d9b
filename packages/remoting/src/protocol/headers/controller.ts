// The controller, which elects masters (5.x). Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';

/** 1001 CONTROLLER_ALTER_SYNC_STATE_SET */
export const AlterSyncStateSetRequestHeader = defineHeader('AlterSyncStateSetRequestHeader', {
  brokerName: string().optional(),
  masterBrokerId: long().optional(),
  masterEpoch: int().optional(),
  invokeTime: long().optional(),
});
export type AlterSyncStateSetRequestHeader = HeaderOf<typeof AlterSyncStateSetRequestHeader>;

export const AlterSyncStateSetResponseHeader = defineHeader('AlterSyncStateSetResponseHeader', {
  newSyncStateSetEpoch: int().optional(),
});
export type AlterSyncStateSetResponseHeader = HeaderOf<typeof AlterSyncStateSetResponseHeader>;

/** 1002 CONTROLLER_ELECT_MASTER */
export const ElectMasterRequestHeader = defineHeader('ElectMasterRequestHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
  brokerId: long().optional(),
  designateElect: boolean().optional(),
  invokeTime: long().optional(),
});
export type ElectMasterRequestHeader = HeaderOf<typeof ElectMasterRequestHeader>;

export const ElectMasterResponseHeader = defineHeader('ElectMasterResponseHeader', {
  masterBrokerId: long().optional(),
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
    brokerAddress: string().optional(),
    invokeTime: long().optional(),
  },
);
export type RegisterBrokerToControllerRequestHeader = HeaderOf<
  typeof RegisterBrokerToControllerRequestHeader
>;

export const RegisterBrokerToControllerResponseHeader = defineHeader(
  'RegisterBrokerToControllerResponseHeader',
  {
    clusterName: string().optional(),
    brokerName: string().optional(),
    masterBrokerId: long().optional(),
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

export const GetReplicaInfoResponseHeader = defineHeader('GetReplicaInfoResponseHeader', {
  masterBrokerId: long().optional(),
  masterAddress: string().optional(),
  masterEpoch: int().optional(),
});
export type GetReplicaInfoResponseHeader = HeaderOf<typeof GetReplicaInfoResponseHeader>;

export const GetMetaDataResponseHeader = defineHeader('GetMetaDataResponseHeader', {
  group: string().optional(),
  controllerLeaderId: string().optional(),
  controllerLeaderAddress: string().optional(),
  isLeader: boolean().optional(),
  peers: string().optional(),
});
export type GetMetaDataResponseHeader = HeaderOf<typeof GetMetaDataResponseHeader>;

/** 1011 CLEAN_BROKER_DATA */
export const CleanControllerBrokerDataRequestHeader = defineHeader('CleanControllerBrokerDataRequestHeader', {
  clusterName: string().optional(),
  brokerName: string(),
  brokerControllerIdsToClean: string().optional(),
  isCleanLivingBroker: boolean().optional(),
  invokeTime: long().optional(),
});
export type CleanControllerBrokerDataRequestHeader = HeaderOf<typeof CleanControllerBrokerDataRequestHeader>;

/** 1012 CONTROLLER_GET_NEXT_BROKER_ID */
export const GetNextBrokerIdRequestHeader = defineHeader('GetNextBrokerIdRequestHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
});
export type GetNextBrokerIdRequestHeader = HeaderOf<typeof GetNextBrokerIdRequestHeader>;

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
  registerCheckCode: string().optional(),
});
export type ApplyBrokerIdRequestHeader = HeaderOf<typeof ApplyBrokerIdRequestHeader>;

export const ApplyBrokerIdResponseHeader = defineHeader('ApplyBrokerIdResponseHeader', {
  clusterName: string().optional(),
  brokerName: string().optional(),
});
export type ApplyBrokerIdResponseHeader = HeaderOf<typeof ApplyBrokerIdResponseHeader>;
