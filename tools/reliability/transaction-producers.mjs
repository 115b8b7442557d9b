// Producers of transactions in processes of their own, to be killed; the decisions are kept here, as a database would.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('programs/transaction-producer.mjs', import.meta.url));
const PRODUCERS = 2;

/** The processes, and what they have decided. */
export class TransactionProducers {
  /** message -> COMMIT | ROLLBACK, the first word that came */
  decisions = new Map();
  failedSends = 0;
  #children = [];
  #args;

  /** @param honest false: they commit whatever they are asked about */
  constructor(nameServer, group, topic, honest) {
    this.#args = [nameServer.address, group, topic, String(honest)];
  }

  /** Starts those that are missing; all send from now on. */
  async start() {
    while (this.#children.length < PRODUCERS) {
      const child = fork(program, this.#args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      this.#children.push(child);
      const ready = new Promise((resolve, reject) => {
        child.on('message', (message) => (message === 'ready' ? resolve() : this.#hear(child, message)));
        child.once('exit', (code) => reject(new Error(`a producer ended with ${code}`)));
      });
      await ready;
    }
    for (const child of this.#children) child.send('start');
  }

  /** No new transactions; checks are answered on. */
  pause() {
    for (const child of this.#children) child.send('stop');
  }

  /** Kills one of them, and forgets it. */
  async kill() {
    const child = this.#children.shift();
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async stop() {
    while (this.#children.length > 0) await this.kill();
  }

  #hear(child, { question, id, wanted, failed }) {
    if (failed !== undefined) {
      this.failedSends += failed;
      return;
    }
    const decision = this.decisions.get(id) ?? wanted;
    this.decisions.set(id, decision);
    if (child.connected) child.send({ question, decision }, () => undefined);
  }
}
