// Runs programs and keeps the score.
import { spawn } from 'node:child_process';

/**
 * Runs a program to its end. `problems` is empty for exit code 0, else what it printed.
 * @returns {Promise<{ stdout: string, problems: string[] }>}
 */
export function run(program, args, { cwd }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', (error) => resolve({ stdout, problems: [error.message] }));
    child.on('close', (code, signal) => {
      const printed = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
      resolve({ stdout, problems: code === 0 ? [] : [`exit ${code ?? signal}`, ...printed.slice(0, 60)] });
    });
  });
}

/** Counts checks and prints each as one line, problems indented below it. */
export class Checks {
  #passed = 0;
  #failed = 0;

  /** A check passes when it has no problems; answers whether it did. */
  report(name, problems) {
    if (problems.length === 0) {
      this.#passed++;
      console.log(`ok   ${name}`);
      return true;
    }
    this.#failed++;
    console.log(`FAIL ${name}`);
    for (const problem of problems) console.log(`       ${problem}`);
    return false;
  }

  get counts() {
    return { passed: this.#passed, failed: this.#failed, skipped: 0 };
  }

  /** Prints the score and sets the exit code. Nothing checked is a failure as well. */
  finish() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed > 0 || this.#passed === 0 ? 1 : 0;
  }
}
