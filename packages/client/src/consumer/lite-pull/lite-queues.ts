import type { Clock, Logger } from '@mq/remoting';
import { messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import { isMQClientError } from '../../errors.js';
import { Sleeper } from '../../instance/sleeper.js';
import { flowControlReason, type PullThresholds } from '../flow-control.js';
import type { PullResult } from '../pull-api.js';
import type { ReceivedMessage } from '../received-message.js';
import { LiteQueue } from './lite-queue.js';

const REST_AFTER_ERROR_MS = 1_000;
/** Whoever takes messages wakes a queue that rests; this only bounds one sleep. */
const IDLE_SLEEP_MS = 60_000;

export interface LiteQueuesDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly thresholds: PullThresholds;
  /** Messages of all queues together above which pulling pauses. */
  readonly pullThresholdForAll: number;
  /** One long poll of a queue. */
  readonly pull: (queue: MessageQueue, offset: number, signal: AbortSignal) => Promise<PullResult>;
}

/** What was asked of a queue before it was held. */
interface Wish {
  isPaused: boolean;
  /** Where to begin; undefined: where the group is. */
  offset: number | undefined;
}

/** The queues assigned to a lite pull consumer, each pulled ahead of the application by a loop of its own. */
export class LiteQueues {
  readonly #queues = new Map<string, LiteQueue>();
  /** By queues that are assigned and not held yet: finding out where the group is takes a moment. */
  readonly #wishes = new Map<string, Wish>();
  readonly #loops = new Set<Promise<void>>();
  readonly #sleeper: Sleeper;
  #turn = 0;
  #failure: unknown;

  constructor(private readonly deps: LiteQueuesDeps) {
    this.#sleeper = new Sleeper(deps.clock);
  }

  get all(): LiteQueue[] {
    return [...this.#queues.values()];
  }

  get(queue: MessageQueue): LiteQueue | undefined {
    return this.#queues.get(messageQueueKey(queue));
  }

  /** Begins to pull a queue: from where, and unless, it was asked for meanwhile. */
  add(queue: MessageQueue, startOffset: number): void {
    const key = messageQueueKey(queue);
    const wish = this.#wishes.get(key);
    this.#wishes.delete(key);
    const added = new LiteQueue(queue, wish?.offset ?? startOffset, this.deps.clock);
    added.isPaused = wish?.isPaused === true;
    this.#queues.set(key, added);
    const loop = this.#fill(added).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  remove(queue: MessageQueue): void {
    this.get(queue)?.close();
    this.#queues.delete(messageQueueKey(queue));
  }

  /** Goes on at another offset; of a queue that is not held yet, begins there. */
  seek(queue: MessageQueue, offset: number): void {
    const held = this.get(queue);
    if (held === undefined) this.#wishFor(queue).offset = offset;
    else held.seek(offset);
  }

  pause(queue: MessageQueue): void {
    (this.get(queue) ?? this.#wishFor(queue)).isPaused = true;
  }

  resume(queue: MessageQueue): void {
    const held = this.get(queue);
    if (held === undefined) this.#wishFor(queue).isPaused = false;
    else held.resume();
    this.wake();
  }

  /** Others are assigned now: what was asked of queues before they were held is forgotten, but for these. */
  keepWishesOf(queues: readonly MessageQueue[]): void {
    const keys = new Set(queues.map(messageQueueKey));
    for (const key of this.#wishes.keys()) if (!keys.has(key)) this.#wishes.delete(key);
  }

  /**
   * The next messages of one queue, queues in turn; none when nothing came in time or the signal fired.
   * @throws what made a queue unreadable for good
   */
  async take(max: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<ReceivedMessage[]> {
    const { clock } = this.deps;
    const deadlineMs = clock.monotonic() + timeoutMs;
    const wake = (): void => this.#sleeper.wake();
    signal?.addEventListener('abort', wake);
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#takeFailure();
        const messages = this.#takeNow(max);
        const leftMs = deadlineMs - clock.monotonic();
        if (messages.length > 0 || leftMs <= 0 || signal?.aborted === true) return messages;
        await this.#sleeper.sleep(leftMs);
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  /** Filters are others: what a pull under way left out by the old one must not be passed over. */
  pullAnew(): void {
    for (const queue of this.#queues.values()) queue.pullAnew();
  }

  /** Somebody waiting in `take` looks again. */
  wake(): void {
    this.#sleeper.wake();
  }

  /** Ends all pulling. */
  async close(): Promise<void> {
    for (const queue of this.#queues.values()) queue.close();
    this.#sleeper.wake();
    await Promise.all(this.#loops);
  }

  #wishFor(queue: MessageQueue): Wish {
    const key = messageQueueKey(queue);
    let wish = this.#wishes.get(key);
    if (wish === undefined) this.#wishes.set(key, (wish = { isPaused: false, offset: undefined }));
    return wish;
  }

  #takeNow(max: number): ReceivedMessage[] {
    const queues = this.all;
    for (let tried = 0; tried < queues.length; tried++) {
      const messages = (queues[this.#turn++ % queues.length] as LiteQueue).take(max);
      if (messages.length === 0) continue;
      // Room for all of them was made: queues that rest because of the common bound look again.
      for (const queue of queues) if (queue.sleeper.isSleeping) queue.sleeper.wake();
      return messages;
    }
    return [];
  }

  #takeFailure(): unknown {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** Pulls a queue until it is closed. Never rejects. */
  async #fill(queue: LiteQueue): Promise<void> {
    while (!queue.isClosed) {
      if (queue.isPaused || this.#isFull(queue)) {
        await queue.sleeper.sleep(IDLE_SLEEP_MS);
        continue;
      }
      const { pullSignal } = queue;
      try {
        const result = await this.deps.pull(queue.queue, queue.nextOffset, pullSignal);
        if (pullSignal.aborted) continue;
        queue.accept(result);
        if (result.messages.length > 0) this.#sleeper.wake();
      } catch (error) {
        if (pullSignal.aborted) continue;
        this.deps.logger.warn('pull failed', { ...queue.queue, error });
        if (isMQClientError(error) && !error.retryable) {
          this.#failure = error;
          this.#sleeper.wake();
        }
        await queue.sleeper.sleep(REST_AFTER_ERROR_MS);
      }
    }
  }

  #isFull(queue: LiteQueue): boolean {
    if (flowControlReason(queue, this.deps.thresholds, false) !== undefined) return true;
    let total = 0;
    for (const { messageCount } of this.#queues.values()) total += messageCount;
    return queue.messageCount > 0 && total > this.deps.pullThresholdForAll;
  }
}
