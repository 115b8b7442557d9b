// Long work in short pieces: a piece ends after so many steps or so much time, then the event loop gets its turn.
import type { Clock } from '@mq/remoting';

const SLICE_MS = 4;

export class Slice {
  #left: number;
  #endMs: number;

  /** @param steps the most that one piece has: what keeps pieces short where the clock stands still */
  constructor(
    private readonly clock: Clock,
    private readonly steps: number,
  ) {
    this.#left = steps;
    this.#endMs = clock.monotonic() + SLICE_MS;
  }

  /** Counts a step; whether it was the last of its piece. */
  isOver(): boolean {
    return --this.#left <= 0 || this.clock.monotonic() >= this.#endMs;
  }

  /** Lets the event loop have its turn. */
  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#left = this.steps;
    this.#endMs = this.clock.monotonic() + SLICE_MS;
  }
}
