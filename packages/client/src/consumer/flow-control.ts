/** Bounds on what one queue may hold before pulling pauses; upstream's settings of the same names. */
export interface PullThresholds {
  /** Cached messages of a queue; pulling pauses above it. */
  readonly pullThresholdForQueue: number;
  /** Cached bytes of a queue in whole MiB; pulling pauses above it. */
  readonly pullThresholdSizeForQueue: number;
  /** Distance between lowest and highest cached offset; concurrent consumption only. */
  readonly consumeConcurrentlyMaxSpan: number;
}

/** What flow control needs to know of a queue. */
export interface CachedState {
  readonly messageCount: number;
  readonly messageBytes: number;
  readonly maxSpan: number;
}

export type FlowControlReason = 'COUNT' | 'SIZE' | 'SPAN';

const MIB = 1024 * 1024;

/** Why the next pull of a queue has to wait, or undefined. Bounds may be reached, not passed. */
export function flowControlReason(
  cached: CachedState,
  thresholds: PullThresholds,
  orderly: boolean,
): FlowControlReason | undefined {
  if (cached.messageCount > thresholds.pullThresholdForQueue) return 'COUNT';
  if (Math.floor(cached.messageBytes / MIB) > thresholds.pullThresholdSizeForQueue) return 'SIZE';
  if (!orderly && cached.maxSpan > thresholds.consumeConcurrentlyMaxSpan) return 'SPAN';
  return undefined;
}

/** A bound for a topic shared by its queues; -1 means there is none. */
export function thresholdPerQueue(forTopic: number, forQueue: number, queueCount: number): number {
  return forTopic === -1 || queueCount === 0 ? forQueue : Math.max(1, Math.floor(forTopic / queueCount));
}
