// A broker with delayed messages (levels, and timers that go through the wheel and are rolled) is killed with SIGKILL again and
// again: every message that was acknowledged must come, and none before its time by this process's clock. What comes twice
// is counted. Prints how late they were, and ends with a control that must fail: a broker whose clock is ahead.
//   node tools/reliability/delayed.mjs [--cycles 10] [--flush async|sync|both] [--server ours|5.3.3] [--seed 1]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../interop/lib/servers.mjs';
import { clusterOf, OURS } from './cluster.mjs';
import { seededRandom } from './random.mjs';
import { rawClient } from './raw-client.mjs';
import { importSource } from './sources.mjs';

const { RemotingClient, RemotingCommand } = await importSource('@mq/remoting');
const { decodeRecords } = await importSource('@mq/remoting/message');
const { RequestCode, ResponseCode } = await importSource('@mq/remoting/protocol');

const TOPIC = 'DelayedTopic';
const QUEUES = 2;
const LANES = 16;
/** Messages a lane sends in a second, at most. */
const LANE_RATE = 20;
const LEVELS_MS = [1_000, 2_000, 3_000, 5_000];
const LONGEST_MS = 8_000;
/** Shorter than the longest delay, so that messages are rolled. */
const ROLL_WINDOW_SECONDS = 4;
/** Nothing new for so long after everything was due: what is missing will not come. */
const STANDSTILL_MS = 20_000;
/** How far the clock of the control's broker is ahead. */
const AHEAD_MS = 4_000;

/** What was sent, and what came when. */
class Ledger {
  /** body → when it may come at the earliest, how it was delayed. */
  sent = new Map();
  /** body → when it came first. */
  came = new Map();
  duplicates = 0;
  early = [];
  /** Sends whose answer never came: they may come, and need not. */
  unknown = new Map();

  take(body, atMs) {
    const message = this.sent.get(body) ?? this.unknown.get(body);
    if (message === undefined) return;
    if (this.came.has(body)) this.duplicates++;
    else this.came.set(body, atMs);
    if (atMs < message.dueMs)
      this.early.push(`${body} (${message.kind}) came ${message.dueMs - atMs} ms early`);
  }

  missing() {
    return [...this.sent.keys()].filter((body) => !this.came.has(body));
  }

  get lastDueMs() {
    return Math.max(0, ...[...this.sent.values()].map(({ dueMs }) => dueMs));
  }
}

