// What was acknowledged, and whether a broker still has it: the judge of every campaign.

/** Acknowledged messages by queue. A send without an answer is indefinite: it may be there or not, once or not at all. */
export class Journal {
  /** queueId -> (queueOffset -> body) */
  acked = new Map();
  ackedCount = 0;

  acknowledge(queueId, queueOffset, body) {
    let queue = this.acked.get(queueId);
    if (queue === undefined) this.acked.set(queueId, (queue = new Map()));
    const other = queue.get(queueOffset);
    if (other !== undefined)
      throw new Error(
        `two acknowledgements for offset ${queueOffset} of queue ${queueId}: ${other} and ${body}`,
      );
    queue.set(queueOffset, body);
    this.ackedCount++;
  }

  /** Every acknowledged body. */
  bodies() {
    return [...this.acked.values()].flatMap((queue) => [...queue.values()]);
  }

  /**
   * Compares one queue, read whole from `from` on, with what was acknowledged. Returns sentences; none means that
   * nothing is lost, changed, repeated or out of place, and that offsets have no hole.
   */
  violations(queueId, from, records) {
    const found = [];
    const queue = this.acked.get(queueId) ?? new Map();
    let next = from;
    const bodies = new Set();
    for (const { queueOffset, body } of records) {
      if (queueOffset !== next)
        found.push(`hole in queue ${queueId}: offset ${queueOffset} after ${next - 1}`);
      next = queueOffset + 1;
      const wanted = queue.get(queueOffset);
      if (wanted !== undefined && wanted !== body)
        found.push(`offset ${queueOffset} of queue ${queueId} holds ${body}, acknowledged was ${wanted}`);
      if (bodies.has(body)) found.push(`${body} is in queue ${queueId} twice`);
      bodies.add(body);
    }
    for (const [queueOffset, body] of queue) {
      if (queueOffset >= next)
        found.push(
          `acknowledged ${body} at offset ${queueOffset} of queue ${queueId} is lost (queue ends at ${next})`,
        );
    }
    return found;
  }
}
