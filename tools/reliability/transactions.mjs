// Brokers and producers are killed in the middle of transactions: what was committed is delivered, once; what was rolled back
// never is; what nobody had decided is asked about until it is. Every message is accounted for. Ends with controls that must
// fail: producers that commit what was rolled back, and a check that was moved past half messages.
//   node tools/reliability/transactions.mjs [--cycles 300] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { setTimeout as sleep } from 'node:timers/promises';
import { flushModes, runCampaign } from './campaign.mjs';
import { withMortalBroker } from './kill-campaign.mjs';
import { moveGroupOffsets } from './moved-offsets.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';
import { TransactionProducers } from './transaction-producers.mjs';

const { RequestCode } = await importSource('@mq/remoting/protocol');

const TOPIC = 'TransactionTopic';
const GROUP = 'transaction-group';
const QUEUES = 4;
const SERVE_MS = [300, 1_500];
const CHECK_INTERVAL_MS = 200;
/** Nothing new for so long, while something is missing: it will not come. */
const STANDSTILL_MS = 20_000;
/** Checks are over after so many rounds without a new message. */
const QUIET_MS = 10 * CHECK_INTERVAL_MS;
const SETTINGS = {
  transactionTimeOut: 300,
  transactionCheckInterval: CHECK_INTERVAL_MS,
  // Nothing is given up, however often its producers are away.
  transactionCheckMax: 1_000_000,
  // Op messages and offsets reach the disk between two kills, and are lost now and then as well.
  transactionOpBatchInterval: 200,
  flushConsumerOffsetInterval: 300,
};
/** Of a control. */
const SHORT = { flush: 'async', cycles: 4 };

await runCampaign({
  options: { cycles: 300, flush: 'both' },
  modes: flushModes,
  play,
  describe: ({ kills, committed, rolledBack, failedSends, twice, violations }, { flush }) =>
    `${flush} flush: ${kills.broker} brokers and ${kills.producer} producers killed, ${committed} committed, ` +
    `${rolledBack} rolled back, ${failedSends} sends failed, ${twice} delivered twice, ${violations.length} violations`,
  isVacuous: ({ committed, rolledBack }) => committed === 0 || rolledBack === 0,
  controls: [
    { name: 'producers that commit what was rolled back', expects: /rolled back/, ...SHORT, honest: false },
    {
      name: 'half messages skipped by the check',
      expects: /is lost/,
      ...SHORT,
      sabotage: skipHalfMessages,
    },
  ],
});

async function play({ server, flush, cycles, seed, honest = true, sabotage = () => undefined }) {
  const random = seededRandom(seed);
  return withMortalBroker({ server, flush, settings: SETTINGS }, async (broker) => {
    await broker.startWith([TOPIC, QUEUES]);
    const producers = new TransactionProducers(broker.nameServer, GROUP, TOPIC, honest);
    const kills = { broker: 0, producer: 0 };
    try {
      for (let cycle = 0; cycle < cycles; cycle++) {
        await producers.start();
        await sleep(random.between(...SERVE_MS));
        const victim = random.next();
        if (victim < 0.75) {
          kills.broker++;
          await broker.kill();
        }
        if (victim > 0.5) {
          kills.producer++;
          await producers.kill();
        }
        if (victim >= 0.75) continue;
        sabotage(broker.storeDir);
        await broker.start();
      }
      // Who answers the last checks has to be there.
      await producers.start();
      producers.pause();
      const counts = await untilQuiet(broker.address, producers.decisions);
      await producers.stop();
      await broker.stop();
      return { kills, ...summaryOf(producers, counts) };
    } finally {
      await producers.stop();
    }
  });
}

function summaryOf({ decisions, failedSends }, counts) {
  const committed = [...decisions.values()].filter((decision) => decision === 'COMMIT').length;
  const twice = [...counts.values()].filter((count) => count > 1).length;
  const violations = violationsOf(decisions, counts);
  return { committed, rolledBack: decisions.size - committed, failedSends, twice, violations };
}

/** message -> how often it is in the topic. Queue offsets must have no hole. */
async function delivered(address) {
  const client = rawClient();
  const counts = new Map();
  try {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const from = await client.offset(address, RequestCode.GET_MIN_OFFSET, TOPIC, queueId);
      let next = from;
      for (const { queueOffset, body } of await client.readQueue(address, TOPIC, queueId, from)) {
        if (queueOffset !== next) throw new Error(`hole in queue ${queueId} before ${queueOffset}`);
        next++;
        counts.set(body, (counts.get(body) ?? 0) + 1);
      }
    }
  } finally {
    await client.close();
  }
  return counts;
}

/** Waits until all that was committed is there and nothing more comes, or for good. */
async function untilQuiet(address, decisions) {
  let counts = await delivered(address);
  let changedAt = performance.now();
  for (;;) {
    await sleep(QUIET_MS / 4);
    const before = total(counts);
    counts = await delivered(address);
    const now = performance.now();
    if (total(counts) !== before) changedAt = now;
    const isComplete = [...decisions].every(([id, decision]) => decision !== 'COMMIT' || counts.has(id));
    if (now - changedAt > (isComplete ? QUIET_MS : STANDSTILL_MS)) return counts;
  }
}

function total(counts) {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** What is wrong, as sentences. */
function violationsOf(decisions, counts) {
  const found = [];
  for (const [id, decision] of decisions) {
    if (decision === 'COMMIT' && !counts.has(id)) found.push(`committed ${id} is lost`);
    if (decision === 'ROLLBACK' && counts.has(id)) found.push(`rolled back ${id} was delivered`);
  }
  for (const [id, count] of counts) {
    if (count > 1) found.push(`${id} was delivered ${count} times`);
    if (!decisions.has(id)) found.push(`${id} was delivered and nobody had decided it`);
  }
  return found;
}

/** A control: the check is told that it has looked at all half messages there will be. */
function skipHalfMessages(storeDir) {
  moveGroupOffsets(storeDir, 'RMQ_SYS_TRANS_HALF_TOPIC', 'CID_RMQ_SYS_TRANS', () => 999_999_999);
}
