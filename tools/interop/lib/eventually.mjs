import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 200;

/** Calls `look` until it returns something; resolves with that, or with undefined when `seconds` are over. */
export async function eventually(look, seconds) {
  for (const deadline = performance.now() + seconds * 1_000; ; await sleep(PAUSE_MS)) {
    const found = await look();
    if (found !== undefined || performance.now() > deadline) return found;
  }
}
