// A broker under load is killed with SIGKILL again and again while a group consumes: nothing that was acknowledged may be
// lost, queue offsets have no hole, the group is given all of it, its offsets never pass the end, and all goes on. Prints how
// much was acknowledged and consumed, and ends with controls that must fail: a log cut short, offsets moved ahead.
//   node tools/reliability/kill-cycles.mjs [--cycles 500] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../interop/lib/servers.mjs';
import { clusterOf, OURS } from './cluster.mjs';
import { GroupWatch } from './group-watch.mjs';
import { Journal } from './journal.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { RequestCode, ResponseCode } = await importSource('@mq/remoting/protocol');

const TOPIC = 'KillTopic';
const GROUP = 'kill-group';
/** Of the cycles, so many begin with another consumer process of the group: it goes on from what the broker remembers. */
const RENEW_SHARE = 0.2;
/** A group that is given nothing new for so long, while something is missing, will not be given it. */
const STANDSTILL_MS = 20_000;
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

/** Where a group's offset stands behind the end of its queue, which nothing may make it do. */
async function offsetsPastTheEnd(address) {
  const client = rawClient();
  const violations = [];
  try {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const end = await client.offset(address, RequestCode.GET_MAX_OFFSET, TOPIC, queueId);
      const committed = await client.committedOffset(address, GROUP, TOPIC, queueId);
      if (committed > end)
        violations.push(`offset ${committed} of the group is past the end ${end} of queue ${queueId}`);
    }
  } finally {
    await client.close();
  }
  return violations;
}

/** Waits until the group was given everything, or nothing new comes; returns what is missing. */
async function untilConsumed(group, journal) {
  const bodies = journal.bodies();
  let missing = group.missing(bodies);
  for (let since = performance.now(); missing.length > 0 && performance.now() - since < STANDSTILL_MS;) {
    await sleep(100);
    const before = missing.length;
    missing = group.missing(bodies);
    if (missing.length < before) since = performance.now();
  }
  return missing.map((body) => `acknowledged ${body} was never given to the group`);
}

async function campaign({
  server = OURS,
  flush,
  cycles,
  seed,
  sabotage = () => undefined,
  consumesIn = () => true,
  serveMs = [50, 700],
}) {
  const random = seededRandom(seed);
  const servers = await clusterOf(server);
  const journal = new Journal();
  const counter = { next: 0 };
  const boots = [];
  const totals = { unknown: 0, refused: 0 };
  const violations = [];
  try {
    const nameServer = await servers.nameServer(OURS);
    const group = new GroupWatch({ nameServer, group: GROUP, topic: TOPIC });
    const options = {
      nameServer,
      storeDir: servers.folder('mq-kill-'),
      port: await freePort(),
      settings: {
        flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
        // Offsets reach the disk between two kills, and are lost now and then as well.
        flushConsumerOffsetInterval: 300,
      },
    };
    for (let cycle = 0; cycle <= cycles; cycle++) {
      const startedAt = performance.now();
      const broker = await servers.broker(server, options);
      boots.push(performance.now() - startedAt);
      const { address } = broker;
      if (cycle === 0) await createTopic(address);
      else violations.push(...(await offsetsPastTheEnd(address)));
      await consume(group, consumesIn(cycle), random.next() < RENEW_SHARE);
      // Every tenth cycle, and at the end, everything is read again; a full scan each time would take most of the time.
      if (cycle === cycles || cycle % 10 === 1) violations.push(...(await verify(address, journal)));
      if (cycle === cycles || violations.length > 0) {
        violations.push(...(await untilConsumed(group, journal)));
        await group.stop();
        violations.push(...(await offsetsPastTheEnd(address)));
        await broker.stop();
        break;
      }
      const run = { cycle, stopped: false, unknown: 0, refused: 0 };
      const loading = load(address, journal, run, counter);
      await sleep(random.between(...serveMs));
      await broker.kill();
      run.stopped = true;
      await loading;
      totals.unknown += run.unknown;
      totals.refused += run.refused;
      sabotage(options.storeDir, cycle, journal);
    }
    boots.sort((a, b) => a - b);
    return {
      acked: journal.ackedCount,
      consumed: group.delivered.size,
      duplicates: group.duplicates,
      violations,
      kills: cycles,
      ...totals,
      bootMsMedian: Math.round(boots[boots.length >> 1]),
    };
  } finally {
    await servers.dispose();
  }
}

async function createTopic(address) {
  const client = rawClient();
  await client.createTopic(address, TOPIC, QUEUES);
  await client.close();
}

/** Brings the group into the state it shall be in; `renew` puts another consumer in the place of the one that runs. */
async function consume(group, shall, renew) {
  if (group.isRunning && (!shall || renew)) await group.stop();
  if (!group.isRunning && shall) await group.start();
}

/**
 * A control: what the group has committed is moved ahead while nobody looks, as if the messages between were consumed. To
 * just below the end of what was acknowledged: a group is given more than it has committed, so a small step could stay
 * within what it has seen.
 */
function moveOffsets(store, cycle, journal) {
  if (cycle !== 1) return;
  const file = join(store, 'config', 'consumerOffset.json');
  const moved = readFileSync(file, 'utf8').replaceAll(
    /(\d+):(\d+)/g,
    (_, queueId) => `${queueId}:${journal.acked.get(Number(queueId)).size - 10}`,
  );
  writeFileSync(file, moved);
}

/** A control: the end of the log is cut off after a kill, as if acknowledged bytes had never been written. */
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

/** Position after the last byte that is not zero. */
function usedBytes(path) {
  const bytes = readFileSync(path);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '500' },
    flush: { type: 'string', default: 'both' },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const cycles = Number(values.cycles);
const seed = Number(values.seed);
let failed = false;
for (const flush of values.flush === 'both' ? ['async', 'sync'] : [values.flush]) {
  const result = await campaign({ server: values.server, flush, cycles, seed });
  const { acked, violations } = result;
  console.log(
    `${values.server === OURS ? '' : `Apache ${values.server}: `}${flush} flush: ${result.kills} kills, ${acked} acknowledged, ` +
      `${result.unknown} without an answer, ${result.refused} refused, ${result.consumed} consumed (${result.duplicates} again), ` +
      `${violations.length} violations, median start ${result.bootMsMedian} ms, seed ${seed}`,
  );
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  if (violations.length > 0 || acked === 0) failed = true;
}
/** Enough for messages to be acknowledged and offsets to be saved, however slow the machine is. */
const LONG = [2_000, 2_500];
const controls = [
  { name: 'log cut after the kill', cycles: 1, sabotage: cutLog, serveMs: LONG },
  // The group consumes, is away for a cycle, and comes back to offsets that were moved.
  {
    name: 'offsets moved ahead',
    cycles: 2,
    sabotage: moveOffsets,
    serveMs: LONG,
    consumesIn: (cycle) => cycle !== 1,
  },
];
for (const { name, ...options } of values.server === OURS ? controls : []) {
  const { violations } = await campaign({ flush: 'async', seed, ...options }).catch((error) => ({
    violations: [String(error)],
  }));
  console.log(`control (${name}): ${violations.length > 0 ? 'detected, as it must be' : 'NOT detected'}`);
  for (const violation of violations.slice(0, 1)) console.log(`  ${violation}`);
  if (violations.length === 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
