// A broker whose system calls fail: strace makes the n-th call on a log file return EIO, ENOSPC, EROFS or EMFILE. From then
// on nothing is acknowledged (SYNC_FLUSH), sends are refused and the log says why, what was acknowledged is still read,
// and the next start serves all of it and takes messages again. Ends with a control: without a fault nothing is refused.
//   node tools/reliability/syscall-faults.mjs [--points 30] [--seed 1]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../interop/lib/servers.mjs';
import { Load } from './broker-load.mjs';
import { killBrokers, startBroker } from './broker-process.mjs';
import { whyNot } from './machine.mjs';
import { seededRandom } from './random.mjs';
import { sourceFile } from './sources.mjs';

const FILE_BYTES = 256 * 1024;
const log = (store, index) => join(store, 'commitlog', String(index * FILE_BYTES).padStart(20, '0'));
/** A thread pool of one, so that the n-th sync is the n-th sync. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1' };

/** Which call fails, on which file, from which call on at the latest. */
const FAULTS = [
  { call: 'pwrite64', error: 'EIO', file: 0, most: 20 },
  { call: 'pwrite64', error: 'ENOSPC', file: 0, most: 20 },
  { call: 'pwrite64', error: 'EROFS', file: 1, most: 15 },
  { call: 'fdatasync', error: 'EIO', file: 0, most: 20 },
  { call: 'fdatasync', error: 'ENOSPC', file: 1, most: 15 },
  { call: 'ftruncate', error: 'ENOSPC', file: 1, most: 1, mayRecover: true },
  { call: 'openat', error: 'EMFILE', file: 1, most: 1, mayRecover: true },
];

async function runPoint({ fault, when, program }) {
  const folder = mkdtempSync(join(tmpdir(), 'mq-syscall-'));
  const port = await freePort();
  const settings = { flushDiskType: 'SYNC_FLUSH', mappedFileSizeCommitLog: FILE_BYTES };
  const load = new Load();
  const violations = [];
  try {
    // The topic and its first messages come before the fault.
    const first = await startBroker({ folder, port, settings, program });
    await load.createTopic(first.address);
    for (let i = 0; i < 8; i++) await load.one(first.address, i % 4);
    await first.end('SIGTERM');

    const path = fault === undefined ? join(folder, 'nothing') : log(join(folder, 'store'), fault.file);
    const inject =
      fault === undefined
        ? []
        : ['-e', `inject=${fault.call}:error=${fault.error}:when=${when}${fault.mayRecover ? '' : '+'}`];
    const prefix = [
      'strace',
      '-D',
      '-f',
      '-qq',
      '-o',
      join(folder, 'trace'),
      '-e',
      `trace=${fault?.call ?? 'fdatasync'}`,
      '-P',
      path,
      ...inject,
    ];
    const broker = await startBroker({ folder, port, settings, program, prefix, env: ONE_THREAD });
    const timer = setTimeout(() => load.stop(), fault === undefined ? 1500 : 8000);
    await load.run(broker.address);
    clearTimeout(timer);
    const struck = load.refused > 0;
    if (fault !== undefined && !struck && !fault.mayRecover) violations.push('the fault did not strike');
    if (struck && !fault?.mayRecover) {
      if (load.ackedAfterFailure > 0)
        violations.push(`${load.ackedAfterFailure} sends were acknowledged after the failure`);
      const code = await load.one(broker.address, 0);
      if (code === 0) violations.push('a send is acknowledged by a fenced store');
      if (!/no more writes/.test(broker.output())) violations.push('the log does not say why');
      const { violations: unread } = await load.verify(broker.address);
      violations.push(...unread.map((one) => `while fenced: ${one}`));
    }
    await broker.end('SIGKILL');

    const after = await startBroker({ folder, port, settings, program });
    violations.push(
      ...(await load.verify(after.address)).violations.map((one) => `after the restart: ${one}`),
    );
    if ((await load.one(after.address, 1)) !== 0) violations.push('the restarted broker takes no message');
    await after.end('SIGTERM');
    return { acked: load.acked, refused: load.refused, struck, violations };
  } finally {
    await killBrokers();
    await load.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { points: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } },
});
const seed = Number(values.seed);
const reason = whyNot(['strace']);
if (reason !== undefined) {
  console.log(`syscall faults: skipped, ${reason}`);
} else {
  const program = await sourceFile('mqbroker');
  const random = seededRandom(seed);
  const totals = { points: 0, acked: 0, refused: 0, struck: 0 };
  const violations = [];
  for (let point = 0; point < Number(values.points); point++) {
    const fault = FAULTS[point % FAULTS.length];
    const when = 1 + Math.floor(random.next() * fault.most);
    const name = `${fault.call} ${when} of log file ${fault.file} returns ${fault.error}`;
    try {
      const result = await runPoint({ fault, when, program });
      totals.points++;
      totals.acked += result.acked;
      totals.refused += result.refused;
      totals.struck += result.struck ? 1 : 0;
      violations.push(...result.violations.map((one) => `${name}: ${one}`));
    } catch (error) {
      violations.push(`${name}: ${error.stack}`);
    }
  }
  console.log(
    `syscall faults: ${totals.points} points, ${totals.struck} refused sends, ${totals.acked} acknowledged, ${totals.refused} refused, ` +
      `${violations.length} violations, seed ${seed}`,
  );
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  const control = await runPoint({ fault: undefined, when: 0, program });
  const sound = control.refused === 0 && control.acked > 0 && control.violations.length === 0;
  console.log(
    `control (the same without a fault): ${sound ? `nothing refused of ${control.acked}, as it must be` : 'NOT sound'}`,
  );
  for (const violation of control.violations) console.log(`  ${violation}`);
  if (violations.length > 0 || totals.acked === 0 || totals.struck === 0 || !sound) process.exitCode = 1;
}
