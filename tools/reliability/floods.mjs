// More connections, bytes and requests than anyone should send: the broker stays under 512 MiB, the producers that were there
// keep half their rate and are never refused, and new ones can come once the flood is over.
// A second broker is not flooded: what its producer loses, too, is the machine's doing and not counted.
//   node tools/reliability/floods.mjs [--size ci|campaign] [--only idle,drip,declared,stalled,descriptors] [--server ours|5.3.3] [--seed 1]
// Ends with controls: a broker that is halted half the time, and a process that holds 600 MiB, must be noticed.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PATIENT } from '../interop/lib/configurations.mjs';
import { clusterOf, OURS } from './cluster.mjs';
import { descriptorCount, privateMiB, watchMemory } from './process-facts.mjs';
import { seededRandom } from './random.mjs';
import { importSource } from './sources.mjs';
import { SteadyProducer } from './steady-producer.mjs';
import { openSocket, Wire } from './wire.mjs';

const { RemotingCommand, encodeFrame } = await importSource('@mq/remoting');
const { RequestCode, ResponseCode } = await importSource('@mq/remoting/protocol');

const TOPIC = 'FloodTopic';
const MAX_MIB = 512;
const LEAST_RATE = 0.5;
/** Connections are opened in rows of so many, one row after the other. */
const ROW = 100;
const MIB = 1024 * 1024;

const SIZES = {
  ci: { idle: 1_000, drip: 200, declared: 100, stalled: 20, descriptors: 400, holdMs: 3_000 },
  campaign: { idle: 10_000, drip: 2_000, declared: 1_000, stalled: 200, descriptors: 2_000, holdMs: 10_000 },
};

/** What each flood does with its connections; `settings` and `descriptors` are the broker's. */
const FLOODS = {
  /** They say nothing at all. */
  idle: { flood: async () => undefined },
  /** A good request, one byte at a time, without end. */
  drip: {
    flood: async (sockets, run) => {
      const frame = sendFrame(Buffer.alloc(256, 0x62));
      for (let at = 0; !run.stopped; at = (at + 1) % frame.length) {
        for (const socket of sockets) socket.write(frame.subarray(at, at + 1));
        await sleep(200);
      }
    },
  },
  /** The largest frame there may be is announced, and a little of it sent. */
  declared: {
    flood: async (sockets) => {
      const start = Buffer.alloc(64 * 1024);
      start.writeInt32BE(16 * MIB - 4, 0);
      start.writeInt32BE(300, 4);
      for (const socket of sockets) socket.write(start);
    },
  },
  /** They pull all there is, again and again, and never read an answer. */
  stalled: {
    fill: 32 * MIB,
    flood: async (sockets, run) => {
      const pulls = Buffer.concat(Array.from({ length: 100 }, (_, i) => pullFrame(i % 4)));
      for (const socket of sockets) socket.pause();
      for (let round = 0; round < 10 && !run.stopped; round++) {
        for (const socket of sockets)
          if (!socket.destroyed && socket.writableLength < MIB) socket.write(pulls);
        await sleep(200);
      }
    },
  },
  /** More connections than the broker has descriptors, while it needs new files all the time. */
  descriptors: {
    descriptors: 256,
    settings: { mappedFileSizeCommitLog: 256 * 1024 },
    flood: async () => undefined,
  },
};

function sendFrame(body) {
  const ext = {
    a: 'flood',
    b: TOPIC,
    c: 'TBW102',
    d: '4',
    e: '0',
    f: '0',
    g: '1',
    h: '0',
    i: '',
    j: '0',
    k: 'false',
    m: 'false',
  };
  return encodeFrame(RemotingCommand.request(RequestCode.SEND_MESSAGE_V2, ext, body));
}

function pullFrame(queueId) {
  const ext = {
    ...{
      consumerGroup: 'flood',
      topic: TOPIC,
      queueId: `${queueId}`,
      queueOffset: '0',
      maxMsgNums: '32',
      sysFlag: '4',
    },
    ...{
      commitOffset: '0',
      suspendTimeoutMillis: '0',
      subscription: '*',
      subVersion: '0',
      expressionType: 'TAG',
    },
  };
  return encodeFrame(RemotingCommand.request(RequestCode.PULL_MESSAGE, ext));
}

/** Opens connections row by row; those the server refuses are counted by their absence. */
async function openAll(address, count) {
  const sockets = [];
  while (sockets.length < count) {
    const row = await Promise.allSettled(
      Array.from({ length: Math.min(ROW, count - sockets.length) }, () => openSocket(address)),
    );
    const opened = row.flatMap(({ status, value }) => (status === 'fulfilled' ? [value] : []));
    sockets.push(...opened);
    if (opened.length === 0) break;
  }
  return sockets;
}

async function fill(wire, bytes) {
  const body = Buffer.alloc(4096, 0x63);
  for (let sent = 0; sent < bytes; sent += 4 * 8 * body.length)
    await Promise.all(Array.from({ length: 32 }, (_, lane) => wire.send(TOPIC, lane % 4, body)));
}

