import { systemClock, type Clock } from '@mq/remoting';
import { wholeNumber } from '../options.js';
import type { DedupeClaim, DedupeStore } from './dedupe-store.js';

const DEFAULT_MAX_KEYS = 100_000;

interface Remembered {
  isDone: boolean;
  /** By the clock's `monotonic`. */
  untilMs: number;
}

/**
 * Remembers in this process: enough for one consumer that does not restart, and for tests. Bounded: the keys remembered
 * longest are forgotten first, so that a message may be handled again rather than memory grow.
 */
export class MemoryDedupeStore implements DedupeStore {
  /** Oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #maxKeys: number;
  readonly #clock: Clock;

  /** `maxKeys`: default 100,000, about 20 MB. @throws MQClientError INVALID_ARGUMENT */
  constructor(options: { maxKeys?: number; clock?: Clock } = {}) {
    this.#maxKeys = wholeNumber('maxKeys', options.maxKeys, DEFAULT_MAX_KEYS, 1);
    this.#clock = options.clock ?? systemClock;
  }

  /** How many keys it remembers now. */
  get size(): number {
    return this.#remembered.size;
  }

  claim(key: string, leaseMs: number): Promise<DedupeClaim> {
    const known = this.#remembered.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonic())
      return Promise.resolve(known.isDone ? 'DONE' : 'BUSY');
    this.#remember(key, false, leaseMs);
    return Promise.resolve('CLAIMED');
  }

  done(key: string, ttlMs: number): Promise<void> {
    this.#remember(key, true, ttlMs);
    return Promise.resolve();
  }

  release(key: string): Promise<void> {
    if (this.#remembered.get(key)?.isDone === false) this.#remembered.delete(key);
    return Promise.resolve();
  }

  #remember(key: string, isDone: boolean, ms: number): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, { isDone, untilMs: this.#clock.monotonic() + ms });
    if (this.#remembered.size <= this.#maxKeys) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
  }
}
