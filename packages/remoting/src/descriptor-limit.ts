import { readFileSync } from 'node:fs';

/** Assumed where the system does not say. */
const assumedLimit = 1024;
/** Of this process, once it was asked for: it does not change, and every store that opens asks. */
let ownLimits: string | undefined;

/**
 * How many files and sockets this process may have open. Node has raised it to the most an unprivileged process may ask
 * for. Past it connections and files fail without an event to wait for, so whoever opens many shares it out beforehand.
 */
export function descriptorLimit(limits: () => string = readLimits): number {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits())?.[1];
  if (soft === undefined) return assumedLimit;
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
}

function readLimits(): string {
  try {
    ownLimits ??= readFileSync('/proc/self/limits', 'utf8');
  } catch {
    ownLimits = '';
  }
  return ownLimits;
}
