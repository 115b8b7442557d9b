import type { DataVersion } from '@mq/remoting/protocol';

/** The version after one more change (upstream `DataVersion#nextVersion`): counter + 1, stamped with now. */
export function nextDataVersion(current: DataVersion, nowMs: number, stateVersion = 0): DataVersion {
  return { counter: current.counter + 1, stateVersion, timestamp: nowMs };
}
