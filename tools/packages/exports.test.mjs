import { packedFileProblems, targetsOf } from './exports.mjs';

const manifest = {
  main: './dist/index.cjs',
  types: './dist/index.d.ts',
  bin: { tool: './dist/bin.js' },
  exports: {
    '.': {
      import: { types: './dist/index.d.ts', default: './dist/index.js' },
      require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
    },
    './package.json': './package.json',
  },
};
const complete = [
  'LICENSE',
  'README.md',
  'package.json',
  ...['index.js', 'index.cjs', 'index.d.ts', 'index.d.cts', 'bin.js'].map((file) => `dist/${file}`),
];

test('the public paths are the exports but for package.json', () => {
  expect(targetsOf(manifest).map(({ subpath }) => subpath)).toEqual(['.']);
});

test('a tarball with all that was promised has no problems', () => {
  expect(packedFileProblems(manifest, complete)).toEqual([]);
});

test.each(complete.filter((file) => file !== 'package.json'))('a tarball without %s is reported', (file) => {
  expect(
    packedFileProblems(
      manifest,
      complete.filter((each) => each !== file),
    ),
  ).toEqual([`missing: ${file}`]);
});

test.each(['src/a.test.ts', 'out-tsc/tsconfig.tsbuildinfo', 'test/helper.ts'])(
  '%s does not belong into a tarball',
  (file) => {
    expect(packedFileProblems(manifest, [...complete, file])).toEqual([`does not belong: ${file}`]);
  },
);
