import type { Clock } from './clock.js';

/** Turns a millisecond below which nothing comes often enough to be gathered. */
const busyTurnsPerMs = 5;
/** Pieces of work a turn above which they come together by themselves. */
const gatheredPerTurn = 4;
/** A turn with this much work leaves the next one enough that waits already. */
const workedTurn = 16;

/** How long one way is watched before it is held against the other. */
const windowMs = 50;
/** A trial that halves the rate is seen, and ended, this early. */
const glimpseMs = 5;
/** Rests go on for this long before the other way is looked at again. */
const restingMs = 1_000;
/** After a trial without success the next one waits; each time twice as long. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** Work was slowed down when less than this part of the rate is left. */
const sameRate = 0.9;
/** Rests pay when they leave at most this part of the turns: each costs a wake-up itself. */
const fewerTurns = 0.4;

/** What went on for a while. */
interface Pace {
  /** Pieces of work a millisecond. */
  readonly rate: number;
  /** Turns a piece of work. */
  readonly turns: number;
}

/** What rests depend on. */
export interface LoopRestOptions {
  /** `monotonic` is read once a turn. */
  readonly clock: Clock;
  /** How long a rest is, in milliseconds with fractions; 0: none now. Asked before each one. */
  readonly restMs: () => number;
  /** Pieces of work done so far, however they were asked for: messages that came in and went out. */
  readonly workDone: () => number;
  /** Holds the thread. Default: `Atomics.wait`. */
  readonly sleep?: (ms: number) => void;
}

type State = 'awake' | 'trying' | 'resting' | 'checking';

/**
 * Lets requests gather where thousands a second come one by one: after a turn the loop rests for a fraction of a
 * millisecond, and the next turn reads what came meanwhile, from all connections. Waking the process costs ten times as
 * much as a small request does (docs/decisions/0010), as interrupts do for a network card, which gathers them the same way.
 *
 * Whether it pays depends on the clients: who waits for each answer before asking again is only slowed down. So it is
 * tried. Rests go on where the work done stays the same in far fewer turns; once a second a moment without them is held
 * against it, and where they do not pay they end at once and are tried again later, less and less often.
 *
 * Only for a process that does nothing else: whatever shares the loop rests, too.
 */
export class LoopRest {
  readonly #options: LoopRestOptions;
  readonly #sleep: (ms: number) => void;
  #state: State = 'awake';
  /** The other way, which the running window is held against. */
  #before: Pace = { rate: 0, turns: 0 };
  #nextTrialAt = 0;
  #pauseMs = firstPauseMs;
  #windowAt: number;
  #workAtWindow = 0;
  #workAtTurn = 0;
  #turns = 0;

  constructor(options: LoopRestOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? holdThread;
    this.#windowAt = options.clock.monotonic();
  }

  /** To be called when all of a turn's work is done and its answers are with the kernel. */
  afterTurn(): void {
    const restMs = this.#options.restMs();
    if (restMs <= 0) return;
    this.#turns++;
    const work = this.#options.workDone();
    const workOfTurn = work - this.#workAtTurn;
    this.#workAtTurn = work;
    this.#watch(work);
    if (this.#state === 'awake' || this.#state === 'checking' || workOfTurn >= workedTurn) return;
    this.#sleep(restMs);
  }

  #watch(work: number): void {
    const now = this.#options.clock.monotonic();
    const elapsed = now - this.#windowAt;
    const done = work - this.#workAtWindow;
    if (this.#state === 'trying' && elapsed >= glimpseMs && done < (this.#before.rate * elapsed) / 2) {
      return this.#giveUp(now, work);
    }
    if (elapsed < (this.#state === 'resting' ? restingMs : windowMs)) return;
    const seen: Pace = { rate: done / elapsed, turns: this.#turns / Math.max(1, done) };
    switch (this.#state) {
      case 'awake':
        return this.#begin(
          now >= this.#nextTrialAt && this.#isBusy(seen) ? 'trying' : 'awake',
          seen,
          now,
          work,
        );
      case 'trying':
        return paysOff(seen, this.#before)
          ? this.#begin('resting', seen, now, work)
          : this.#giveUp(now, work);
      case 'resting':
        return this.#begin('checking', seen, now, work);
      case 'checking':
        if (!paysOff(this.#before, seen)) return this.#giveUp(now, work);
        this.#pauseMs = firstPauseMs;
        return this.#begin('resting', seen, now, work);
    }
  }

  #isBusy({ rate, turns }: Pace): boolean {
    return rate * turns >= busyTurnsPerMs && turns * gatheredPerTurn > 1;
  }

  #giveUp(now: number, work: number): void {
    this.#nextTrialAt = now + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
    this.#begin('awake', this.#before, now, work);
  }

  #begin(state: State, before: Pace, now: number, work: number): void {
    this.#state = state;
    this.#before = before;
    this.#windowAt = now;
    this.#workAtWindow = work;
    this.#turns = 0;
  }
}

/** Whether as much is done with rests as without, in far fewer turns. */
function paysOff(resting: Pace, awake: Pace): boolean {
  return resting.rate >= sameRate * awake.rate && resting.turns <= fewerTurns * awake.turns;
}

const never = new Int32Array(new SharedArrayBuffer(4));

function holdThread(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
