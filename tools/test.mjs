// `npm test`: set up, check formats, types and layers, run the tests, build, and test the packages as installed.
// With arguments, only the tests that they select: `npm test -- packages/store`.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgetResults, recordResults, root, run, setUp, step, totalResults } from './workspace.mjs';

const selected = process.argv.slice(2);
setUp();
if (selected.length > 0) process.exit(run('npx', ['jest', ...selected]));

forgetResults();
step('lock file', process.execPath, ['tools/lock-complete.mjs']);
step('types', 'npx', ['tsc', '-b']);
step('layers', 'npx', ['nx', 'graph', '--file=.nx/graph.json']);
step('lint', 'npx', ['eslint', '.']);
step('format', 'npx', ['prettier', '--check', '--log-level=warn', '.']);

console.log('\n== tests');
const outputFile = join(root, '.cache', 'jest.json');
mkdirSync(join(root, '.cache'), { recursive: true });
const status = run('npx', ['jest', '--silent', '--json', `--outputFile=${outputFile}`]);
const jest = JSON.parse(readFileSync(outputFile, 'utf8'));
recordResults('jest', {
  passed: jest.numPassedTests,
  failed: jest.numFailedTests + jest.numRuntimeErrorTestSuites,
  skipped: jest.numPendingTests + jest.numTodoTests,
});
if (status !== 0) process.exit(status);

step('build', 'npx', ['nx', 'run-many', '-t', 'build', '--output-style=static']);
step('packages as installed', process.execPath, ['tools/packages/check-packages.mjs']);
const { passed, failed, skipped } = totalResults();
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
