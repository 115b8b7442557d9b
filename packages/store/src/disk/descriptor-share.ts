import { descriptorLimit } from '@mq/remoting';

/** Whatever the limit, so many files of a kind may be open: fewer would be opened and closed at every step. */
const LEAST = 8;

/**
 * How many files of one kind may be kept open: `wanted`, or `1 / divisor` of what this process may have where that is less.
 * Connections take half (RemotingServer); the kinds of files share the rest, so that no flood of connections and no number
 * of queues leaves a log without a descriptor for its next file.
 */
export function descriptorShare(wanted: number, divisor: number, limit = descriptorLimit()): number {
  return Math.min(wanted, Math.max(LEAST, Math.floor(limit / divisor)));
}
