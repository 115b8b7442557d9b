import { bean, jsonBody, long, optional, orNew, type Shape } from './shape.js';

/** Version of a table that is replicated: topics, groups, offsets. */
export interface DataVersion {
  /** Incremented by every change. */
  counter: number;
  /** Epoch of the controller; 0 without one. 4.x has no such member. */
  stateVersion: number;
  /** ms of the last change. */
  timestamp: number;
}

export const dataVersion: Shape<DataVersion> = bean({ counter: long, stateVersion: long, timestamp: long });

/** A member that 4.x and empty bodies leave out: counter and timestamp 0. */
export const dataVersionOrZero = orNew(dataVersion, () => ({ counter: 0, stateVersion: 0, timestamp: 0 }));
export const optionalDataVersion = optional(dataVersion);

/** The version before any change. */
export const firstDataVersion = (nowMs: number): DataVersion => ({
  counter: 0,
  stateVersion: 0,
  timestamp: nowMs,
});

/** The version after one more change. */
export function nextDataVersion(version: DataVersion, nowMs: number, stateVersion = 0): DataVersion {
  return { counter: version.counter + 1, stateVersion, timestamp: nowMs };
}

/** All three members agree: nothing changed. */
export function dataVersionEquals(a: DataVersion, b: DataVersion): boolean {
  return compareDataVersion(a, b) === 0;
}

/** Which is newer: by stateVersion, then counter, then timestamp. Negative when `a` is older. */
export function compareDataVersion(a: DataVersion, b: DataVersion): number {
  return a.stateVersion - b.stateVersion || a.counter - b.counter || a.timestamp - b.timestamp;
}

const dataVersionCodec = jsonBody('DataVersion', dataVersion);
/** Encodes the body of QUERY_DATA_VERSION (322) and of its answer, upstream's `DataVersion`. */
export const encodeDataVersion = dataVersionCodec.encode;
/**
 * Decodes the body of QUERY_DATA_VERSION (322) and of its answer, upstream's `DataVersion`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDataVersion = dataVersionCodec.decode;
