/** What a counter did over a window, as VIEW_BROKER_STATS_DATA answers it (upstream `StatsSnapshot`). */
export interface StatsSnapshot {
  /** Sum over the window. */
  readonly sum: number;
  /** Sum a second. */
  readonly tps: number;
  /** Sum an increment. */
  readonly avgpt: number;
}

/**
 * The newest `capacity` samples of counters that lie in one array: all of them as they were at some time. Counters that are
 * added behind the others were 0 before.
 */
export class SampleWindow {
  readonly #takenMs: Float64Array;
  /** `capacity` rows, none before the first sample. */
  #rows = new Float64Array(0);
  #width = 0;
  /** One already: at `startMs` they all were 0. */
  #count = 1;

  constructor(
    readonly capacity: number,
    startMs: number,
  ) {
    this.#takenMs = new Float64Array(capacity);
    this.#takenMs[0] = startMs;
  }

  add(timestampMs: number, counters: Float64Array): void {
    if (counters.length > this.#width) this.#widen(counters.length);
    const row = this.#count++ % this.capacity;
    this.#takenMs[row] = timestampMs;
    this.#rows.set(counters, row * this.#width);
  }

  /**
   * From the oldest sample kept to the newest.
   * @param value index of the counter
   * @param times index of that which counts its increments
   */
  snapshot(value: number, times: number): StatsSnapshot {
    const oldest = this.#count <= this.capacity ? 0 : this.#count % this.capacity;
    const newest = (this.#count - 1) % this.capacity;
    const change = (counter: number): number => this.#at(newest, counter) - this.#at(oldest, counter);
    const sum = change(value);
    const elapsedMs = (this.#takenMs[newest] ?? 0) - (this.#takenMs[oldest] ?? 0);
    const increments = change(times);
    return {
      sum,
      tps: elapsedMs > 0 ? (sum * 1000) / elapsedMs : 0,
      avgpt: increments > 0 ? sum / increments : 0,
    };
  }

  #at(row: number, counter: number): number {
    return counter < this.#width ? (this.#rows[row * this.#width + counter] ?? 0) : 0;
  }

  #widen(width: number): void {
    const rows = new Float64Array(this.capacity * width);
    for (let row = 0; row < this.capacity; row++) {
      rows.set(this.#rows.subarray(row * this.#width, (row + 1) * this.#width), row * width);
    }
    this.#rows = rows;
    this.#width = width;
  }
}
