// What was stored of a topic that is popped, and what became of it.

/** Messages by their body. */
export class PopLedger {
  /** Acknowledged to their producer. */
  sent = new Set();
  /** How often each was given to the group. */
  given = new Map();
  acked = new Set();
  /** Acknowledgements whose answer never came: they may count. */
  unknown = new Set();
  duplicates = 0;
  afterAck = 0;
  jumps = [];
  #isOrdered;
  /** Queue → highest offset given so far. */
  #tops = new Map();

  constructor(isOrdered) {
    this.#isOrdered = isOrdered;
  }

  take({ body, queueId, queueOffset }) {
    const text = body.toString();
    const times = (this.given.get(text) ?? 0) + 1;
    this.given.set(text, times);
    if (times > 1) this.duplicates++;
    if (this.acked.has(text)) this.afterAck++;
    if (!this.#isOrdered) return;
    const top = this.#tops.get(queueId) ?? -1;
    if (queueOffset > top + 1) this.jumps.push(`queue ${queueId} jumps from ${top} to ${queueOffset}`);
    this.#tops.set(queueId, Math.max(top, queueOffset));
  }

  unfinished() {
    return [...this.sent].filter((body) => !this.acked.has(body) && !this.unknown.has(body));
  }

  lost() {
    return [...this.sent].filter((body) => !this.given.has(body));
  }

  /** Given once, not acknowledged, and not given again. */
  stuck() {
    return this.unfinished().filter((body) => this.given.has(body));
  }

  violations() {
    const [lost, stuck] = [this.lost(), this.stuck()];
    return [
      ...(lost.length > 0 ? [`${lost.length} messages were never given, as ${lost[0]}`] : []),
      ...(stuck.length > 0 ? [`${stuck.length} were not given again, as ${stuck[0]}`] : []),
      ...this.jumps.slice(0, 5),
    ];
  }
}
