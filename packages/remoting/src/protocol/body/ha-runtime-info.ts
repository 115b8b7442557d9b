import { bean, flag, int, jsonBody, list, long, optional, text, type BodyOf } from './shape.js';

const haConnectionRuntimeInfo = bean({
  addr: text,
  diff: long,
  inSync: flag,
  slaveAckOffset: long,
  transferFromWhere: long,
  transferredByteInSecond: long,
});
export type HAConnectionRuntimeInfo = BodyOf<typeof haConnectionRuntimeInfo>;

const haClientRuntimeInfo = bean({
  /** Left out by a 5.3.3 master. */
  activated: optional(flag),
  lastReadTimestamp: long,
  lastWriteTimestamp: long,
  masterAddr: optional(text),
  masterFlushOffset: long,
  maxOffset: long,
  transferredByteInSecond: long,
});
export type HAClientRuntimeInfo = BodyOf<typeof haClientRuntimeInfo>;

const haRuntimeInfo = bean({
  haClientRuntimeInfo: optional(haClientRuntimeInfo),
  haConnectionInfo: list(haConnectionRuntimeInfo),
  inSyncSlaveNums: int,
  master: flag,
  masterCommitLogMaxOffset: long,
});
/** Answer of 907 GET_BROKER_HA_STATUS. */
export type HARuntimeInfo = BodyOf<typeof haRuntimeInfo>;
export const { encode: encodeHARuntimeInfo, decode: decodeHARuntimeInfo } = jsonBody(
  'HARuntimeInfo',
  haRuntimeInfo,
);
