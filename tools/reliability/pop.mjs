// A broker whose messages are popped, out of order and in order, is killed with SIGKILL again and again, while consumers
// acknowledge, keep longer, and vanish with what they received: every message that was acknowledged to its producer must be
// given to the group and stay until somebody acknowledged it, and a queue popped in order never runs over a message. What
// comes twice is counted. Ends with a control that must fail: a consumer that acknowledges what it has not handled.
//   node tools/reliability/pop.mjs [--cycles 10] [--buffer off|on|both] [--server ours|5.3.3] [--seed 1]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../interop/lib/servers.mjs';
import { clusterOf, OURS } from './cluster.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { PopConsumer } = await importSource('@mq/client');
const { ResponseCode } = await importSource('@mq/remoting/protocol');

const FREE = { topic: 'PopTopic', group: 'pop-group', queues: 4, consumers: 3, order: false };
const ORDERED = { topic: 'PopOrderTopic', group: 'pop-order-group', queues: 2, consumers: 2, order: true };
const INVISIBLE_MS = 3_000;
const LANES = 8;
const LANE_RATE = 40;
const KILL_AFTER_MS = [700, 3_000];
/** Nothing new for so long after the last kill: what is missing will not come. */
const STANDSTILL_MS = 30_000;

/** What was stored of a topic, and what became of it. */
class Ledger {
  sent = new Set();
  /** body → deliveries. */
  given = new Map();
  acked = new Set();
  /** Acknowledgements whose answer never came: they may count. */
  unknown = new Set();
  duplicates = 0;
  afterAck = 0;
  violations = [];
  /** Queue → highest offset given so far. */
  #tops = new Map();

  take({ body, queueId, queueOffset }, isOrdered) {
    const text = body.toString();
    const times = (this.given.get(text) ?? 0) + 1;
    this.given.set(text, times);
    if (times > 1) this.duplicates++;
    if (this.acked.has(text)) this.afterAck++;
    if (!isOrdered) return;
    const top = this.#tops.get(queueId) ?? -1;
    if (queueOffset > top + 1) this.violations.push(`queue ${queueId} jumps from ${top} to ${queueOffset}`);
    this.#tops.set(queueId, Math.max(top, queueOffset));
  }

  unfinished() {
    return [...this.sent].filter((body) => !this.acked.has(body) && !this.unknown.has(body));
  }
}

