// What a delayed message costs from the send to the delivery, and what a million waiting timers hold; Apache's 5.3.3 and ours:
//   node tools/bench/delayed.mjs [--messages 30000] [--rate 0] [--rounds 3] [--pending 1000000] [--mqload PATH]
// Both brokers are warm and get the same load in turns; CPU is counted until every message was delivered. Without a rate 64 sends
// wait for their answers at any time; with one each send wakes the broker by itself, which costs more than all the rest.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OURS } from '../interop/lib/servers.mjs';
import { buildLoadGenerator, runLoad } from './load.mjs';
import { cpuSeconds, privateMegabytes } from './process.mjs';
import { JAVA, benchServers, prepareSides, startSide, tableHead, tableRow } from './sides.mjs';
import { inTurns, sideMedians } from './turns.mjs';

const TOPIC = 'BenchTopic';
/** Until everything that waits for a second was delivered: a slot of the wheel, and time to spare. */
const SETTLE_MS = 4_000;
const KINDS = [
  { name: 'delay level of 1 s', props: 'DELAY=1' },
  { name: 'timer of 1 s', props: 'TIMER_DELAY_MS=1000' },
];
const AIM = '≥ 3 ×';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '30000' },
    rate: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
    pending: { type: 'string', default: '1000000' },
    mqload: { type: 'string', default: '' },
  },
});
const turns = { rounds: Number(values.rounds), warmUpRounds: 3 };
const pace = Number(values.rate) > 0 ? `, ${values.rate} a second` : '';
const mqload = values.mqload || buildLoadGenerator();

const target = ({ nameServer }) => ['-ns', nameServer.address, '-topic', TOPIC];
const load = ['-size', '128', '-conns', '1', '-inflight', '64', '-codec', 'rocketmq'];

/** CPU µs a message, from the first send until the last delivery. */
async function cost(side, props) {
  const before = cpuSeconds(side.broker.pid);
  const { messages, rate } = values;
  const paced = ['-rate', rate, '-seconds', String(Number(messages) / Number(rate))];
  const amount = Number(rate) > 0 ? paced : ['-count', messages, '-seconds', '600'];
  const time = [...amount, '-warmup', '0'];
  await runLoad(mqload, ['send', ...target(side), ...load, '-props', props, ...time]);
  await sleep(SETTLE_MS);
  return ((cpuSeconds(side.broker.pid) - before) / Number(messages)) * 1e6;
}

prepareSides();
const servers = benchServers();
try {
  const sides = [];
  for (const kind of [JAVA, OURS]) sides.push(await startSide(servers, kind));
  console.log(tableHead);
  for (const { name, props } of KINDS) {
    const costs = await inTurns(sides, turns, (side) => cost(side, props));
    console.log(tableRow(`${name}${pace}: CPU µs a message`, ...sideMedians(costs), AIM));
  }
  const held = [];
  for (const side of sides) {
    const before = privateMegabytes(side.broker.pid);
    const fill = [
      '-count',
      values.pending,
      '-seconds',
      '600',
      '-warmup',
      '0',
      '-props',
      'TIMER_DELAY_SEC=7200',
    ];
    await runLoad(mqload, ['send', ...target(side), ...load, ...fill]);
    await sleep(SETTLE_MS);
    const after = privateMegabytes(side.broker.pid);
    console.log(
      `${side.kind}: ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB with ${values.pending} timers waiting`,
    );
    held.push(after);
  }
  console.log(tableRow(`private memory with ${values.pending} timers waiting, MB`, ...held, 'bounded'));
} finally {
  await servers.dispose();
}
