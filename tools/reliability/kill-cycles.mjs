// A broker under load is killed with SIGKILL again and again: nothing that was acknowledged may be lost, queue offsets
// have no hole, and it goes on serving. Prints how many were acknowledged, and ends with a control that must fail.
//   node tools/reliability/kill-cycles.mjs [--cycles 100] [--flush async|sync|both] [--seed 1]
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { freePort } from '../interop/lib/servers.mjs';
import { startBroker } from './broker-process.mjs';
import { Journal } from './journal.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';

const TOPIC = 'KillTopic';
const QUEUES = 4;
const IN_FLIGHT = 64;

/** Sends numbered messages until told to stop or the broker is gone; acknowledgements go into the journal. */
async function load(address, journal, run, counter) {
  const client = rawClient();
  const one = async (lane) => {
    for (; !run.stopped;) {
      const queueId = lane % QUEUES;
      const body = `c${run.cycle}-${counter.next++}`;
      try {
        const { code, queueOffset } = await client.send(address, {
          topic: TOPIC,
          queueId,
          body,
          properties: `KEYS\u0001${body}\u0002UNIQ_KEY\u0001${body}\u0002WAIT\u0001true\u0002`,
        });
        if (code === ResponseCode.SUCCESS) journal.acknowledge(queueId, queueOffset, body);
        else run.refused++;
      } catch (error) {
        if (error.name !== 'RemotingError') throw error;
        run.unknown++;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, lane) => one(lane)));
  await client.close();
}

/** Reads every queue whole and returns what is wrong. */
async function verify(address, journal) {
  const client = rawClient();
  const violations = [];
  try {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const from = await client.offset(address, RequestCode.GET_MIN_OFFSET, TOPIC, queueId);
      violations.push(
        ...journal.violations(queueId, from, await client.readQueue(address, TOPIC, queueId, from)),
      );
    }
  } finally {
    await client.close();
  }
  return violations;
}

async function campaign({ flush, cycles, seed, sabotage = () => undefined }) {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'mq-kill-'));
  const port = await freePort();
  const settings = { flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH' };
  const journal = new Journal();
  const counter = { next: 0 };
  const boots = [];
  const totals = { unknown: 0, refused: 0 };
  let violations = [];
  try {
    for (let cycle = 0; cycle <= cycles && violations.length === 0; cycle++) {
      const broker = await startBroker({ folder, port, settings });
      boots.push(broker.bootMs);
      if (cycle === 0) {
        const client = rawClient();
        await client.createTopic(broker.address, TOPIC, QUEUES);
        await client.close();
      }
      // Every tenth cycle, and at the end, everything is read again; a full scan each time would take most of the time.
      if (cycle === cycles || cycle % 10 === 1) violations = await verify(broker.address, journal);
      if (cycle === cycles || violations.length > 0) {
        await broker.end('SIGTERM');
        break;
      }
      const run = { cycle, stopped: false, unknown: 0, refused: 0 };
      const loading = load(broker.address, journal, run, counter);
      await sleep(random.between(50, 700));
      await broker.end('SIGKILL');
      run.stopped = true;
      await loading;
      totals.unknown += run.unknown;
      totals.refused += run.refused;
      sabotage(join(folder, 'store'));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  boots.sort((a, b) => a - b);
  return {
    acked: journal.ackedCount,
    violations,
    kills: cycles,
    ...totals,
    bootMsMedian: Math.round(boots[boots.length >> 1]),
  };
}

/** The control: the end of the log is cut off after a kill, as if acknowledged bytes had never been written. */
function cutLog(store) {
  const log = join(store, 'commitlog');
  const names = readdirSync(log).sort();
  for (const name of names.reverse()) {
    const path = join(log, name);
    const written = usedBytes(path);
    if (written === 0) continue;
    const { size } = statSync(path);
    truncateSync(path, Math.max(0, written - 4096));
    truncateSync(path, size);
    return;
  }
}

/** Position after the last byte that is not zero, found through the allocated blocks of the sparse file. */
function usedBytes(path) {
  const { blocks, size } = statSync(path);
  return Math.min(size, blocks * 512);
}

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '100' },
    flush: { type: 'string', default: 'both' },
    seed: { type: 'string', default: '1' },
  },
});
const cycles = Number(values.cycles);
const seed = Number(values.seed);
let failed = false;
for (const flush of values.flush === 'both' ? ['async', 'sync'] : [values.flush]) {
  const result = await campaign({ flush, cycles, seed });
  const { acked, violations } = result;
  console.log(
    `${flush} flush: ${result.kills} kills, ${acked} acknowledged, ${result.unknown} without an answer, ${result.refused} refused, ` +
      `${violations.length} violations, median start ${result.bootMsMedian} ms, seed ${seed}`,
  );
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  if (violations.length > 0 || acked === 0) failed = true;
}
const control = await campaign({ flush: 'async', cycles: 1, seed, sabotage: cutLog }).catch((error) => ({
  violations: [String(error)],
}));
console.log(
  `control (log cut after the kill): ${control.violations.length > 0 ? 'detected, as it must be' : 'NOT detected'}`,
);
if (control.violations.length === 0) failed = true;
process.exitCode = failed ? 1 : 0;
