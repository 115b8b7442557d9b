// A disk whose n-th call fails: EIO, ENOSPC, EROFS, EMFILE or a short write, at every kind of call a store makes. Nothing
// is acknowledged that is not durable, a log that failed is fenced and says why, what was acknowledged is still read,
// and a restart on the bytes that survived serves all of it and goes on. Ends with a control that must fail.
//   node tools/reliability/disk-faults.mjs [--points 600] [--seed 1] [--only N]
import { parseArgs } from 'node:util';
import { seededRandom } from './random.mjs';
import { importSource } from './sources.mjs';
import { QUEUES, TOPICS, judge, makeStore, numberedMessage, readStore, settle } from './store-bench.mjs';

const { SimulatedDisk } = await importSource('@mq/store/testing');
const { ManualClock } = await importSource('@mq/remoting');

const CODES = {
  write: ['EIO', 'ENOSPC', 'EROFS'],
  sync: ['EIO', 'ENOSPC'],
  open: ['EMFILE', 'ENOSPC', 'EIO'],
  rename: ['EIO', 'EROFS'],
  syncDirectory: ['EIO'],
  truncate: ['EIO'],
  read: ['EIO'],
  writeFile: ['ENOSPC'],
  mkdir: ['ENOSPC'],
  remove: ['EROFS'],
};
const CODE_OF = (operation, random) => CODES[operation][Math.floor(random.next() * CODES[operation].length)];

/** A logger that remembers what an operator would see. */
function listener() {
  const lines = [];
  const note = (message) => void lines.push(message);
  const logger = { debug() {}, info() {}, warn: note, error: note, child: () => logger };
  return { lines, logger };
}

/** The same seeded work, with or without a fault in it. */
class Point {
  appended = [];
  durable = 0;
  failed = false;
  violations = [];
  puts = { ok: 0, refused: 0, failed: 0 };

  constructor(number, seed) {
    this.random = seededRandom(seed * 900_007 + number);
    this.sync = number % 3 !== 0;
    this.settings = { flushDiskType: this.sync ? 'SYNC_FLUSH' : 'ASYNC_FLUSH' };
    this.workSeed = seed * 31 + (number % 7);
  }

  /** Appends, flushes and time; stops early when the store does. */
  async work(store, clock, random) {
    for (let step = 0; step < 14; step++) {
      for (let i = 0; i < 3; i++) this.append(store, random);
      await settle();
      await settle();
      if (step % 5 === 2) await clock.advance(61_000);
      else if (step % 5 === 4) await clock.advance(600);
      await settle();
    }
  }

  append(store, random) {
    const number = this.appended.length;
    const place = {
      topic: TOPICS[Math.floor(random.next() * 3)],
      queueId: Math.floor(random.next() * QUEUES),
    };
    const message = numberedMessage(number, {
      ...place,
      bytes: 20 + Math.floor(random.next() * 200),
      keys: [`K${number}`],
    });
    const entry = { ...place, body: message.body.toString('latin1'), ok: false };
    let refused = false;
    store.append(message, {
      onPutResult: ({ status }) => {
        if (status === 'PUT_OK') {
          this.puts.ok++;
          entry.ok = true;
          if (this.fenced) this.violations.push('a put is acknowledged after the store was fenced');
        } else if (this.appended.includes(entry)) this.puts.failed++;
        else {
          refused = true;
          this.puts.refused++;
          if (this.fenced && status !== 'SERVICE_NOT_AVAILABLE')
            this.violations.push(`a fenced store refuses with ${status}`);
        }
        if (store.runningFlags.has('fenced')) this.fenced = true;
      },
    });
    if (!refused) this.appended.push(entry);
  }
}

/** How often each operation is called in the work of a point that nothing disturbs. */
async function countCalls(point) {
  const disk = new SimulatedDisk();
  const clock = new ManualClock();
  const store = makeStore({ disk, clock, settings: point.settings });
  await store.start();
  const atStart = new Map(disk.calls);
  await point.work(store, clock, seededRandom(point.workSeed));
  await store.close();
  return { atStart, all: new Map(disk.calls) };
}

