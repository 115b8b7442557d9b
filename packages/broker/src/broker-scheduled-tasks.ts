// What a broker does again and again and no single part of it owns: tables are written, clients and groups that are gone or far
// behind are looked for (upstream: BrokerController#initializeBrokerScheduledTasks).
import type { Timer } from '@mq/remoting';

import type { BrokerParts } from './broker-parts.js';
import { createSlowConsumers } from './limits/create-slow-consumers.js';

/** Period of comparing the backlogs of topics with their quotas. */
const BACKLOG_CHECK_MS = 1_000;

/** Period of looking for groups that are too far behind (upstream: BrokerController#protectBroker). */
const SLOW_CONSUMERS_CHECK_MS = 180_000;

/** Period of writing consumerFilter.json, if it changed. */
const FILTER_PERSIST_MS = 10_000;

/** Period of the scans for clients whose heartbeats stopped. */
const DEAD_CLIENT_SCAN_MS = 10_000;

interface ScheduledTask {
  readonly what: string;
  /** Asked for each time, so that a changed setting counts from the next run. */
  readonly periodMs: () => number;
  readonly run: () => Promise<void> | void;
}

/** The periodic work of one broker. A failure is logged and does not stop the next run. */
export class BrokerScheduledTasks {
  readonly #parts: BrokerParts;
  readonly #timers = new Map<ScheduledTask, Timer>();

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  start(): void {
    for (const task of this.#tasks()) this.#runLater(task);
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #tasks(): ScheduledTask[] {
    const { consumerOffsets, consumers, filters, filterServers, limits, locks, pop, producers } = this.#parts;
    const { schedule, settings, transactions } = this.#parts;
    const slowConsumers = createSlowConsumers(this.#parts);
    return [
      {
        what: 'backlog quotas',
        periodMs: () => BACKLOG_CHECK_MS,
        run: () => limits.backlogs.check(),
      },
      {
        what: 'slow consumers',
        periodMs: () => SLOW_CONSUMERS_CHECK_MS,
        run: () => slowConsumers.check(),
      },
      {
        what: 'consumer offsets',
        periodMs: () => settings.broker.flushConsumerOffsetInterval,
        run: () => {
          consumerOffsets.persist();
          pop.persist();
        },
      },
      {
        what: 'delay offsets',
        periodMs: () => settings.broker.flushDelayOffsetInterval,
        run: () => schedule.persist(),
      },
      {
        what: 'transaction metrics',
        periodMs: () => settings.broker.transactionMetricFlushInterval,
        run: () => transactions.metrics.persist(),
      },
      {
        what: 'consumer filters',
        periodMs: () => FILTER_PERSIST_MS,
        run: () => filters.persist(),
      },
      {
        what: 'scan for dead clients',
        periodMs: () => DEAD_CLIENT_SCAN_MS,
        run: () => {
          producers.scanNotActive();
          consumers.scanNotActive();
          filterServers.scanNotActive();
          locks.removeExpired();
        },
      },
    ];
  }

  #runLater(task: ScheduledTask): void {
    const timer = this.#parts.clock.setTimeout(() => {
      void this.#run(task);
      this.#runLater(task);
    }, task.periodMs());
    timer.unref?.();
    this.#timers.set(task, timer);
  }

  async #run({ what, run }: ScheduledTask): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#parts.logger.error('periodic work failed', { what, error });
    }
  }
}
