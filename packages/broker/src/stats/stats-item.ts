import { SampleWindow, type StatsSnapshot } from './sample-window.js';

/** A sample every 10 s over a minute, every 10 minutes over an hour, every hour over a day. */
export const SAMPLE_PERIODS_MS = { minute: 10_000, hour: 600_000, day: 3_600_000 } as const;
export type SamplePeriod = keyof typeof SAMPLE_PERIODS_MS;

/** One counter and its history (upstream `StatsItem`). `inc` allocates nothing. */
export class StatsItem {
  value = 0;
  times = 0;
  readonly #windows = { minute: new SampleWindow(7), hour: new SampleWindow(7), day: new SampleWindow(25) };

  constructor(nowMs: number) {
    for (const window of Object.values(this.#windows)) window.add(nowMs, 0, 0);
  }

  inc(value: number, times = 1): void {
    this.value += value;
    this.times += times;
  }

  sample(period: SamplePeriod, nowMs: number): void {
    this.#windows[period].add(nowMs, this.value, this.times);
  }

  snapshot(period: SamplePeriod): StatsSnapshot {
    return this.#windows[period].snapshot();
  }
}
