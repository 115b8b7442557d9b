import { SampleWindow, type StatsSnapshot } from './sample-window.js';

/** A sample every 10 s over a minute, every 10 minutes over an hour, every hour over a day. */
export const SAMPLE_PERIODS_MS = { minute: 10_000, hour: 600_000, day: 3_600_000 } as const;
export type SamplePeriod = keyof typeof SAMPLE_PERIODS_MS;

/** One counter (upstream `StatsItem`), as it is when it is looked at. */
export interface StatsItem {
  readonly value: number;
  /** How often it was added to. */
  readonly times: number;
  snapshot(period: SamplePeriod): StatsSnapshot;
}

/** How many tallies there may be. */
export class TallyBudget {
  #taken = 0;

  constructor(private readonly max: number) {}

  take(count: number): boolean {
    if (this.#taken + count > this.max) return false;
    this.#taken += count;
    return true;
  }

  giveBack(count: number): void {
    this.#taken -= count;
  }
}

/** What tallies are made with. */
export interface TallySource {
  readonly budget: TallyBudget;
  readonly now: () => number;
}

/** A tally is three numbers: messages, bytes, and how often something was added. */
const FIELDS = 3;
const TIMES = 2;
const FIELD_OF = { nums: 0, size: 1 } as const;
const NO_QUEUE = -1;

/**
 * What one owner did, in all and by queue, with its history. The tallies lie together in one array, that of all queues
 * first: of a thousand topics the processor's cache holds nothing, so what counts is how many places a send touches. What is
 * over the budget is not counted.
 */
export class Tallies {
  #values = new Float64Array(0);
  readonly #budget: TallyBudget;
  readonly #windows: Readonly<Record<SamplePeriod, SampleWindow>>;

  constructor({ budget, now }: TallySource) {
    this.#budget = budget;
    this.#grow(FIELDS);
    const startMs = now();
    this.#windows = {
      minute: new SampleWindow(7, startMs),
      hour: new SampleWindow(7, startMs),
      day: new SampleWindow(25, startMs),
    };
  }

  /** Hot path. @param queueId -1: of no queue */
  add(nums: number, size = 0, queueId = NO_QUEUE): void {
    this.#addAt(0, nums, size);
    if (queueId < 0) return;
    const at = (queueId + 1) * FIELDS;
    if (at < this.#values.length || this.#grow(at + FIELDS)) this.#addAt(at, nums, size);
  }

  /** Where the budget had nothing left these are writes behind the end, which do nothing. */
  #addAt(at: number, nums: number, size: number): void {
    const values = this.#values;
    values[at + FIELD_OF.nums]! += nums;
    values[at + FIELD_OF.size]! += size;
    values[at + TIMES]! += 1;
  }

  /** @param queueId -1: of all queues */
  item(field: keyof typeof FIELD_OF, queueId = NO_QUEUE): StatsItem {
    const times = (queueId + 1) * FIELDS + TIMES;
    const value = (queueId + 1) * FIELDS + FIELD_OF[field];
    return {
      value: this.#values[value] ?? 0,
      times: this.#values[times] ?? 0,
      snapshot: (period) => this.#windows[period].snapshot(value, times),
    };
  }

  /** How often anything was added. */
  get times(): number {
    return this.#values[TIMES] ?? 0;
  }

  sample(period: SamplePeriod, nowMs: number): void {
    this.#windows[period].add(nowMs, this.#values);
  }

  /** Nothing is added any more. */
  release(): void {
    this.#budget.giveBack(this.#values.length / FIELDS);
    this.#values = new Float64Array(0);
  }

  #grow(length: number): boolean {
    if (!this.#budget.take((length - this.#values.length) / FIELDS)) return false;
    const values = new Float64Array(length);
    values.set(this.#values);
    this.#values = values;
    return true;
  }
}
