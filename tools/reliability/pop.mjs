// A broker whose messages are popped, out of order and in order, is killed with SIGKILL again and again, while consumers
// acknowledge, keep longer, and vanish with what they received: every message that was acknowledged to its producer must be
// given to the group and stay until somebody acknowledged it, and a queue popped in order never runs over a message. What
// comes twice is counted. Ends with a control that must fail: a consumer that acknowledges what it has not handled.
//   node tools/reliability/pop.mjs [--cycles 10] [--buffer off|on|both] [--server ours|5.3.3] [--seed 1]
import { setTimeout as sleep } from 'node:timers/promises';
import { runCampaign } from './campaign.mjs';
import { Load, untilNothingIsLeft, withMortalBroker } from './kill-campaign.mjs';
import { PopLedger } from './pop-ledger.mjs';
import { seededRandom } from './random.mjs';
import { importSource } from './sources.mjs';

const { PopConsumer } = await importSource('@mq/client');

const FREE = { topic: 'PopTopic', group: 'pop-group', queues: 4, consumers: 3, order: false };
const ORDERED = { topic: 'PopOrderTopic', group: 'pop-order-group', queues: 2, consumers: 2, order: true };
const INVISIBLE_MS = 3_000;
const LANES = 8;
const LANE_RATE = 40;
const SERVE_MS = [700, 3_000];
/** Of a control: enough for messages to be given, however slow the machine is. */
const LONG_MS = [2_500, 3_000];
/** Of what a careless consumer receives, so much it acknowledges without handling it. */
const CARELESS_SHARE = 0.5;
/** Nothing new for so long after the last kill: what is missing will not come. */
const STANDSTILL_MS = 30_000;

await runCampaign({
  options: { cycles: 10, buffer: 'both' },
  modes: ({ cycles, buffer }) =>
    buffer === 'both'
      ? [false, true].map((merges) => ({ merges, cycles: Math.ceil(cycles / 2) }))
      : [{ merges: buffer === 'on' }],
  play,
  describe: ({ kinds, kills }, { merges }) =>
    kinds.map(
      ({ order, ledger }) =>
        `pop ${order ? 'in order' : 'out of order'}, checkpoints ${merges ? 'in memory first' : 'in the log'}: ` +
        `${kills} kills, ${ledger.sent.size} acknowledged, ${ledger.lost().length} lost, ` +
        `${ledger.duplicates} given more than once (${ledger.afterAck} after their acknowledgement), ` +
        `${ledger.jumps.length} out of order`,
    ),
  isVacuous: ({ kinds }) => kinds.some(({ ledger }) => ledger.sent.size === 0),
  controls: [
    {
      name: 'messages acknowledged and not handled',
      expects: /never given/,
      cycles: 1,
      serveMs: LONG_MS,
      careless: true,
    },
  ],
});

async function play({ server, cycles, merges = false, seed, serveMs = SERVE_MS, careless = false }) {
  const random = seededRandom(seed);
  const settings = { enablePopBufferMerge: merges, registerNameServerPeriod: 10_000 };
  return withMortalBroker({ server, settings }, async (broker) => {
    const kinds = [FREE, ORDERED].map((kind) => ({ ...kind, ledger: new PopLedger(kind.order) }));
    const loads = kinds.map((kind) => loadOf(kind, broker));
    const run = { draining: false, ended: false };
    await broker.startWith(...kinds.map(({ topic, queues }) => [topic, queues]));
    const consuming = kinds.map((kind) => consume(broker.nameServer, kind, run, random, careless));
    try {
      for (let cycle = 0; cycle < cycles; cycle++) {
        await broker.dieUnder(loads, random.between(...serveMs));
        await broker.start();
      }
      run.draining = true;
      await untilNothingIsLeft(() => kinds.flatMap(({ ledger }) => ledger.unfinished()), STANDSTILL_MS);
    } finally {
      run.ended = true;
      await Promise.all(consuming);
    }
    const violations = kinds.flatMap(({ topic, ledger }) =>
      ledger.violations().map((violation) => `${topic}: ${violation}`),
    );
    return { kinds, kills: broker.kills, violations };
  });
}

function loadOf({ topic, queues, ledger }, broker) {
  return new Load({
    lanes: LANES,
    perSecond: LANE_RATE,
    next: (_lane, number) => ({ topic, queueId: number % queues, body: `c${broker.kills}-${number}` }),
    stored: ({ body }) => ledger.sent.add(body),
  });
}

/** Consumers that receive until the run has ended, whatever happens to the broker. */
async function consume(nameServer, kind, run, random, careless) {
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
        const messages = await consumer.receive(kind.topic, {
          order: kind.order,
          maxMessages: 16,
          waitMs: 1_000,
        });
        const chance = random.next();
        if (careless && chance < CARELESS_SHARE) {
          await Promise.all(messages.map((message) => consumer.ack(message)));
          for (const { body } of messages) kind.ledger.acked.add(body.toString());
          continue;
        }
        for (const message of messages) kind.ledger.take(message);
        if (chance < 0.03 && !run.draining) {
          // It vanishes with what it has; somebody else takes its place.
          await consumer.close({ timeoutMs: 100 });
          consumer = await make(number);
          continue;
        }
        for (const message of messages) await handle(consumer, message, kind, run, random);
      } catch (error) {
        if (error.name !== 'MQClientError') throw error;
        await sleep(50);
      }
    }
    await consumer.close({ timeoutMs: 500 });
  };
  await Promise.all(Array.from({ length: kind.consumers }, (_, number) => lane(number)));
}

/** Out of order, one message in twenty comes again, and one in twenty is forgotten; all others are acknowledged. */
async function handle(consumer, message, { order, ledger }, run, random) {
  if (!order && random.next() < 0.05) return consumer.changeInvisibleTime(message, 500);
  if (!order && random.next() >= 0.95 && !run.draining) return;
  const body = message.body.toString();
  ledger.unknown.add(body);
  await consumer.ack(message);
  ledger.unknown.delete(body);
  ledger.acked.add(body);
}
