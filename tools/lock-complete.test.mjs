import { missingOptionalPackages } from './lock-complete.mjs';

const wants = (name) => ({ optionalDependencies: { [name]: '1.0.0' } });

test('an optional package is found where Node would look for it', () => {
  for (const place of ['node_modules/a/node_modules/a-mac', 'node_modules/a-mac']) {
    expect(missingOptionalPackages({ packages: { 'node_modules/a': wants('a-mac'), [place]: {} } })).toEqual(
      [],
    );
  }
  const workspace = { '': {}, 'packages/p': wants('@s/b-mac'), 'node_modules/@s/b-mac': {} };
  expect(missingOptionalPackages({ packages: workspace })).toEqual([]);
});

test('an optional package that is nowhere, or in a neighbour only, is missing', () => {
  const packages = { 'node_modules/a': wants('a-mac'), 'node_modules/b/node_modules/a-mac': {} };
  expect(missingOptionalPackages({ packages })).toEqual([
    { name: 'a-mac', range: '1.0.0', wantedBy: 'node_modules/a' },
  ]);
});

test('what the workspace itself wants is looked for as well', () => {
  expect(missingOptionalPackages({ packages: { '': wants('a') } })).toEqual([
    { name: 'a', range: '1.0.0', wantedBy: 'the workspace' },
  ]);
});
