// What was sent in order, and in which order a group consumed it. Bodies are `<key>-<number>:<failures>`; the numbers of a key
// rise.

export class OrderLedger {
  /** Bodies that were acknowledged to their producer. */
  sent = new Set();
  consumed = new Set();
  duplicates = 0;
  failures = 0;
  /** Of all processes, as they became known: not quite in the order of their time. */
  #consumptions = [];

  note({ outcome, ...consumption }) {
    if (outcome === 'failed') {
      this.failures++;
      return;
    }
    if (this.consumed.has(consumption.body)) this.duplicates++;
    this.consumed.add(consumption.body);
    this.#consumptions.push(consumption);
  }

  lost() {
    return [...this.sent].filter((body) => !this.consumed.has(body));
  }

  /** Where first consumptions leave the order of their queue or of their key, as sentences. */
  inversions() {
    const found = [];
    const seen = new Set();
    /** queueId → offset that was consumed last; key → body that was. */
    const [queues, keys] = [new Map(), new Map()];
    for (const { queueId, queueOffset, body } of this.#consumptions.sort((a, b) => a.atMs - b.atMs)) {
      if (seen.has(body)) continue;
      seen.add(body);
      const top = queues.get(queueId) ?? -1;
      if (queueOffset !== top + 1)
        found.push(`queue ${queueId} jumps from ${top} to ${queueOffset} (${body})`);
      queues.set(queueId, queueOffset);
      const { key, number } = partsOf(body);
      const last = keys.get(key);
      if (last !== undefined && number < partsOf(last).number) found.push(`${last} overtakes ${body}`);
      keys.set(key, body);
    }
    return found;
  }
}

function partsOf(body) {
  const [key, rest] = body.split('-');
  return { key, number: parseInt(rest, 10) };
}
