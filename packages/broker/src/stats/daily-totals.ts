/** Totals at the last two midnights and now (upstream `BrokerStats`): what mqadmin's clusterList shows as InTotal. */
export class DailyTotals {
  yesterdayMorning = 0;
  todayMorning = 0;
  now = 0;

  /** A new day began. */
  record(): void {
    this.yesterdayMorning = this.todayMorning;
    this.todayMorning = this.now;
  }
}

/** Milliseconds from `nowMs` to the next local midnight; 1 ms at least. */
export function msToNextMorning(nowMs: number): number {
  const morning = new Date(nowMs);
  morning.setHours(24, 0, 0, 0);
  return Math.max(1, morning.getTime() - nowMs);
}
