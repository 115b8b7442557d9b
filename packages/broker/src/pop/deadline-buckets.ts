import type { Clock, Timer } from '@mq/remoting';

/** Width of a bucket: a deadline is noticed at most this late. */
const BUCKET_MS = 100;
/** Buckets of the wall clock looked at one by one after a pause; after a longer one all of them are searched. */
const MAX_STEPS = 600;

/**
 * Deadlines by the wall clock, for very many things: one timer walks buckets of 100 ms. Adding and removing is one set
 * operation. The clock may jump: what then lies in the past is due at once.
 */
export class DeadlineBuckets<T extends { readonly dueAtMs: number }> {
  readonly #buckets = new Map<number, Set<T>>();
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  #ticker: Timer | undefined;
  #lastBucket = 0;
  #size = 0;

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
    // What is due already lies behind the hand: the next tick must not pass it by.
    if (this.#ticker === undefined) this.#start(key);
    else this.#lastBucket = Math.min(this.#lastBucket, key);
  }

  delete(item: T): void {
    const key = bucketOf(item.dueAtMs);
    const bucket = this.#buckets.get(key);
    if (bucket?.delete(item) !== true) return;
    this.#size--;
    if (bucket.size === 0) this.#buckets.delete(key);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const bucket of this.#buckets.values()) yield* bucket;
  }

  close(): void {
    this.#ticker?.cancel();
    this.#ticker = undefined;
  }

  #start(firstBucket: number): void {
    this.#lastBucket = Math.min(firstBucket, this.#current);
    this.#ticker = this.#clock.setInterval(() => this.#tick(), BUCKET_MS);
    this.#ticker.unref?.();
  }

  get #current(): number {
    return Math.floor(this.#clock.now() / BUCKET_MS);
  }

  #tick(): void {
    const current = this.#current;
    const from = this.#lastBucket;
    this.#lastBucket = current + 1;
    if (current - from > MAX_STEPS) {
      for (const key of [...this.#buckets.keys()].sort((a, b) => a - b)) if (key <= current) this.#run(key);
    } else {
      for (let key = from; key <= current; key++) this.#run(key);
    }
    if (this.#size === 0) this.close();
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
