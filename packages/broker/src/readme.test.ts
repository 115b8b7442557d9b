import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@mq/remoting';
import { BrokerConfiguration, BrokerController } from './index.js';

const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');

test('the example of the README starts a broker', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mq-readme-'));
  try {
    const script = (/```ts\n([^]*?)```/.exec(readme)?.[1] ?? '')
      .replaceAll(/^import .*$/gm, '')
      .replace("'./store'", JSON.stringify(join(directory, 'store')))
      .replace('await using', 'const')
      .concat('await broker.close();');
    const names = ['BrokerConfiguration', 'BrokerController', 'consoleLogger', 'console'];
    const AsyncFunction = (async () => undefined).constructor as new (
      ...args: string[]
    ) => (...args: unknown[]) => Promise<void>;
    const lines: string[] = [];
    const log = { log: (line: string) => void lines.push(line) };
    await new AsyncFunction(...names, script)(BrokerConfiguration, BrokerController, () => silentLogger, log);
    expect(lines).toEqual([expect.stringMatching(/^serving at 127\.0\.0\.1:\d+$/)]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('the TLS settings of the README are settings', () => {
  const file = /```properties\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const given = file
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('=', 2) as [string, string]);
  expect(given.length).toBeGreaterThan(5);
  const { unknown, problems } = BrokerConfiguration.parse(new Map(given));
  expect([unknown, problems]).toEqual([[], []]);
});
