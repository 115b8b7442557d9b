import type { Clock, Timer } from '@mq/remoting';

/** Width of a bucket: a deadline is noticed at most this late. */
const BUCKET_MS = 100;
/** Longest sleep, so that a jump of the wall clock is noticed. */
const MAX_SLEEP_MS = 1_000;

/**
 * Deadlines by the wall clock, for very many things: buckets of 100 ms, one timer for the first of them. Adding and removing
 * is one set operation. What lies in the past is due at the next tick.
 */
export class DeadlineBuckets<T extends { readonly dueAtMs: number }> {
  readonly #buckets = new Map<number, Set<T>>();
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  #timer: Timer | undefined;
  /** The bucket the timer is for, at the latest. */
  #armedFor = Infinity;
  #size = 0;
  #isClosed = false;

  /** @param onDue called once for each item, which is no longer in the buckets then */
  constructor(clock: Clock, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#size;
  }

  /** `item.dueAtMs` must not change while it is in here. */
  add(item: T): void {
    const key = bucketOf(item.dueAtMs);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, (bucket = new Set()));
    if (bucket.has(item)) return;
    bucket.add(item);
    this.#size++;
    if (key < this.#armedFor) this.#arm(key);
  }

  delete(item: T): void {
    const key = bucketOf(item.dueAtMs);
    const bucket = this.#buckets.get(key);
    if (bucket?.delete(item) !== true) return;
    this.#size--;
    if (bucket.size === 0) this.#buckets.delete(key);
  }

  /** Nothing comes due any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #arm(key: number): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    this.#armedFor = key;
    const waitMs = Math.max(0, key * BUCKET_MS - this.#clock.now());
    this.#timer = this.#clock.setTimeout(() => this.#tick(), Math.min(waitMs, MAX_SLEEP_MS));
    this.#timer.unref?.();
  }

  #tick(): void {
    this.#armedFor = Infinity;
    const current = Math.floor(this.#clock.now() / BUCKET_MS);
    const due = [...this.#buckets.keys()].filter((key) => key <= current).sort((a, b) => a - b);
    for (const key of due) this.#run(key);
    let next = Infinity;
    for (const key of this.#buckets.keys()) if (key < next) next = key;
    if (next < this.#armedFor) this.#arm(next);
  }

  #run(key: number): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return;
    this.#buckets.delete(key);
    this.#size -= bucket.size;
    for (const item of bucket) this.#onDue(item);
  }
}

/** An item is due in the bucket after its time, so never early. */
const bucketOf = (dueAtMs: number): number => Math.floor(dueAtMs / BUCKET_MS) + 1;
