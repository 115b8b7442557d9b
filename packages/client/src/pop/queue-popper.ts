import { ResponseCode, type SubscriptionData } from '@mq/remoting/protocol';
import type { ConsumeStatsRecorder } from '../consumer/consume-stats-recorder.js';
import { isMQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { PopApi } from './pop-api.js';
import type { PopConsumeService } from './pop-consume-service.js';
import type { PopQueue } from './pop-queue.js';

const BROKER_SUSPEND_MAX_TIME_MS = 15_000;
const REST_WHEN_SUSPENDED_MS = 1_000;
const REST_ON_FLOW_CONTROL_MS = 50;
const REST_ON_BROKER_FLOW_CONTROL_MS = 20;

/** What a popper needs of its consumer; read anew before every pop. */
export interface PopperDeps {
  readonly client: ClientInstance;
  readonly popApi: PopApi;
  readonly consumeService: PopConsumeService;
  readonly stats: ConsumeStatsRecorder;
  /** With namespace. */
  readonly consumerGroup: string;
  readonly popBatchNums: number;
  readonly popInvisibleTimeMs: number;
  readonly popThresholdForQueue: number;
  readonly pullInterval: number;
  readonly restAfterErrorMs: number;
  readonly maxReconsumeTimes: number;
  readonly initMode: 0 | 1;
  readonly isSuspended: () => boolean;
  readonly subscriptionOf: (topic: string) => SubscriptionData | undefined;
}

/**
 * Pops one queue for as long as it is held, with the pauses of upstream's DefaultMQPushConsumerImpl.popMessage, and hands what
 * comes to the consume service.
 */
export class QueuePopper {
  readonly #abort = new AbortController();
  #ended: Promise<void> | undefined;

  constructor(
    readonly queue: PopQueue,
    private readonly deps: PopperDeps,
  ) {}

  /** Begins to pop; a second call does nothing. */
  start(): void {
    this.#ended ??= this.#run();
  }

  /** Ends the loop, and the request that waits at the broker. */
  stop(): void {
    this.#abort.abort();
    this.queue.processQueue.wakePull();
  }

  /** Resolves when no pop is under way any more. */
  async stopped(): Promise<void> {
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { deps, queue } = this;
    while (!this.#isDone) {
      queue.lastPopTimestamp = deps.client.clock.now();
      let restMs = this.#restBeforePop();
      if (restMs === 0) {
        try {
          restMs = await this.#popOnce();
        } catch (error) {
          if (this.#isDone) return;
          restMs = this.#restAfterError(error);
        }
      }
      if (restMs > 0) await queue.processQueue.restPull(restMs);
    }
  }

  get #isDone(): boolean {
    return this.queue.processQueue.isDropped || this.#abort.signal.aborted;
  }

  #restBeforePop(): number {
    const { deps, queue } = this;
    if (deps.isSuspended()) return REST_WHEN_SUSPENDED_MS;
    if (queue.waitingForAck > deps.popThresholdForQueue) return REST_ON_FLOW_CONTROL_MS;
    return deps.subscriptionOf(queue.messageQueue.topic) === undefined ? deps.restAfterErrorMs : 0;
  }

  #restAfterError(error: unknown): number {
    const { deps, queue } = this;
    if (isMQClientError(error) && error.responseCode === ResponseCode.FLOW_CONTROL) {
      return REST_ON_BROKER_FLOW_CONTROL_MS;
    }
    deps.client.logger.warn('pop failed', { group: deps.consumerGroup, ...queue.messageQueue, error });
    return Math.max(1, deps.restAfterErrorMs);
  }

  /** Returns how long to pause. */
  async #popOnce(): Promise<number> {
    const { deps, queue } = this;
    const { topic } = queue.messageQueue;
    const subscription = deps.subscriptionOf(topic);
    if (subscription === undefined) return deps.restAfterErrorMs;
    const startedMs = deps.client.clock.monotonic();
    const result = await deps.popApi.pop({
      consumerGroup: deps.consumerGroup,
      queue: queue.messageQueue,
      subscription,
      maxMsgNums: deps.popBatchNums,
      invisibleTimeMs: deps.popInvisibleTimeMs,
      pollTimeMs: BROKER_SUSPEND_MAX_TIME_MS,
      initMode: deps.initMode,
      order: false,
      signal: this.#abort.signal,
    });
    if (this.#isDone) return 0;
    if (result.status === 'POLLING_FULL') return deps.restAfterErrorMs;
    deps.consumeService.discard(result.unwanted);
    // Delivered once more than allowed: nobody ended the last attempt. Upstream acknowledges them, and they are gone.
    const tooOften = result.messages.filter((message) => message.reconsumeTimes > deps.maxReconsumeTimes);
    deps.consumeService.bury(tooOften);
    const messages =
      tooOften.length === 0
        ? result.messages
        : result.messages.filter((message) => !tooOften.includes(message));
    if (messages.length === 0) return 0;
    const nowMs = deps.client.clock.monotonic();
    deps.stats.pulled(topic, messages.length, nowMs - startedMs);
    queue.popped(messages.length);
    // By our clock from the answer on: the broker's popTime is of its own clock.
    deps.consumeService.submit(queue, messages, nowMs + deps.popInvisibleTimeMs);
    return deps.pullInterval;
  }
}
