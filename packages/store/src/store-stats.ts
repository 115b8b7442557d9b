// Counters of puts and gets and their rates over 10, 60 and 600 seconds (upstream `StoreStatsService`). Counting adds
// to numbers; everything else happens once a second or when somebody asks.
import type { Clock } from '@mq/remoting';

const WINDOWS_S = [10, 60, 600] as const;
const KEPT_SAMPLES = 601;
/** Upper bounds of put times, ms, and how operators know them. */
const PUT_TIME_BUCKETS: readonly (readonly [number, string])[] = [
  [0, '[<=0ms]'],
  [10, '[0~10ms]'],
  [50, '[10~50ms]'],
  [100, '[50~100ms]'],
  [200, '[100~200ms]'],
  [500, '[200~500ms]'],
  [1000, '[500ms~1s]'],
  [2000, '[1~2s]'],
  [3000, '[2~3s]'],
  [4000, '[3~4s]'],
  [5000, '[4~5s]'],
  [10_000, '[5~10s]'],
  [Infinity, '[10s~]'],
];

interface Sample {
  readonly atMs: number;
  readonly puts: number;
  readonly found: number;
  readonly miss: number;
  readonly transferred: number;
}

type Counter = 'puts' | 'found' | 'miss' | 'transferred';

export class StoreStats {
  putMessageTimesTotal = 0;
  putMessageFailedTimes = 0;
  putMessageSizeTotal = 0;
  putMessageEntireTimeMax = 0;
  getMessageEntireTimeMax = 0;
  getMessageTimesTotalFound = 0;
  getMessageTimesTotalMiss = 0;
  getMessageTransferredMsgCount = 0;
  /** Longest queue of records between append and dispatch. */
  dispatchMaxBuffer = 0;
  readonly #bootTimestamp: number;
  readonly #putTimes = new Array<number>(PUT_TIME_BUCKETS.length).fill(0);
  readonly #samples: Sample[] = [];

  constructor(private readonly clock: Clock) {
    this.#bootTimestamp = clock.now();
    this.sample();
  }

  /** A put of `count` messages ended well after `elapsedMs`. */
  countPut(count: number, sizeBytes: number, elapsedMs: number): void {
    this.putMessageTimesTotal += count;
    this.putMessageSizeTotal += sizeBytes;
    if (elapsedMs > this.putMessageEntireTimeMax) this.putMessageEntireTimeMax = elapsedMs;
    let bucket = 0;
    while (elapsedMs > PUT_TIME_BUCKETS[bucket]![0]) bucket++;
    this.#putTimes[bucket]!++;
  }

  countGet(messageCount: number): void {
    if (messageCount === 0) {
      this.getMessageTimesTotalMiss++;
      return;
    }
    this.getMessageTimesTotalFound++;
    this.getMessageTransferredMsgCount += messageCount;
  }

  /** Takes the once-a-second sample that rates are computed from. */
  sample(): void {
    this.#samples.push({
      atMs: this.clock.monotonic(),
      puts: this.putMessageTimesTotal,
      found: this.getMessageTimesTotalFound,
      miss: this.getMessageTimesTotalMiss,
      transferred: this.getMessageTransferredMsgCount,
    });
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
  }

  /** The rows of getBrokerRuntimeInfo that come from counters. */
  runtimeInfo(): Record<string, string> {
    const puts = this.putMessageTimesTotal;
    return {
      bootTimestamp: String(this.#bootTimestamp),
      runtime: formatRuntime(this.clock.now() - this.#bootTimestamp),
      putMessageEntireTimeMax: String(this.putMessageEntireTimeMax),
      putMessageTimesTotal: String(puts),
      putMessageFailedTimes: String(this.putMessageFailedTimes),
      putMessageSizeTotal: String(this.putMessageSizeTotal),
      putMessageDistributeTime: PUT_TIME_BUCKETS.map(([, name], i) => `${name}:${this.#putTimes[i]} `).join(
        '',
      ),
      putMessageAverageSize: String(this.putMessageSizeTotal / Math.max(1, puts)),
      dispatchMaxBuffer: String(this.dispatchMaxBuffer),
      getMessageEntireTimeMax: String(this.getMessageEntireTimeMax),
      putTps: this.#rates(['puts']),
      getFoundTps: this.#rates(['found']),
      getMissTps: this.#rates(['miss']),
      getTotalTps: this.#rates(['found', 'miss']),
      getTransferredTps: this.#rates(['transferred']),
      getTransferedTps: this.#rates(['transferred']),
      putLatency99: this.#putTimeQuantile(0.99).toFixed(2),
      putLatency999: this.#putTimeQuantile(0.999).toFixed(2),
    };
  }

  /** Per second over each window that has been sampled long enough, else over what there is. */
  #rates(counters: readonly Counter[]): string {
    const last = this.#samples[this.#samples.length - 1]!;
    return WINDOWS_S.map((seconds) => {
      const first = this.#samples[Math.max(0, this.#samples.length - 1 - seconds)]!;
      const elapsedMs = last.atMs - first.atMs;
      const delta = counters.reduce((sum, name) => sum + last[name] - first[name], 0);
      return String(elapsedMs > 0 ? (delta * 1000) / elapsedMs : 0);
    }).join(' ');
  }

  /** Upper bound of the bucket that holds the quantile; the longest put time for the open bucket. */
  #putTimeQuantile(quantile: number): number {
    const total = this.#putTimes.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (let bucket = 0; bucket < this.#putTimes.length; bucket++) {
      seen += this.#putTimes[bucket]!;
      if (seen >= total * quantile)
        return Math.min(PUT_TIME_BUCKETS[bucket]![0], this.putMessageEntireTimeMax);
    }
    return 0;
  }
}

function formatRuntime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  return `[ ${days} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds ]`;
}
