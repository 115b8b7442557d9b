// A consumer of programs/ in a process of its own, to be killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export class ConsumerProcess {
  #child;
  #exited;

  /**
   * Starts `programs/<program>.mjs`; resolves when it says `ready`, or has ended.
   * @param hear is given the process and the words of each other line it writes
   */
  static async start(program, args, hear) {
    const consumer = new ConsumerProcess();
    const file = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url));
    const child = spawn(process.execPath, [file, ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    consumer.#child = child;
    consumer.#exited = once(child, 'exit');
    const ready = new Promise((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') resolve();
        else hear(consumer, line.split(' '));
      });
    });
    await Promise.race([ready, consumer.#exited]);
    return consumer;
  }

  async end(signal) {
    this.#child.kill(signal);
    await this.#exited;
  }
}
