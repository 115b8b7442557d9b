/** Pauses between attempts at an address that fails. */
export interface BackoffOptions {
  /** Pause after the first failure, before jitter; default 100 ms. */
  firstMs?: number;
  /** Longest pause, before jitter; default 3000 ms. */
  maxMs?: number;
  /** Numbers in [0, 1). */
  random?: () => number;
}

/**
 * When an address that failed may be tried again: pauses double from `firstMs` to `maxMs`, each multiplied by a random
 * factor in [0.5, 1), so that the clients of a restarted server do not come back all at once.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;
  #retryAtMs = 0;

  constructor(options: BackoffOptions = {}) {
    this.#firstMs = options.firstMs ?? 100;
    this.#maxMs = options.maxMs ?? 3000;
    this.#random = options.random ?? Math.random;
  }

  /** Milliseconds from `nowMs` until the next attempt is due; 0 when it is. */
  waitMs(nowMs: number): number {
    return this.#failures === 0 ? 0 : Math.max(0, this.#retryAtMs - nowMs);
  }

  /** An attempt failed at `nowMs`, by any clock that `waitMs` is asked with too: the next pause begins. */
  failed(nowMs: number): void {
    const pauseMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, 16));
    this.#failures++;
    this.#retryAtMs = nowMs + pauseMs * (0.5 + this.#random() / 2);
  }

  /** An attempt succeeded: no pause, and the next failure counts as the first. */
  succeeded(): void {
    this.#failures = 0;
  }
}
