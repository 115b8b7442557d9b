// A disk that takes writes into the page cache and cannot keep them: the store lies on an image file in a memory file
// system that is full. The kernel finds out when it writes back, and the sync fails. SYNC_FLUSH then acknowledges nothing
// any more, and everything it acknowledged before is on the disk when that is mounted again with room. Ends with a
// control: with ASYNC_FLUSH the same disk does lose acknowledged messages.
//   node tools/reliability/writeback-failure.mjs [--runs 50] [--server ours|5.3.3] [--seed 1]
import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../interop/lib/servers.mjs';
import { Load } from './broker-load.mjs';
import { killBrokers, OURS, startBroker } from './broker-process.mjs';
import { Mounts, sh, whyNoMounts } from './machine.mjs';
import { seededRandom } from './random.mjs';
import { sourceFile } from './sources.mjs';

const MIB = 1024 * 1024;
const MEMORY_BYTES = 48 * MIB;
/** The image promises more than the memory below it can hold. */
const IMAGE_MIB = 256;

async function run({ server = OURS, program, random, flush }) {
  const mounts = new Mounts();
  const load = new Load();
  const violations = [];
  try {
    const memory = mounts.memory('memory', MEMORY_BYTES);
    const { image, at } = mounts.image('ext4', IMAGE_MIB, {
      dir: memory,
      options: ['-E', 'lazy_itable_init=1,lazy_journal_init=1', '-J', 'size=4'],
    });
    const folder = join(at, 'broker');
    mkdirSync(folder);
    const port = await freePort();
    const settings = {
      flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
      mappedFileSizeCommitLog: 64 * MIB,
      mappedFileSizeConsumeQueue: 200_000,
      maxHashSlotNum: 1000,
      maxIndexNum: 100_000,
      diskSpaceWarningLevelRatio: 90,
    };
    const broker = await startBroker({ server, folder, port, settings, program });
    await load.createTopic(broker.address);
    for (let i = 0; i < 20; i++) await load.one(broker.address, i % 4);
    // Some room is left, so that it fails somewhere in the middle.
    const room = Math.floor((0.3 + 2.7 * random.next()) * MIB);
    fillMemory(memory, room);
    const timer = setTimeout(() => load.stop(), flush === 'sync' ? 15_000 : 4000);
    await load.run(broker.address, { bytes: 4000 });
    clearTimeout(timer);
    const failed = load.refused > 0;
    if (flush === 'sync') {
      if (!failed) violations.push('no sync failed: the disk was not full');
      if (load.ackedAfterFailure > 0)
        violations.push(`${load.ackedAfterFailure} sends were acknowledged after the failure`);
      if (failed && (await load.one(broker.address, 0)) === 0)
        violations.push('a send is acknowledged by a fenced store');
    }
    await broker.end('SIGKILL');
    // What the page cache holds and the disk does not goes with the mount.
    mounts.unmount(at);
    sh('mount', '-o', `remount,size=${2 * MEMORY_BYTES + IMAGE_MIB * MIB}`, memory);
    mounts.mount(image, at);
    const after = await startBroker({ server, folder, port, settings, program });
    const { violations: found } = await load.verify(after.address);
    await after.end('SIGTERM');
    return { acked: load.acked, refused: load.refused, failed, found, violations };
  } finally {
    await killBrokers();
    await load.close();
    mounts.dispose();
  }
}

/** Writes to the memory file system until only `room` bytes are free. */
function fillMemory(memory, room) {
  const filler = join(memory, 'filler');
  writeFileSync(filler, '');
  const block = Buffer.alloc(64 * 1024, 1);
  let written = 0;
  try {
    for (;;) {
      appendFileSync(filler, block);
      written += block.length;
    }
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  }
  truncateSync(filler, Math.max(0, written - room));
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50' },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
const { server } = values;
const isOurs = server === OURS;
const reason = whyNoMounts('ext4');
if (reason !== undefined) {
  console.log(`writeback failure: skipped, ${reason}`);
} else {
  const program = await sourceFile('mqbroker');
  const random = seededRandom(seed);
  const totals = { runs: 0, failed: 0, acked: 0, refused: 0 };
  const violations = [];
  for (let number = 0; number < Number(values.runs); number++) {
    try {
      const result = await run({ server, program, random, flush: 'sync' });
      totals.runs++;
      totals.failed += result.failed ? 1 : 0;
      totals.acked += result.acked;
      totals.refused += result.refused;
      violations.push(...[...result.violations, ...result.found].map((one) => `run ${number}: ${one}`));
    } catch (error) {
      violations.push(`run ${number}: ${error.stack}`);
    }
  }
  console.log(
    `${isOurs ? '' : `Apache ${server}: `}writeback failure: ${totals.runs} runs, ${totals.failed} failed syncs, ${totals.acked} acknowledged, ${totals.refused} refused, ` +
      `${violations.length} violations, seed ${seed}`,
  );
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  // What Apache's broker does is reported, not judged.
  if (isOurs) {
    const detected = await control(program, random);
    if (violations.length > 0 || totals.acked === 0 || totals.failed === 0 || !detected) process.exitCode = 1;
  }
}

async function control(program, random) {
  const { found, acked } = await run({ program, random, flush: 'async' });
  const detected = found.length > 0;
  console.log(
    `control (ASYNC_FLUSH on the same disk): ${detected ? `${found.length} of ${acked} lost, as it must be` : 'NOT detected'}`,
  );
  return detected;
}
