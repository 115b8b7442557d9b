// A steady day in short: 2,000 messages a second, retries, new topics, clients that come and go. It begins with a warm-up, half of
// a short run and two thirds of a long one: V8's heap grows to its size, caches and the tails of queues fill, code is compiled.
// After it the broker's private memory must not grow (under 5 MiB an hour by a line fitted to what a garbage collection leaves, of
// which a long run has one every minute from its start, as far as its own spread lets one tell: between two of its own
// collections V8 lets garbage lie for longer than that; a run under 20 min is judged by what is left then and at its end), its
// descriptors stay the same, its event loop is not late (99 of 100 looks under 50 ms without the time it waited for a processor,
// or under twice what a process beside it sees), and everything acknowledged is consumed.
//   node tools/reliability/soak.mjs [--minutes 45] [--rate 2000] [--server ours|5.3.3] [--seed 1]
// Ends with controls: a fitted leak, and a loop that is late on purpose, must be noticed.
import { fork, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { clusterOf, OURS } from './cluster.mjs';
import { descriptorCount, privateMiB } from './process-facts.mjs';
import { seededRandom } from './random.mjs';

const program = (name) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));
const LOOK_MS = 1_000;
const COLLECT_MS = 60_000;
/** Of a run of 45 minutes the first 30: until then retry topics, with fewer messages, fill their tails in memory. */
const WARM_UP_SHARE = { long: 2 / 3, short: 1 / 2 };
const MAX_SLOPE_MIB_PER_HOUR = 5;
/** A shorter run cannot tell a slope from a heap that finds its size: it is judged by what garbage collection leaves. */
const LEAST_MINUTES_FOR_SLOPE = 20;
/**
 * Topics of a long run are there early: what the store keeps in memory of a queue grows for its first 3,200 messages, which
 * takes ten minutes.
 */
const NEW_TOPIC_EVERY_MS = { long: 10_000, short: 30_000 };
/** In half of a short run: some new topics, and what happens to be on its way. */
const MAX_RETAINED_MIB = 8;
const MAX_LATE_MS = 50;
/** New topics are new files, up to the store's own bound; besides those the number of descriptors stays. */
const DESCRIPTORS_PER_TOPIC = 10;
const STANDSTILL_MS = 30_000;
/** Sends that got no answer in time, three times over, though no process of this machine stood still for so long. */
const MAX_FAILED_SHARE = 1 / 1000;
const STANDING_STILL_MS = 1_000;

/** Least squares through (hours, MiB): slope per hour, and what the slope may be wrong by (twice its standard error). */
export function fittedSlope(points) {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residue = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, uncertainty: 2 * Math.sqrt(residue / Math.max(1, n - 2) / spread) };
}

/** What loop-delay.mjs has written last; NaN when it never did. */
function lateness(file) {
  const [p99Ms, mostMs, ownP99Ms, ownMostMs] = numbersIn(file, 4);
  return { p99Ms, mostMs, ownP99Ms, ownMostMs };
}

function numbersIn(file, count) {
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').map(Number) : Array(count).fill(NaN);
}

