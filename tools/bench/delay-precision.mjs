// How late delayed messages come while the broker has other things to do: levels and timers, a tenth of all sends, beside ordinary
// sends at a given rate. Apache's 5.3.3 and ours, one after the other:
//   node tools/bench/delay-precision.mjs [--rate 5000] [--delayed 500] [--seconds 60] [--server ours|5.3.3|both] [--mqload PATH]
// Late is from when a message was due, by the sender's clock, to when a waiting pull was answered with it. A delay level counts from
// the arrival, so its lateness holds the way of the send, too.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OURS } from '../interop/lib/servers.mjs';
import { DelayedLedger } from '../reliability/delayed-ledger.mjs';
import { Load } from '../reliability/kill-campaign.mjs';
import { QueueReader } from '../reliability/queue-reader.mjs';
import { seededRandom } from '../reliability/random.mjs';
import { rawClient } from '../reliability/raw-client.mjs';
import { buildLoadGenerator, runLoad } from './load.mjs';
import { JAVA, benchServers, prepareSides, startSide } from './sides.mjs';

const TOPIC = 'PrecisionTopic';
const QUEUES = 4;
const LANES = 50;
/** The first three of the default table. */
const LEVELS_MS = [1_000, 5_000, 10_000];
const LONGEST_MS = 10_000;
/** After the last one was due: Apache's timers come up to a second later. */
const SETTLE_MS = 5_000;

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    delayed: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    server: { type: 'string', default: 'both' },
    mqload: { type: 'string', default: '' },
  },
});
const seconds = Number(values.seconds);
const mqload = values.mqload || buildLoadGenerator();

/** Half of them with a level, a quarter each with a delay and with a time of their own. */
function aDelay(random, number) {
  const kind = ['level', 'level', 'delay', 'deliver'][number % 4];
  if (kind !== 'level') return { kind, delayMs: Math.floor(random.between(1_000, LONGEST_MS)) };
  const level = 1 + Math.floor(random.next() * LEVELS_MS.length);
  return { kind, level, delayMs: LEVELS_MS[level - 1] };
}

async function measure(kind) {
  const servers = benchServers();
  try {
    const side = await startSide(servers, kind);
    const { address } = side.broker;
    const client = rawClient();
    await client.createTopic(address, TOPIC, QUEUES);
    await client.close();
    const random = seededRandom(1);
    const ledger = new DelayedLedger();
    const reader = new QueueReader(address, TOPIC, QUEUES, (body, atMs) => ledger.take(body, atMs));
    const load = new Load({
      lanes: LANES,
      perSecond: Number(values.delayed) / LANES,
      next: (lane, number) =>
        ledger.message(
          { topic: TOPIC, queueId: lane % QUEUES, body: `${lane}-${number}` },
          aDelay(random, number),
        ),
      stored: ({ body }) => ledger.settle(body, true),
      turnedDown: ({ body }) => ledger.settle(body, false),
    });
    const target = ['-ns', side.nameServer.address, '-topic', 'BenchTopic'];
    const shape = ['-size', '1024', '-conns', '4', '-inflight', '64', '-codec', 'rocketmq'];
    const pace = ['-rate', values.rate, '-seconds', values.seconds, '-warmup', '0'];
    const ordinary = runLoad(mqload, ['send', ...target, ...shape, ...pace]);
    const sending = load.run(address);
    const fromMs = Date.now();
    await ordinary;
    load.stop();
    await sending;
    await sleep(LONGEST_MS + SETTLE_MS);
    await reader.stop();
    // Not the first seconds: a Java broker compiles its code.
    const late = ledger.lateness([[fromMs + (seconds * 1000) / 4, Infinity]]);
    console.log(
      `${kind}: ${ledger.sent.size} delayed messages, ${ledger.early.length} early, ${ledger.missing().length} ` +
        `missing, ${ledger.duplicates} again; ${late.join('; ')}`,
    );
  } finally {
    await servers.dispose();
  }
}

prepareSides();
const kinds = values.server === 'both' ? [JAVA, OURS] : [values.server];
for (const kind of kinds) await measure(kind);
