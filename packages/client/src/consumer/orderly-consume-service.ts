import PQueue from 'p-queue';
import { isRetryTopic, type ConsumeMessageDirectlyResult } from '@mq/remoting/protocol';
import type { MQClientError } from '../errors.js';
import type { ConsumeDeps } from './consume-deps.js';
import { consumeDirectly } from './consume-directly.js';
import type { ConsumeService } from './consume-service.js';
import type { ProcessQueue } from './process-queue.js';
import type { QueueLocks } from './queue-locks.js';
import type { ReceivedMessage } from './received-message.js';
import { reportOverdue } from './report-overdue.js';
import { RunningBatch, logFailure } from './running-batch.js';
import { RunningBatches } from './running-batches.js';
import { runObserved } from './run-observed.js';

/** A queue gives its place to others after so long; upstream MAX_TIME_CONSUME_CONTINUOUSLY. */
const MAX_TIME_CONSUME_CONTINUOUSLY_MS = 60_000;
const RETRY_AFTER_LOCK_FAILED_MS = 3_000;
const MIN_SUSPEND_MS = 10;
const MAX_SUSPEND_MS = 30_000;

/**
 * Handles each queue's messages one batch after the other, in order, and only while the broker's lock on the queue counts.
 * A failed batch comes again after a pause and holds up its queue; after `maxReconsumeTimes` it is sent to the retry topic,
 * where the broker makes a dead letter of it. Upstream: ConsumeMessageOrderlyService.
 */
export class OrderlyConsumeService implements ConsumeService {
  readonly #queue: PQueue;
  readonly #running: RunningBatches;
  /** Queues that have a worker, running or waiting for its turn or its pause. */
  readonly #active = new Set<ProcessQueue>();
  #stopped = false;

  constructor(
    private readonly deps: ConsumeDeps,
    private readonly locks: QueueLocks,
  ) {
    this.#queue = new PQueue({ concurrency: deps.maxConcurrency });
    // In order means waiting for the handler; the time-out only fires its signal.
    this.#running = new RunningBatches(deps.clock, deps.consumeTimeoutMs, (batch) =>
      reportOverdue(deps, this.#running, batch, 'a handler takes too long and holds up its queue'),
    );
  }

  get runningMessages(): number {
    return this.#running.messageCount;
  }

  submit(processQueue: ProcessQueue, _messages: readonly ReceivedMessage[]): void {
    if (this.#active.has(processQueue)) return;
    this.#active.add(processQueue);
    this.#enqueue(processQueue);
  }

  consumeDirectly(
    message: ReceivedMessage,
    processQueue: ProcessQueue,
  ): Promise<ConsumeMessageDirectlyResult> {
    const batch = new RunningBatch(processQueue, [message], this.deps.clock.monotonic(), 0);
    return consumeDirectly(batch, this.deps.handlerOf(message.topic), true, this.deps.clock);
  }

  abort(reason: MQClientError, processQueue?: ProcessQueue): void {
    this.#running.abort(reason, processQueue);
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.clear();
  }

  #enqueue(processQueue: ProcessQueue): void {
    void this.#queue.add(() => this.#work(processQueue));
  }

  #enqueueLater(processQueue: ProcessQueue, delayMs: number): void {
    const timer = this.deps.clock.setTimeout(() => this.#enqueue(processQueue), delayMs);
    timer.unref?.();
  }

  /** Consumes until the queue is empty, lost, suspended, or has had its time. */
  async #work(processQueue: ProcessQueue): Promise<void> {
    const beganMs = this.deps.clock.monotonic();
    for (;;) {
      if (this.#stopped || !processQueue.handsOut || !processQueue.hasUntaken) {
        this.#active.delete(processQueue);
        return;
      }
      if (this.deps.messageModel === 'CLUSTERING' && !processQueue.isLocked) {
        const locked = await this.locks.lock([processQueue]);
        if (!locked) return this.#enqueueLater(processQueue, RETRY_AFTER_LOCK_FAILED_MS);
        continue;
      }
      if (this.deps.clock.monotonic() - beganMs > MAX_TIME_CONSUME_CONTINUOUSLY_MS)
        return this.#enqueue(processQueue);
      const pauseMs = await this.#consumeNext(processQueue);
      if (pauseMs > 0) return this.#enqueueLater(processQueue, pauseMs);
    }
  }

  /** Handles the next batch. Returns how long the queue must pause; 0: go on. */
  async #consumeNext(processQueue: ProcessQueue): Promise<number> {
    const messages = this.#takeBatch(processQueue);
    const { clock } = this.deps;
    const { topic } = messages[0] as ReceivedMessage;
    const handler = this.deps.handlerOf(topic);
    if (handler === undefined) {
      this.deps.logger.warn('messages of a topic without a handler', { ...processQueue.messageQueue, topic });
      processQueue.returnTaken();
      return this.deps.suspendCurrentQueueTimeMs;
    }
    const batch = new RunningBatch(
      processQueue,
      messages,
      clock.monotonic(),
      this.deps.suspendCurrentQueueTimeMs,
    );
    this.#running.begin(batch);
    try {
      const outcome = await (this.deps.hooks === undefined
        ? batch.run(handler)
        : runObserved(this.deps, this.deps.hooks, batch, handler));
      const tookMs = clock.monotonic() - batch.startedAtMs;
      if (processQueue.isDropped) return 0;
      if (outcome.kind === 'SUCCESS') {
        this.deps.stats.consumed(topic, messages.length, 0, tookMs);
        this.#commit(processQueue);
        return 0;
      }
      this.deps.stats.consumed(topic, 0, messages.length, tookMs);
      logFailure(this.deps.logger, batch, outcome.error);
      if (await this.#giveUpOn(messages)) {
        if (!processQueue.isDropped) this.#commit(processQueue);
        return 0;
      }
      processQueue.returnTaken();
      return Math.min(MAX_SUSPEND_MS, Math.max(MIN_SUSPEND_MS, batch.suspendCurrentQueueTimeMs));
    } finally {
      this.#running.end(batch);
    }
  }

  /** A batch has one topic; a retry queue holds several, and gives one message at a time. */
  #takeBatch(processQueue: ProcessQueue): readonly ReceivedMessage[] {
    const isRetry = isRetryTopic(processQueue.messageQueue.topic);
    return processQueue.take(isRetry ? 1 : this.deps.consumeMessageBatchMaxSize) as ReceivedMessage[];
  }

  #commit(processQueue: ProcessQueue): void {
    const offset = processQueue.commitTaken();
    if (offset >= 0) this.deps.offsets.update(processQueue.messageQueue, offset, false);
  }

  /** Counts an attempt. True when every message has had its attempts and the broker took a copy of it. */
  async #giveUpOn(messages: readonly ReceivedMessage[]): Promise<boolean> {
    let allGone = true;
    for (const message of messages) {
      if (this.deps.returner.isDeadLetter(message)) continue;
      const exhausted = message.reconsumeTimes >= (this.deps.maxReconsumeTimes ?? Infinity);
      if (
        exhausted &&
        this.deps.messageModel === 'CLUSTERING' &&
        (await this.deps.returner.sendCopy(message))
      )
        continue;
      message.reconsumeTimes++;
      allGone = false;
    }
    return allGone;
  }
}
