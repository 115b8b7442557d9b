// Messages with keys, in order, while the broker and the consumers of an orderly group are killed with SIGKILL and some
// messages fail once: the group consumes every acknowledged message, and what it consumes for the first time comes in the
// order of its queue and of its key, without a gap. What comes twice is counted. Ends with controls that must fail: consumers
// that go on with a queue in which a message failed, and consumers that forget what failed.
//   node tools/reliability/ordered.mjs [--cycles 300] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { flushModes, runCampaign } from './campaign.mjs';
import { Load, untilNothingIsLeft, withMortalBroker } from './kill-campaign.mjs';
import { OrderLedger } from './order-ledger.mjs';
import { PlannedGroup } from './planned-group.mjs';
import { seededRandom } from './random.mjs';

const TOPIC = 'OrderedTopic';
const GROUP = 'ordered-group';
const QUEUES = 4;
/** Each has a sender that waits for one answer before the next message, and one queue. */
const KEYS = 16;
const KEY_RATE = 20;
const CONSUMERS = 3;
const SERVE_MS = [500, 2_000];
/** Of the messages, so many fail in their first attempt. */
const FAIL_SHARE = 0.03;
/** Of the cycles, so many kill a consumer together with the broker. */
const CONSUMER_SHARE = 0.4;
/** Longer than a lock of a consumer that was killed lives at the broker. */
const STANDSTILL_MS = 75_000;
/** Of a control. */
const SHORT = { flush: 'async', cycles: 1, serveMs: [2_500, 3_000], standstillMs: 10_000 };
const SETTINGS = {
  // Offsets reach the disk between two kills, and are lost now and then as well.
  flushConsumerOffsetInterval: 300,
  // Of the control that uses the retry topic.
  messageDelayLevel: '1s 1s 1s 1s',
};

await runCampaign({
  options: { cycles: 300, flush: 'async' },
  modes: flushModes,
  play,
  describe: ({ kills, load, ledger, lost, inversions }, { flush }) =>
    `ordered, ${flush} flush: ${kills.broker} brokers and ${kills.consumer} consumers killed, ${load.acked} acknowledged, ` +
    `${load.unknown} without an answer, ${ledger.consumed.size} consumed (${ledger.duplicates} again), ${ledger.failures} failures, ` +
    `${lost.length} lost, ${inversions.length} inversions`,
  isVacuous: ({ load, ledger }) => load.acked === 0 || ledger.failures === 0,
  controls: [
    { name: 'consumers that keep no order', expects: /overtakes/, ...SHORT, mode: 'CONCURRENTLY' },
    { name: 'consumers that forget what failed', expects: /never consumed/, ...SHORT, honest: false },
  ],
});

async function play({
  server,
  flush,
  cycles,
  seed,
  mode = 'ORDERLY',
  serveMs = SERVE_MS,
  standstillMs = STANDSTILL_MS,
  honest = true,
}) {
  const random = seededRandom(seed);
  return withMortalBroker({ server, flush, settings: SETTINGS }, async (broker) => {
    const ledger = new OrderLedger();
    const load = new Load({
      lanes: KEYS,
      perSecond: KEY_RATE,
      next: (key, number) => message(key, number, random.next() < FAIL_SHARE ? 1 : 0),
      stored: ({ body }) => ledger.sent.add(body),
    });
    await broker.startWith([TOPIC, QUEUES]);
    const group = new PlannedGroup({
      nameServer: broker.nameServer,
      group: GROUP,
      topic: TOPIC,
      mode,
      honest,
      size: CONSUMERS,
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
      await untilNothingIsLeft(() => ledger.lost(), standstillMs);
    } finally {
      await group.stop();
    }
    const [lost, inversions] = [ledger.lost(), ledger.inversions()];
    const violations = [...lost.map((body) => `acknowledged ${body} was never consumed`), ...inversions];
    return {
      kills: { broker: broker.kills, consumer: group.kills },
      load,
      ledger,
      lost,
      inversions,
      violations,
    };
  });
}

function message(key, number, failures) {
  return { topic: TOPIC, queueId: key % QUEUES, body: `k${key}-${number}:${failures}` };
}