/** What a process that loop-delay.mjs was loaded into holds after a garbage collection, and what its heap takes, MiB. */
async function retainedMiB({ pid }, file) {
  rmSync(`${file}.retained`, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (const end = performance.now() + 20_000; performance.now() < end; await sleep(50)) {
    const [heldMiB, heapMiB] = numbersIn(`${file}.retained`, 2);
    if (!Number.isNaN(heldMiB)) return { heldMiB, heapMiB };
  }
  throw new Error('the broker does not say what it holds');
}

/** After a garbage collection: what the heap and its buffers hold, and what the heap and the process take. */
async function whatIsLeft(broker, file, startedAt) {
  const { heldMiB, heapMiB } = await retainedMiB(broker, file);
  const hours = (performance.now() - startedAt) / 3_600_000;
  return { hours, heldMiB, heapMiB, privateMiB: privateMiB(broker.pid) };
}

/** A process with a little to do (a fifth of its time) that measures how late its loop is: what the machine does to everybody. */
function startReference(file, busyMs = 2, everyMs = 10) {
  const busy = `for (const from = process.cpuUsage(); process.cpuUsage(from).user < ${1000 * busyMs};);`;
  const code = `setInterval(() => { ${busy} }, ${everyMs})`;
  const args = ['--import', pathToFileURL(program('loop-delay.mjs')).href, '-e', code];
  return spawn(process.execPath, args, {
    stdio: 'ignore',
    env: { ...process.env, MQ_LOOP_DELAY_FILE: file },
  });
}

async function campaign({ server, minutes, rate }) {
  const isOurs = server === OURS;
  const servers = await clusterOf(server);
  const files = servers.folder('mq-soak-');
  const [brokerFile, referenceFile] = [join(files, 'broker'), join(files, 'reference')];
  const reference = startReference(referenceFile);
  let load;
  try {
    const nameServer = await servers.nameServer(OURS);
    process.env.MQ_LOOP_DELAY_FILE = brokerFile;
    const nodeArgs = ['--import', pathToFileURL(program('loop-delay.mjs')).href];
    // Small caches, so that they are full when the warm-up ends; queue files as Apache has them, or new ones would come all
    // the time.
    const settings = {
      mappedFileSizeCommitLog: 64 * 1024 * 1024,
      mappedFileSizeConsumeQueue: 6_000_000,
      tailCacheSize: 16 * 1024 * 1024,
      maxOpenCommitLogFiles: 8,
    };
    const broker = await servers.broker(server, { nameServer, settings, nodeArgs });
    delete process.env.MQ_LOOP_DELAY_FILE;
    const length = minutes >= LEAST_MINUTES_FOR_SLOPE ? 'long' : 'short';
    const newTopicEveryMs = NEW_TOPIC_EVERY_MS[length];
    load = fork(program('soak-load.mjs'), [nameServer.address, rate, newTopicEveryMs].map(String));
    let facts = {};
    load.on('message', (message) => (facts = message));
    const looks = [];
    const startedAt = performance.now();
    const warmUpMs = minutes * 60_000 * WARM_UP_SHARE[length];
    const retained = [];
    let isWarm = false;
    let collectAtMs = length === 'long' ? COLLECT_MS : warmUpMs;
    while (performance.now() - startedAt < minutes * 60_000) {
      await sleep(LOOK_MS);
      const atMs = performance.now() - startedAt;
      if (isOurs && atMs >= collectAtMs) {
        const left = await whatIsLeft(broker, brokerFile, startedAt);
        if (atMs >= warmUpMs) retained.push(left);
        collectAtMs += length === 'long' ? COLLECT_MS : Infinity;
      }
      if (!isWarm && atMs >= warmUpMs) {
        isWarm = true;
        for (const { pid } of isOurs ? [reference, broker] : [reference]) process.kill(pid, 'SIGURG');
      }
      if (load.exitCode !== null) throw new Error(`the load ended with exit code ${load.exitCode}`);
      looks.push({
        hours: (performance.now() - startedAt) / 3_600_000,
        mib: privateMiB(broker.pid),
        descriptors: descriptorCount(broker.pid),
        topics: facts.topics,
      });
    }
    const { acked } = facts;
    const late = { late: lateness(brokerFile), machine: lateness(referenceFile) };
    load.send('stop sending');
    const behind = await untilConsumed(() => facts);
    // Nothing is on its way any more, however far a busy machine had let things fall behind.
    if (isOurs) retained.push(await whatIsLeft(broker, brokerFile, startedAt));
    return {
      ...facts,
      acked,
      behind,
      rate: acked / (minutes * 60),
      retained,
      looks: looks.filter(({ hours }) => hours * 3_600_000 > warmUpMs),
      ...late,
    };
  } finally {
    load?.kill();
    reference.kill();
    await servers.dispose();
  }
}

async function untilConsumed(facts) {
  for (let [since, before] = [performance.now(), Infinity]; performance.now() - since < STANDSTILL_MS;) {
    const { behind } = facts();
    if (behind === 0) return 0;
    if (behind < before) [since, before] = [performance.now(), behind];
    await sleep(500);
  }
  return facts().behind;
}

function judge({ looks, late, machine, behind, failures, acked, retained }, isLong) {
  const violations = [];
  // Of Apache's broker only the private memory is known.
  const points =
    isLong && retained.length > 0
      ? retained.map(({ hours, privateMiB: mib }) => [hours, mib])
      : looks.map(({ hours, mib }) => [hours, mib]);
  const { slope, uncertainty } = fittedSlope(points);
  const [first, last] = [looks[0], looks.at(-1)];
  if (isLong && slope - uncertainty > MAX_SLOPE_MIB_PER_HOUR)
    violations.push(`memory grows by ${slope.toFixed(1)} ± ${uncertainty.toFixed(1)} MiB an hour`);
  const kept = retained.at(-1)?.heldMiB - retained[0]?.heldMiB;
  if (!isLong && !(kept <= MAX_RETAINED_MIB))
    violations.push(`${kept.toFixed(1)} MiB more than after the warm-up are left after a garbage collection`);
  const allowed = (last.topics - first.topics) * DESCRIPTORS_PER_TOPIC + 10;
  if (last.descriptors - first.descriptors > allowed)
    violations.push(
      `descriptors went from ${first.descriptors} to ${last.descriptors}, ${last.topics - first.topics} topics came`,
    );
  // A machine that makes everybody late says nothing about the broker.
  if (!(late.ownP99Ms <= Math.max(MAX_LATE_MS, 2 * machine.p99Ms)))
    violations.push(
      `the event loop is ${late.ownP99Ms} ms late at the 99th percentile, without what it waited for a processor ` +
        `(another process, with that: ${machine.p99Ms} ms)`,
    );
  if (behind > 0) violations.push(`${behind} of ${acked} acknowledged messages were never consumed`);
  if (failures > acked * MAX_FAILED_SHARE && machine.mostMs < STANDING_STILL_MS)
    violations.push(`${failures} sends failed`);
  return { violations, slope, uncertainty, first, last };
}

/** Controls: the same judge must see a leak of 60 MiB an hour in noise, and a loop that is held for 120 ms now and then. */
async function controls(seed) {
  const random = seededRandom(seed);
  const looks = Array.from({ length: 120 }, (_, i) => ({
    ...{ hours: i / 3600, mib: 80 + i / 60 + random.next(), descriptors: 50, topics: 4 },
  }));
  const { slope, uncertainty } = fittedSlope(looks.map(({ hours, mib }) => [hours, mib]));
  const servers = await clusterOf(OURS);
  const file = join(servers.folder('mq-soak-'), 'late');
  const child = startReference(file, 90, 100);
  for (
    const end = performance.now() + 20_000;
    !(lateness(file).ownP99Ms > MAX_LATE_MS) && performance.now() < end;
  )
    await sleep(500);
  child.kill();
  const { ownP99Ms } = lateness(file);
  await servers.dispose();
  return [
    ['a leak of 60 MiB an hour', slope - uncertainty > MAX_SLOPE_MIB_PER_HOUR],
    ['a loop that is held', ownP99Ms > MAX_LATE_MS],
  ];
}

const shownMemory = ({ heldMiB, heapMiB, privateMiB: mib }) =>
  `${heldMiB} MiB (heap ${Math.round(heapMiB)}, private ${Math.round(mib)})`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '45' },
    rate: { type: 'string', default: '2000' },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const { server } = values;
