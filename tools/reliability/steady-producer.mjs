// The parent's side of programs/producer.mjs: rates over stretches of time.
import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('programs/producer.mjs', import.meta.url));
const PER_SECOND = 1_000;

export class SteadyProducer {
  #child;
  #latest = { acked: 0, slowestMs: 0 };
  #slowestMs = 0;

  /** Resolves when the first messages were acknowledged. */
  static async start(address, topic) {
    const producer = new SteadyProducer();
    producer.#child = fork(program, [address, topic, String(PER_SECOND)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    producer.#child.on('message', (facts) => {
      producer.#latest = facts;
      producer.#slowestMs = Math.max(producer.#slowestMs, facts.slowestMs);
    });
    producer.#child.on('exit', (code) => (producer.#latest.failure ??= `its process ended (${code})`));
    while (producer.acked === 0 && producer.failure === undefined) await sleep(50);
    return producer;
  }

  get acked() {
    return this.#latest.acked;
  }

  /** Why it stopped; undefined while it goes on. */
  get failure() {
    return this.#latest.failure;
  }

  /** Acknowledgements a second, and the slowest one, while `work` goes on; at least `leastMs` long. */
  async during(leastMs, work = Promise.resolve()) {
    const [from, startedAt] = [this.acked, performance.now()];
    this.#slowestMs = 0;
    await Promise.all([sleep(leastMs), work]);
    return {
      rate: ((this.acked - from) * 1000) / (performance.now() - startedAt),
      slowestMs: this.#slowestMs,
    };
  }

  stop() {
    this.#child.disconnect?.();
  }
}
