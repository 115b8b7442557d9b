/** A timer that was set; `cancel` may be called at any time, any number of times. */
export interface Timer {
  /** Nothing happens when the timer has run or was cancelled before. */
  cancel(): void;
  /** Lets the process end although this timer is still due. */
  unref?(): void;
}

/**
 * The only way logic reads time or sets timers, so that a test can own the time.
 * `now` is the wall clock, which may jump: data and display only. `monotonic` never goes back: ordering, leases, timeouts.
 */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock. */
  now(): number;
  /** Milliseconds since some fixed moment; never decreases. */
  monotonic(): number;
  /** Runs `fn` once, `ms` milliseconds from now. */
  setTimeout(fn: () => void, ms: number): Timer;
  /** Runs `fn` every `ms` milliseconds, first in `ms`. */
  setInterval(fn: () => void, ms: number): Timer;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fn, ms) => {
    const handle = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(handle), unref: () => void handle.unref() };
  },
  setInterval: (fn, ms) => {
    const handle = setInterval(fn, ms);
    return { cancel: () => clearInterval(handle), unref: () => void handle.unref() };
  },
};

interface ManualTimer {
  dueAtMs: number;
  readonly sequence: number;
  readonly intervalMs: number | undefined;
  readonly fn: () => void;
}

// Taken when the module loads: a test that replaces the global timers must not stop this clock.
const realSetImmediate = setImmediate;

/** Time that moves only when a test says so. */
export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sequence = 0;
  readonly #timers = new Set<ManualTimer>();

  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** How many timers are waiting. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    return this.#add(fn, Math.max(0, ms), undefined);
  }

  setInterval(fn: () => void, ms: number): Timer {
    const intervalMs = Math.max(1, ms);
    return this.#add(fn, intervalMs, intervalMs);
  }

  /** Moves only the wall clock, as an operator or NTP does; timers do not notice. */
  jumpWallClock(ms: number): void {
    this.#wallMs += ms;
  }

  /**
   * Moves time on by `ms` and runs the timers that become due, in the order they are due. After each one, promise
   * callbacks and one round of the event loop get to run, so that timers set by them are part of this advance.
   */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#monotonicMs + ms;
    await settle();
    for (let next = this.#nextDue(targetMs); next !== undefined; next = this.#nextDue(targetMs)) {
      this.#moveTo(next.dueAtMs);
      if (next.intervalMs === undefined) this.#timers.delete(next);
      else next.dueAtMs += next.intervalMs;
      next.fn();
      await settle();
    }
    this.#moveTo(targetMs);
  }

  #add(fn: () => void, delayMs: number, intervalMs: number | undefined): Timer {
    const timer: ManualTimer = {
      dueAtMs: this.#monotonicMs + delayMs,
      sequence: this.#sequence++,
      intervalMs,
      fn,
    };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer), unref: () => {} };
  }

  #nextDue(untilMs: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAtMs > untilMs) continue;
      if (next === undefined || timer.dueAtMs < next.dueAtMs) next = timer;
      else if (timer.dueAtMs === next.dueAtMs && timer.sequence < next.sequence) next = timer;
    }
    return next;
  }

  #moveTo(monotonicMs: number): void {
    if (monotonicMs <= this.#monotonicMs) return;
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => void realSetImmediate(resolve));
}
