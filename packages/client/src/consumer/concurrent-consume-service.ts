import { LinkedList } from '@mq/remoting';
import PQueue from 'p-queue';
import { isRetryTopic, type ConsumeMessageDirectlyResult } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import type { ConsumeDeps } from './consume-deps.js';
import { consumeDirectly } from './consume-directly.js';
import type { ConsumeService } from './consume-service.js';
import type { MessageHandler } from './message-handler.js';
import type { ProcessQueue } from './process-queue.js';
import type { ReceivedMessage } from './received-message.js';
import { reportOverdue } from './report-overdue.js';
import { RunningBatch, logFailure, type ConsumeOutcome } from './running-batch.js';
import { RunningBatches } from './running-batches.js';
import { runObserved } from './run-observed.js';

/** A message that could not be given back is tried again here after so long. */
const LOCAL_RETRY_DELAY_MS = 5_000;
/** Delay level of messages whose handler took too long: 10 s. */
const TIMEOUT_DELAY_LEVEL = 3;

/**
 * Handles batches of any queues at the same time. Failed messages go back to the broker; a message leaves its process queue,
 * and so lets the offset pass, only when it succeeded or the broker has it again. Upstream: ConsumeMessageConcurrentlyService.
 */
export class ConcurrentConsumeService implements ConsumeService {
  /** Runs as many workers as handlers may run at a time; a task for each message would cost more than most handlers. */
  readonly #workers: PQueue;
  /** What was pulled and waits for a worker, in the order it came. */
  readonly #waiting = new LinkedList<Submission>();
  #workerCount = 0;
  readonly #running: RunningBatches;
  #stopped = false;

