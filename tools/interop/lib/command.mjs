// Runs a program to its end with a deadline; everything it printed comes back, also when it fails.
import { spawn, spawnSync } from 'node:child_process';

/** Runs a set-up command, output shown; throws with the command's name when it fails. */
export function runOrThrow(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (error?.code === 'ENOENT')
    throw new Error(`${command} is needed for the interop suite and is not installed`);
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${status}`);
}

/** Runs a program; resolves with { code, stdout, stderr }. A program that exceeds `timeoutMs` is killed: code is null. */
export function runToEnd(command, args, { timeoutMs = 300_000, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(deadline);
      resolve({ code, ...output });
    });
  });
}
