import type { Clock, Timer } from './clock.js';

/** Something that may time out. The links belong to the wheel. */
export interface WheelEntry {
  onDeadline(): void;
  wheelTick?: number;
  wheelPrevious?: WheelEntry | undefined;
  wheelNext?: WheelEntry | undefined;
}

/** How late a deadline may be noticed, in milliseconds. */
const tickMs = 20;

/**
 * Deadlines of many entries on one timer: adding and removing cost a few assignments, entries of one tick form a
 * linked list. The timer runs only while there are entries, and does not keep the process alive.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #firstByTick = new Map<number, WheelEntry>();
  #nextTick = 0;
  #size = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** `entry.onDeadline` runs once `timeoutMs` have passed, up to a tick later, unless it is removed before. */
  add(entry: WheelEntry, timeoutMs: number): void {
    const nowMs = this.#clock.monotonic();
    if (this.#timer === undefined) {
      this.#nextTick = Math.floor(nowMs / tickMs);
      this.#timer = this.#clock.setInterval(() => this.#turn(), tickMs);
      this.#timer.unref?.();
    }
    const tick = Math.max(this.#nextTick, Math.ceil((nowMs + Math.max(0, timeoutMs)) / tickMs));
    const first = this.#firstByTick.get(tick);
    entry.wheelTick = tick;
    entry.wheelPrevious = undefined;
    entry.wheelNext = first;
    if (first !== undefined) first.wheelPrevious = entry;
    this.#firstByTick.set(tick, entry);
    this.#size++;
  }

  /** Takes an entry out; does nothing when it is not in. */
  remove(entry: WheelEntry): void {
    const tick = entry.wheelTick;
    if (tick === undefined) return;
    const { wheelPrevious: previous, wheelNext: next } = entry;
    if (next !== undefined) next.wheelPrevious = previous;
    if (previous !== undefined) previous.wheelNext = next;
    else if (next !== undefined) this.#firstByTick.set(tick, next);
    else this.#firstByTick.delete(tick);
    entry.wheelTick = undefined;
    entry.wheelPrevious = undefined;
    entry.wheelNext = undefined;
    this.#size--;
  }

  /** Stops the timer; entries are forgotten without a call. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#firstByTick.clear();
    this.#size = 0;
  }

  #turn(): void {
    const nowTick = Math.floor(this.#clock.monotonic() / tickMs);
    for (; this.#nextTick <= nowTick; this.#nextTick++) {
      for (let entry = this.#firstByTick.get(this.#nextTick); entry !== undefined;) {
        this.remove(entry);
        entry.onDeadline();
        entry = this.#firstByTick.get(this.#nextTick);
      }
    }
    if (this.#size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
  }
}
