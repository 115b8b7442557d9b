import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { undocumentedExports } from './docstrings.mjs';

const folder = mkdtempSync(join(tmpdir(), 'mq-docstrings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

write(
  'a/package.json',
  JSON.stringify({
    name: 'a',
    exports: { '.': entry('index'), './more': entry('more'), './members': entry('members') },
  }),
);
write('a/src/index.ts', `export * from './names.js'; export { shared } from '../../b/src/index.js';`);
write('a/src/more.ts', `export { told, untold } from './names.js';\nexport type Late = string;`);
write(
  'a/src/names.ts',
  `/** What it is. */
export const told = 1;
export const untold = 2;
/** @throws RangeError */
export function onlyTags(): void {}
/** Both ends: words that no editor shows for either. */
export const { in: untold1, out: untold2 } = { in: 1, out: 2 };
const hidden = 3;
export interface Merged {}
/** One word is enough for both. */
export const Merged = hidden;
`,
);
write(
  'a/src/members.ts',
  `interface Plan {
  /** From a base. */
  inherited(): void;
}
/** What it is. */
export class Owner implements Plan {
  /** Said. */
  said = 1;
  unsaid = 2;
  static unsaidOfAll = 3;
  private hidden = 4;
  #hidden = 5;
  constructor(readonly given: number) {}
  inherited(): void {}
  get unread(): number { return this.#hidden + this.hidden; }
  [Symbol.iterator](): void {}
}
/** What it is. */
export interface Facts { unsaid: number; [more: string]: number }
/** What it is. */
export type Shape = { unsaid: number };
`,
);
write(
  'b/package.json',
  JSON.stringify({ name: 'b', exports: { '.': entry('index'), './package.json': 'x' } }),
);
write('b/src/index.ts', `export class shared {}`);

test('names without words are listed once, with their places, for the package that declares them', () => {
  const undocumented = undocumentedExports(folder);
  expect([...undocumented.keys()]).toEqual(['a', 'b']);
  expect(undocumented.get('a').filter((line) => !line.includes('members.ts'))).toEqual([
    expect.stringMatching(/a\/src\/more\.ts:2 {2}Late$/),
    expect.stringMatching(/a\/src\/names\.ts:3 {2}untold$/),
    expect.stringMatching(/a\/src\/names\.ts:5 {2}onlyTags$/),
    expect.stringMatching(/a\/src\/names\.ts:7 {2}untold1$/),
    expect.stringMatching(/a\/src\/names\.ts:7 {2}untold2$/),
  ]);
  expect(undocumented.get('b')).toEqual([expect.stringMatching(/b\/src\/index\.ts:1 {2}shared$/)]);
});

test('members that somebody can use need words as well, their own or those of a base', () => {
  const members = undocumentedExports(folder)
    .get('a')
    .filter((line) => line.includes('members.ts'))
    .map((line) => line.split('  ')[1]);
  expect(members.sort()).toEqual([
    'Facts.unsaid',
    'Owner.given',
    'Owner.unread',
    'Owner.unsaid',
    'Owner.unsaidOfAll',
    'Shape.unsaid',
  ]);
});

test('a package that names no sources is an error, not a package without problems', () => {
  write('c/package.json', JSON.stringify({ name: 'c', exports: { '.': './dist/index.js' } }));
  expect(() => undocumentedExports(folder)).toThrow('c names no sources under @mq/source');
});

function entry(name) {
  return { '@mq/source': `./src/${name}.ts`, import: `./dist/${name}.js` };
}

function write(path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