async function measure(kind, name, size, halt) {
  const { flood, fill: bytes = 0, settings = {}, descriptors } = FLOODS[name];
  const servers = await clusterOf(kind);
  const run = { stopped: false };
  const producers = [];
  try {
    const nameServer = await servers.nameServer(OURS);
    // Apache's refuses sends that waited for 200 ms, which they do on a busy machine without any flood.
    const allowed = kind === OURS ? {} : PATIENT;
    const twin = await servers.broker(kind, { nameServer, brokerName: 'twin', settings: allowed });
    const broker = await servers.broker(kind, {
      nameServer,
      settings: { ...allowed, ...settings },
      descriptors,
    });
    for (const { address } of [broker, twin]) {
      const wire = await Wire.open(address);
      await fill(wire, address === broker.address ? bytes || 1 : 1);
      wire.close();
      producers.push(await SteadyProducer.start(address, TOPIC));
    }
    await sideBySide(producers, kind === OURS ? 2_000 : 10_000);
    const memory = watchMemory(broker.pid);
    const before = await sideBySide(producers, size.holdMs);
    const opening = openAll(broker.address, size[name]);
    const whileOpening = await sideBySide(producers, 1_000, opening);
    const sockets = await opening;
    const flooding = flood(sockets, run);
    const halting = halt?.(broker, run);
    const during = await sideBySide(producers, size.holdMs);
    run.stopped = true;
    await Promise.all([flooding, halting]);
    const held = {
      descriptors: descriptorCount(broker.pid),
      open: sockets.filter(({ closed }) => !closed).length,
    };
    const mostMiB = memory.stop();
    for (const socket of sockets) socket.destroy();
    const [producer] = producers;
    const violations = [
      ...judge({ before, during, mostMiB, producer }),
      ...(await judgeAfterwards(broker.address)),
    ];
    return {
      before,
      whileOpening,
      during,
      opened: sockets.length,
      held,
      mostMiB,
      acked: producer.acked,
      violations,
    };
  } finally {
    run.stopped = true;
    for (const producer of producers) producer.stop();
    await servers.dispose();
  }
}

/** The rates of both producers over the same stretch of time; `share` is the flooded one's in the twin's. */
async function sideBySide([producer, twin], leastMs, work) {
  const [own, other] = await Promise.all([producer.during(leastMs, work), twin.during(leastMs, work)]);
  return { ...own, share: own.rate / Math.max(1, other.rate) };
}

function judge({ before, during, mostMiB, producer }) {
  const violations = [];
  if (producer.failure !== undefined) violations.push(`the producer stopped: ${producer.failure}`);
  const kept = keptRate({ before, during });
  if (!(kept >= LEAST_RATE))
    violations.push(
      `the producer fell from ${Math.round(before.rate)} to ${Math.round(during.rate)} messages a second, ` +
        `${Math.round(kept * 100)} % in relation to a broker without the flood`,
    );
  if (mostMiB > MAX_MIB) violations.push(`the broker held ${Math.round(mostMiB)} MiB`);
  return violations;
}

/** Of its rate, what the producer kept; where the one on the other broker was slowed as well, in relation to that one. */
const keptRate = ({ before, during }) => Math.max(during.rate / before.rate, during.share / before.share);

/** Someone new comes and needs a new topic: connections, files, memory are there again. */
async function judgeAfterwards(address) {
  for (const end = performance.now() + 30_000; ;) {
    let answer;
    try {
      const wire = await Wire.open(address);
      answer = await wire.send('AfterTheFlood', 0, 'x', 3_000);
      wire.close();
    } catch {
      // Not yet.
    }
    if (answer?.code === ResponseCode.SUCCESS) return [];
    if (performance.now() > end)
      return [`after the flood a new producer is not served: ${answer?.code} ${answer?.remark ?? ''}`];
    await sleep(200);
  }
}

/** Control: the broker stands still for most of the flood. */
async function haltMostOfTheTime(broker, run) {
  while (!run.stopped) {
    process.kill(broker.pid, 'SIGSTOP');
    await sleep(950);
    process.kill(broker.pid, 'SIGCONT');
    await sleep(50);
  }
}

/** Control: a process of which it is known what it holds. */
async function holdsMuch() {
  const child = spawn(process.execPath, [
    '-e',
    'const b = Buffer.alloc(600 << 20, 1); setInterval(() => b, 1000); console.log(1)',
  ]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const mib = privateMiB(child.pid);
  child.kill();
  return mib;
}

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: 'campaign' },
    only: { type: 'string', default: Object.keys(FLOODS).join(',') },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const size = SIZES[values.size];
const isOurs = values.server === OURS;
// The order is all that is left to chance.
const random = seededRandom(Number(values.seed));
const names = values.only
  .split(',')
  .map((name) => [random.next(), name])
  .sort(([a], [b]) => a - b)
  .map(([, name]) => name);
let failed = false;
for (const name of names) {
  const result = await measure(values.server, name, size);
  const { before, whileOpening, during, held, violations } = result;
  console.log(
    `${isOurs ? '' : `Apache ${values.server}: `}flood ${name}: ${size[name]} connections (${result.opened} made, ${held.open} still open), ` +
      `${result.acked} acknowledged, ${Math.round(before.rate)}/s before, ${Math.round(whileOpening.rate)}/s while they came, ` +
      `${Math.round(during.rate)}/s during (slowest ${Math.round(during.slowestMs)} ms), kept ${Math.round(100 * keptRate(result))} %, ${Math.round(result.mostMiB)} MiB, ` +
      `${held.descriptors} descriptors, ${violations.length} violations, seed ${values.seed}`,
  );
  for (const violation of violations) console.log(`  ${violation}`);
  if (isOurs && (violations.length > 0 || result.acked === 0)) failed = true;
}
if (isOurs) {
  const halted = await measure(OURS, 'idle', { ...SIZES.ci, idle: 10 }, haltMostOfTheTime);
  const mib = await holdsMuch();
  console.log(
    `control (broker halted): ${halted.violations.length > 0 ? 'detected, as it must be' : 'NOT detected'}`,
  );
  console.log(
    `control (a process of 600 MiB): ${mib > MAX_MIB ? 'detected, as it must be' : `NOT detected (${mib})`}`,
  );
  failed ||= halted.violations.length === 0 || mib <= MAX_MIB;
}
process.exitCode = failed ? 1 : 0;
