// A broker under load is killed with SIGKILL again and again while a group consumes: nothing that was acknowledged may be
// lost, queue offsets have no hole, the group is given all of it, its offsets never pass the end, and all goes on. Prints how
// much was acknowledged and consumed, and ends with controls that must fail: a log cut short, offsets moved ahead.
//   node tools/reliability/kill-cycles.mjs [--cycles 500] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { flushModes, runCampaign } from './campaign.mjs';
import { GroupWatch } from './group-watch.mjs';
import { Journal } from './journal.mjs';
import { Load, properties, untilNothingIsLeft, withMortalBroker } from './kill-campaign.mjs';
import { moveGroupOffsets } from './moved-offsets.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { RequestCode } = await importSource('@mq/remoting/protocol');

const TOPIC = 'KillTopic';
const GROUP = 'kill-group';
/** Of the cycles, so many begin with another consumer process of the group: it goes on from what the broker remembers. */
const RENEW_SHARE = 0.2;
/** A group that is given nothing new for so long, while something is missing, will not be given it. */
const STANDSTILL_MS = 20_000;
const QUEUES = 4;
const IN_FLIGHT = 64;
const SERVE_MS = [50, 700];
/** Enough for messages to be acknowledged and offsets to be saved, however slow the machine is. */
const LONG_MS = [2_000, 2_500];

await runCampaign({
  options: { cycles: 500, flush: 'both' },
  modes: flushModes,
  play,
  describe: ({ kills, load, group, violations, startMsMedian }, { flush }) =>
    `${flush} flush: ${kills} kills, ${load.acked} acknowledged, ${load.unknown} without an answer, ${load.refused} refused, ` +
    `${group.delivered.size} consumed (${group.duplicates} again), ${violations.length} violations, median start ${startMsMedian} ms`,
  isVacuous: ({ load }) => load.acked === 0,
  controls: [
    { name: 'log cut after the kill', flush: 'async', cycles: 1, sabotage: cutLog, serveMs: LONG_MS },
    // The group consumes, is away for a cycle, and comes back to offsets that were moved.
    {
      name: 'offsets moved ahead',
      expects: /never given/,
      flush: 'async',
      cycles: 2,
      sabotage: moveOffsets,
      serveMs: LONG_MS,
      consumesIn: (cycle) => cycle !== 1,
    },
  ],
});

async function play({
  server,
  flush,
  cycles,
  seed,
  sabotage = () => undefined,
  consumesIn = () => true,
  serveMs = SERVE_MS,
}) {
  const random = seededRandom(seed);
  // Offsets reach the disk between two kills, and are lost now and then as well.
  const settings = { flushConsumerOffsetInterval: 300 };
  return withMortalBroker({ server, flush, settings }, async (broker) => {
    const { nameServer, storeDir } = broker;
    const journal = new Journal();
    const group = new GroupWatch({ nameServer, group: GROUP, topic: TOPIC });
    const load = new Load({
      lanes: IN_FLIGHT,
      next: (lane, number) => message(lane % QUEUES, `c${broker.kills}-${number}`),
      stored: ({ queueId, body }, queueOffset) => journal.acknowledge(queueId, queueOffset, body),
    });
    const violations = [];
    await broker.startWith([TOPIC, QUEUES]);
    for (let cycle = 0; cycle < cycles && violations.length === 0; cycle++) {
      await consume(group, consumesIn(cycle), random.next() < RENEW_SHARE);
      await broker.dieUnder([load], random.between(...serveMs));
      sabotage(storeDir, cycle, journal);
      await broker.start();
      violations.push(...(await offsetsPastTheEnd(broker)));
      // Every tenth cycle, and at the end, everything is read again; a full scan each time would take most of the time.
      if (cycle % 10 === 0) violations.push(...(await verify(broker, journal)));
    }
    await consume(group, true, false);
    if (violations.length === 0) violations.push(...(await verify(broker, journal)));
    const missing = await untilNothingIsLeft(() => group.missing(journal.bodies()), STANDSTILL_MS);
    // One by one: a control may miss more than a call takes arguments.
    for (const body of missing) violations.push(`acknowledged ${body} was never given to the group`);
    await group.stop();
    violations.push(...(await offsetsPastTheEnd(broker)));
    await broker.stop();
    const { kills, startMsMedian } = broker;
    return { kills, load, group, violations, startMsMedian };
  });
}

function message(queueId, body) {
  return { topic: TOPIC, queueId, body, properties: properties({ KEYS: body, UNIQ_KEY: body }) };
}

/** Brings the group into the state it shall be in; `renew` puts another consumer in the place of the one that runs. */
async function consume(group, shall, renew) {
  if (group.isRunning && (!shall || renew)) await group.stop();
  if (!group.isRunning && shall) await group.start();
}

/** Reads every queue whole and returns what is wrong. */
async function verify({ address }, journal) {
  return inEveryQueue(async (client, queueId) => {
    const from = await client.offset(address, RequestCode.GET_MIN_OFFSET, TOPIC, queueId);
    return journal.violations(queueId, from, await client.readQueue(address, TOPIC, queueId, from));
  });
}

/** Where a group's offset stands behind the end of its queue, which nothing may make it do. */
async function offsetsPastTheEnd({ address }) {
  return inEveryQueue(async (client, queueId) => {
    const end = await client.offset(address, RequestCode.GET_MAX_OFFSET, TOPIC, queueId);
    const committed = await client.committedOffset(address, GROUP, TOPIC, queueId);
    if (committed <= end) return [];
    return [`offset ${committed} of the group is past the end ${end} of queue ${queueId}`];
  });
}

async function inEveryQueue(look) {
  const client = rawClient();
  const violations = [];
  try {
    for (let queueId = 0; queueId < QUEUES; queueId++) violations.push(...(await look(client, queueId)));
  } finally {
    await client.close();
  }
  return violations;
}

/**
 * A control: what the group has committed is moved ahead while nobody looks, as if the messages between were consumed. To
 * just below the end of what was acknowledged: a group is given more than it has committed, so a small step could stay
 * within what it has seen.
 */
function moveOffsets(storeDir, cycle, journal) {
  if (cycle !== 1) return;
  moveGroupOffsets(storeDir, TOPIC, GROUP, (queueId) => journal.acked.get(queueId).size - 10);
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
