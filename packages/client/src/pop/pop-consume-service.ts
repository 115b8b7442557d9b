import PQueue from 'p-queue';
import { wrapNamespace } from '@mq/remoting/protocol';
import type { ConsumeDeps } from '../consumer/consume-deps.js';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { reportOverdue } from '../consumer/report-overdue.js';
import { runObserved } from '../consumer/run-observed.js';
import { logFailure, RunningBatch, type ConsumeOutcome } from '../consumer/running-batch.js';
import { RunningBatches } from '../consumer/running-batches.js';
import type { MQClientError } from '../errors.js';
import type { PopApi } from './pop-api.js';
import type { PopQueue } from './pop-queue.js';

/** When a message comes again after its n-th failure, seconds. Upstream: DefaultMQPushConsumerImpl.popDelayLevel. */
const DELAY_SECONDS = [10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];
const DEAD_LETTER = -1;
/** Where neither application nor group says how often. Apache's brokers would deliver for ever. */
export const DEFAULT_MAX_RECONSUME_TIMES = 16;

export interface PopConsumeDeps extends ConsumeDeps {
  readonly popApi: PopApi;
  /** Of the client. */
  readonly namespace: string | undefined;
  /** With namespace. */
  readonly wireGroup: string;
}

/**
 * Hands popped messages to the handlers: acknowledges those that succeeded, and has the broker deliver those that failed
 * again later. Upstream: ConsumeMessagePopConcurrentlyService; there a message that failed for the last time is acknowledged,
 * here it becomes a dead letter first.
 */
export class PopConsumeService {
  readonly #queue: PQueue;
  readonly #running: RunningBatches;
  /** Acknowledgements and changes under way. */
  readonly #settling = new Set<Promise<void>>();
  #stopped = false;

  constructor(private readonly deps: PopConsumeDeps) {
    this.#queue = new PQueue({ concurrency: deps.maxConcurrency });
    this.#running = new RunningBatches(deps.clock, deps.consumeTimeoutMs, (batch) =>
      reportOverdue(deps, this.#running, batch, 'a handler took too long'),
    );
  }

  /** Messages that are with handlers now. */
  get runningMessages(): number {
    return this.#running.messageCount;
  }

  /** `messages` are of one pop, counted in the queue, and nobody else's until `endMs`, monotonic. */
  submit(queue: PopQueue, messages: readonly ReceivedMessage[], endMs: number): void {
    const size = this.deps.consumeMessageBatchMaxSize;
    for (let at = 0; at < messages.length; at += size) {
      const batch = messages.slice(at, at + size);
      void this.#queue.add(() => this.#consume(queue, batch, endMs));
    }
  }

  /** Acknowledges messages no handler should get. Never rejects. */
  discard(messages: readonly ReceivedMessage[]): void {
    for (const message of messages) this.#settle(this.#ack(message));
  }

  /** Makes dead letters of messages that had all their attempts. Never rejects; what cannot be one now comes again. */
  bury(messages: readonly ReceivedMessage[]): void {
    for (const message of messages) this.#settle(this.#tryAgain(message, DEAD_LETTER));
  }

  abort(reason: MQClientError, queue?: PopQueue): void {
    this.#running.abort(reason, queue?.processQueue);
  }

  /** No further handler begins; what waits comes again when its time is over. */
  stop(): void {
    this.#stopped = true;
    this.#queue.clear();
  }

