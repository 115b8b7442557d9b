import type { ConsumeFromWhere, MessageModel } from '@mq/remoting/protocol';
import type { ObservationOptions } from '../hooks/message-hook.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { defaultLocalOffsetStoreDir } from '../offset/local-file-offset-store.js';
import type { OffsetStore } from '../offset/offset-store.js';
import { wholeNumber, type ClientOptions } from '../options.js';
import type { AllocateMessageQueueStrategy } from '../rebalance/allocate-strategy.js';
import { resolveGroupOptions, type GroupSettings } from './consumer-options.js';

/** Settings of a pull consumer. Names are upstream's where it has them; times are milliseconds. */
export interface PullConsumerOptions extends ClientOptions, ObservationOptions {
  /** The group offsets are committed for. */
  consumerGroup: string;
  /** A client to share; its own options then count and those of `ClientOptions` here do not. Closed by its owner. */
  client?: ClientInstance;
  /** CLUSTERING: offsets are the group's, at the brokers. BROADCASTING: this consumer's own, in a file. Default 'CLUSTERING'. */
  messageModel?: MessageModel;
  /** How `messages(topic)` shares queues with other members. Default `allocateAveragely`. */
  allocateMessageQueueStrategy?: AllocateMessageQueueStrategy;
  /** Where `messages` begins in a queue without an offset. Default 'CONSUME_FROM_LAST_OFFSET': only what is sent from now on. */
  consumeFromWhere?: ConsumeFromWhere;
  /** For CONSUME_FROM_TIMESTAMP: begin with messages stored from this time on. Default: 30 minutes ago. */
  consumeTimestamp?: Date | number;
  /** Most messages of one pull, 1 to 1024. Default 32. */
  pullBatchSize?: number;
  /** Limit of a pull that does not wait. Default 10000. */
  consumerPullTimeoutMs?: number;
  /** How long a broker holds a pull that waits. Default 20000. */
  brokerSuspendMaxTimeMs?: number;
  /** Commit of offsets by `messages`. Default 5000, at least 100. */
  persistConsumerOffsetInterval?: number;
  /** Look at the members of the group and share anew. Default 20000, at least 100. */
  rebalanceIntervalMs?: number;
  /** Attempts before a message given back becomes a dead letter. Default: what the group's `retryMaxTimes` says. */
  maxReconsumeTimes?: number;
  /** Folder of the offsets of broadcasting consumers. Default `~/.rocketmq_offsets`. */
  localOffsetStoreDir?: string;
  /** Keeps the offsets somewhere else altogether. */
  offsetStore?: OffsetStore;
}

/** The settings of a pull consumer, checked and complete. */
export interface PullConsumerSettings extends GroupSettings {
  readonly pullBatchSize: number;
  readonly consumerPullTimeoutMs: number;
  readonly brokerSuspendMaxTimeMs: number;
  readonly persistConsumerOffsetInterval: number;
  readonly rebalanceIntervalMs: number;
  /** undefined: the group's `retryMaxTimes` counts. */
  readonly maxReconsumeTimes: number | undefined;
  readonly localOffsetStoreDir: string;
}

const INT_MAX = 2 ** 31 - 1;

/** Checks the options and fills in the defaults. @throws MQClientError INVALID_ARGUMENT */
export function resolvePullConsumerOptions(options: PullConsumerOptions): PullConsumerSettings {
  const o = options;
  return {
    ...resolveGroupOptions(o),
    pullBatchSize: wholeNumber('pullBatchSize', o.pullBatchSize, 32, 1, 1_024),
    consumerPullTimeoutMs: wholeNumber('consumerPullTimeoutMs', o.consumerPullTimeoutMs, 10_000, 1, INT_MAX),
    brokerSuspendMaxTimeMs: wholeNumber(
      'brokerSuspendMaxTimeMs',
      o.brokerSuspendMaxTimeMs,
      20_000,
      1,
      INT_MAX,
    ),
    persistConsumerOffsetInterval: wholeNumber(
      'persistConsumerOffsetInterval',
      o.persistConsumerOffsetInterval,
      5_000,
      100,
      INT_MAX,
    ),
    rebalanceIntervalMs: wholeNumber('rebalanceIntervalMs', o.rebalanceIntervalMs, 20_000, 100, INT_MAX),
    maxReconsumeTimes:
      o.maxReconsumeTimes === undefined
        ? undefined
        : wholeNumber('maxReconsumeTimes', o.maxReconsumeTimes, 0, 0, INT_MAX),
    localOffsetStoreDir: o.localOffsetStoreDir ?? defaultLocalOffsetStoreDir(),
  };
}
