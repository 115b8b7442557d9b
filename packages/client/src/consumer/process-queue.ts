import type { Clock } from '@mq/remoting';
import type { MessageExt } from '@mq/remoting/message';
import type { MessageQueue } from '@mq/remoting/protocol';
import { InFlight } from '../instance/in-flight.js';
import { Sleeper } from '../instance/sleeper.js';

/** How long an orderly lock counts on the client after the broker granted it (the broker keeps it 60 s). */
export const REBALANCE_LOCK_MAX_LIVE_TIME_MS = 30_000;

/** Head slots given back before the arrays are cut. */
const COMPACT_AFTER = 1024;

/**
 * The messages of one queue that were pulled and are not yet consumed; upstream ProcessQueue.
 *
 * Messages arrive in ascending queue offset (pulls of one queue follow each other) and leave in any order, so two
 * parallel arrays with a head cursor do for a sorted tree. The offset that may be committed is that of the oldest message
 * still here, or where the next pull begins when there is none: never past something unprocessed.
 *
 *    offsets    7  8  9 10 11      messages of 8 and 10 are consumed: `undefined`
 *    messages   m  -  m  -  m      head at 7: commit offset 7
 *                                  orderly: [head, taken) are with the handler, the rest wait
 */
export class ProcessQueue {
  readonly createdAtMs: number;
  #offsets: number[] = [];
  #messages: (MessageExt | undefined)[] = [];
  #head = 0;
  /** Orderly: slots before this one are with the handler. */
  #taken = 0;
  #count = 0;
  #bytes = 0;
  /** Highest offset ever put; -1 when none. */
  #lastOffset = -1;
  /** Where the next pull begins; -1 before the first. */
  #nextOffset = -1;
  #handsOut = true;
  #dropped = false;
  #locked = false;
  #lastLockMs: number;
  /** Batches with a handler now. */
  readonly handlers: InFlight;
  readonly #pullSleeper: Sleeper;
  /** The pull loop is woken when no more than so many messages are left. */
  #wakeAtCount = 0;

  /** Wall-clock times, milliseconds, for the running info (307). */
  lastPullTimestamp: number;
  lastConsumeTimestamp: number;
  lastLockTimestamp: number;
  tryUnlockTimes = 0;

  constructor(
    readonly messageQueue: MessageQueue,
    private readonly clock: Clock,
  ) {
    const now = clock.now();
    this.createdAtMs = now;
    this.lastPullTimestamp = now;
    this.lastConsumeTimestamp = now;
    this.lastLockTimestamp = now;
    this.#lastLockMs = clock.monotonic();
    this.handlers = new InFlight(clock);
    this.#pullSleeper = new Sleeper(clock);
  }

  get isDropped(): boolean {
    return this.#dropped;
  }

  get messageCount(): number {
    return this.#count;
  }

  /** Bytes of the cached bodies. */
  get messageBytes(): number {
    return this.#bytes;
  }

  /** Lowest cached offset; -1 when empty. */
  get minOffset(): number {
    return this.#count === 0 ? -1 : (this.#offsets[this.#head] as number);
  }

  /** Highest cached offset; -1 when empty. */
  get maxOffset(): number {
    return this.#count === 0 ? -1 : (this.#offsets[this.#offsets.length - 1] as number);
  }

  /** Distance between the highest and the lowest cached offset. */
  get maxSpan(): number {
    return this.#count === 0 ? 0 : this.maxOffset - this.minOffset;
  }

  /** False: the queue is being given up. Handlers that run may finish and count; no new one may begin. */
  get handsOut(): boolean {
    return this.#handsOut && !this.#dropped;
  }

  stopHandingOut(): void {
    this.#handsOut = false;
  }

  /** The queue is no longer ours: nothing more is handed out, late results are ignored. */
  drop(): void {
    this.#dropped = true;
    this.wakePull();
  }

  /** The pull loop rests: at most `ms`, less when half of what is cached now has been consumed, or on `wakePull`. */
  restPull(ms: number): Promise<void> {
    this.#wakeAtCount = this.#count >> 1;
    return this.#pullSleeper.sleep(ms);
  }

  /** Ends a rest of the pull loop. */
  wakePull(): void {
    this.#pullSleeper.wake();
  }

  /** True while the broker's lock on this queue counts. */
  get isLocked(): boolean {
    return this.#locked && this.clock.monotonic() - this.#lastLockMs <= REBALANCE_LOCK_MAX_LIVE_TIME_MS;
  }

