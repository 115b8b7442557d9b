// Consumers fail messages as often as planned while the broker and the consumers are killed with SIGKILL: every acknowledged
// message is consumed in the end, or is in the dead letter queue exactly when its attempts are used up. What comes twice is
// counted. Ends with controls that must fail: consumers that forget what failed, a group that gives up an attempt too early.
//   node tools/reliability/retries.mjs [--cycles 300] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { flushModes, runCampaign } from './campaign.mjs';
import { Load, untilNothingIsLeft, withMortalBroker } from './kill-campaign.mjs';
import { PlannedGroup } from './planned-group.mjs';
import { seededRandom } from './random.mjs';
import { RetryLedger } from './retry-ledger.mjs';

const TOPIC = 'RetriesTopic';
const GROUP = 'retries-group';
const QUEUES = 4;
const LANES = 8;
const LANE_RATE = 20;
const CONSUMERS = 2;
const SERVE_MS = [500, 2_500];
/** Attempts after the first before a message is a dead letter. */
const RETRIES = 3;
/** Of ten messages: how often each fails. */
const FAILURES = [0, 0, 0, 0, 1, 1, 2, RETRIES, Infinity, Infinity];
/** Of the cycles, so many kill a consumer together with the broker. */
const CONSUMER_SHARE = 0.4;
/** Nothing new for so long after the last kill: what is missing will not come. */
const STANDSTILL_MS = 40_000;
const SETTINGS = {
  // Offsets reach the disk between two kills, and are lost now and then as well.
  flushConsumerOffsetInterval: 300,
  // The first retry has level 3.
  messageDelayLevel: '1s 1s 1s 1s 1s 1s',
};
/** Of a control. */
const SHORT = { flush: 'async', cycles: 1, serveMs: [2_500, 3_000], standstillMs: 15_000 };

await runCampaign({
  options: { cycles: 300, flush: 'async' },
  modes: flushModes,
  play,
  describe: ({ kills, load, ledger, lost, violations }, { flush }) =>
    `retries, ${flush} flush: ${kills.broker} brokers and ${kills.consumer} consumers killed, ${load.acked} acknowledged, ` +
    `${load.unknown} without an answer, ${ledger.attempts} attempts, ${ledger.consumed.size} consumed (${ledger.duplicates} again), ` +
    `${ledger.dead.size} dead letters (${ledger.deadAgain} again), ${lost.length} lost, ${violations.length} violations`,
  isVacuous: ({ ledger }) => ledger.consumed.size === 0 || ledger.dead.size === 0,
  controls: [
    { name: 'consumers that forget what failed', expects: /neither consumed/, ...SHORT, honest: false },
    { name: 'an attempt too few', expects: /dead letter after/, ...SHORT, retries: RETRIES - 1 },
  ],
});

async function play({
  server,
  flush,
  cycles,
  seed,
  retries = RETRIES,
  honest = true,
  serveMs = SERVE_MS,
  standstillMs = STANDSTILL_MS,
}) {
  const random = seededRandom(seed);
  return withMortalBroker({ server, flush, settings: SETTINGS }, async (broker) => {
    const ledger = new RetryLedger(GROUP, RETRIES);
    const load = new Load({
      lanes: LANES,
      perSecond: LANE_RATE,
      next: (_lane, number) => message(number, FAILURES[Math.floor(random.next() * FAILURES.length)]),
      stored: ({ body }) => ledger.sent.add(body),
    });
    await broker.startWith([TOPIC, QUEUES]);
    const group = new PlannedGroup({
      nameServer: broker.nameServer,
      group: GROUP,
      topic: TOPIC,
      mode: 'CONCURRENTLY',
      size: CONSUMERS,
      maxReconsumeTimes: retries,
      honest,
      hear: (attempt) => ledger.note(attempt),
    });
    try {
      for (let cycle = 0; cycle < cycles; cycle++) {
        await group.fill();
        await broker.dieUnder([load], random.between(...serveMs));
        if (random.next() < CONSUMER_SHARE) await group.killOne();
        await broker.start();
      }
      await group.fill();
      await untilNothingIsLeft(async () => {
        await ledger.readDeadLetters(broker.address);
        return ledger.lost();
      }, standstillMs);
    } finally {
      await group.stop();
    }
    const lost = ledger.lost();
    const violations = [
      ...lost.map((body) => `acknowledged ${body} was neither consumed nor is it a dead letter`),
      ...ledger.buriedAlive(),
    ];
    return { kills: { broker: broker.kills, consumer: group.kills }, load, ledger, lost, violations };
  });
}

function message(number, failures) {
  return { topic: TOPIC, queueId: number % QUEUES, body: `m${number}:${failures}` };
}
