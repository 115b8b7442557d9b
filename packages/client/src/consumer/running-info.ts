import {
  CURRENT_VERSION,
  versionName,
  type ConsumerRunningInfo,
  type SubscriptionData,
} from '@mq/remoting/protocol';
import type { MessageQueue, PopProcessQueueInfo, ProcessQueueInfo } from '@mq/remoting/protocol';
import { compareMessageQueue } from '@mq/remoting/protocol';
import type { OffsetStore } from '../offset/offset-store.js';
import type { ConsumeStatsRecorder } from './consume-stats-recorder.js';
import type { ProcessQueue } from './process-queue.js';

const MIB = 1024 * 1024;

interface RunningInfoSources {
  readonly processQueues: readonly ProcessQueue[];
  readonly popQueues: ReadonlyMap<MessageQueue, PopProcessQueueInfo>;
  readonly subscriptions: readonly SubscriptionData[];
  readonly offsets: OffsetStore;
  readonly stats: ConsumeStatsRecorder;
  readonly nameServers: readonly string[];
  readonly startedAtMs: number;
  readonly isOrderly: boolean;
  readonly maxConcurrency: number;
  /** Settings an operator may want to see. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What `mqadmin consumerStatus` shows of a push consumer (307). Upstream: DefaultMQPushConsumerImpl.consumerRunningInfo. */
export function buildRunningInfo(sources: RunningInfoSources): ConsumerRunningInfo {
  const sorted = [...sources.processQueues].sort((a, b) =>
    compareMessageQueue(a.messageQueue, b.messageQueue),
  );
  const properties: Record<string, string> = {};
  for (const [name, value] of Object.entries(sources.settings)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      properties[name] = String(value);
  }
  properties['PROP_NAMESERVER_ADDR'] = `${sources.nameServers.join(';')};`;
  properties['PROP_CONSUME_TYPE'] = 'CONSUME_PASSIVELY';
  properties['PROP_CLIENT_VERSION'] = versionName(CURRENT_VERSION);
  properties['PROP_THREADPOOL_CORE_SIZE'] = String(sources.maxConcurrency);
  properties['PROP_CONSUMEORDERLY'] = String(sources.isOrderly);
  properties['PROP_CONSUMER_START_TIMESTAMP'] = String(sources.startedAtMs);
  const mqTable = new Map<MessageQueue, ProcessQueueInfo>();
  for (const queue of sorted) mqTable.set(queue.messageQueue, processQueueInfo(queue, sources.offsets));
  return {
    mqTable,
    mqPopTable: new Map(sources.popQueues),
    properties,
    statusTable: Object.fromEntries(
      sources.subscriptions.map(({ topic }) => [topic, sources.stats.statusOf(topic)]),
    ),
    subscriptionSet: [...sources.subscriptions],
    userConsumerInfo: {},
  };
}

function processQueueInfo(queue: ProcessQueue, offsets: OffsetStore): ProcessQueueInfo {
  return {
    cachedMsgCount: queue.messageCount,
    cachedMsgMinOffset: Math.max(0, queue.minOffset),
    cachedMsgMaxOffset: Math.max(0, queue.maxOffset),
    cachedMsgSizeInMiB: Math.floor(queue.messageBytes / MIB),
    commitOffset: offsets.read(queue.messageQueue),
    droped: queue.isDropped,
    lastConsumeTimestamp: queue.lastConsumeTimestamp,
    lastLockTimestamp: queue.lastLockTimestamp,
    lastPullTimestamp: queue.lastPullTimestamp,
    locked: queue.isLocked,
    transactionMsgCount: 0,
    transactionMsgMaxOffset: 0,
    transactionMsgMinOffset: 0,
    tryUnlockTimes: queue.tryUnlockTimes,
  };
}
