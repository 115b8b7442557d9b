// Delay levels: when a message in the delay topic is due (upstream `ScheduleMessageService.parseDelayLevel`).
import { SystemTopic } from '@mq/remoting/protocol';

export const SCHEDULE_TOPIC = SystemTopic.SCHEDULE;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What upstream assumes for a level that is not in the table. */
const UNKNOWN_LEVEL_MS = 1000;

/** The delays of `messageDelayLevel` (default 1s to 2h), by level from 1 on. */
export class DelayLevels {
  readonly #delaysMs: readonly number[];

  /** @param text `1s 5s 10m 2h`: the first is level 1; parts that cannot be read delay by one second */
  constructor(text: string) {
    this.#delaysMs = text
      .trim()
      .split(/\s+/)
      .map((part) => Number(part.slice(0, -1)) * (UNIT_MS[part.slice(-1)] ?? NaN))
      .map((delayMs) => (Number.isFinite(delayMs) ? delayMs : UNKNOWN_LEVEL_MS));
  }

  /** The highest level, which is how many there are. */
  get maxLevel(): number {
    return this.#delaysMs.length;
  }

  /** When a message of `level` (above the highest: the highest) stored at `storeTimestamp` is due, ms. */
  deliverTimestamp(level: number, storeTimestamp: number): number {
    return storeTimestamp + (this.#delaysMs[Math.min(level, this.maxLevel) - 1] ?? UNKNOWN_LEVEL_MS);
  }
}