const isOurs = server === OURS;
const result = await campaign({ server, minutes: Number(values.minutes), rate: Number(values.rate) });
const { violations, slope, uncertainty, first, last } = judge(
  result,
  Number(values.minutes) >= LEAST_MINUTES_FOR_SLOPE,
);
const { late, machine } = result;
const facts = [
  `${result.acked} acknowledged (${Math.round(result.rate)}/s)`,
  `${result.retried} given back`,
  `${result.restarts} clients restarted`,
  `${result.failures} sends failed`,
  `${last.topics} topics`,
  `${result.behind} not consumed`,
  `memory ${Math.round(first.mib)} to ${Math.round(last.mib)} MiB (${slope.toFixed(1)} ± ${uncertainty.toFixed(1)} MiB/h)`,
  `descriptors ${first.descriptors} to ${last.descriptors}`,
  // What only our broker says of itself.
  ...(isOurs
    ? [
        `${[result.retained[0], result.retained.at(-1)].map(shownMemory).join(' and ')} after garbage collections`,
        `loop late ${late.ownP99Ms} ms p99, ${late.ownMostMs} ms at most of its own, ${late.p99Ms} and ${late.mostMs} with the machine's`,
        `another process ${machine.p99Ms} and ${machine.mostMs}`,
        `${violations.length} violations`,
      ]
    : []),
];
console.log(
  `${isOurs ? '' : `Apache ${server}: `}soak: ${values.minutes} min, ${facts.join(', ')}, seed ${values.seed}`,
);
if (isOurs) await conclude();

async function conclude() {
  for (const violation of violations) console.log(`  ${violation}`);
  let failed = violations.length > 0 || !(result.acked > 0);
  for (const [name, isFound] of await controls(Number(values.seed))) {
    console.log(`control (${name}): ${isFound ? 'detected, as it must be' : 'NOT detected'}`);
    failed ||= !isFound;
  }
  process.exitCode = failed ? 1 : 0;
}
