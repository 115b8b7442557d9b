import type { ConnectionLimits } from './socket-connection.js';

const longestIntervalMs = 1000;
const shortestIntervalMs = 10;

/** How often connections are looked at so that their deadlines are met within about a quarter. */
export function sweepIntervalMs(limits: Pick<ConnectionLimits, 'idleTimeoutMs' | 'drainTimeoutMs'>): number {
  const shortest = Math.min(
    limits.idleTimeoutMs > 0 ? limits.idleTimeoutMs : Infinity,
    limits.drainTimeoutMs,
  );
  return Math.max(shortestIntervalMs, Math.min(longestIntervalMs, Math.floor(shortest / 4)));
}
