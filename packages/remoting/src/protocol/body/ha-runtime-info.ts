import { bean, flag, int, jsonBody, list, long, optional, text, type BodyOf } from './shape.js';

const haConnectionRuntimeInfo = bean({
  addr: text,
  diff: long,
  /** Whether the slave is close enough to count. */
  inSync: flag,
  slaveAckOffset: long,
  transferFromWhere: long,
  transferredByteInSecond: long,
});
/**
 * A slave as its master sees it; offsets and `diff` in log bytes. Upstream's
 * `HARuntimeInfo.HAConnectionRuntimeInfo`.
 */
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
/**
 * A slave's own view of its replication: times in ms, offsets in log bytes. Upstream's
 * `HARuntimeInfo.HAClientRuntimeInfo`.
 */
export type HAClientRuntimeInfo = BodyOf<typeof haClientRuntimeInfo>;

const haRuntimeInfo = bean({
  /** A slave's own view. */
  haClientRuntimeInfo: optional(haClientRuntimeInfo),
  /** A master's slaves. */
  haConnectionInfo: list(haConnectionRuntimeInfo),
  inSyncSlaveNums: int,
  master: flag,
  /** End of the master's log, bytes. */
  masterCommitLogMaxOffset: long,
});
/** Answer of 907 GET_BROKER_HA_STATUS. */
export type HARuntimeInfo = BodyOf<typeof haRuntimeInfo>;

const haRuntimeInfoCodec = jsonBody('HARuntimeInfo', haRuntimeInfo);
/** Encodes the body of the answer to GET_BROKER_HA_STATUS (907), upstream's `HARuntimeInfo`. */
export const encodeHARuntimeInfo = haRuntimeInfoCodec.encode;
/**
 * Decodes the body of the answer to GET_BROKER_HA_STATUS (907), upstream's `HARuntimeInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeHARuntimeInfo = haRuntimeInfoCodec.decode;
