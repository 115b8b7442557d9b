// What is sent to come later, and what came when.
import { properties } from './kill-campaign.mjs';

/** Messages by their body. */
export class DelayedLedger {
  /** Those that were acknowledged: when each may come at the earliest, and how it was delayed. */
  sent = new Map();
  /** When each came first. */
  came = new Map();
  duplicates = 0;
  early = [];
  /** Sends whose answer is not there, or never came: they may come, and need not. */
  unknown = new Map();

  take(body, atMs) {
    const message = this.sent.get(body) ?? this.unknown.get(body);
    if (message === undefined) return;
    if (this.came.has(body)) this.duplicates++;
    else this.came.set(body, atMs);
    if (atMs < message.dueMs)
      this.early.push(`${body} (${message.kind}) came ${message.dueMs - atMs} ms early`);
  }

  /**
   * A message to come in `delayMs`, by a `level`, a `delay` or the time to `deliver` it. It is known from now on: it may come
   * before the answer to its send does.
   */
  message({ topic, queueId, body }, { kind, level, delayMs }) {
    const dueMs = Date.now() + delayMs;
    const asked = {
      level: { DELAY: level },
      delay: { TIMER_DELAY_MS: delayMs },
      deliver: { TIMER_DELIVER_MS: dueMs },
    }[kind];
    this.unknown.set(body, { kind, dueMs });
    return { topic, queueId, body, properties: properties({ UNIQ_KEY: body, ...asked }) };
  }

  /** The answer to a send is there. */
  settle(body, isStored) {
    const message = this.unknown.get(body);
    this.unknown.delete(body);
    if (isStored) this.sent.set(body, message);
  }

  missing() {
    return [...this.sent.keys()].filter((body) => !this.came.has(body));
  }

  get lastDueMs() {
    return Math.max(0, ...[...this.sent.values()].map(({ dueMs }) => dueMs));
  }

  /**
   * Of each kind: how late messages came that were due while the broker served, and served on.
   * @param served when it did, as `[fromMs, toMs)`
   */
  lateness(served) {
    const late = { level: [], timer: [] };
    for (const [body, { kind, dueMs }] of this.sent) {
      const cameMs = this.came.get(body);
      const during = served.find(([fromMs, toMs]) => dueMs >= fromMs + 500 && dueMs < toMs);
      if (cameMs === undefined || during === undefined || cameMs > during[1]) continue;
      late[kind === 'level' ? 'level' : 'timer'].push(cameMs - dueMs);
    }
    return Object.entries(late).map(([kind, values]) => {
      values.sort((a, b) => a - b);
      const at = (share) => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? '-';
      return `${kind}s late by ${at(0.5)} ms in the median, ${at(0.99)} at 99 %, ${at(1)} at most`;
    });
  }
}