  setLocked(locked: boolean): void {
    this.#locked = locked;
    if (!locked) return;
    this.#lastLockMs = this.clock.monotonic();
    this.lastLockTimestamp = this.clock.now();
    this.wakePull();
  }

  /**
   * Caches messages of one pull, ascending; those not above the highest offset so far are duplicates and ignored.
   * @param nextOffset where the next pull begins: what lies below it is here, consumed, or left out by a filter
   */
  put(messages: readonly MessageExt[], nextOffset: number): void {
    this.#nextOffset = nextOffset;
    for (const message of messages) {
      if (message.queueOffset <= this.#lastOffset) continue;
      this.#lastOffset = message.queueOffset;
      this.#offsets.push(message.queueOffset);
      this.#messages.push(message);
      this.#count++;
      this.#bytes += message.body.length;
    }
  }

  has(message: MessageExt): boolean {
    return this.#messages[this.#slotOf(message.queueOffset)] === message;
  }

  /** Removes consumed messages. Returns the offset to commit, or -1 when none of them was here. */
  remove(messages: readonly MessageExt[]): number {
    if (this.#count === 0) return -1;
    for (const message of messages) {
      const slot = this.#slotOf(message.queueOffset);
      if (slot >= 0 && this.#messages[slot] !== undefined) this.#clearSlot(slot);
    }
    this.#trim();
    this.lastConsumeTimestamp = this.clock.now();
    this.#wakeIfRoom();
    return this.commitOffset;
  }

  /**
   * One past everything consumed so far; -1 before the first pull. Upstream stops behind the last message it cached, and so
   * behind what a filter left out after it, until the next pull is answered.
   */
  get commitOffset(): number {
    return this.#count === 0 ? this.#nextOffset : this.minOffset;
  }

  /** Orderly: hands out the next messages in offset order, at most `max`. They stay cached until `commitTaken`. */
  take(max: number): MessageExt[] {
    const taken: MessageExt[] = [];
    while (taken.length < max && this.#taken < this.#messages.length) {
      const message = this.#messages[this.#taken++];
      if (message !== undefined) taken.push(message);
    }
    if (taken.length > 0) this.lastConsumeTimestamp = this.clock.now();
    return taken;
  }

  /** Orderly: what was taken is consumed. Returns the offset to commit, -1 when nothing was taken. */
  commitTaken(): number {
    if (this.#taken === this.#head) return -1;
    for (let slot = this.#head; slot < this.#taken; slot++) {
      if (this.#messages[slot] !== undefined) this.#clearSlot(slot);
    }
    this.#trim();
    this.#wakeIfRoom();
    return this.commitOffset;
  }

  /** Orderly: what was taken is handed out again. */
  returnTaken(): void {
    this.#taken = this.#head;
  }

  /** Orderly: messages wait for a handler. */
  get hasUntaken(): boolean {
    return this.#taken < this.#messages.length;
  }

  /** Forgets everything cached; the queue must have been dropped or its offset reset. */
  clear(): void {
    this.#offsets = [];
    this.#messages = [];
    this.#head = 0;
    this.#taken = 0;
    this.#count = 0;
    this.#bytes = 0;
    this.wakePull();
  }

  #wakeIfRoom(): void {
    if (this.#pullSleeper.isSleeping && this.#count <= this.#wakeAtCount) this.#pullSleeper.wake();
  }

  #clearSlot(slot: number): void {
    this.#bytes -= (this.#messages[slot] as MessageExt).body.length;
    this.#messages[slot] = undefined;
    this.#count--;
  }

  /** Gives back the consumed slots at both ends, so that the first and last slot always hold a message. */
  #trim(): void {
    while (this.#messages.length > this.#head && this.#messages[this.#messages.length - 1] === undefined) {
      this.#messages.pop();
      this.#offsets.pop();
    }
    while (this.#head < this.#messages.length && this.#messages[this.#head] === undefined) this.#head++;
    if (this.#taken > this.#messages.length) this.#taken = this.#messages.length;
    if (this.#taken < this.#head) this.#taken = this.#head;
    if (this.#head < COMPACT_AFTER || this.#head * 2 < this.#messages.length) return;
    this.#offsets = this.#offsets.slice(this.#head);
    this.#messages = this.#messages.slice(this.#head);
    this.#taken -= this.#head;
    this.#head = 0;
  }

  /** Slot of an offset at or after the head; -1 when it never was here. */
  #slotOf(offset: number): number {
    let low = this.#head;
    let high = this.#offsets.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = this.#offsets[middle] as number;
      if (at === offset) return middle;
      if (at < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
