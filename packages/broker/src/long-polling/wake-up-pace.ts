// When many single messages a second wake waiting pulls, each costs its own socket write and read, and the answer takes
// longer to make than the message was worth. Then pulls are gathered for a moment and answered together.
import type { Clock } from '@mq/remoting';

/** Wake-ups are counted over windows of this length. */
const WINDOW_MS = 10;
/** So many turns with wake-ups in one window, 4,000 a second, begin the gathering. */
const TURNS_TO_BEGIN = 40;
/** Gathering that brings fewer together than this ends. */
const PULLS_TO_GO_ON = 3;

/** Says how long woken pulls wait for others: not at all, unless messages come one by one and very often. */
export class WakeUpPace {
  readonly #clock: Clock;
  readonly #gatherMs: () => number;
  #windowEndMs = 0;
  #turnsInWindow = 0;
  #isGathering = false;

  /** @param gatherMs the wait while gathering; 0 never gathers */
  constructor(clock: Clock, gatherMs: () => number) {
    this.#clock = clock;
    this.#gatherMs = gatherMs;
  }

  /** Milliseconds; 0: answer at the end of this turn. */
  get waitMs(): number {
    return this.#isGathering ? this.#gatherMs() : 0;
  }

  /** So many pulls were just woken together. */
  woke(pulls: number): void {
    if (this.#isGathering) {
      this.#isGathering = pulls >= PULLS_TO_GO_ON;
      this.#turnsInWindow = 0;
      return;
    }
    const nowMs = this.#clock.monotonic();
    if (nowMs >= this.#windowEndMs) {
      this.#windowEndMs = nowMs + WINDOW_MS;
      this.#turnsInWindow = 0;
    }
    // Turns that wake several at once have gathered them already.
    if (pulls < PULLS_TO_GO_ON) this.#turnsInWindow++;
    this.#isGathering = this.#turnsInWindow >= TURNS_TO_BEGIN;
  }
}
