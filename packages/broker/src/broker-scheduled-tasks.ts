// What a broker does again and again and no single part of it owns: tables are written, clients and groups that are gone or far
// behind are looked for (upstream: BrokerController#initializeBrokerScheduledTasks).
import { RepeatingTask } from '@mq/remoting';

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
  readonly name: string;
  /** Asked for each time, so that a changed setting counts from the next round. */
  readonly intervalMs: number | (() => number);
  readonly work: () => Promise<void> | void;
}

/** The periodic work of one broker. A failure is logged and does not stop the next run. */
export class BrokerScheduledTasks {
  readonly #parts: BrokerParts;
  readonly #tasks: readonly RepeatingTask[];

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    const { clock, logger } = parts;
    this.#tasks = this.#scheduled().map(
      ({ name, work, intervalMs }) =>
        new RepeatingTask(name, work, intervalMs, { clock, logger, failureLevel: 'error' }),
    );
  }

  start(): void {
    for (const task of this.#tasks) task.start();
  }

  /** Resolves when what is under way has ended. */
  async close(): Promise<void> {
    await Promise.all(this.#tasks.map((task) => task.close()));
  }

  #scheduled(): ScheduledTask[] {
    const { consumerOffsets, consumers, filters, filterServers, limits, locks, pop, producers } = this.#parts;
    const { schedule, settings, transactions } = this.#parts;
    const slowConsumers = createSlowConsumers(this.#parts);
    return [
      {
        name: 'backlog quotas',
        intervalMs: BACKLOG_CHECK_MS,
        work: () => limits.backlogs.check(),
      },
      {
        name: 'slow consumers',
        intervalMs: SLOW_CONSUMERS_CHECK_MS,
        work: () => slowConsumers.check(),
      },
      {
        name: 'consumer offsets',
        intervalMs: () => settings.broker.flushConsumerOffsetInterval,
        work: () => {
          consumerOffsets.persist();
          pop.persist();
        },
      },
      {
        name: 'delay offsets',
        intervalMs: () => settings.broker.flushDelayOffsetInterval,
        work: () => schedule.persist(),
      },
      {
        name: 'transaction metrics',
        intervalMs: () => settings.broker.transactionMetricFlushInterval,
        work: () => transactions.metrics.persist(),
      },
      {
        name: 'consumer filters',
        intervalMs: FILTER_PERSIST_MS,
        work: () => filters.persist(),
      },
      {
        name: 'scan for dead clients',
        intervalMs: DEAD_CLIENT_SCAN_MS,
        work: () => {
          producers.scanNotActive();
          consumers.scanNotActive();
          filterServers.scanNotActive();
          locks.removeExpired();
        },
      },
    ];
  }
}
