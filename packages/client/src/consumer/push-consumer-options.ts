import type { ConsumeFromWhere, MessageModel } from '@mq/remoting/protocol';
import { assertArgument } from '../errors.js';
import type { ObservationOptions } from '../hooks/message-hook.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { defaultLocalOffsetStoreDir } from '../offset/local-file-offset-store.js';
import type { OffsetStore } from '../offset/offset-store.js';
import { assertFunction, oneOf, wholeNumber, type ClientOptions } from '../options.js';
import type { AllocateMessageQueueStrategy } from '../rebalance/allocate-strategy.js';
import { resolveGroupOptions, type GroupSettings } from './consumer-options.js';
import type { PullThresholds } from './flow-control.js';
import type { MessageHandler } from './message-handler.js';

/**
 * CONCURRENTLY: batches of any queues at the same time, in no order; failures come again later by way of the retry topic.
 * ORDERLY: each queue's messages one batch after the other; a failure holds up its queue.
 */
export type ConsumeMode = 'CONCURRENTLY' | 'ORDERLY';

/** Settings of a push consumer. Names are upstream's (DefaultMQPushConsumer) where it has them; times are milliseconds. */
export interface PushConsumerOptions extends ClientOptions, ObservationOptions {
  /** Consumers with the same group share the work; they must subscribe to the same. */
  consumerGroup: string;
  /** A client to share; its own options then count and those of `ClientOptions` here do not. Closed by its owner. */
  client?: ClientInstance;
  /** CLUSTERING: each message goes to one consumer of the group. BROADCASTING: to each. Default 'CLUSTERING'. */
  messageModel?: MessageModel;
  /** Default 'CONCURRENTLY'. */
  consumeMode?: ConsumeMode;
  /** Handles topics subscribed to without a handler of their own. */
  handler?: MessageHandler;
  /**
   * Where a group without an offset begins. Default 'CONSUME_FROM_LAST_OFFSET': only what is sent from now on. While the
   * first messages of a queue are still in a broker's memory, brokers (Apache's too) answer 0 for a new group: it then
   * begins with the first message, whatever is asked for here.
   */
  consumeFromWhere?: ConsumeFromWhere;
  /** For CONSUME_FROM_TIMESTAMP: begin with messages stored from this time on. Default: 30 minutes before the start. */
  consumeTimestamp?: Date | number;
  /** How queues are shared; the same in every consumer of the group. Default `allocateAveragely`. */
  allocateMessageQueueStrategy?: AllocateMessageQueueStrategy;
  /** Batches handled at the same time, 1 to 1000. Default 20. Upstream: consumeThreadMax. */
  maxConcurrency?: number;
  /** Most messages of one call of the handler, 1 to 1024. Default 1. */
  consumeMessageBatchMaxSize?: number;
  /** Most messages of one pull, 1 to 1024. Default 32. */
  pullBatchSize?: number;
  /** Most bytes of one pull; 5.x brokers. Default 262144. */
  pullBatchSizeInBytes?: number;
  /** Pause between two pulls of a queue, 0 to 65535. Default 0. */
  pullInterval?: number;
  /** Pause after a pull that failed. Default 1000. */
  pullTimeDelayMillsWhenException?: number;
  /** Cached messages of a queue above which pulling pauses, 1 to 65535. Default 1000. */
  pullThresholdForQueue?: number;
  /** Cached whole MiB of a queue above which pulling pauses, 1 to 1024. Default 100. */
  pullThresholdSizeForQueue?: number;
  /** The same for all queues held, shared evenly; -1: no bound of its own. Default -1. */
  pullThresholdForTopic?: number;
  /** The same for all queues held, in MiB, shared evenly; -1: no bound of its own. Default -1. */
  pullThresholdSizeForTopic?: number;
  /** Span of cached offsets of a queue above which pulling pauses; concurrent only. Default 2000. */
  consumeConcurrentlyMaxSpan?: number;
  /**
   * Attempts before a message becomes a dead letter; -1: what the group's `retryMaxTimes` says (concurrent; 16 unless an operator
   * changed it), or without end (orderly). Default -1.
   */
  maxReconsumeTimes?: number;
  /** Pause of a queue after a failure; orderly only, 10 to 30000. Default 1000. */
  suspendCurrentQueueTimeMs?: number;
  /**
   * When a handler has taken too long: its signal fires and, concurrent, the messages come again. A handler that never ends
   * keeps its place among `maxConcurrency` all the same. Default 900000 (15 min).
   */
  consumeTimeoutMs?: number;
  /** Commit of offsets. Default 5000, at least 100. */
  persistConsumerOffsetInterval?: number;
  /** Look at the members of the group and share anew. Default 20000, at least 100; changes the broker reports are quicker. */
  rebalanceIntervalMs?: number;
  /**
   * How long handlers of a queue that goes to another consumer may still finish before their signal fires. Default 1000. An
   * orderly consumer keeps the queue until its handler has ended all the same.
   */
  queueReleaseTimeoutMs?: number;
  /** Send the filter with each pull instead of relying on the heartbeat's. Default false. */
  postSubscriptionWhenPull?: boolean;
  /**
   * false: brokers (5.x) say which queues are ours and whether we pull or pop them (`mqadmin setConsumeMode`). Concurrent
   * clustering only; in every other mode the clients share the queues, as upstream. Default true.
   */
  clientRebalance?: boolean;
  /** Popping: how long messages are nobody else's, 5000 to 300000. Handlers must be done by then. Default 60000. */
  popInvisibleTimeMs?: number;
  /** Popping: most messages of one pop, 1 to 32. Default 32. */
  popBatchNums?: number;
  /** Popping: messages of a queue not dealt with above which popping pauses, 1 to 65535. Default 96. */
  popThresholdForQueue?: number;
  /** Folder of the offsets of broadcasting consumers. Default `~/.rocketmq_offsets`. */
  localOffsetStoreDir?: string;
  /** Keeps the offsets somewhere else altogether. */
  offsetStore?: OffsetStore;
}

