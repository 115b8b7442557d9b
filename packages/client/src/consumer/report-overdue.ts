import type { ConsumeDeps } from './consume-deps.js';
import type { RunningBatch } from './running-batch.js';
import type { RunningBatches } from './running-batches.js';

/**
 * Reports a handler that is over its time. It keeps its place among `maxConcurrency` until it ends: when every place is taken
 * so, nothing is consumed any more, and that is an error.
 */
export function reportOverdue(
  { logger, consumerGroup: group, maxConcurrency }: ConsumeDeps,
  running: RunningBatches,
  batch: RunningBatch,
  what: string,
): void {
  logger.warn(what, { group, ...batch.messageQueue, messages: batch.messages.length });
  if (running.overdueCount >= maxConcurrency)
    logger.error('nothing is consumed until a handler ends: all are over their time', {
      group,
      maxConcurrency,
    });
}