/** Sends until told to stop or the broker is gone. */
async function load(address, ledger, run, random) {
  const client = rawClient();
  const lane = async (number) => {
    for (let n = 0; !run.stopped; n++) {
      const body = `c${run.cycle}-${number}-${n}`;
      const { kind, property, delayMs } = aDelay(random);
      const sentMs = Date.now();
      const message = { kind, dueMs: sentMs + delayMs };
      // Known before it is acknowledged: it may come before the answer does.
      ledger.unknown.set(body, message);
      try {
        const { code } = await client.send(address, {
          topic: TOPIC,
          queueId: number % QUEUES,
          body,
          properties: `UNIQ_KEY\u0001${body}\u0002WAIT\u0001true\u0002${property(sentMs + delayMs)}`,
        });
        ledger.unknown.delete(body);
        if (code === ResponseCode.SUCCESS) ledger.sent.set(body, message);
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

function aDelay(random) {
  const kind = ['level', 'delay', 'deliver'][Math.floor(random.next() * 3)];
  if (kind === 'level') {
    const level = 1 + Math.floor(random.next() * LEVELS_MS.length);
    return { kind, delayMs: LEVELS_MS[level - 1], property: () => `DELAY\u0001${level}\u0002` };
  }
  const delayMs = Math.floor(random.between(1, LONGEST_MS));
  if (kind === 'delay') return { kind, delayMs, property: () => `TIMER_DELAY_MS\u0001${delayMs}\u0002` };
  return { kind, delayMs, property: (dueMs) => `TIMER_DELIVER_MS\u0001${dueMs}\u0002` };
}

/** Reads a queue for as long as the campaign runs, whatever happens to the broker, with long polling. */
class Reader {
  #client = new RemotingClient({
    requestTimeoutMs: 20_000,
    connectTimeoutMs: 1_000,
    serializeType: 'ROCKETMQ',
  });
  #stopped = false;
  #lanes;

  constructor(address, ledger) {
    this.#lanes = Promise.all(
      Array.from({ length: QUEUES }, (_, queueId) => this.#read(address, queueId, ledger)),
    );
  }

  async stop() {
    this.#stopped = true;
    await this.#client.close();
    await this.#lanes;
  }

  async #read(address, queueId, ledger) {
    for (let offset = 0; !this.#stopped;) {
      try {
        const answer = await this.#client.request(address, pull(queueId, offset));
        const atMs = Date.now();
        if (answer.code === ResponseCode.SUCCESS) {
          for (const record of decodeRecords(answer.body)) ledger.take(record.body.toString(), atMs);
          offset = Number(answer.extFields.nextBeginOffset);
        } else await sleep(5);
      } catch (error) {
        if (error.name !== 'RemotingError') throw error;
        await sleep(20);
      }
    }
  }
}

function pull(queueId, offset) {
  const [hold, subscription] = [2, 4];
  return RemotingCommand.request(RequestCode.PULL_MESSAGE, {
    consumerGroup: 'campaign-reader',
    topic: TOPIC,
    queueId: `${queueId}`,
    queueOffset: `${offset}`,
    maxMsgNums: '32',
    sysFlag: `${hold | subscription}`,
    commitOffset: '0',
    suspendTimeoutMillis: '10000',
    subscription: '*',
    subVersion: '0',
    expressionType: 'TAG',
  });
}

async function campaign({ server = OURS, flush, cycles, seed, nodeArgs = [] }) {
  const random = seededRandom(seed);
  const servers = await clusterOf(server);
  const ledger = new Ledger();
  /** When the broker served, [from, to): lateness counts from the moment that it could deliver. */
  const alive = [];
  let reader;
  try {
    const nameServer = await servers.nameServer(OURS);
    const options = {
      nameServer,
      storeDir: servers.folder('mq-delayed-'),
      port: await freePort(),
      nodeArgs,
      settings: {
        flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
        messageDelayLevel: LEVELS_MS.map((ms) => `${ms / 1000}s`).join(' '),
        timerRollWindowSlot: ROLL_WINDOW_SECONDS,
        mappedFileSizeTimerLog: 52 * 1000 + 16,
      },
    };
    for (let cycle = 0; cycle <= cycles; cycle++) {
      const broker = await servers.broker(server, options);
      const since = { fromMs: Date.now(), toMs: Infinity };
      alive.push(since);
      if (cycle === 0) {
        const client = rawClient();
        await client.createTopic(broker.address, TOPIC, QUEUES);
        await client.close();
        reader = new Reader(broker.address, ledger);
      }
      if (cycle === cycles) break;
      const run = { cycle, stopped: false };
      const loading = load(broker.address, ledger, run, random);
      await sleep(random.between(300, 2_500));
      await broker.kill();
      since.toMs = Date.now();
      run.stopped = true;
      await loading;
    }
    await untilAllCame(ledger);
  } finally {
    await reader?.stop();
    await servers.dispose();
  }
  const violations = [...ledger.early, ...ledger.missing().map((body) => `${body} never came`)];
  return { ledger, violations, late: lateness(ledger, alive) };
}

async function untilAllCame(ledger) {
  await sleep(Math.max(0, ledger.lastDueMs - Date.now()));
  let missing = ledger.missing().length;
  for (let since = Date.now(); missing > 0 && Date.now() - since < STANDSTILL_MS;) {
    await sleep(100);
    const before = missing;
    missing = ledger.missing().length;
    if (missing < before) since = Date.now();
  }
  // What would come a second time has the time to.
  await sleep(1_500);
}

/** Of each kind: how late messages came that were due while the broker served, and served on. */
function lateness(ledger, alive) {
  const late = { level: [], timer: [] };
  for (const [body, { kind, dueMs }] of ledger.sent) {
    const cameMs = ledger.came.get(body);
    const during = alive.find(({ fromMs, toMs }) => dueMs >= fromMs + 500 && dueMs < toMs);
    if (cameMs === undefined || during === undefined || cameMs > during.toMs) continue;
    late[kind === 'level' ? 'level' : 'timer'].push(cameMs - dueMs);
  }
  return Object.entries(late).map(([kind, values]) => {
    values.sort((a, b) => a - b);
    const at = (share) => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? '-';
    return `${kind}s late by ${at(0.5)} ms in the median, ${at(0.99)} at 99 %, ${at(1)} at most`;
  });
}

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '10' },
    flush: { type: 'string', default: 'async' },
    server: { type: 'string', default: OURS },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
let failed = false;
for (const flush of values.flush === 'both' ? ['async', 'sync'] : [values.flush]) {
  const cycles = Number(values.cycles);
  const { ledger, violations, late } = await campaign({ server: values.server, flush, cycles, seed });
  const server = values.server === OURS ? '' : `Apache ${values.server}: `;
  console.log(
    `${server}${flush} flush: ${cycles} kills, ${ledger.sent.size} acknowledged, ${ledger.early.length} early, ` +
      `${ledger.missing().length} lost, ${ledger.duplicates} again, ${late.join(', ')}, seed ${seed}`,
  );
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  if (violations.length > 0 || ledger.sent.size === 0) failed = true;
}
if (values.server === OURS) {
  const ahead = `const now = Date.now; Date.now = () => now() + ${AHEAD_MS};`;
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(ahead)}`];
  const { ledger } = await campaign({ flush: 'async', cycles: 1, seed, nodeArgs });
  const isDetected = ledger.early.length > 0;
  console.log(`control (clock ahead): ${isDetected ? 'detected, as it must be' : 'NOT detected'}`);
  for (const violation of ledger.early.slice(0, 1)) console.log(`  ${violation}`);
  if (!isDetected) failed = true;
}
process.exitCode = failed ? 1 : 0;
