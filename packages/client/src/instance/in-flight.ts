import type { Clock } from '@mq/remoting';
import { settledWithin } from './sleeper.js';

/** Counts what was begun and not yet ended, so that closing can wait for it. */
export class InFlight {
  #count = 0;
  #idle: Promise<void> | undefined;
  #becomeIdle: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count > 0 || this.#becomeIdle === undefined) return;
    this.#becomeIdle();
    this.#idle = undefined;
    this.#becomeIdle = undefined;
  }

  /** Waits until nothing is in flight, at most `timeoutMs`. Returns what is left. */
  async drain(timeoutMs: number): Promise<number> {
    if (this.#count === 0 || timeoutMs <= 0) return this.#count;
    this.#idle ??= new Promise((resolve) => (this.#becomeIdle = resolve));
    await settledWithin(this.clock, this.#idle, timeoutMs);
    return this.#count;
  }
}
