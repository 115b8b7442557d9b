// The campaigns at the size that every change is put through, one line each, from the sources as they are when it begins. Their
// counts go where the closing line of the tests adds them up.
//   node tools/reliability/ci.mjs [--seed 1] [--only name,name]
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { recordResults } from '../workspace.mjs';
import { sourceFile } from './sources.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** No campaign of this size takes longer on a machine that has something else to do as well. */
const LIMIT_MS = 12 * 60_000;

/** Those of a lane run one after the other, the lanes side by side: the first computes, the others mostly wait. */
const LANES = [
  [
    { name: 'fuzz-decoders', args: ['--inputs', '2000000'] },
    { name: 'crash-states', args: ['--states', '20000'] },
    { name: 'crash-states', args: ['--states', '5000', '--midway'] },
    { name: 'disk-faults', args: ['--points', '100'] },
    { name: 'bit-flips', args: ['--flips', '2000'] },
    { name: 'fuzz-servers', args: ['--inputs', '20000'] },
  ],
  [
    { name: 'soak', args: ['--minutes', '3'] },
    { name: 'rebalance-storms', args: ['--events', '6'] },
    { name: 'power-cut', args: ['--cuts', '20', '--flush', 'sync'] },
    { name: 'writeback-failure', args: ['--runs', '5'] },
    { name: 'syscall-faults', args: ['--points', '7'] },
  ],
  [
    { name: 'kill-cycles', args: ['--cycles', '25'] },
    { name: 'transactions', args: ['--cycles', '10', '--flush', 'async'] },
    { name: 'delayed', args: ['--cycles', '10'] },
    { name: 'pop', args: ['--cycles', '10'] },
    { name: 'ordered', args: ['--cycles', '10'] },
    { name: 'retries', args: ['--cycles', '10'] },
  ],
];
/** What takes all a machine has. */
const ALONE = [{ name: 'floods', args: ['--size', 'ci'] }];

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, only: { type: 'string', default: '' } },
});
const only = values.only.split(',').filter(Boolean);
const results = { passed: 0, failed: 0, skipped: 0 };

async function lane(campaigns) {
  for (const { name, args } of campaigns) if (only.length === 0 || only.includes(name)) await run(name, args);
}

async function run(name, args) {
  const startedAt = performance.now();
  const { code, output, errors } = await ended(
    spawn(process.execPath, [join(here, `${name}.mjs`), ...args, '--seed', values.seed], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    }),
  );
  const lines = output.trim().split('\n');
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  if (code !== 0) {
    results.failed++;
    console.log(`FAIL ${name} (${seconds} s, exit code ${code})`);
    for (const line of [...lines, ...errors.trim().split('\n')]) console.log(`  ${line}`);
    return;
  }
  const isSkipped = lines.length === 1 && / skipped, /.test(lines[0]);
  results[isSkipped ? 'skipped' : 'passed']++;
  console.log(`${isSkipped ? 'skip' : 'ok  '} ${name} (${seconds} s): ${lines.join('; ')}`);
}

function ended(child) {
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output, errors })));
}

console.log('\n== reliability campaigns');
// One bundle for all of them, whatever is edited meanwhile.
await Promise.all(['@mq/store', 'mqbroker', 'mqnamesrv'].map(sourceFile));
await Promise.all(LANES.map(lane));
await lane(ALONE);
recordResults('reliability', results);
process.exitCode = results.failed > 0 ? 1 : 0;
