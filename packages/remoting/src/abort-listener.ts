import { setMaxListeners } from 'node:events';

/**
 * Calls `listener` when the signal fires, unless it is taken off before. Callers share one signal among many requests (that of
 * a shut-down, say), and each takes its listener off when it ends; so Node, which suspects a leak from the eleventh listener
 * on, is told not to count those of this signal.
 * @throws TypeError for what is no signal
 */
export function listenForAbort(signal: AbortSignal, listener: () => void): void {
  // A signal of another make than Node's counts nothing.
  if (signal instanceof EventTarget) setMaxListeners(Infinity, signal);
  signal.addEventListener('abort', listener, { once: true });
}