async function load(address, { topic, queues }, ledger, run) {
  const client = rawClient();
  const lane = async (number) => {
    for (let n = 0; !run.stopped; n++) {
      const body = `c${run.cycle}-${number}-${n}`;
      try {
        const { code } = await client.send(address, { topic, queueId: (number + n) % queues, body });
        if (code === ResponseCode.SUCCESS) ledger.sent.add(body);
      } catch (error) {
        if (error.name !== 'RemotingError') throw error;
        return;
      }
      await sleep(1000 / LANE_RATE);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  await client.close();
}

/** Receives for as long as the campaign runs, whatever happens to the broker. `careless` acknowledges before it handles. */
async function consume(nameServer, kind, ledger, run, random, careless) {
  const make = async (number) => {
    const consumer = new PopConsumer({
      nameServers: nameServer.address,
      consumerGroup: kind.group,
      instanceName: `${kind.group}-${number}-${random.next()}`,
      startFrom: 'EARLIEST',
      invisibleTimeMs: INVISIBLE_MS,
      requestTimeoutMs: 2_000,
    });
    await consumer.start();
    return consumer;
  };
  const lane = async (number) => {
    let consumer = await make(number);
    while (!run.ended) {
      try {
        const options = { order: kind.order, maxMessages: 16, waitMs: 1_000 };
        const messages = await consumer.receive(kind.topic, options);
        const chance = random.next();
        if (careless && chance < 0.2) {
          await Promise.all(messages.map((message) => consumer.ack(message)));
          for (const { body } of messages) ledger.acked.add(body.toString());
          continue;
        }
        for (const message of messages) ledger.take(message, kind.order);
        if (chance < 0.03 && !run.draining) {
          // It vanishes with what it has; somebody else takes its place.
          await consumer.close({ timeoutMs: 100 });
          consumer = await make(number);
          continue;
        }
        for (const message of messages) {
          if (!kind.order && random.next() < 0.05) await consumer.changeInvisibleTime(message, 500);
          else if (kind.order || random.next() < 0.95 || run.draining) {
            const body = message.body.toString();
            ledger.unknown.add(body);
            await consumer.ack(message);
            ledger.unknown.delete(body);
            ledger.acked.add(body);
          }
        }
      } catch (error) {
        if (error.name !== 'MQClientError') throw error;
        await sleep(50);
      }
    }
    await consumer.close({ timeoutMs: 500 });
  };
  await Promise.all(Array.from({ length: kind.consumers }, (_, number) => lane(number)));
}

async function campaign({ server, cycles, buffer, seed, careless = false }) {
  const random = seededRandom(seed);
  const servers = await clusterOf(server);
  const kinds = [FREE, ORDERED].map((kind) => ({ kind, ledger: new Ledger() }));
  const run = { stopped: false, draining: false, ended: false, cycle: 0 };
  try {
    const nameServer = await servers.nameServer(OURS);
    const storeDir = servers.folder();
    const port = await freePort();
    const settings = { enablePopBufferMerge: buffer, registerNameServerPeriod: 10_000 };
    const start = () => servers.broker(server, { nameServer, storeDir, port, settings });
    let broker = await start();
    const client = rawClient();
    for (const { kind } of kinds) await client.createTopic(broker.address, kind.topic, kind.queues);
    await client.close();
    const consuming = kinds.map(({ kind, ledger }) =>
      consume(nameServer, kind, ledger, run, random, careless),
    );
    for (run.cycle = 0; run.cycle < cycles; run.cycle++) {
      const loads = kinds.map(({ kind, ledger }) => load(broker.address, kind, ledger, run));
      await sleep(random.between(...KILL_AFTER_MS));
      await broker.kill();
      await Promise.all(loads);
      broker = await start();
    }
    run.draining = true;
    await untilFinished(kinds);
    run.ended = true;
    await Promise.all(consuming);
  } finally {
    run.stopped = true;
    run.ended = true;
    await servers.dispose();
  }
  return kinds;
}

/** Until everything is acknowledged, or nothing has happened for long. */
async function untilFinished(kinds) {
  const count = () => kinds.reduce((sum, { ledger }) => sum + ledger.unfinished().length, 0);
  for (let [since, left] = [performance.now(), count()]; left > 0;) {
    if (performance.now() - since > STANDSTILL_MS) return;
    await sleep(200);
    const now = count();
    if (now !== left) [since, left] = [performance.now(), now];
  }
}

function judge(kinds) {
  const problems = [];
  for (const { kind, ledger } of kinds) {
    const lost = [...ledger.sent].filter((body) => !ledger.given.has(body));
    if (lost.length > 0)
      problems.push(`${kind.topic}: ${lost.length} messages were never given, as ${lost[0]}`);
    const stuck = ledger.unfinished().filter((body) => ledger.given.has(body));
    if (stuck.length > 0)
      problems.push(`${kind.topic}: ${stuck.length} were not given again, as ${stuck[0]}`);
    problems.push(...ledger.violations.slice(0, 5).map((violation) => `${kind.topic}: ${violation}`));
    if (ledger.sent.size === 0) problems.push(`${kind.topic}: nothing was acknowledged`);
  }
  return problems;
}

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '10' },
    buffer: { type: 'string', default: 'both' },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const cycles = Number(values.cycles);
const seed = Number(values.seed);
const buffers = values.buffer === 'both' ? [false, true] : [values.buffer === 'on'];
for (const buffer of buffers) {
  const kinds = await campaign({
    server: values.server,
    cycles: Math.ceil(cycles / buffers.length),
    buffer,
    seed,
  });
  const problems = judge(kinds);
  for (const { kind, ledger } of kinds) {
    const { sent, duplicates, afterAck } = ledger;
    console.log(
      `pop ${kind.order ? 'in order' : 'out of order'}, checkpoints ${buffer ? 'in memory first' : 'in the log'}: ` +
        `${Math.ceil(cycles / buffers.length)} kills, ${sent.size} acknowledged, ` +
        `${[...sent].filter((body) => !ledger.given.has(body)).length} lost, ${duplicates} given more than once ` +
        `(${afterAck} after their acknowledgement), ${ledger.violations.length} out of order, seed ${seed}`,
    );
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
const control = judge(
  await campaign({ server: values.server, cycles: 1, buffer: false, seed, careless: true }),
);
if (control.length === 0)
  throw new Error('the control was not detected: messages acknowledged and not handled');
console.log(`control detected: ${control[0]}`);
