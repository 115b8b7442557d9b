// The campaigns at the size that every change is put through, one after the other, one line each. Their counts go where the
// closing line of the tests adds them up.
//   node tools/reliability/ci.mjs [--seed 1]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { recordResults } from '../workspace.mjs';
import { serverCampaigns } from './server-campaigns.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** No campaign of this size takes longer on a machine that has something else to do as well. */
const LIMIT_MS = 10 * 60_000;

const CAMPAIGNS = [
  { name: 'crash-states', args: ['--states', '20000'] },
  { name: 'disk-faults', args: ['--points', '100'] },
  { name: 'bit-flips', args: ['--flips', '2000'] },
  { name: 'syscall-faults', args: ['--points', '5'] },
  { name: 'writeback-failure', args: ['--runs', '5'] },
  { name: 'power-cut', args: ['--cuts', '20', '--flush', 'sync'] },
  ...serverCampaigns,
];

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } });
const results = { passed: 0, failed: 0, skipped: 0 };
for (const { name, args } of CAMPAIGNS) {
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(here, `${name}.mjs`), ...args, '--seed', values.seed],
    { encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGTERM' },
  );
  const lines = stdout.trim().split('\n');
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  if (status !== 0) {
    results.failed++;
    console.log(`FAIL ${name} (${seconds} s, exit code ${status})`);
    for (const line of [...lines, ...stderr.trim().split('\n')]) console.log(`  ${line}`);
  } else {
    const isSkipped = lines.length === 1 && / skipped, /.test(lines[0]);
    if (isSkipped) results.skipped++;
    else results.passed++;
    console.log(`${isSkipped ? 'skip' : 'ok  '} ${name} (${seconds} s): ${lines.join('; ')}`);
  }
}
recordResults('reliability', results);
process.exitCode = results.failed > 0 ? 1 : 0;
