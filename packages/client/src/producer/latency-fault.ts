import type { Clock } from '@mq/remoting';

/** Which release's table turns a measured latency into a time of avoidance. */
export interface LatencyFaultTable {
  /** Ascending, milliseconds. */
  readonly latencyMax: readonly number[];
  /** Milliseconds to avoid the broker; same length as `latencyMax`. */
  readonly notAvailableDuration: readonly number[];
  /** What a failed send counts as, milliseconds. */
  readonly isolationLatency: number;
}

/** MQFaultStrategy of 5.3.3, the default. */
export const latencyFaultTable5: LatencyFaultTable = {
  latencyMax: [50, 100, 550, 1800, 3000, 5000, 15000],
  notAvailableDuration: [0, 0, 2000, 5000, 6000, 10000, 30000],
  isolationLatency: 10000,
};

/** MQFaultStrategy of 4.9.7: avoids much longer. */
export const latencyFaultTable4: LatencyFaultTable = {
  latencyMax: [50, 100, 550, 1000, 2000, 3000, 15000],
  notAvailableDuration: [0, 0, 30000, 60000, 120000, 180000, 600000],
  isolationLatency: 30000,
};

/** The entry of the last threshold that the latency reaches; 0 below the first. Milliseconds in and out. */
export function notAvailableDuration(table: LatencyFaultTable, latencyMs: number): number {
  for (let at = table.latencyMax.length - 1; at >= 0; at--) {
    if (latencyMs >= (table.latencyMax[at] as number)) return table.notAvailableDuration[at] ?? 0;
  }
  return 0;
}

interface FaultItem {
  availableAtMs: number;
  reachable: boolean;
}

/**
 * Remembers which brokers answered slowly or not at all, so that a producer can avoid them for a while. Upstream:
 * LatencyFaultToleranceImpl. Time is monotonic. A broker nobody reported on is available and reachable. Bounded by the
 * number of broker names the routes ever named.
 */
export class LatencyFaultTolerance {
  readonly #items = new Map<string, FaultItem>();

  constructor(
    private readonly clock: Clock,
    private readonly table: LatencyFaultTable = latencyFaultTable5,
  ) {}

  /** A send to this broker was answered after so long. */
  recordSuccess(brokerName: string, latencyMs: number): void {
    const avoidMs = notAvailableDuration(this.table, latencyMs);
    if (avoidMs === 0 && !this.#items.has(brokerName)) return;
    this.#update(brokerName, avoidMs, true);
  }

  /** A send to this broker failed. `reachable` false: the connection itself failed. */
  recordFailure(brokerName: string, reachable: boolean): void {
    this.#update(brokerName, notAvailableDuration(this.table, this.table.isolationLatency), reachable);
  }

  isAvailable(brokerName: string): boolean {
    const item = this.#items.get(brokerName);
    return item === undefined || this.clock.monotonic() >= item.availableAtMs;
  }

  isReachable(brokerName: string): boolean {
    return this.#items.get(brokerName)?.reachable ?? true;
  }

  /** As upstream, a shorter avoidance never cuts a longer one that still runs. */
  #update(brokerName: string, avoidMs: number, reachable: boolean): void {
    const availableAtMs = this.clock.monotonic() + avoidMs;
    const item = this.#items.get(brokerName);
    if (item === undefined) this.#items.set(brokerName, { availableAtMs, reachable });
    else {
      if (avoidMs > 0 && availableAtMs > item.availableAtMs) item.availableAtMs = availableAtMs;
      item.reachable = reachable;
    }
  }
}