async function runPoint(number, seed, { lie = false } = {}) {
  const { all } = await countCalls(new Point(number, seed));
  const point = new Point(number, seed);
  const { random, settings, violations } = point;
  const operations = Object.keys(CODES).filter((operation) => all.has(operation));
  const operation = lie ? 'sync' : operations[number % operations.length];
  const nth = 1 + Math.floor(random.next() * all.get(operation));
  const code = CODE_OF(operation, random);
  const short =
    operation === 'write' && random.next() < 0.5 ? { acceptBytes: Math.floor(random.next() * 100) } : {};
  const sticky = random.next() < 0.3;
  point.name = `${operation} ${nth} of ${all.get(operation)} fails with ${code}${short.acceptBytes ? ` after ${short.acceptBytes} bytes` : ''}${sticky ? ', and all later ones' : ''}`;

  const disk = new SimulatedDisk();
  const clock = new ManualClock();
  const { lines, logger } = listener();
  if (lie) disk.settle = () => undefined;
  else disk.failAt(operation, nth, code, { ...short, sticky });
  const store = makeStore({ disk, clock, settings, logger });
  let started = true;
  try {
    await store.start();
  } catch (error) {
    started = false;
    if (error.name !== 'StoreError' || error.code !== 'IO')
      violations.push(`start failed with ${error.name} ${error.code}: ${error.message}`);
  }
  if (started) {
    await point.work(store, clock, seededRandom(point.workSeed));
    disk.clearFaults();
    // What could not be dispatched is tried again every second.
    await clock.advance(1100);
    if (store.runningFlags.has('fenced')) {
      if (!lines.some((line) => /no more writes/.test(line)))
        violations.push('the log does not say why the store is fenced');
      const again = await store.put(numberedMessage(9999, { topic: 'T', queueId: 0, bytes: 30 }));
      if (again.status !== 'SERVICE_NOT_AVAILABLE') violations.push(`a fenced store answers ${again.status}`);
      if (!again.remark) violations.push('the refusal gives no reason');
    }
    if (operation !== 'read') {
      const shown = await readStore(store);
      violations.push(...judge(shown, point.appended, required(point)).map((one) => `while running: ${one}`));
    }
  }
  disk.clearFaults();
  await judgeRestarts(point, disk, clock, store);
  return point;
}

/** Acknowledged messages must be there: the first ones, up to the last that was acknowledged. */
function required({ appended }) {
  return appended.findLastIndex(({ ok }) => ok) + 1;
}

/** The process is killed and started again; the power is cut; both at once. */
async function judgeRestarts(point, disk, clock, store) {
  const { settings, violations, sync } = point;
  const states = [['after a kill', disk.kill(), 'boot-1', required(point)]];
  if (sync) states.push(['after a power cut', [...disk.crashStates(1)][0].disk, 'boot-2', required(point)]);
  for (const [when, state, bootId, wanted] of states) {
    try {
      const next = makeStore({ disk: state, clock: new ManualClock(clock.now() + 5), settings, bootId });
      await next.start();
      const shown = await readStore(next);
      violations.push(...judge(shown, point.appended, wanted).map((one) => `${when}: ${one}`));
      const put = await next.put(numberedMessage(9998, { topic: 'T', queueId: 0, bytes: 30 }));
      if (put.status !== 'PUT_OK') violations.push(`${when}: the next put is answered with ${put.status}`);
      if (sync) {
        const cut = [...state.crashStates(1)][0].disk;
        const last = makeStore({
          disk: cut,
          clock: new ManualClock(clock.now() + 9),
          settings,
          bootId: 'boot-3',
        });
        await last.start();
        const still = await readStore(last);
        if (still.length < shown.length + 1)
          violations.push(
            `${when} and a power cut: ${shown.length + 1 - still.length} messages that were shown or acknowledged are lost`,
          );
        await last.close();
      }
      await next.close();
    } catch (error) {
      violations.push(`${when}: ${error.message}`);
    }
  }
  await store.close().catch(() => undefined);
}

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
let current = '';
const unhandled = [];
process.on('unhandledRejection', (error) =>
  unhandled.push(`${current}: unhandled rejection: ${error?.stack ?? error}`),
);
process.on('uncaughtException', (error) => unhandled.push(`${current}: uncaught: ${error?.stack ?? error}`));

const totals = { ok: 0, refused: 0, failed: 0, fenced: 0, points: 0 };
const violations = [];
const numbers =
  values.only === undefined
    ? Array.from({ length: Number(values.points) }, (_, i) => i)
    : [Number(values.only)];
for (const number of numbers) {
  current = `point ${number}`;
  const point = await runPoint(number, seed);
  totals.points++;
  for (const key of ['ok', 'refused', 'failed']) totals[key] += point.puts[key];
  if (point.fenced) totals.fenced++;
  violations.push(
    ...point.violations.map(
      (one) => `point ${number} (${point.sync ? 'sync' : 'async'}, ${point.name}): ${one}`,
    ),
  );
}
await settle();
violations.push(...unhandled);
console.log(
  `disk faults: ${totals.points} points, ${totals.fenced} fenced, ${totals.ok} acknowledged, ${totals.failed} not acknowledged, ` +
    `${totals.refused} refused, ${violations.length} violations, seed ${seed}`,
);
for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
const control = await runPoint(1, seed, { lie: true });
const detected = control.violations.length > 0;
console.log(`control (syncs that do nothing): ${detected ? 'detected, as it must be' : 'NOT detected'}`);
if (violations.length > 0 || totals.ok === 0 || totals.fenced === 0 || !detected) process.exitCode = 1;
