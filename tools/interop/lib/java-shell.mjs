// JVMs that run one program after the other (java/Shell.java): starting one takes longer than what most programs do.
import { spawn } from 'node:child_process';

/** Version of the release → JVMs that do nothing now. */
const idle = new Map();

/**
 * Runs a program in a JVM of the release that is idle, or in a new one; resolves with { code, stdout, stderr }. A program that
 * exceeds `timeoutMs` takes its JVM with it: code is null.
 */
export async function runInShell(version, command, words, timeoutMs) {
  const shells = (idle.get(version) ?? []).filter(({ isAlive }) => isAlive);
  const shell = shells.pop() ?? new Shell(command());
  idle.set(version, shells);
  const result = await shell.run(words, timeoutMs);
  idle.get(version).push(shell);
  return result;
}

class Shell {
  isAlive = true;
  #child;
  #received = [];
  #answered;

  constructor([command, args]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout.on('data', (chunk) => {
      this.#received.push(chunk);
      this.#answer();
    });
    // That it is gone is told by its end.
    this.#child.stdin.on('error', () => undefined);
    let problems = '';
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (problems += text));
    this.#child.on('error', (error) => (problems += error.message));
    this.#child.on('close', (code) => this.#end({ code, stdout: '', stderr: problems }));
    // It ends when its standard input does, with this process.
    for (const handle of [this.#child, ...this.#child.stdio]) handle.unref();
  }

  run(words, timeoutMs) {
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs);
    return new Promise((resolve) => {
      this.#answered = (result) => {
        clearTimeout(deadline);
        resolve(result);
      };
      this.#child.stdin.write(`${words.join('\t')}\n`);
    });
  }

  /** An answer is a line with the exit code and two sizes, and the bytes of that size. */
  #answer() {
    const received = Buffer.concat(this.#received);
    this.#received = [received];
    const start = received.indexOf('\n') + 1;
    const [code, out, err] = received.toString('latin1', 0, start).split(' ').map(Number);
    if (start === 0 || received.length < start + out + err) return;
    this.#received = [];
    this.#answered({
      code,
      stdout: received.toString('utf8', start, start + out),
      stderr: received.toString('utf8', start + out),
    });
  }

  #end(result) {
    this.isAlive = false;
    this.#answered?.(result);
  }
}
