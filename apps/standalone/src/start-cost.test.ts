// What `npm start` costs once built: the one file of the app, started as a user starts it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const MEMORY_LIMIT_MIB = 150;
const WORK_LIMIT_MS = 1_000;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mq-start-'));
  await build({
    entryPoints: [join(__dirname, 'main.ts')],
    outfile: join(folder, 'standalone.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@mq/source'],
    external: ['lz4-napi', '@bokuweb/zstd-wasm', 'msgpackr-extract'],
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
    logLevel: 'error',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a start serves within a second of work, stays small through the first minute, and ends cleanly', async () => {
  const { output, exitCode, workMs, residentMiB } = await start();
  expect(output).toContain('are serving');
  expect(exitCode).toBe(0);
  expect(existsSync(join(folder, 'data', 'store', 'abort'))).toBe(false);
  if (workMs !== undefined) expect(workMs).toBeLessThan(WORK_LIMIT_MS);
  if (residentMiB !== undefined) expect(residentMiB).toBeLessThan(MEMORY_LIMIT_MIB);
});

interface Started {
  readonly output: string;
  readonly exitCode: number | null;
  /** Processor time until it served, where the system tells: how long that takes when nobody else wants the processor. */
  readonly workMs: number | undefined;
  /** After the first conversation, where the system tells. */
  readonly residentMiB: number | undefined;
}

function start(): Promise<Started> {
  const args = ['--data', join(folder, 'data'), '--namesrv-port', '0', '--broker-port', '0'];
  const child = spawn(process.execPath, [join(folder, 'standalone.mjs'), ...args]);
  let output = '';
  let isStopping = false;
  let workMs: number | undefined;
  let residentMiB: number | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('are serving')) workMs ??= processorMs(child.pid ?? 0);
    if (isStopping || !output.includes('Ctrl-C stops both')) return;
    isStopping = true;
    residentMiB = residentMemoryMiB(child.pid ?? 0);
    child.kill('SIGTERM');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve({ output, exitCode, workMs, residentMiB }));
  });
}

/** utime and stime of proc(5), counted in hundredths of a second. */
function processorMs(pid: number): number | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMemoryMiB(pid: number): number | undefined {
  const status = textOf(`/proc/${pid}/status`);
  return status === undefined ? undefined : Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

const textOf = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined;
