import type { Clock } from '@mq/remoting';
import { messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import type { OffsetStore } from '../offset/offset-store.js';
import type { ConsumeService } from './consume-service.js';
import { ProcessQueue } from './process-queue.js';
import type { QueueLocks } from './queue-locks.js';
import { QueuePuller, type PullerDeps } from './queue-puller.js';

interface HeldQueue {
  readonly processQueue: ProcessQueue;
  readonly puller: QueuePuller;
  /** It was to be released, but a handler that keeps its order still runs. */
  isLeaving: boolean;
  /** Where whoever has it next begins: the broker or an operator said so. */
  newOffset: number | undefined;
}

export interface QueueTableDeps {
  readonly clock: Clock;
  readonly offsets: OffsetStore;
  readonly consumeService: ConsumeService;
  /** Present for orderly clustering. */
  readonly locks: QueueLocks | undefined;
  readonly puller: PullerDeps;
  readonly startOffset: (queue: MessageQueue) => Promise<number>;
  /** How long handlers may still finish when their queue is released, milliseconds. */
  readonly releaseTimeoutMs: number;
  readonly persistTimeoutMs: number;
}

/** The queues a push consumer holds now. Only its rebalance round, and closing, change them. */
export class QueueTable {
  readonly #held = new Map<string, HeldQueue>();

  constructor(private readonly deps: QueueTableDeps) {}

  get size(): number {
    return this.#held.size;
  }

  get processQueues(): ProcessQueue[] {
    return [...this.#held.values()].map(({ processQueue }) => processQueue);
  }

  get messageQueues(): MessageQueue[] {
    return this.processQueues.map(({ messageQueue }) => messageQueue);
  }

  has(queue: MessageQueue): boolean {
    return this.#held.has(messageQueueKey(queue));
  }

  /** Whether a release of the queue has begun and not ended: it must be released, whoever it belongs to by now. */
  isLeaving(queue: MessageQueue): boolean {
    return this.#held.get(messageQueueKey(queue))?.isLeaving === true;
  }

  /**
   * Takes a queue over: lock (orderly), offset, process queue. Pulling begins with `startPulling`.
   * @returns false when the broker gave no lock
   * @throws MQClientError when the offset cannot be known now
   */
  async acquire(queue: MessageQueue): Promise<boolean> {
    const processQueue = new ProcessQueue(queue, this.deps.clock);
    if (this.deps.locks !== undefined && !(await this.deps.locks.lock([processQueue]))) return false;
    // What memory still says about the queue is from an earlier time; the store knows better.
    this.deps.offsets.remove(queue);
    const nextOffset = await this.deps.startOffset(queue);
    // A new group's place is kept from its beginning on; else a restart before the first commit would skip what came since.
    if (this.deps.offsets.read(queue) < 0) this.deps.offsets.update(queue, nextOffset, true);
    const puller = new QueuePuller(processQueue, nextOffset, this.deps.puller);
    this.#held.set(messageQueueKey(queue), { processQueue, puller, isLeaving: false, newOffset: undefined });
    return true;
  }

  /** Begins to pull every queue that was acquired and is not pulled yet. */
  startPulling(): void {
    for (const { puller } of this.#held.values()) puller.start();
  }

  /** Ends all pulling; what is cached stays. Resolves when no pull is under way. */
  async stopPulling(): Promise<void> {
    const pullers = [...this.#held.values()].map(({ puller }) => puller);
    for (const puller of pullers) puller.stop();
    await Promise.all(pullers.map((puller) => puller.stopped()));
  }

  /** See QueuePuller#pullAnew; for all queues of a topic. */
  pullAnew(wireTopic: string, told: Promise<void>): void {
    for (const { processQueue, puller } of this.#held.values())
      if (processQueue.messageQueue.topic === wireTopic) puller.pullAnew(told);
  }

  /** Queues whose pulling rests look again whether they still have to. */
  wakePulling(): void {
    for (const { processQueue } of this.#held.values()) processQueue.wakePull();
  }

  /**
   * Gives a queue up: nothing new is handled, running handlers may finish for a while, then their signal fires; the offset is
   * made durable and the lock given back. `newOffset` replaces the offset: the broker or an operator said so. Never rejects.
   * @returns false when an ordered queue has to stay, since one of its messages is still with a handler: the next owner would
   *   begin with that very message. It is to be released again (upstream: removeUnnecessaryMessageQueue)
   */
  async release(queue: MessageQueue, newOffset?: number): Promise<boolean> {
    const held = this.#held.get(messageQueueKey(queue));
    if (held === undefined) return true;
    const { processQueue, puller } = held;
    puller.stop();
    if (newOffset !== undefined) {
      held.newOffset = newOffset;
      processQueue.drop();
    }
    if (!(await this.#finishHandlers(held))) return false;
    processQueue.drop();
    newOffset = held.newOffset;
    if (newOffset !== undefined) this.deps.offsets.update(queue, newOffset, false);
    await this.deps.offsets.persist([queue], this.deps.persistTimeoutMs);
    this.deps.offsets.remove(queue);
    this.deps.puller.pullApi.forget(queue);
    if (this.deps.locks !== undefined) await this.deps.locks.unlock([processQueue]);
    processQueue.clear();
    this.#held.delete(messageQueueKey(queue));
    return true;
  }

  /** False: the queue must wait for its handler. */
  async #finishHandlers(held: HeldQueue): Promise<boolean> {
    const { processQueue } = held;
    processQueue.stopHandingOut();
    if (held.isLeaving) return processQueue.handlers.count === 0;
    const left = await processQueue.handlers.drain(this.deps.releaseTimeoutMs);
    if (left === 0) return true;
    this.deps.consumeService.abort(
      new MQClientError('ABORTED', 'the queue goes to another consumer'),
      processQueue,
    );
    held.isLeaving = this.deps.locks !== undefined;
    return !held.isLeaving;
  }
}
