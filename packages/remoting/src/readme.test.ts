import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as remoting from './index.js';

test('the example of the README runs and prints what it says', async () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  const example = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
  const expected = / \/\/ (.*)$/m.exec(example)![1]!;
  const [importLine = '', ...lines] = example.split('\n');
  const names = /\{ (.*) \}/.exec(importLine)![1]!;
  const printed: string[] = [];
  const run = new Function(
    'remoting',
    'console',
    `return (async () => { const { ${names} } = remoting; ${lines.join('\n')} })()`,
  ) as (library: typeof remoting, console: { log: (...parts: unknown[]) => void }) => Promise<void>;
  await run(remoting, { log: (...parts) => void printed.push(parts.join(' ')) });
  expect(printed).toEqual([expected]);
});
