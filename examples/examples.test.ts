// Runs every example the way its README says, against our own NameServer and Broker.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger } from '@mq/remoting';
// eslint-disable-next-line @nx/enforce-module-boundaries -- the examples know only the client; their test needs servers
import { startStandalone, type Standalone } from '../apps/standalone/src/standalone.js';

const run = promisify(execFile);
const examples = readdirSync(__dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

/** What an example must have printed; each example has an entry, so that a new one cannot be forgotten. */
const EXPECTED: Readonly<Record<string, readonly RegExp[]>> = {
  'batch-producer': [/^sent 1000 messages in \d+ requests$/m],
  'broadcasting-consumer': [/^node-1: reload your settings$/m, /^node-2: reload your settings$/m],
  'delayed-producer': [/^received after (9\d\d|[1-9]\d{3}) ms$/m],
  'filter-by-tag': [/^created: /m, /^deleted: /m],
  'filter-by-sql': [/^large: 500 from eu$/m, /^large: 700 from us$/m],
  'lite-pull-consumer': [/^report 1$/m, /^report 3$/m, /^committed in \d queues$/m],
  'message-iterator': [/line 1$/m, /line 3$/m, /line 5$/m],
  'oneway-producer': [/^handed 1000 messages/m],
  'ordered-producer': [/^order-3 shipped: queue \d, offset \d+$/m],
  'orderly-consumer': [/order-1 created[^]*order-1 paid: not now[^]*order-1 paid \([^]*order-1 shipped/m],
  'pop-consumer': [/done: task 1$/m, /done: task 3$/m, /done: task 5$/m],
  'pull-consumer': [/row 1$/m, /row 5$/m],
  'push-consumer': [/^task 5 from queue \d$/m, /unfinishedMessages: 0/],
  'request-reply': [/^you said "hello"$/m],
  'retry-consumer': [/^attempt 1$/m, /^attempt 2$/m],
  'selector-producer': [/^customer 5: queue 1$/m],
  'simple-producer': [/^SEND_OK /m],
  'timer-producer': [/^this broker allows no recalls$/m, /^received after (1[5-9]\d\d|[2-9]\d{3}) ms$/m],
  'traced-producer': [/^example-trace sent 7 bytes to ExampleTrace: success true$/m],
  'transaction-producer': [/^order-2: ROLLBACK$/m, /^consumers see order-1 and order-3$/m],
};

let servers: Standalone;
let dataDir: string;
const outputs = new Map<string, Promise<string>>();

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'mq-examples-'));
  servers = await startStandalone({
    dataDir,
    namesrvPort: 0,
    brokerPort: 0,
    host: '127.0.0.1',
    logger: silentLogger,
  });
  // A few at the same time: most of an example's life is starting.
  let last: Promise<unknown>[] = [Promise.resolve(), Promise.resolve(), Promise.resolve()];
  for (const [at, example] of examples.entries()) {
    const lane = at % last.length;
    const output = (last[lane] as Promise<unknown>).then(() => runExample(example));
    outputs.set(example, output);
    last = last.with(
      lane,
      output.catch(() => undefined),
    );
  }
});

afterAll(async () => {
  await Promise.allSettled(outputs.values());
  await servers.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function runExample(example: string): Promise<string> {
  const { stdout } = await run(process.execPath, [join(__dirname, 'run.mjs'), example], {
    env: { ...process.env, NAMESRV_ADDR: servers.nameServer },
    timeout: 25_000,
  });
  return stdout;
}

describe('an example', () => {
  test.each(examples)('%s prints what it did and ends', async (example) => {
    const output = await outputs.get(example);
    expect(EXPECTED[example]).toBeDefined();
    for (const expected of EXPECTED[example] ?? []) expect(output).toMatch(expected);
  });

  test.each(examples)('%s is short', (example) => {
    expect(readFileSync(join(__dirname, `${example}.ts`), 'utf8').split('\n').length).toBeLessThan(60);
  });

  test('each is in the README', () => {
    const readme = readFileSync(join(__dirname, 'README.md'), 'utf8');
    for (const example of examples) expect(readme).toContain(`\`${example}\``);
  });
});
