// Replication between the members of a broker group (5.x). Field names are upstream's.
import { defineHeader, int, long, string, type HeaderOf } from '../header.js';

/** 906 EXCHANGE_BROKER_HA_INFO */
export const ExchangeHAInfoRequestHeader = defineHeader('ExchangeHAInfoRequestHeader', {
  /** `ip:port` for slaves; absent: the sender asks. */
  masterHaAddress: string().optional(),
  /** Log offset in bytes. */
  masterFlushOffset: long().optional(),
  /** `ip:port`. */
  masterAddress: string().optional(),
});
export type ExchangeHAInfoRequestHeader = HeaderOf<typeof ExchangeHAInfoRequestHeader>;

/**
 * Answer to 906 EXCHANGE_BROKER_HA_INFO: where the master is, and how far its log is flushed, a log offset in bytes.
 */
export const ExchangeHAInfoResponseHeader = defineHeader('ExchangeHAInfoResponseHeader', {
  /** `ip:port` for slaves. */
  masterHaAddress: string().optional(),
  masterFlushOffset: long().optional(),
  /** `ip:port`. */
  masterAddress: string().optional(),
});
export type ExchangeHAInfoResponseHeader = HeaderOf<typeof ExchangeHAInfoResponseHeader>;

/** 908 RESET_MASTER_FLUSH_OFFSET */
export const ResetMasterFlushOffsetHeader = defineHeader('ResetMasterFlushOffsetHeader', {
  /** Log offset in bytes. */
  masterFlushOffset: long(),
});
export type ResetMasterFlushOffsetHeader = HeaderOf<typeof ResetMasterFlushOffsetHeader>;

/** 905 NOTIFY_MIN_BROKER_ID_CHANGE */
export const NotifyMinBrokerIdChangeRequestHeader = defineHeader('NotifyMinBrokerIdChangeRequestHeader', {
  minBrokerId: long().optional(),
  brokerName: string().optional(),
  /** `ip:port`. */
  minBrokerAddr: string().optional(),
  /** `ip:port` of the member that went; absent when one came. */
  offlineBrokerAddr: string().optional(),
  /** `ip:port` for slaves of the member that came; absent when one went. */
  haBrokerAddr: string().optional(),
});
export type NotifyMinBrokerIdChangeRequestHeader = HeaderOf<typeof NotifyMinBrokerIdChangeRequestHeader>;

/** 1008 NOTIFY_BROKER_ROLE_CHANGED */
export const NotifyBrokerRoleChangedRequestHeader = defineHeader('NotifyBrokerRoleChangedRequestHeader', {
  /** `ip:port`. */
  masterAddress: string().optional(),
  masterEpoch: int().optional(),
  syncStateSetEpoch: int().optional(),
  masterBrokerId: long().optional(),
});
export type NotifyBrokerRoleChangedRequestHeader = HeaderOf<typeof NotifyBrokerRoleChangedRequestHeader>;
