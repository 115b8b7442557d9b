// The first minute as a newcomer lives it, and each of the ways it can go wrong.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runStandalone } from './run-standalone.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mq-standalone-'));
});

afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command and asks it to stop once it says that Ctrl-C would. */
async function runOnce(...args: string[]) {
  const lines: string[] = [];
  const errors: string[] = [];
  let stop: () => void = () => undefined;
  const code = await runStandalone(args, {
    out: (line) => {
      lines.push(line);
      if (line.startsWith('Ctrl-C')) stop();
    },
    err: (line) => errors.push(line),
    stopRequested: () => new Promise<void>((resolve) => (stop = resolve)),
  });
  return { code, output: lines.join('').trimEnd(), errors };
}

const anyPorts = () => ['--data', join(folder, 'data'), '--namesrv-port', '0', '--broker-port', '0'];

test('a first start serves, sends, receives, says what to do next and stops cleanly', async () => {
  const { code, output, errors } = await runOnce(...anyPorts());
  expect(errors).toEqual([]);
  expect(code).toBe(0);
  expect(output).toMatch(/are serving \(after \d+ ms\)/);
  expect(output.match(/^ {2}sent /gm)).toHaveLength(5);
  expect(output.match(/^ {2}received .*"Hello, mq! \(\d of 5\)"$/gm)).toHaveLength(5);
  expect(output).toMatch(/Point a client at +127\.0\.0\.1:\d+/);
  expect(output).toMatch(/Stopped\.$/);
});

test('a second start finds the messages of the first', async () => {
  await runOnce(...anyPorts());
  const { code, output } = await runOnce(...anyPorts());
  expect(code).toBe(0);
  expect(output).toContain('5 messages of earlier starts are still there');
});

test.each([
  ['an unknown flag', ['--nonsense'], /'--nonsense'.*--help/],
  [
    'a port that is none',
    ['--broker-port', 'ten'],
    /--broker-port must be a port from 0 to 65535, got "ten"/,
  ],
])('%s is told in one sentence', async (_name, args, sentence) => {
  const { code, errors } = await runOnce(...args);
  expect(code).toBe(1);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(sentence);
});

test.each(['--namesrv-port', '--broker-port'])('a port in use (%s) is told in one sentence', async (flag) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  try {
    const { code, errors } = await runOnce(...anyPorts(), flag, String(port));
    expect(code).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(new RegExp(`${port}.*in use|in use.*${port}`));
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
});

test.each(['file', '/proc/nowhere'])(
  'a data folder that cannot be one (%s) is told in one sentence',
  async (place) => {
    const file = resolve(folder, place);
    if (place === 'file') writeFileSync(file, '');
    const { code, errors } = await runOnce(
      '--data',
      join(file, 'data'),
      '--namesrv-port',
      '0',
      '--broker-port',
      '0',
    );
    expect(code).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(file);
  },
);
