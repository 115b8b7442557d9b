// Consumers of one group come, leave and are killed while messages flow: the group is given every acknowledged message, an
// orderly group never sees a queue run backwards further than what was in flight, and what comes twice lies within the
// window of an event (what a consumer had taken and not committed). Ends with controls: deliveries left out, turned round.
//   node tools/reliability/rebalance-storms.mjs [--events 100] [--mode concurrently|orderly|both]
//     [--server ours|5.3.3] [--seed 1]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { clusterOf, OURS } from './cluster.mjs';
import { ConsumerProcess } from './consumer-process.mjs';
import { Journal } from './journal.mjs';
import { untilNothingIsLeft } from './kill-campaign.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { ResponseCode } = await importSource('@mq/remoting/protocol');

const TOPIC = 'StormTopic';
const QUEUES = 8;
const MOST_CONSUMERS = 5;
const LANES = 8;
const SEND_PAUSE_MS = 15;
const HANDLE_MS = 3;
/** Between two events: enough for a rebalance to begin, not always for it to end. */
const EVENT_PAUSE_MS = [300, 2_500];
/** The lock of an orderly consumer that was killed lives on for 60 s at the broker. */
const STANDSTILL_MS = 75_000;
/**
 * What a consumer may have taken from one queue and not committed: what the client caches of a queue (pullThresholdForQueue)
 * and what was handled since its last commit.
 */
const WINDOW = 2_000;

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** What a line of programs/consumer.mjs says: a delivery or, without a `body`, the end of a call of the handler. */
function deliveryOf(member, [at, queueId, queueOffset, body]) {
  return { member, at: Number(at), queueId: Number(queueId), queueOffset: Number(queueOffset), body };
}

