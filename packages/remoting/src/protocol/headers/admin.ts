// A broker as a whole: configuration, statistics, queues, containers. Field names are upstream's.
import { defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { topicFields } from './common.js';

/** Answer to 26 GET_BROKER_CONFIG: the version of the settings, a DataVersion as JSON; the settings are the body. */
export const GetBrokerConfigResponseHeader = defineHeader('GetBrokerConfigResponseHeader', {
  version: string(),
});
export type GetBrokerConfigResponseHeader = HeaderOf<typeof GetBrokerConfigResponseHeader>;

/** 315 VIEW_BROKER_STATS_DATA */
export const ViewBrokerStatsDataRequestHeader = defineHeader('ViewBrokerStatsDataRequestHeader', {
  /** One of upstream's `Stats`: `TOPIC_PUT_NUMS`, `GROUP_GET_NUMS`, ... */
  statsName: string(),
  /** What it is counted by: a topic, or `topic@group`. */
  statsKey: string(),
});
export type ViewBrokerStatsDataRequestHeader = HeaderOf<typeof ViewBrokerStatsDataRequestHeader>;

/** 321 QUERY_CONSUME_QUEUE */
export const QueryConsumeQueueRequestHeader = defineHeader('QueryConsumeQueueRequestHeader', {
  topic: string().optional(),
  queueId: int().optional(),
  /** Queue offset of the first entry. */
  index: long().optional(),
  /** Most entries wanted. */
  count: int().optional(),
  /** Whose filter is tried on the entries; absent: none. */
  consumerGroup: string().optional(),
  ...topicFields,
});
export type QueryConsumeQueueRequestHeader = HeaderOf<typeof QueryConsumeQueueRequestHeader>;

/** 354 CHECK_ROCKSDB_CQ_WRITE_PROGRESS */
export const CheckRocksdbCqWriteProgressRequestHeader = defineHeader(
  'CheckRocksdbCqWriteProgressRequestHeader',
  {
    /** Blank: all topics. */
    topic: string(),
    /** ms: only what was stored since then. */
    checkStoreTime: long().optional(),
  },
);
export type CheckRocksdbCqWriteProgressRequestHeader = HeaderOf<
  typeof CheckRocksdbCqWriteProgressRequestHeader
>;

/** 355 EXPORT_ROCKSDB_CONFIG_TO_JSON */
export const ExportRocksDBConfigToJsonRequestHeader = defineHeader('ExportRocksDBConfigToJsonRequestHeader', {
  /** `topics`, `subscriptionGroups`, `consumerOffsets`, joined by `;`. */
  configType: string(),
});
export type ExportRocksDBConfigToJsonRequestHeader = HeaderOf<typeof ExportRocksDBConfigToJsonRequestHeader>;

/** 902 ADD_BROKER */
export const AddBrokerRequestHeader = defineHeader('AddBrokerRequestHeader', {
  /** The properties file of the new broker, on the container's machine. */
  configPath: string().optional(),
});
export type AddBrokerRequestHeader = HeaderOf<typeof AddBrokerRequestHeader>;

/** 903 REMOVE_BROKER */
export const RemoveBrokerRequestHeader = defineHeader('RemoveBrokerRequestHeader', {
  brokerName: string(),
  brokerClusterName: string(),
  /** 0 = master. */
  brokerId: long(),
});
export type RemoveBrokerRequestHeader = HeaderOf<typeof RemoveBrokerRequestHeader>;

/** 2004 SET_COMMITLOG_READ_MODE: 0 normal, 1 random. Upstream has no class for it. */
export const SetCommitLogReadModeRequestHeader = defineHeader('SetCommitLogReadModeRequestHeader', {
  readAheadMode: int().wire('READ_AHEAD_MODE'),
});
export type SetCommitLogReadModeRequestHeader = HeaderOf<typeof SetCommitLogReadModeRequestHeader>;

/** 301 REGISTER_FILTER_SERVER (4.x) */
export const RegisterFilterServerRequestHeader = defineHeader('RegisterFilterServerRequestHeader', {
  /** `ip:port`. */
  filterServerAddr: string(),
});
export type RegisterFilterServerRequestHeader = HeaderOf<typeof RegisterFilterServerRequestHeader>;

/** Answer to 301 REGISTER_FILTER_SERVER (4.x): who the filter server is registered as, and at which broker. */
export const RegisterFilterServerResponseHeader = defineHeader('RegisterFilterServerResponseHeader', {
  filterServerId: string(),
  brokerName: string(),
  brokerId: long(),
});
export type RegisterFilterServerResponseHeader = HeaderOf<typeof RegisterFilterServerResponseHeader>;

/** 302 REGISTER_MESSAGE_FILTER_CLASS (4.x, client to filter server) */
export const RegisterMessageFilterClassRequestHeader = defineHeader(
  'RegisterMessageFilterClassRequestHeader',
  {
    consumerGroup: string(),
    topic: string(),
    className: string(),
    /** CRC-32 of the source, which is the body. */
    classCRC: int(),
  },
);
export type RegisterMessageFilterClassRequestHeader = HeaderOf<
  typeof RegisterMessageFilterClassRequestHeader
>;