/** The settings of a push consumer, checked and complete. */
export interface PushConsumerSettings extends GroupSettings {
  readonly consumeMode: ConsumeMode;
  readonly maxConcurrency: number;
  readonly consumeMessageBatchMaxSize: number;
  readonly pullBatchSize: number;
  readonly pullBatchSizeInBytes: number;
  readonly pullInterval: number;
  readonly pullTimeDelayMillsWhenException: number;
  readonly thresholds: PullThresholds;
  readonly pullThresholdForTopic: number;
  readonly pullThresholdSizeForTopic: number;
  /** undefined: the group's `retryMaxTimes` counts. */
  readonly maxReconsumeTimes: number | undefined;
  readonly suspendCurrentQueueTimeMs: number;
  readonly consumeTimeoutMs: number;
  readonly persistConsumerOffsetInterval: number;
  readonly rebalanceIntervalMs: number;
  readonly queueReleaseTimeoutMs: number;
  readonly postSubscriptionWhenPull: boolean;
  readonly clientRebalance: boolean;
  readonly popInvisibleTimeMs: number;
  readonly popBatchNums: number;
  readonly popThresholdForQueue: number;
  readonly localOffsetStoreDir: string;
}

const INT_MAX = 2 ** 31 - 1;
const CONSUME_MODES: readonly ConsumeMode[] = ['CONCURRENTLY', 'ORDERLY'];

