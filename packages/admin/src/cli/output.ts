import type { MqadminHost } from './mqadmin-host.js';
import { printf, type Printable } from './printf.js';

/** Where a command prints. Problems of parts of it are told beside the result, and count in the exit code. */
export class Output {
  #hasProblems = false;

  constructor(private readonly host: Pick<MqadminHost, 'out' | 'err'>) {}

  get hasProblems(): boolean {
    return this.#hasProblems;
  }

  /** Prints a pattern of `printf` and ends the line. */
  line(pattern = '', ...values: readonly Printable[]): void {
    this.host.out(`${printf(pattern, ...values)}\n`);
  }

  /** Prints text as it is. */
  text(text: string): void {
    this.host.out(text);
  }

  /** Part of the command failed; the rest goes on. */
  problem(sentence: string): void {
    this.#hasProblems = true;
    this.host.err(`mqadmin: ${sentence}\n`);
  }
}
