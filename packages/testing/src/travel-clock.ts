import { type Clock, systemClock, type Timer } from '@mq/remoting';

interface TravelTimer {
  /** By this clock's `monotonic`. */
  dueAtMs: number;
  readonly sequence: number;
  readonly intervalMs: number | undefined;
  readonly fn: () => void;
  isUnref: boolean;
  /** The real timer that will run it, unless `advance` does before. */
  armed: Timer | undefined;
}

/** Rounds of the event loop in one push. */
const MAX_ROUNDS = 200;

// Taken when the module loads: a test that replaces the global timers must not stop this clock.
const realSetImmediate = setImmediate;

/**
 * Time that passes by itself, and that a test can push on: sockets and timeouts behave as ever, and a message that is due
 * in an hour comes when the test says `await clock.advance(3_600_000)`.
 */
export class TravelClock implements Clock {
  readonly #base: Clock;
  readonly #timers = new Set<TravelTimer>();
  #aheadMs = 0;
  #sequence = 0;

  /** `base` is what passes by itself; default: the machine's time. */
  constructor(base: Clock = systemClock) {
    this.#base = base;
  }

  now(): number {
    // Steps of `advance` have fractions; the wall clock is one of whole milliseconds, as records hold them.
    return Math.floor(this.#base.now() + this.#aheadMs);
  }

  monotonic(): number {
    return this.#base.monotonic() + this.#aheadMs;
  }

  /** How far ahead of the machine's time it is, milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    return this.#add(fn, Math.max(0, ms), undefined);
  }

  setInterval(fn: () => void, ms: number): Timer {
    const intervalMs = Math.max(1, ms);
    return this.#add(fn, intervalMs, intervalMs);
  }

  /**
   * Moves time on by `ms` (not negative). Every timer that becomes due runs, in the order they are due, at the moment it is
   * due. What they start gets rounds of the event loop, at most 200 of them over the whole way; so a timer that sets
   * itself again and again runs as often as it would have, or 200 times, whatever is less.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`time goes forward only, not by ${ms} ms`);
    const stepMs = Math.max(1, ms / MAX_ROUNDS);
    let leftMs = ms;
    await settle();
    for (let dueInMs = this.#nextDueInMs(); leftMs > 0 && dueInMs <= leftMs; dueInMs = this.#nextDueInMs()) {
      const endMs = this.monotonic() + Math.min(leftMs, Math.max(stepMs, dueInMs));
      for (const timer of this.#dueUntil(endMs)) {
        if (!this.#timers.has(timer)) continue;
        leftMs -= this.#moveTo(timer.dueAtMs);
        this.#fire(timer);
      }
      leftMs -= this.#moveTo(endMs);
      await settle();
    }
    this.#aheadMs += Math.max(0, leftMs);
    for (const timer of this.#timers) this.#arm(timer);
  }

  #add(fn: () => void, delayMs: number, intervalMs: number | undefined): Timer {
    const timer: TravelTimer = {
      dueAtMs: this.monotonic() + delayMs,
      sequence: this.#sequence++,
      intervalMs,
      fn,
      isUnref: false,
      armed: undefined,
    };
    this.#timers.add(timer);
    this.#arm(timer);
    return {
      cancel: () => {
        timer.armed?.cancel();
        this.#timers.delete(timer);
      },
      unref: () => {
        timer.isUnref = true;
        timer.armed?.unref?.();
      },
    };
  }

  #arm(timer: TravelTimer): void {
    timer.armed?.cancel();
    const delayMs = Math.max(0, timer.dueAtMs - this.monotonic());
    timer.armed = this.#base.setTimeout(() => this.#fire(timer), delayMs);
    if (timer.isUnref) timer.armed.unref?.();
  }

  #fire(timer: TravelTimer): void {
    timer.armed?.cancel();
    if (timer.intervalMs === undefined) {
      this.#timers.delete(timer);
    } else {
      timer.dueAtMs = Math.max(timer.dueAtMs, this.monotonic() - timer.intervalMs) + timer.intervalMs;
      this.#arm(timer);
    }
    timer.fn();
  }

  #nextDueInMs(): number {
    let firstMs = Infinity;
    for (const { dueAtMs } of this.#timers) firstMs = Math.min(firstMs, dueAtMs);
    return Math.max(0, firstMs - this.monotonic());
  }

  #dueUntil(endMs: number): TravelTimer[] {
    return [...this.#timers]
      .filter(({ dueAtMs }) => dueAtMs <= endMs)
      .sort((left, right) => left.dueAtMs - right.dueAtMs || left.sequence - right.sequence);
  }

  /** Returns by how much that moved the time on. */
  #moveTo(monotonicMs: number): number {
    const byMs = Math.max(0, monotonicMs - this.monotonic());
    this.#aheadMs += byMs;
    return byMs;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => void realSetImmediate(resolve));
}
