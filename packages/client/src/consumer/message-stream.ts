import { RepeatingTask } from '@mq/remoting';
import { messageQueueKey, type MessageQueue, type SubscriptionData } from '@mq/remoting/protocol';
import { isMQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { noRoute } from '../instance/response-errors.js';
import { Sleeper } from '../instance/sleeper.js';
import type { OffsetStore } from '../offset/offset-store.js';
import type { PullApi } from './pull-api.js';
import type { ReceivedMessage } from './received-message.js';
import { StreamQueue } from './stream-queue.js';

const REST_AFTER_ERROR_MS = 1_000;
/** Nobody wakes a stream without work; this only bounds one sleep. */
const IDLE_SLEEP_MS = 60_000;

export interface MessageStreamDeps {
  readonly client: ClientInstance;
  readonly pullApi: PullApi;
  readonly offsets: OffsetStore;
  readonly consumerGroup: string;
  readonly subscription: SubscriptionData;
  readonly pullBatchSize: number;
  /** How long a broker may hold a pull, milliseconds. */
  readonly suspendTimeoutMs: number;
  readonly timeoutMs: number;
  /** Commit what was consumed. */
  readonly autoCommit: boolean;
  readonly persistIntervalMs: number;
  readonly rebalanceIntervalMs: number;
  /** End when every queue has been read to its end. */
  readonly stopAtEnd: boolean;
  /** The queues to read now: fixed, or our share of a topic. */
  readonly queues: () => Promise<readonly MessageQueue[] | undefined>;
  readonly startOffset: (queue: MessageQueue) => Promise<number>;
}

/**
 * The messages of some queues as one sequence: each queue is pulled ahead of the application, at most two pulls, and queues
 * take turns. The order within a queue is kept. One reader.
 */
export class MessageStream {
  readonly #queues = new Map<string, StreamQueue>();
  readonly #fills = new Set<Promise<void>>();
  readonly #sleeper: Sleeper;
  readonly #assignTask: RepeatingTask;
  readonly #persistTask: RepeatingTask;
  #turn = 0;
  #lastGiven: StreamQueue | undefined;
  #assignedOnce = false;
  #failure: unknown;
  #closing: Promise<void> | undefined;

  constructor(private readonly deps: MessageStreamDeps) {
    const { clock, logger } = deps.client;
    this.#sleeper = new Sleeper(clock);
    const taskDeps = { clock, logger };
    this.#assignTask = new RepeatingTask(
      'assignment of a stream',
      () => this.#assign(),
      deps.rebalanceIntervalMs,
      taskDeps,
    );
    this.#persistTask = new RepeatingTask(
      'commit of a stream',
      () => this.#persist(),
      deps.persistIntervalMs,
      taskDeps,
    );
    this.#assignTask.start(0);
    this.#persistTask.start();
  }

  /** The next message; undefined when the stream has ended. @throws what made the stream fail */
  async next(): Promise<ReceivedMessage | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closing !== undefined) return undefined;
      const message = this.#give();
      if (message !== undefined) return message;
      if (this.deps.stopAtEnd && this.#isAtEnd) return undefined;
      await this.#sleeper.sleep(IDLE_SLEEP_MS);
    }
  }

  /** The application has finished with the message `next` gave it: the offset may pass it. */
  done(message: ReceivedMessage): void {
    const queue = this.#lastGiven;
    if (queue === undefined || queue.abort.signal.aborted) return;
    queue.done(message);
    if (this.deps.autoCommit) this.deps.offsets.update(queue.queue, queue.position, false);
  }

  /** Goes on at another offset of a queue. False: this stream does not read the queue. */
  seek(queue: MessageQueue, offset: number): boolean {
    const streamQueue = this.#queues.get(messageQueueKey(queue));
    streamQueue?.seek(offset);
    return streamQueue !== undefined;
  }

  /** The queues read now may have changed. */
  assignSoon(): void {
    this.#assignTask.runSoon();
  }

  /** Ends the stream: `next` resolves with undefined, offsets are saved. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const queue of this.#queues.values()) queue.close();
    this.#sleeper.wake();
    await Promise.all([this.#assignTask.close(), this.#persistTask.close(), ...this.#fills]);
    await this.#persist();
  }

  /** The next message of the next queue that has one. */
  #give(): ReceivedMessage | undefined {
    const queues = [...this.#queues.values()];
    for (let tried = 0; tried < queues.length; tried++) {
      const queue = queues[this.#turn++ % queues.length] as StreamQueue;
      const message = queue.give();
      if (message === undefined) continue;
      this.#lastGiven = queue;
      return message;
    }
    return undefined;
  }

  get #isAtEnd(): boolean {
    return (
      this.#assignedOnce && [...this.#queues.values()].every((queue) => queue.isAtEnd && queue.buffered === 0)
    );
  }

  async #assign(): Promise<void> {
    if (this.#closing !== undefined) return;
    const wanted = await this.deps.queues();
    if (this.#closing !== undefined) return;
    if (wanted === undefined) return this.#withoutRoute();
    const wantedKeys = new Set(wanted.map(messageQueueKey));
    for (const [key, queue] of this.#queues) if (!wantedKeys.has(key)) await this.#release(key, queue);
    for (const queue of wanted) if (!this.#queues.has(messageQueueKey(queue))) await this.#acquire(queue);
    this.#assignedOnce = true;
    this.#sleeper.wake();
  }

  /** A topic may be created later; a stream that ends with its queues has nothing to wait for. */
  #withoutRoute(): void {
    const { client, stopAtEnd, subscription } = this.deps;
    const { topic } = subscription;
    if (stopAtEnd) this.#fail(noRoute(topic));
    else client.logger.warn('a topic to be read has no route yet', { topic });
  }

  async #acquire(queue: MessageQueue): Promise<void> {
    const nextOffset = await this.deps.startOffset(queue);
    if (this.#closing !== undefined) return;
    // A new group's place is kept from its beginning on, as push consumers do.
    if (this.deps.autoCommit && this.deps.offsets.read(queue) < 0)
      this.deps.offsets.update(queue, nextOffset, true);
    const streamQueue = new StreamQueue(queue, nextOffset, this.deps.client.clock);
    this.#queues.set(messageQueueKey(queue), streamQueue);
    const fill = this.#fill(streamQueue).finally(() => this.#fills.delete(fill));
    this.#fills.add(fill);
  }

  async #release(key: string, queue: StreamQueue): Promise<void> {
    queue.close();
    this.#queues.delete(key);
    if (this.deps.autoCommit)
      await this.deps.offsets.persist([queue.queue], this.deps.client.requestTimeoutMs);
    this.deps.offsets.remove(queue.queue);
    this.deps.pullApi.forget(queue.queue);
  }

  /** Pulls a queue until it is closed. Never rejects. */
  async #fill(queue: StreamQueue): Promise<void> {
    while (!queue.abort.signal.aborted) {
      if (queue.buffered > this.deps.pullBatchSize) {
        await queue.sleeper.sleep(IDLE_SLEEP_MS);
        continue;
      }
      const { epoch } = queue;
      try {
        await this.#pullOnce(queue);
      } catch (error) {
        if (queue.abort.signal.aborted) return;
        if (queue.epoch !== epoch) continue; // a seek ended it
        if (isMQClientError(error) && !error.retryable) return this.#fail(error);
        this.deps.client.logger.warn('pull of a stream failed', { ...queue.queue, error });
        await queue.sleeper.sleep(REST_AFTER_ERROR_MS);
      }
    }
  }

  async #pullOnce(queue: StreamQueue): Promise<void> {
    const { deps } = this;
    const { epoch } = queue;
    const result = await deps.pullApi.pull({
      consumerGroup: deps.consumerGroup,
      queue: queue.queue,
      offset: queue.nextOffset,
      subscription: deps.subscription,
      maxMsgNums: deps.pullBatchSize,
      maxMsgBytes: 2 ** 31 - 1,
      // A stream that ends with its queues must hear that a queue is empty, not wait for the next message.
      suspendTimeoutMs: deps.stopAtEnd ? 0 : deps.suspendTimeoutMs,
      timeoutMs: deps.timeoutMs,
      postSubscription: true,
      signal: queue.pullSignal,
    });
    if (queue.epoch !== epoch) return;
    queue.accept(result);
    if (deps.autoCommit) deps.offsets.update(queue.queue, queue.position, result.status !== 'OFFSET_ILLEGAL');
    this.#sleeper.wake();
    if (deps.stopAtEnd && queue.isAtEnd && queue.buffered === 0)
      await queue.sleeper.sleep(REST_AFTER_ERROR_MS);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#sleeper.wake();
  }

  async #persist(): Promise<void> {
    if (!this.deps.autoCommit) return;
    const queues = [...this.#queues.values()].map(({ queue }) => queue);
    await this.deps.offsets.persist(queues, this.deps.client.requestTimeoutMs);
  }
}
