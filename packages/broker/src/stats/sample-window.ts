/** What a counter did over a window, as VIEW_BROKER_STATS_DATA answers it (upstream `StatsSnapshot`). */
export interface StatsSnapshot {
  /** Sum over the window. */
  readonly sum: number;
  /** Sum a second. */
  readonly tps: number;
  /** Sum an increment. */
  readonly avgpt: number;
}

const FIELDS = 3;
const EMPTY: StatsSnapshot = { sum: 0, tps: 0, avgpt: 0 };

/** The newest `capacity` samples of a counter (time, value, times), in a flat ring. */
export class SampleWindow {
  readonly #samples: Float64Array;
  #count = 0;

  constructor(readonly capacity: number) {
    this.#samples = new Float64Array(capacity * FIELDS);
  }

  add(timestampMs: number, value: number, times: number): void {
    const at = (this.#count++ % this.capacity) * FIELDS;
    this.#samples[at] = timestampMs;
    this.#samples[at + 1] = value;
    this.#samples[at + 2] = times;
  }

  /** From the oldest sample kept to the newest. */
  snapshot(): StatsSnapshot {
    if (this.#count < 2) return EMPTY;
    const first = (this.#count <= this.capacity ? 0 : this.#count % this.capacity) * FIELDS;
    const last = ((this.#count - 1) % this.capacity) * FIELDS;
    const sum = this.#change(first, last, 1);
    const elapsedMs = this.#change(first, last, 0);
    const times = this.#change(first, last, 2);
    return { sum, tps: elapsedMs > 0 ? (sum * 1000) / elapsedMs : 0, avgpt: times > 0 ? sum / times : 0 };
  }

  #change(first: number, last: number, field: number): number {
    return (this.#samples[last + field] ?? 0) - (this.#samples[first + field] ?? 0);
  }
}