/** Numbered messages, a few hundred a second, until told to stop. */
async function produce(address, journal, run) {
  const client = rawClient();
  const lane = async (number) => {
    for (let count = 0; !run.stopped; count++) {
      const queueId = (number + count) % QUEUES;
      const body = `m${run.next++}`;
      const { code, queueOffset, remark } = await client.send(address, { topic: TOPIC, queueId, body });
      if (code !== ResponseCode.SUCCESS) throw new Error(`a send was answered ${code} ${remark}`);
      journal.acknowledge(queueId, queueOffset, body);
      await sleep(SEND_PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  await client.close();
}

async function campaign({ server, mode, events, seed }) {
  const random = seededRandom(seed);
  const servers = await clusterOf(server);
  const journal = new Journal();
  const run = { stopped: false, next: 0 };
  const counts = { joined: 0, left: 0, killed: 0 };
  /** All deliveries in the order they became known; events stand between them. */
  const history = [];
  let members = [];
  try {
    const nameServer = await servers.nameServer(OURS);
    const broker = await servers.broker(server, { nameServer });
    const client = rawClient();
    await client.createTopic(broker.address, TOPIC, QUEUES);
    await client.close();
    const join = async () => {
      counts.joined++;
      const args = [nameServer.address, 'storm-group', TOPIC, mode, HANDLE_MS];
      members.push(
        await ConsumerProcess.start('consumer', args, (...line) => history.push(deliveryOf(...line))),
      );
    };
    await join();
    await join();
    const producing = produce(broker.address, journal, run);
    for (let event = 0; event < events; event++) {
      await sleep(random.between(...EVENT_PAUSE_MS));
      history.push({ event, at: now() });
      const chance = random.next();
      if (members.length < 2 || (chance < 0.4 && members.length < MOST_CONSUMERS)) {
        await join();
        continue;
      }
      const [member] = members.splice(Math.floor(random.next() * members.length), 1);
      const isKill = chance > 0.7;
      counts[isKill ? 'killed' : 'left']++;
      member.killed = isKill;
      await member.end(isKill ? 'SIGKILL' : 'SIGTERM');
      history.push({ event, at: now() });
    }
    run.stopped = true;
    await producing;
    await untilNothingIsLeft(() => {
      const seen = new Set(history.map(({ body }) => body));
      return journal.bodies().filter((body) => !seen.has(body));
    }, STANDSTILL_MS);
  } finally {
    await Promise.all(members.map((member) => member.end('SIGTERM')));
    await servers.dispose();
  }
  return { acked: journal.ackedCount, ...counts, history, journal };
}

/**
 * What is wrong with a history. Skipped: acknowledged and never delivered. Duplicates must lie within WINDOW of where their
 * queue stood. Inverted, where order is promised: a queue runs over an offset that nobody was given, goes back although
 * nobody came or went, or is in the hands of two members at once.
 */
function judge({ history, journal }, mode) {
  const violations = [];
  const delivered = new Set();
  const queues = new Map();
  const result = { duplicates: 0, inversions: 0, widest: 0 };
  let event = 0;
  for (const { member, at, queueId, queueOffset, body } of [...history].sort((a, b) => a.at - b.at)) {
    if (member === undefined) {
      event++;
      continue;
    }
    let queue = queues.get(queueId);
    if (queue === undefined) queues.set(queueId, (queue = { top: -1, event }));
    if (body === undefined) {
      if (queue.holder === member) queue.holder = undefined;
      continue;
    }
    const { top } = queue;
    if (delivered.has(body)) {
      result.duplicates++;
      result.widest = Math.max(result.widest, top - queueOffset);
      if (top - queueOffset > WINDOW)
        violations.push(
          `${body} came again ${top - queueOffset} messages behind the others of queue ${queueId}`,
        );
    }
    delivered.add(body);
    if (mode === 'ORDERLY') {
      const problem = disorder(queue, member, queueOffset, event);
      if (problem !== undefined) {
        result.inversions++;
        violations.push(`queue ${queueId} ${problem} (${body} at ${at})`);
      }
      Object.assign(queue, { holder: member, last: member, position: queueOffset, event });
    }
    queue.top = Math.max(top, queueOffset);
  }
  const skipped = journal.bodies().filter((body) => !delivered.has(body));
  for (const body of skipped) violations.push(`acknowledged ${body} was never given to the group`);
  return { ...result, skipped: skipped.length, delivered: delivered.size, violations };
}

function disorder(queue, member, queueOffset, event) {
  if (queueOffset > queue.top + 1) return `jumps from ${queue.top} to ${queueOffset}`;
  if (queue.holder !== undefined && queue.holder !== member && !queue.holder.killed) return 'is in two hands';
  const isBack = queue.last === member && queueOffset <= queue.position && queue.event === event;
  return isBack ? `goes back from ${queue.position} to ${queueOffset}` : undefined;
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100' },
    mode: { type: 'string', default: 'both' },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
const { server } = values;
let failed = false;
let orderly;
for (const name of values.mode === 'both' ? ['concurrently', 'orderly'] : [values.mode]) {
  const mode = name.toUpperCase();
  const run = await campaign({ server, mode, events: Number(values.events), seed });
  const verdict = judge(run, mode);
  if (mode === 'ORDERLY') orderly = run;
  console.log(
    `${server === OURS ? '' : `Apache ${server}: `}storm ${name}: ${values.events} events (${run.joined} joined, ${run.left} left, ${run.killed} killed), ${run.acked} acknowledged, ` +
      `${verdict.delivered} delivered, ${verdict.skipped} skipped, ${verdict.inversions} inversions, ${verdict.duplicates} duplicates ` +
      `(at most ${verdict.widest} back, ${WINDOW} allowed), ${verdict.violations.length} violations, seed ${seed}`,
  );
  for (const violation of verdict.violations.slice(0, 20)) console.log(`  ${violation}`);
  failed ||= verdict.violations.length > 0 || run.acked === 0;
}
if (orderly !== undefined) {
  const last = orderly.history.findLast(({ body }) => body !== undefined);
  const lost = orderly.history.filter(({ body }) => body !== last.body);
  const turned = orderly.history.map((entry) => ({ ...entry, at: -entry.at }));
  const controls = [
    ['a message never delivered', lost],
    ['a queue given backwards', turned],
  ];
  for (const [name, history] of controls) {
    const { violations } = judge({ history, journal: orderly.journal }, 'ORDERLY');
    const isFound = violations.some((text) =>
      name.startsWith('a message') ? text.includes(`${last.body} was never`) : text.startsWith('queue'),
    );
    console.log(`control (${name}): ${isFound ? 'detected, as it must be' : 'NOT detected'}`);
    failed ||= !isFound;
  }
}
// What Apache's broker does is reported, not judged.
process.exitCode = failed && server === OURS ? 1 : 0;
