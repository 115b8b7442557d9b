import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NamesrvController, namesrvSettings } from './index.js';

test('the example of the README runs', async () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  const script = (/```js\n([^]*?)```/.exec(readme)?.[1] ?? '').replaceAll(/^import .*$/gm, '');
  const AsyncFunction = (async () => undefined).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => Promise<void>;
  const lines: string[] = [];
  const log = { log: (line: string) => void lines.push(line) };
  const run = new AsyncFunction('NamesrvController', 'namesrvSettings', 'console', script);
  await run(NamesrvController, namesrvSettings, log);
  expect(lines).toEqual([expect.stringMatching(/^serving at 127\.0\.0\.1:\d+$/)]);
});