  constructor(private readonly deps: ConsumeDeps) {
    this.#workers = new PQueue({ concurrency: deps.maxConcurrency });
    this.#running = new RunningBatches(
      deps.clock,
      deps.consumeTimeoutMs,
      (batch) => void this.#timedOut(batch),
    );
  }

  get runningMessages(): number {
    return this.#running.messageCount;
  }

  submit(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): void {
    if (messages.length === 0) return;
    this.#waiting.add({ processQueue, messages, next: 0 });
    const wanted = Math.min(messages.length, this.deps.maxConcurrency - this.#workerCount);
    this.#workerCount += wanted;
    for (let i = 0; i < wanted; i++) void this.#workers.add(this.#work);
  }

  /** A worker: takes batches until none waits. What comes after that makes a new one. */
  readonly #work = async (): Promise<void> => {
    try {
      for (let first = this.#waiting.first?.value; first !== undefined; first = this.#waiting.first?.value) {
        const { processQueue, messages, next } = first;
        first.next = this.#batchEnd(messages, next);
        if (first.next >= messages.length) this.#waiting.shift();
        await this.#consume(processQueue, messages.slice(next, first.next));
      }
    } finally {
      this.#workerCount--;
    }
  };

  consumeDirectly(
    message: ReceivedMessage,
    processQueue: ProcessQueue,
  ): Promise<ConsumeMessageDirectlyResult> {
    const batch = new RunningBatch(processQueue, [message], this.deps.clock.monotonic(), 0);
    return consumeDirectly(batch, this.deps.handlerOf(message.topic), false, this.deps.clock);
  }

  abort(reason: MQClientError, processQueue?: ProcessQueue): void {
    this.#running.abort(reason, processQueue);
  }

  stop(): void {
    this.#stopped = true;
    this.#workers.clear();
    while (this.#waiting.size > 0) this.#waiting.shift();
  }

  /** A batch has one topic; a retry queue holds several. */
  #batchEnd(messages: readonly ReceivedMessage[], start: number): number {
    const { topic } = messages[start] as ReceivedMessage;
    const limit = Math.min(messages.length, start + this.deps.consumeMessageBatchMaxSize);
    let end = start + 1;
    while (end < limit && (messages[end] as ReceivedMessage).topic === topic) end++;
    return end;
  }

  async #consume(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): Promise<void> {
    if (this.#stopped || !processQueue.handsOut) return;
    const { clock, logger } = this.deps;
    const { topic } = messages[0] as ReceivedMessage;
    const handler = this.deps.handlerOf(topic) ?? retryWithoutHandler(processQueue);
    if (handler === undefined) {
      logger.warn('messages of a topic without a handler', { ...processQueue.messageQueue, topic });
      return;
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
      // After its time-out the messages were dealt with already; after a drop they are another consumer's.
      if (batch.hasTimedOut || processQueue.isDropped) return;
      const failed = this.#failedOf(batch, outcome);
      this.deps.stats.consumed(
        topic,
        messages.length - failed.length,
        failed.length,
        clock.monotonic() - batch.startedAtMs,
      );
      await this.#settle(batch, failed, batch.delayLevelWhenNextConsume);
    } finally {
      this.#running.end(batch);
    }
  }

  /** The messages of a batch that must come again. */
  #failedOf(batch: RunningBatch, outcome: ConsumeOutcome): readonly ReceivedMessage[] {
    if (outcome.kind === 'SUCCESS') {
      const ok = Math.max(0, Math.min(batch.ackIndex + 1, batch.messages.length));
      return ok === batch.messages.length ? NONE : batch.messages.slice(ok);
    }
    logFailure(this.deps.logger, batch, outcome.error);
    return batch.messages;
  }

  async #timedOut(batch: RunningBatch): Promise<void> {
    reportOverdue(this.deps, this.#running, batch, 'a handler took too long');
    if (batch.processQueue.isDropped) return;
    const { topic } = batch.messages[0] as ReceivedMessage;
    this.deps.stats.consumed(topic, 0, batch.messages.length, this.deps.consumeTimeoutMs);
    await this.#settle(batch, batch.messages, TIMEOUT_DELAY_LEVEL);
  }

  /** Gives the failed messages back, removes what is dealt with, and lets the offset pass. */
  async #settle(batch: RunningBatch, failed: readonly ReceivedMessage[], delayLevel: number): Promise<void> {
    const { processQueue, messages } = batch;
    const notReturned = failed.length === 0 ? NONE : await this.#giveBack(processQueue, failed, delayLevel);
    const done =
      notReturned.length === 0 ? messages : messages.filter((message) => !notReturned.includes(message));
    const offset = processQueue.remove(done);
    if (offset >= 0 && !processQueue.isDropped)
      this.deps.offsets.update(processQueue.messageQueue, offset, true);
  }

  /** Returns those the broker did not take; they are handled again here. */
  async #giveBack(
    processQueue: ProcessQueue,
    failed: readonly ReceivedMessage[],
    delayLevel: number,
  ): Promise<readonly ReceivedMessage[]> {
    if (this.deps.messageModel === 'BROADCASTING') {
      const facts = { ...processQueue.messageQueue, messages: failed.length };
      this.deps.logger.warn('failed messages of a broadcasting consumer are dropped', facts);
      return NONE;
    }
    const queue = processQueue.messageQueue;
    const taken = await Promise.all(
      failed.map((message) => this.deps.returner.giveBack(message, queue, delayLevel)),
    );
    const notTaken = failed.filter((_message, at) => !taken[at]);
    if (notTaken.length > 0) this.#consumeLater(processQueue, notTaken);
    return notTaken;
  }

  #consumeLater(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): void {
    for (const message of messages) message.reconsumeTimes++;
    const timer = this.deps.clock.setTimeout(() => {
      if (!this.#stopped && processQueue.handsOut) this.submit(processQueue, messages);
    }, LOCAL_RETRY_DELAY_MS);
    timer.unref?.();
  }
}

/** The messages of one pull; those before `next` were taken. */
interface Submission {
  readonly processQueue: ProcessQueue;
  readonly messages: readonly ReceivedMessage[];
  next: number;
}

const NONE: readonly ReceivedMessage[] = [];

/**
 * What comes again of a topic that the group has left meanwhile. The queue of a topic is dropped with the topic, but that of
 * retries stays: what nobody handles would keep its offset for ever, so it fails until it is a dead letter.
 */
function retryWithoutHandler({ messageQueue }: ProcessQueue): MessageHandler | undefined {
  return isRetryTopic(messageQueue.topic) ? failWithoutHandler : undefined;
}

const failWithoutHandler: MessageHandler = ([message]) => {
  throw new MQClientError('INVALID_ARGUMENT', `nothing handles the topic "${message?.topic}" of a retry`);
};
