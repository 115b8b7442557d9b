// `npm run interop`: Apache's own programs against ours, and ours against Apache's. Installs what it needs first.
// Arguments select suites: `npm run interop -- mqadmin`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { buildApp, recordResults, root, setUp, step } from '../workspace.mjs';
import { installAliOns } from './lib/ali-ons.mjs';
import { APACHE_VERSIONS, installApache } from './lib/apache.mjs';

const selected = process.argv.slice(2);

setUp();
for (const version of APACHE_VERSIONS) {
  console.log(`== Apache RocketMQ ${version}`);
  installApache(version);
}
console.log('== ali-ons');
installAliOns();
buildApp('nameserver', 'mqnamesrv.js');
buildApp('broker', 'mqbroker.js');
buildApp('mqadmin', 'mqadmin.js');
step('building @mq/client and @mq/filtersrv', 'npx', [
  'nx',
  'run-many',
  '-t',
  'build',
  '-p',
  '@mq/client,@mq/remoting,@mq/filtersrv',
  '--output-style=static',
]);

const suites = join(fileURLToPath(new URL('.', import.meta.url)), 'suites');
const files = readdirSync(suites)
  .filter(
    (name) =>
      name.endsWith('.mjs') && (selected.length === 0 || selected.some((word) => name.includes(word))),
  )
  .map((name) => join(suites, name));
process.chdir(root);

const counts = { passed: 0, failed: 0, skipped: 0 };
const stream = runTests({ files, concurrency: 1, timeout: 600_000 });
const isFile = ({ name, details }) =>
  details.type === 'suite' || files.includes(name) || files.some((file) => file.endsWith(name));
stream.on('test:pass', (event) => {
  if (isFile(event)) return;
  if (event.skip !== undefined || event.todo !== undefined) counts.skipped++;
  else counts.passed++;
});
stream.on('test:fail', (event) => {
  if (!isFile(event) || event.details.error?.failureType === 'uncaughtException') counts.failed++;
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  recordResults('interop', counts);
  console.log(`interop: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
});
