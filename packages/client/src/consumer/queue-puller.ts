import type { SubscriptionData } from '@mq/remoting/protocol';
import { ResponseCode } from '@mq/remoting/protocol';
import { isMQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { OffsetStore } from '../offset/offset-store.js';
import type { ConsumeStatsRecorder } from './consume-stats-recorder.js';
import type { ConsumeService } from './consume-service.js';
import { flowControlReason, type PullThresholds } from './flow-control.js';
import type { ProcessQueue } from './process-queue.js';
import type { PullApi, PullResult } from './pull-api.js';

const BROKER_SUSPEND_MAX_TIME_MS = 15_000;
const CONSUMER_TIMEOUT_WHEN_SUSPEND_MS = 30_000;
const REST_WHEN_SUSPENDED_MS = 1_000;
const REST_ON_FLOW_CONTROL_MS = 50;
const REST_ON_BROKER_FLOW_CONTROL_MS = 20;

/** What a puller needs of its consumer; read anew before every pull. */
export interface PullerDeps {
  readonly client: ClientInstance;
  readonly pullApi: PullApi;
  readonly offsets: OffsetStore;
  readonly consumeService: ConsumeService;
  readonly stats: ConsumeStatsRecorder;
  readonly consumerGroup: string;
  readonly isOrderly: boolean;
  readonly isClustering: boolean;
  readonly pullBatchSize: number;
  readonly pullBatchSizeInBytes: number;
  readonly pullInterval: number;
  readonly pullTimeDelayMillsWhenException: number;
  readonly postSubscriptionWhenPull: boolean;
  readonly isSuspended: () => boolean;
  readonly thresholds: () => PullThresholds;
  readonly subscriptionOf: (topic: string) => SubscriptionData | undefined;
  /** The group's offset, from the broker; for a queue whose lock was just won. */
  readonly startOffset: (processQueue: ProcessQueue) => Promise<number>;
  /** The broker has no such offset: the queue must be dropped and begin again at this one. */
  readonly offsetIllegal: (processQueue: ProcessQueue, offset: number) => void;
}

/**
 * Keeps one queue filled: long-polls the broker and hands what it finds to the consume service, with the pauses of upstream's
 * DefaultMQPushConsumerImpl.pullMessage. Ends when the process queue is dropped.
 */
export class QueuePuller {
  /** Ends the pull under way; a new one after each change of the filter. */
  #pulling = new AbortController();
  /** Settles when the brokers know of a changed filter. */
  #told: Promise<void> | undefined;
  #isStopped = false;
  #ended: Promise<void> | undefined;
  #hasFixedOffset = false;
  #flowControls = 0;

  /** @param nextOffset where to begin */
  constructor(
    readonly processQueue: ProcessQueue,
    private nextOffset: number,
    private readonly deps: PullerDeps,
  ) {}

  /** Begins to pull; a second call does nothing. */
  start(): void {
    this.#ended ??= this.#run();
  }

  /** Resolves when no pull is under way any more. */
  async stopped(): Promise<void> {
    await this.#ended;
  }

  async #run(): Promise<void> {
    const queue = this.processQueue;
    while (!this.#isDone) {
      queue.lastPullTimestamp = this.deps.client.clock.now();
      const restMs = this.#restBeforePull();
      if (restMs > 0) {
        await queue.restPull(restMs);
        continue;
      }
      const { signal } = this.#pulling;
      try {
        await this.#pullOnce(signal);
      } catch (error) {
        if (this.#isDone) return;
        if (signal.aborted) continue;
        await queue.restPull(this.#restAfterError(error));
      }
    }
  }

  /** Ends the loop, and the request that waits at the broker. */
  stop(): void {
    this.#isStopped = true;
    this.#pulling.abort();
    this.processQueue.wakePull();
  }

  /**
   * The filter is another one: what the pull under way brings was chosen by the old one, and what that left out would be
   * passed over. Pulls again from the same place.
   * @param told settles when the brokers know of the filter
   */
  pullAnew(told: Promise<void>): void {
    this.#told = told;
    const pulling = this.#pulling;
    this.#pulling = new AbortController();
    pulling.abort();
  }

  get #isDone(): boolean {
    return this.processQueue.isDropped || this.#isStopped;
  }

  /** Milliseconds to wait before the next pull; 0: pull now. */
  #restBeforePull(): number {
    const { deps, processQueue } = this;
    if (deps.isSuspended()) return REST_WHEN_SUSPENDED_MS;
    const reason = flowControlReason(processQueue, deps.thresholds(), deps.isOrderly);
    if (reason !== undefined) {
      if (this.#flowControls++ % 1_000 === 0) {
        const facts = {
          group: deps.consumerGroup,
          ...processQueue.messageQueue,
          reason,
          count: processQueue.messageCount,
          bytes: processQueue.messageBytes,
        };
        deps.client.logger.info('pulling pauses: the handlers are behind', facts);
      }
      return REST_ON_FLOW_CONTROL_MS;
    }
    if (deps.isOrderly && deps.isClustering && !processQueue.isLocked)
      return deps.pullTimeDelayMillsWhenException;
    if (deps.subscriptionOf(processQueue.messageQueue.topic) === undefined)
      return deps.pullTimeDelayMillsWhenException;
    return 0;
  }

  #restAfterError(error: unknown): number {
    const { deps } = this;
    if (isMQClientError(error) && error.responseCode === ResponseCode.FLOW_CONTROL)
      return REST_ON_BROKER_FLOW_CONTROL_MS;
    deps.client.logger.warn('pull failed', {
      group: deps.consumerGroup,
      ...this.processQueue.messageQueue,
      error,
    });
    return Math.max(1, deps.pullTimeDelayMillsWhenException);
  }

  async #pullOnce(signal: AbortSignal): Promise<void> {
    const { deps, processQueue } = this;
    const queue = processQueue.messageQueue;
    if (this.#told !== undefined) {
      await this.#told;
      if (this.#isDone || signal.aborted) return;
      this.#told = undefined;
    }
    if (deps.isOrderly && deps.isClustering && !this.#hasFixedOffset) {
      // Between reading the offset and winning the lock, the consumer before may have gone on.
      this.nextOffset = await deps.startOffset(processQueue);
      this.#hasFixedOffset = true;
      if (this.#isDone) return;
    }
    const subscription = deps.subscriptionOf(queue.topic);
    if (subscription === undefined) return;
    const commitOffset = deps.isClustering ? deps.offsets.read(queue) : -1;
    const startedMs = deps.client.clock.monotonic();
    const result = await deps.pullApi.pull({
      consumerGroup: deps.consumerGroup,
      queue,
      offset: this.nextOffset,
      subscription,
      maxMsgNums: deps.pullBatchSize,
      maxMsgBytes: deps.pullBatchSizeInBytes,
      suspendTimeoutMs: BROKER_SUSPEND_MAX_TIME_MS,
      timeoutMs: CONSUMER_TIMEOUT_WHEN_SUSPEND_MS,
      postSubscription: deps.postSubscriptionWhenPull,
      signal,
      ...(commitOffset > 0 ? { commitOffset } : {}),
    });
    if (this.#isDone || signal.aborted) return;
    this.#take(result, deps.client.clock.monotonic() - startedMs);
    if (result.messages.length > 0 && deps.pullInterval > 0) await processQueue.restPull(deps.pullInterval);
  }

  #take(result: PullResult, tookMs: number): void {
    const { deps, processQueue } = this;
    const queue = processQueue.messageQueue;
    if (result.status === 'OFFSET_ILLEGAL') {
      deps.client.logger.warn('the offset is not on the broker', {
        ...queue,
        from: this.nextOffset,
        to: result.nextBeginOffset,
      });
      processQueue.drop();
      deps.offsetIllegal(processQueue, result.nextBeginOffset);
      return;
    }
    this.nextOffset = result.nextBeginOffset;
    processQueue.put(result.messages, this.nextOffset);
    if (result.messages.length > 0) {
      deps.stats.pulled(queue.topic, result.messages.length, tookMs);
      deps.consumeService.submit(processQueue, result.messages);
    } else if (processQueue.messageCount === 0) {
      // Nothing is left to handle below: what the filter left out counts as consumed.
      deps.offsets.update(queue, this.nextOffset, true);
    }
  }
}
