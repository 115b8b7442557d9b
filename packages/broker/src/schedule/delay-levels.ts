// The table of delay levels (setting messageDelayLevel): level 1 is the first entry. Upstream:
// ScheduleMessageService#parseDelayLevel.

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class DelayLevels {
  /** Delay in ms of level 1, 2, ... */
  readonly #delaysMs: readonly number[];

  /** `text` like `1s 5s 10s 30s 1m`. Throws RangeError naming the entry that cannot be read. */
  constructor(text: string) {
    this.#delaysMs = text.trim().split(/\s+/).map(parseDelay);
  }

  get maxLevel(): number {
    return this.#delaysMs.length;
  }

  /** Delay of a level from 1 to maxLevel. */
  delayMs(level: number): number {
    const delay = this.#delaysMs[level - 1];
    if (delay === undefined)
      throw new RangeError(`delay level ${level} is not between 1 and ${this.maxLevel}`);
    return delay;
  }

  /** The level itself, or the highest one for anything above it. */
  clamp(level: number): number {
    return Math.min(level, this.maxLevel);
  }
}

function parseDelay(entry: string): number {
  const unitMs = UNIT_MS[entry.at(-1) ?? ''];
  const count = Number(entry.slice(0, -1));
  if (unitMs === undefined || !Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(
      `messageDelayLevel has an entry that is no delay: "${entry}" (like 5s, 10m, 1h, 1d)`,
    );
  }
  return count * unitMs;
}
