// What was sent to be failed so and so often, and what became of it. Bodies are `<name>:<failures>`.
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { RequestCode } = await importSource('@mq/remoting/protocol');

export class RetryLedger {
  /** Bodies that were acknowledged to their producer. */
  sent = new Set();
  consumed = new Set();
  duplicates = 0;
  attempts = 0;
  dead = new Set();
  deadAgain = 0;
  /** body → how often its handler was called. */
  #attemptsOf = new Map();
  #deadLetterTopic;
  /** The first dead letter that was not read yet. */
  #nextDead = 0;
  #allowed;

  /** @param retries attempts after the first */
  constructor(group, retries) {
    this.#deadLetterTopic = `%DLQ%${group}`;
    this.#allowed = retries + 1;
  }

  note({ outcome, body }) {
    this.attempts++;
    this.#attemptsOf.set(body, (this.#attemptsOf.get(body) ?? 0) + 1);
    if (outcome === 'failed') return;
    if (this.consumed.has(body)) this.duplicates++;
    this.consumed.add(body);
  }

  /** Reads what has come since; the topic need not be there yet. */
  async readDeadLetters(address) {
    const client = rawClient();
    try {
      const topic = this.#deadLetterTopic;
      const end = await client.offset(address, RequestCode.GET_MAX_OFFSET, topic, 0);
      if (end === this.#nextDead) return;
      for (const { body } of await client.readQueue(address, topic, 0, this.#nextDead)) {
        if (this.dead.has(body)) this.deadAgain++;
        this.dead.add(body);
        this.#nextDead++;
      }
    } finally {
      await client.close();
    }
  }

  /** Acknowledged, and neither consumed nor a dead letter, whichever it should be. */
  lost() {
    return [...this.sent].filter((body) => !(this.#isDoomed(body) ? this.dead : this.consumed).has(body));
  }

  /** Dead letters that had attempts left, or would have been consumed, as sentences. */
  buriedAlive() {
    const found = [];
    for (const body of this.dead) {
      const attempts = this.#attemptsOf.get(body) ?? 0;
      if (!this.#isDoomed(body))
        found.push(`${body} is a dead letter after ${attempts} attempts, though it need not fail again`);
      else if (attempts < this.#allowed)
        found.push(`${body} is a dead letter after ${attempts} of ${this.#allowed} attempts`);
    }
    return found;
  }

  #isDoomed(body) {
    return Number(body.slice(body.indexOf(':') + 1)) >= this.#allowed;
  }
}
