// Power cuts below a real file system: the store lies on an XFS image, the file system is shut down under load (what was
// not synced is gone, in whatever order it was written), the broker is killed, and the image mounted again. SYNC_FLUSH
// loses nothing that was acknowledged; ASYNC_FLUSH at most what it acknowledged within its window before the cut, and
// only from the end; nobody reads garbage. Ends with a control: a broker whose syncs do nothing loses acknowledged
// messages and must be caught.
//   node tools/reliability/power-cut.mjs [--cuts 200] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../interop/lib/servers.mjs';
import { Load } from './broker-load.mjs';
import { killBrokers, OURS, startBroker } from './broker-process.mjs';
import { flushModes, runCampaign } from './campaign.mjs';
import { Mounts, sh, whyNoMounts } from './machine.mjs';
import { seededRandom } from './random.mjs';
import { sourceFile } from './sources.mjs';

const MIB = 1024 * 1024;
const IMAGE_MIB = 400;
/** flushIntervalCommitLog, the syncs under way, and the time this machine may take to get to them. */
const WINDOW_MS = 500 + 1500;
/** A new file system now and then, before it is full. */
const CUTS_A_DISK = 20;

/** Node in which no file is ever synced. */
const WITHOUT_SYNC = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
fs.fdatasync = fs.fsync = (fd, done) => setImmediate(done, null);
fs.fdatasyncSync = fs.fsyncSync = () => undefined;
syncBuiltinESMExports();
`;

const program = await sourceFile('mqbroker');
const reason = whyNoMounts('xfs');
if (reason !== undefined) console.log(`power cut: skipped, ${reason}`);
else
  await runCampaign({
    options: { cuts: 200, flush: 'both' },
    modes: (values) => flushModes(values).reverse(),
    play,
    describe: ({ cuts, acked, lost, oldestLostMs, duringCut, violations }, { flush }) =>
      `power cut, ${flush} flush: ${cuts} cuts, ${acked} acknowledged, ${lost} lost` +
      (flush === 'async' ? ` (acknowledged at most ${Math.round(oldestLostMs)} ms before the cut)` : '') +
      `, ${duringCut} lost that were acknowledged while the cut ran, ${violations.length} violations`,
    isVacuous: ({ acked }) => acked === 0,
    controls: [{ name: 'syncs that do nothing', flush: 'sync', cuts: 3, sabotage: true }],
  });

async function play({ server, cuts, flush, seed, sabotage = false }) {
  const random = seededRandom(seed);
  const all = { cuts: 0, acked: 0, lost: 0, oldestLostMs: 0, duringCut: 0, violations: [] };
  for (let disk = 0; all.cuts < cuts && (server !== OURS || all.violations.length === 0); disk++) {
    const part = await cutsOnOneDisk({
      server,
      cuts: Math.min(CUTS_A_DISK, cuts - all.cuts),
      flush,
      random,
      seedName: `d${disk}.`,
      sabotage,
    });
    all.cuts += part.cuts;
    all.acked += part.acked;
    all.lost += part.lost;
    all.duringCut += part.duringCut;
    all.oldestLostMs = Math.max(all.oldestLostMs, part.oldestLostMs);
    all.violations.push(...part.violations);
  }
  return all;
}

async function cutsOnOneDisk({ server, cuts, flush, random, seedName, sabotage }) {
  const mounts = new Mounts();
  const load = new Load(seedName);
  const totals = { cuts: 0, acked: 0, lost: 0, oldestLostMs: 0, duringCut: 0, violations: [] };
  try {
    const { image, at } = mounts.image('xfs', IMAGE_MIB);
    const folder = join(at, 'broker');
    mkdirSync(folder);
    sh('sync', '-f', folder);
    const port = await freePort();
    const settings = {
      flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
      mappedFileSizeCommitLog: 2 * MIB,
      maxHashSlotNum: 1000,
      maxIndexNum: 100_000,
    };
    const preload = join(mounts.folder, 'without-sync.mjs');
    writeFileSync(preload, WITHOUT_SYNC);
    const nodeOptions = sabotage ? ['--import', preload] : [];
    let cutAt = 0;
    for (let cut = 0; cut <= cuts && totals.violations.length < 20; cut++) {
      const broker = await startBroker({ server, folder, port, settings, program, nodeOptions });
      if (cut === 0) {
        await load.createTopic(broker.address);
        // Apache's broker answers before the topic is durable: it would be gone after the first cut.
        if (server !== OURS) sh('sync', '-f', folder);
      } else
        totals.violations.push(
          ...(await judge(load, broker.address, flush, cutAt, totals)).map((one) => `cut ${cut}: ${one}`),
        );
      if (cut === cuts) {
        await broker.end('SIGTERM');
        break;
      }
      const loading = load.run(broker.address, { bytes: 300 + Math.floor(1200 * random.next()) });
      await sleep(100 + 900 * random.next());
      // Acknowledgements count that were here before the cut began. While it runs, fdatasync may still report success
      // for what the file system has just given up (seen with a plain loop of writes and syncs, without a broker).
      cutAt = performance.now();
      sh('xfs_io', '-x', '-c', 'shutdown', at);
      await broker.end('SIGKILL');
      load.stop();
      await loading;
      // A fenced store refuses; the next one must not.
      load.refused = 0;
      totals.cuts++;
      mounts.unmount(at);
      mounts.mount(image, at);
    }
  } finally {
    totals.acked = load.acked;
    await killBrokers();
    await load.close();
    mounts.dispose();
  }
  return totals;
}

/** What is lost and may be is counted; everything else is a violation. */
async function judge(load, address, flush, cutAt, totals) {
  const { violations, read } = await load.verify(address);
  const found = [];
  for (const violation of violations) {
    const lost = / is lost /.test(violation) ? /^acknowledged (\S+) at/.exec(violation)?.[1] : undefined;
    if (lost === undefined) {
      found.push(violation);
      continue;
    }
    const ageMs = cutAt - load.ackedAt.get(lost);
    if (ageMs < 0) {
      totals.duringCut++;
      continue;
    }
    totals.lost++;
    totals.oldestLostMs = Math.max(totals.oldestLostMs, ageMs);
    if (flush === 'sync' || ageMs > WINDOW_MS)
      found.push(
        `${violation.replace(/x{9,}/, '...')}; it was acknowledged ${Math.round(ageMs)} ms before the cut`,
      );
  }
  load.forget(read);
  return found;
}
