// What a broker does again and again and no single part of it owns: tables are written, clients and groups that are gone or far
// behind are looked for (upstream: BrokerController#initializeBrokerScheduledTasks).
import { RepeatingTasks } from '@mq/remoting';

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

/** Starts the periodic work of one broker, which ends with what it returns. A failure is logged and stops no later round. */
export function startScheduledTasks(parts: BrokerParts): RepeatingTasks {
  const { clock, logger } = parts;
  const tasks = new RepeatingTasks({ clock, logger, failureLevel: 'error' });
  const { consumerOffsets, consumers, filters, filterServers, limits, locks, pop, producers } = parts;
  const { schedule, settings, transactions } = parts;
  const slowConsumers = createSlowConsumers(parts);
  tasks.every('backlog quotas', BACKLOG_CHECK_MS, () => limits.backlogs.check());
  tasks.every('slow consumers', SLOW_CONSUMERS_CHECK_MS, () => slowConsumers.check());
  tasks.every(
    'consumer offsets',
    () => settings.broker.flushConsumerOffsetInterval,
    () => {
      consumerOffsets.persist();
      pop.persist();
    },
  );
  tasks.every(
    'delay offsets',
    () => settings.broker.flushDelayOffsetInterval,
    () => schedule.persist(),
  );
  tasks.every(
    'transaction metrics',
    () => settings.broker.transactionMetricFlushInterval,
    () => transactions.metrics.persist(),
  );
  tasks.every('consumer filters', FILTER_PERSIST_MS, () => filters.persist());
  tasks.every('scan for dead clients', DEAD_CLIENT_SCAN_MS, () => {
    producers.scanNotActive();
    consumers.scanNotActive();
    filterServers.scanNotActive();
    locks.removeExpired();
  });
  return tasks;
}
