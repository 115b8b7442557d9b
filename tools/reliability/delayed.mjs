// A broker with delayed messages (levels, and timers that go through the wheel and are rolled) is killed with SIGKILL again and
// again: every message that was acknowledged must come, and none before its time by this process's clock. What comes twice
// is counted. Prints how late they were, and ends with a control that must fail: a broker whose clock is ahead.
//   node tools/reliability/delayed.mjs [--cycles 10] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { setTimeout as sleep } from 'node:timers/promises';
import { flushModes, runCampaign } from './campaign.mjs';
import { DelayedLedger } from './delayed-ledger.mjs';
import { Load, untilNothingIsLeft, withMortalBroker } from './kill-campaign.mjs';
import { QueueReader } from './queue-reader.mjs';
import { seededRandom } from './random.mjs';

const TOPIC = 'DelayedTopic';
const QUEUES = 2;
const LANES = 16;
/** Messages a lane sends in a second, at most. */
const LANE_RATE = 20;
const SERVE_MS = [300, 2_500];
const LEVELS_MS = [1_000, 2_000, 3_000, 5_000];
const LONGEST_MS = 8_000;
/** Nothing new for so long after everything was due: what is missing will not come. */
const STANDSTILL_MS = 20_000;
/** What would come a second time has the time to. */
const AGAIN_MS = 1_500;
const SETTINGS = {
  messageDelayLevel: LEVELS_MS.map((ms) => `${ms / 1000}s`).join(' '),
  // Shorter than the longest delay, so that messages are rolled.
  timerRollWindowSlot: 4,
  mappedFileSizeTimerLog: 52 * 1000 + 16,
};

await runCampaign({
  options: { cycles: 10, flush: 'async' },
  modes: flushModes,
  play,
  describe: ({ kills, ledger, late }, { flush }) =>
    `${flush} flush: ${kills} kills, ${ledger.sent.size} acknowledged, ${ledger.early.length} early, ` +
    `${ledger.missing().length} lost, ${ledger.duplicates} again, ${late.join(', ')}`,
  isVacuous: ({ ledger }) => ledger.sent.size === 0,
  controls: [
    // So far ahead, and alive for so long, that a busy machine cannot be late by as much.
    {
      ...{ name: 'clock ahead', expects: /early/, flush: 'async', cycles: 1 },
      ...{ nodeArgs: clockAhead(60_000), serveMs: [4_000, 4_000] },
    },
  ],
});

async function play({ server, flush, cycles, seed, nodeArgs, serveMs = SERVE_MS }) {
  const random = seededRandom(seed);
  return withMortalBroker({ server, flush, settings: SETTINGS, nodeArgs }, async (broker) => {
    const ledger = new DelayedLedger();
    const load = new Load({
      lanes: LANES,
      perSecond: LANE_RATE,
      next: (lane, number) =>
        ledger.message(
          { topic: TOPIC, queueId: lane % QUEUES, body: `c${broker.kills}-${number}` },
          aDelay(random),
        ),
      stored: ({ body }) => ledger.settle(body, true),
      turnedDown: ({ body }) => ledger.settle(body, false),
    });
    /** When the broker served: lateness counts from the moment that it could deliver. */
    const served = [];
    await broker.startWith([TOPIC, QUEUES]);
    const reader = new QueueReader(broker.address, TOPIC, QUEUES, (body, atMs) => ledger.take(body, atMs));
    try {
      for (let cycle = 0; cycle < cycles; cycle++) {
        const fromMs = Date.now();
        await broker.dieUnder([load], random.between(...serveMs));
        served.push([fromMs, Date.now()]);
        await broker.start();
      }
      served.push([Date.now(), Infinity]);
      await sleep(Math.max(0, ledger.lastDueMs - Date.now()));
      const missing = await untilNothingIsLeft(() => ledger.missing(), STANDSTILL_MS);
      await sleep(AGAIN_MS);
      const violations = [...ledger.early, ...missing.map((body) => `${body} never came`)];
      return { kills: broker.kills, ledger, late: ledger.lateness(served), violations };
    } finally {
      await reader.stop();
    }
  });
}

function aDelay(random) {
  const kind = ['level', 'delay', 'deliver'][Math.floor(random.next() * 3)];
  if (kind !== 'level') return { kind, delayMs: Math.floor(random.between(1, LONGEST_MS)) };
  const level = 1 + Math.floor(random.next() * LEVELS_MS.length);
  return { kind, level, delayMs: LEVELS_MS[level - 1] };
}

/** A control: flags of Node that set the broker's clock ahead. */
function clockAhead(ms) {
  const program = `const now = Date.now; Date.now = () => now() + ${ms};`;
  return ['--import', `data:text/javascript,${encodeURIComponent(program)}`];
}
