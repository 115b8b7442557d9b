import type { MessageQueue } from '@mq/remoting/protocol';
import type { ConsumeService } from './consume-service.js';
import type { ConsumeStatsRecorder } from './consume-stats-recorder.js';
import type { ConsumerParts } from './consumer-parts.js';
import { FilterClasses } from './filter-classes.js';
import { PullApi } from './pull-api.js';
import type { PushConsumerSettings } from './push-consumer-options.js';
import type { PushRebalance } from './push-rebalance.js';
import type { QueueLocks } from './queue-locks.js';
import { QueueTable } from './queue-table.js';
import { startOffset } from './start-offset.js';
import type { Subscriptions } from './subscriptions.js';

interface PushQueueTableDeps {
  readonly parts: ConsumerParts;
  readonly settings: PushConsumerSettings;
  readonly subscriptions: Subscriptions;
  readonly stats: ConsumeStatsRecorder;
  readonly consumeService: ConsumeService;
  /** Present for orderly clustering. */
  readonly locks: QueueLocks | undefined;
  readonly isSuspended: () => boolean;
  /** Whose rounds fill the table; there when the first queue is pulled. */
  readonly rebalance: () => Pick<PushRebalance, 'thresholds' | 'resetOffset'>;
}

/** The table of a push consumer, empty: what its settings say of pulling. */
export function pushQueueTable(deps: PushQueueTableDeps): QueueTable {
  const { parts, settings, subscriptions, stats, consumeService, locks, isSuspended, rebalance } = deps;
  const { client, group, offsets } = parts;
  const startOffsetOf = (queue: MessageQueue): Promise<number> =>
    startOffset(client, offsets, queue, settings);
  const filterClasses = new FilterClasses(client, group, (topic) => subscriptions.filterClassOf(topic));
  return new QueueTable({
    clock: client.clock,
    offsets,
    consumeService,
    locks,
    startOffset: startOffsetOf,
    releaseTimeoutMs: settings.queueReleaseTimeoutMs,
    persistTimeoutMs: client.requestTimeoutMs,
    puller: {
      client,
      pullApi: new PullApi(client, filterClasses),
      offsets,
      consumeService,
      stats,
      consumerGroup: group,
      isOrderly: settings.consumeMode === 'ORDERLY',
      isClustering: settings.messageModel === 'CLUSTERING',
      pullBatchSize: settings.pullBatchSize,
      pullBatchSizeInBytes: settings.pullBatchSizeInBytes,
      pullInterval: settings.pullInterval,
      pullTimeDelayMillsWhenException: settings.pullTimeDelayMillsWhenException,
      postSubscriptionWhenPull: settings.postSubscriptionWhenPull,
      isSuspended,
      thresholds: () => rebalance().thresholds,
      subscriptionOf: (topic) => subscriptions.dataOf(topic),
      startOffset: (processQueue) => startOffsetOf(processQueue.messageQueue),
      offsetIllegal: (processQueue, offset) => rebalance().resetOffset(processQueue.messageQueue, offset),
    },
  });
}