/** Checks the options and fills in the defaults. @throws MQClientError INVALID_ARGUMENT */
export function resolvePushConsumerOptions(options: PushConsumerOptions): PushConsumerSettings {
  const o = options;
  assertFunction('handler', o.handler);
  const consumeMode = oneOf('consumeMode', o.consumeMode, 'CONCURRENTLY', CONSUME_MODES);
  const maxReconsumeTimes = wholeNumber('maxReconsumeTimes', o.maxReconsumeTimes, -1, -1, INT_MAX);
  const ofTheMode = consumeMode === 'ORDERLY' ? INT_MAX : undefined;
  return {
    ...resolveGroupOptions(o),
    consumeMode,
    maxConcurrency: wholeNumber('maxConcurrency', o.maxConcurrency, 20, 1, 1_000),
    consumeMessageBatchMaxSize: wholeNumber(
      'consumeMessageBatchMaxSize',
      o.consumeMessageBatchMaxSize,
      1,
      1,
      1_024,
    ),
    pullBatchSize: wholeNumber('pullBatchSize', o.pullBatchSize, 32, 1, 1_024),
    pullBatchSizeInBytes: wholeNumber('pullBatchSizeInBytes', o.pullBatchSizeInBytes, 256 * 1024, 1, INT_MAX),
    pullInterval: wholeNumber('pullInterval', o.pullInterval, 0, 0, 65_535),
    pullTimeDelayMillsWhenException: wholeNumber(
      'pullTimeDelayMillsWhenException',
      o.pullTimeDelayMillsWhenException,
      1_000,
      0,
      INT_MAX,
    ),
    thresholds: {
      pullThresholdForQueue: wholeNumber('pullThresholdForQueue', o.pullThresholdForQueue, 1_000, 1, 65_535),
      pullThresholdSizeForQueue: wholeNumber(
        'pullThresholdSizeForQueue',
        o.pullThresholdSizeForQueue,
        100,
        1,
        1_024,
      ),
      consumeConcurrentlyMaxSpan: wholeNumber(
        'consumeConcurrentlyMaxSpan',
        o.consumeConcurrentlyMaxSpan,
        2_000,
        1,
        65_535,
      ),
    },
    pullThresholdForTopic: topicThreshold('pullThresholdForTopic', o.pullThresholdForTopic, 6_553_500),
    pullThresholdSizeForTopic: topicThreshold(
      'pullThresholdSizeForTopic',
      o.pullThresholdSizeForTopic,
      102_400,
    ),
    maxReconsumeTimes: maxReconsumeTimes === -1 ? ofTheMode : maxReconsumeTimes,
    suspendCurrentQueueTimeMs: wholeNumber(
      'suspendCurrentQueueTimeMs',
      o.suspendCurrentQueueTimeMs,
      1_000,
      10,
      30_000,
    ),
    consumeTimeoutMs: wholeNumber('consumeTimeoutMs', o.consumeTimeoutMs, 15 * 60_000, 1, INT_MAX),
    persistConsumerOffsetInterval: wholeNumber(
      'persistConsumerOffsetInterval',
      o.persistConsumerOffsetInterval,
      5_000,
      100,
      INT_MAX,
    ),
    rebalanceIntervalMs: wholeNumber('rebalanceIntervalMs', o.rebalanceIntervalMs, 20_000, 100, INT_MAX),
    queueReleaseTimeoutMs: wholeNumber('queueReleaseTimeoutMs', o.queueReleaseTimeoutMs, 1_000, 0, INT_MAX),
    postSubscriptionWhenPull: o.postSubscriptionWhenPull ?? false,
    clientRebalance: o.clientRebalance ?? true,
    popInvisibleTimeMs: wholeNumber('popInvisibleTimeMs', o.popInvisibleTimeMs, 60_000, 5_000, 300_000),
    popBatchNums: wholeNumber('popBatchNums', o.popBatchNums, 32, 1, 32),
    popThresholdForQueue: wholeNumber('popThresholdForQueue', o.popThresholdForQueue, 96, 1, 65_535),
    localOffsetStoreDir: o.localOffsetStoreDir ?? defaultLocalOffsetStoreDir(),
  };
}

/** -1, or 1 to `max`. */
function topicThreshold(name: string, value: number | undefined, max: number): number {
  const threshold = wholeNumber(name, value, -1, -1, max);
  assertArgument(threshold !== 0, `${name} must be -1 or from 1 to ${max}`);
  return threshold;
}