  /** Resolves when every acknowledgement under way was answered. */
  async settled(): Promise<void> {
    while (this.#settling.size > 0) await Promise.all(this.#settling);
  }

  async #consume(queue: PopQueue, messages: readonly ReceivedMessage[], endMs: number): Promise<void> {
    const { processQueue } = queue;
    try {
      if (this.#stopped || !processQueue.handsOut || this.deps.clock.monotonic() >= endMs) return;
      const [{ topic }] = messages as [ReceivedMessage];
      const handler = this.deps.handlerOf(topic);
      if (handler === undefined) {
        this.deps.logger.warn('messages of a topic without a handler', {
          ...processQueue.messageQueue,
          topic,
        });
        return;
      }
      const { clock, suspendCurrentQueueTimeMs, hooks, stats } = this.deps;
      const batch = new RunningBatch(processQueue, messages, clock.monotonic(), suspendCurrentQueueTimeMs);
      this.#running.begin(batch);
      try {
        const outcome = await (hooks === undefined
          ? batch.run(handler)
          : runObserved(this.deps, hooks, batch, handler));
        const ok = this.#succeeded(batch, outcome);
        stats.consumed(topic, ok, messages.length - ok, clock.monotonic() - batch.startedAtMs);
        // Somebody else may have them by now: the broker delivers them again.
        if (clock.monotonic() >= endMs) this.#reportOutlasted(batch);
        else this.#settleAll(batch, ok);
      } finally {
        this.#running.end(batch);
      }
    } finally {
      queue.done(messages.length);
    }
  }

  #reportOutlasted({ messageQueue, messages }: RunningBatch): void {
    const facts = { group: this.deps.consumerGroup, ...messageQueue, messages: messages.length };
    this.deps.logger.warn('a handler outlasted the invisible time', facts);
  }

  /** How many of the batch, from its beginning, are consumed. */
  #succeeded(batch: RunningBatch, outcome: ConsumeOutcome): number {
    if (outcome.kind === 'SUCCESS') return Math.max(0, Math.min(batch.ackIndex + 1, batch.messages.length));
    logFailure(this.deps.logger, batch, outcome.error);
    return 0;
  }

  #settleAll(batch: RunningBatch, ok: number): void {
    for (const [index, message] of batch.messages.entries()) {
      this.#settle(
        index < ok ? this.#ack(message) : this.#tryAgain(message, batch.delayLevelWhenNextConsume),
      );
    }
  }

  #settle(work: Promise<void>): void {
    this.#settling.add(work);
    void work.finally(() => this.#settling.delete(work));
  }

  /** Never rejects: a message whose acknowledgement is lost comes again. */
  async #ack(message: ReceivedMessage): Promise<void> {
    try {
      await this.deps.popApi.ack(message, this.deps.wireGroup, this.#wireTopic(message));
    } catch (error) {
      this.deps.logger.warn('a popped message could not be acknowledged; it will come again', {
        msgId: message.msgId,
        topic: message.topic,
        error,
      });
    }
  }

  /** Never rejects: without the broker's word the message comes again when its invisible time is over. */
  async #tryAgain(message: ReceivedMessage, delayLevel: number): Promise<void> {
    const maxReconsumeTimes = this.deps.maxReconsumeTimes ?? DEFAULT_MAX_RECONSUME_TIMES;
    const isDead =
      delayLevel === DEAD_LETTER ||
      message.reconsumeTimes >= maxReconsumeTimes ||
      this.deps.returner.isDeadLetter(message);
    if (isDead && (await this.#bury(message))) return this.#ack(message);
    const level = delayLevel > 0 ? delayLevel : message.reconsumeTimes;
    const seconds = DELAY_SECONDS[Math.min(level, DELAY_SECONDS.length - 1)] as number;
    try {
      const { popApi, wireGroup } = this.deps;
      await popApi.changeInvisibleTime(message, wireGroup, this.#wireTopic(message), seconds * 1_000);
    } catch (error) {
      this.deps.logger.warn('the time of a failed message could not be changed', {
        msgId: message.msgId,
        topic: message.topic,
        error,
      });
    }
  }

  #bury(message: ReceivedMessage): Promise<boolean> {
    const { brokerName, queueId } = message;
    const topic = this.#wireTopic(message);
    return this.deps.returner.giveBack(message, { topic, brokerName, queueId }, DEAD_LETTER);
  }

  #wireTopic({ topic }: ReceivedMessage): string {
    return wrapNamespace(this.deps.namespace, topic);
  }
}
