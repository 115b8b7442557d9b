// `npm run interop`: Apache's own programs against ours, and ours against Apache's. Installs what it needs first.
// Arguments select suites: `npm run interop -- mqadmin`.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { buildApp, buildPackages, recordResults, root, setUp } from '../workspace.mjs';
import { installAliOns } from './lib/ali-ons.mjs';
import { APACHE_VERSIONS, installApache } from './lib/apache.mjs';
import { archiveClasses } from './lib/class-archive.mjs';

/** Suites at a time: they wait for their programs more than they compute. */
const LANES = 2;
const TIMEOUT_MS = 20 * 60_000;
/** They begin first, so that no lane runs alone at the end. */
const LONG = [
  'store-directories',
  'dead-letters',
  'clients',
  'consumers',
  'limits',
  'pop',
  'transactions',
  'delayed',
];

const selected = process.argv.slice(2);
const startedAt = performance.now();

setUp();
for (const version of APACHE_VERSIONS) {
  console.log(`== Apache RocketMQ ${version}`);
  installApache(version);
}
await Promise.all(APACHE_VERSIONS.map(archiveClasses));
console.log('== ali-ons');
installAliOns();
buildApp('nameserver', 'mqnamesrv.js');
buildApp('broker', 'mqbroker.js');
buildApp('mqadmin', 'mqadmin.js');
buildPackages(['client', 'remoting', 'filtersrv']);

const suites = join(fileURLToPath(new URL('.', import.meta.url)), 'suites');
const files = readdirSync(suites)
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => basename(name, '.mjs'))
  .filter((suite) => selected.length === 0 || selected.includes(suite))
  .sort((a, b) => place(a) - place(b))
  .map((suite) => join(suites, `${suite}.mjs`));
if (files.length === 0) throw new Error(`no such suite: ${selected.join(' ')}`);
process.chdir(root);

const counts = { passed: 0, failed: 0, skipped: 0 };
const stream = runTests({ files, concurrency: LANES, timeout: TIMEOUT_MS });
stream.on('test:pass', ({ details, name, skip, todo }) => {
  if (details.type === 'suite' || files.includes(name)) return;
  if (skip !== undefined || todo !== undefined) counts.skipped++;
  else counts.passed++;
});
// Also a hook, and a file that ended early or took too long.
stream.on('test:fail', ({ details }) => {
  if (details.error?.failureType !== 'subtestsFailed') counts.failed++;
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  recordResults('interop', counts);
  const { passed, failed, skipped } = counts;
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`interop: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
});

function place(suite) {
  const index = LONG.indexOf(suite);
  return index < 0 ? LONG.length : index;
}
