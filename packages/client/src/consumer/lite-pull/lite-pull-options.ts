import { wholeNumber } from '../../options.js';
import type { PullThresholds } from '../flow-control.js';
import {
  resolvePullConsumerOptions,
  type PullConsumerOptions,
  type PullConsumerSettings,
} from '../pull-consumer-options.js';

/** Settings of a lite pull consumer. Names are upstream's (DefaultLitePullConsumer); times are milliseconds. */
export interface LitePullConsumerOptions extends PullConsumerOptions {
  /** Most messages of one pull, and of one poll, 1 to 1024. Default 10. */
  pullBatchSize?: number;
  /** Count what was polled as consumed when the next poll begins, and commit it now and then. Default true. */
  autoCommit?: boolean;
  /** Between two such commits. Default 5000, at least 1000. */
  autoCommitIntervalMs?: number;
  /** How long `poll` waits when it is not told. Default 5000. */
  pollTimeoutMs?: number;
  /** Cached messages of a queue above which pulling pauses, 1 to 65535. Default 1000. */
  pullThresholdForQueue?: number;
  /** Cached whole MiB of a queue above which pulling pauses, 1 to 1024. Default 100. */
  pullThresholdSizeForQueue?: number;
  /** Cached messages of all queues above which pulling pauses. Default 10000. */
  pullThresholdForAll?: number;
  /** Span of cached offsets of a queue above which pulling pauses. Default 2000. */
  consumeMaxSpan?: number;
  /** How often `onQueuesChanged` looks. Default 30000, at least 100. */
  topicMetadataCheckIntervalMs?: number;
}

/** The settings of a lite pull consumer, checked and complete. */
export interface LitePullConsumerSettings extends PullConsumerSettings {
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly pollTimeoutMs: number;
  readonly pullThresholdForAll: number;
  readonly thresholds: PullThresholds;
  readonly topicMetadataCheckIntervalMs: number;
}

const INT_MAX = 2 ** 31 - 1;

/** Checks the options and fills in the defaults. @throws MQClientError INVALID_ARGUMENT */
export function resolveLitePullOptions(options: LitePullConsumerOptions): LitePullConsumerSettings {
  const o = options;
  const whole = (
    name: keyof LitePullConsumerOptions,
    byDefault: number,
    min: number,
    max = INT_MAX,
  ): number => wholeNumber(name, o[name] as number | undefined, byDefault, min, max);
  return {
    ...resolvePullConsumerOptions({ ...o, pullBatchSize: o.pullBatchSize ?? 10 }),
    autoCommit: o.autoCommit ?? true,
    autoCommitIntervalMs: whole('autoCommitIntervalMs', 5_000, 1_000),
    pollTimeoutMs: whole('pollTimeoutMs', 5_000, 0),
    pullThresholdForAll: whole('pullThresholdForAll', 10_000, 1),
    thresholds: {
      pullThresholdForQueue: whole('pullThresholdForQueue', 1_000, 1, 65_535),
      pullThresholdSizeForQueue: whole('pullThresholdSizeForQueue', 100, 1, 1_024),
      consumeConcurrentlyMaxSpan: whole('consumeMaxSpan', 2_000, 1, 65_535),
    },
    topicMetadataCheckIntervalMs: whole('topicMetadataCheckIntervalMs', 30_000, 100),
  };
}
