// Lives of a store directory on a simulated disk, and the judge of every state that a crash may leave of one: what
// crash-states.mjs plays by the million.
import { seededRandom } from './random.mjs';
import { importSource } from './sources.mjs';
import {
  BATCHES,
  QUEUES,
  ROOT,
  TOPICS,
  batchOf,
  judge,
  makeStore,
  numberedMessage,
  readStore,
  settle,
  wrappedMessages,
} from './store-bench.mjs';

const { ConfigFile } = await importSource('@mq/remoting/settings');
const { SimulatedDisk } = await importSource('@mq/store/testing');
const { ManualClock } = await importSource('@mq/remoting');

const CONFIG = `${ROOT}/config/topics.json`;
const CHANGES = new Set([
  'write',
  'writeFile',
  'sync',
  'open',
  'truncate',
  'rename',
  'remove',
  'syncDirectory',
]);
/** States judged side by side: each waits for its own turns of the event loop. */
const SIDE_BY_SIDE = 16;
/** One state in so many ends with an orderly close; the others are dropped, like a process that is killed. */
const CLOSED_SHARE = 8;
/** Where kills come midway: so many of the steps end with one, at one of the first so many changes of the step. */
const MIDWAY_SHARE = 0.3;
const MIDWAY_CHANGES = 40;

/** Tells of every call that changes something, before it takes effect. */
class WatchedDisk extends SimulatedDisk {
  onChange = () => undefined;

  count(operation, ...rest) {
    if (CHANGES.has(operation)) this.onChange(operation);
    super.count(operation, ...rest);
  }
}

/** Control: a disk whose syncs do nothing. */
export class ForgetfulDisk extends WatchedDisk {
  unsyncedOf() {
    return new Set();
  }
}

/** Control: a disk whose directory syncs do nothing. */
export class NamelessDisk extends WatchedDisk {
  syncDirectory(dir) {
    this.count('syncDirectory', dir);
  }
}

/** Moves the content of a disk into one of another kind. */
function become(disk, Kind) {
  return Object.setPrototypeOf(Object.assign(disk, { onChange: () => undefined }), Kind.prototype);
}

/** One life of a store directory: a seeded sequence of turns, flushes, restarts, kills and cuts. */
class Run {
  appended = [];
  /** This many of `appended` have to survive a power cut now. */
  acknowledged = 0;
  /** This many have to survive a kill. */
  told = 0;
  disk;
  store;
  /** Between start and close: the abort file must be there. */
  running = false;
  configBegun = 0;
  configPersisted = 0;
  nextNumber = 0;
  boot = 1;
  holding;
  states = [];
  /** What a store made of the disks that were judged since it last opened, by what is on them. */
  verdicts = new Map();
  tally;

  /** Changes until the process dies, and what was then. */
  diesIn = Infinity;
  died;

  constructor({ number, seed, Disk, tally, cutsKeepBoot = false, midway = false }) {
    this.number = number;
    this.cutsKeepBoot = cutsKeepBoot;
    this.midway = midway;
    this.random = seededRandom(seed * 1_000_003 + number);
    this.Disk = Disk;
    this.tally = tally;
    this.sync = this.random.next() < 0.5;
    this.settings = { flushDiskType: this.sync ? 'SYNC_FLUSH' : 'ASYNC_FLUSH' };
    /** How often a call is a crash point. */
    this.odds = 0.02 + 0.1 * this.random.next();
    this.clock = new ManualClock();
  }

  int(below) {
    return Math.floor(this.random.next() * below);
  }

  async play() {
    this.disk = become(new SimulatedDisk(), this.Disk);
    this.disk.onChange = () => this.maybeCrash();
    await this.open();
    const steps = 4 + this.int(10);
    for (let step = 0; step < steps && this.tally.open; step++) {
      await (this.midway && this.random.next() < MIDWAY_SHARE ? this.dieMidway() : this.step());
      await this.judgeStates();
    }
    this.release();
    this.disk.onChange = () => undefined;
    await this.store.close();
  }

  async step() {
    const draw = this.random.next();
    if (draw < 0.55) return this.turn();
    if (draw < 0.65) return this.clock.advance([20, 600, 1100, 61_000][this.int(4)]);
    if (draw < 0.72) return this.persistConfig();
    if (draw < 0.78) return this.hold();
    if (draw < 0.84) return this.release();
    if (draw < 0.89) return this.restart();
    if (draw < 0.94) return this.kill();
    return this.cut();
  }

  async open() {
    const { disk, settings, clock } = this;
    this.verdicts.clear();
    this.store = makeStore({ disk, settings, clock, bootId: `boot-${this.boot}` });
    await this.store.start();
    this.running = true;
  }

  /** What arrives in one turn of the event loop: single messages and batches, some with keys, some that do not wait. */
  async turn() {
    const count = 1 + this.int(6);
    for (let i = 0; i < count; i++) {
      if (this.int(5) === 0) this.append(2 + this.int(3));
      else this.append(1);
    }
    await settle();
    await settle();
  }

  append(count) {
    const place = {
      topic: TOPICS[this.int(TOPICS.length)],
      queueId: this.int(QUEUES),
      wait: this.int(8) > 0,
    };
    // In a topic for it a batch mostly is one record.
    const isWrapped = place.topic === BATCHES && count > 1 && this.int(4) > 0;
    const messages = Array.from({ length: count }, (_, i) => {
      const keys =
        this.int(3) === 0 && !(isWrapped && i > 0) ? [`K${this.int(5)}`, `L${this.nextNumber}`] : [];
      return { ...numberedMessage(this.nextNumber++, { ...place, bytes: 12 + this.int(240), keys }), keys };
    });
    const first = this.appended.length;
    let refused = false;
    const onPutResult = (result) => {
      if (result.commitLogOffset < 0) return void (refused = true);
      const last = first + count - 1;
      for (let i = first; i <= last; i++)
        if (appended[i] !== undefined) appended[i].end = result.commitLogOffset + result.sizeBytes;
      if (result.status !== 'PUT_OK') return;
      this.tally.acked += count;
      if (appended === this.appended) this.told = Math.max(this.told, last + 1);
      if (this.sync && place.wait && appended === this.appended)
        this.acknowledged = Math.max(this.acknowledged, last + 1);
    };
    const { appended } = this;
    if (count === 1) this.store.append(messages[0], { onPutResult });
    else if (isWrapped) this.store.append(wrappedMessages(messages), { onPutResult });
    else this.store.appendBatch(batchOf(messages), { onPutResult });
    if (refused) return;
    for (const [i, { topic, queueId, body, keys }] of messages.entries()) {
      appended.push({
        number: this.nextNumber,
        isIndexed: !isWrapped || i === 0,
        topic,
        queueId,
        body: body.toString('latin1'),
        keys,
        end: Infinity,
      });
    }
  }

  hold() {
    if (this.holding === undefined) this.disk.syncGate = new Promise((resolve) => (this.holding = resolve));
  }

  async release() {
    this.disk.syncGate = undefined;
    this.holding?.();
    this.holding = undefined;
    await settle();
  }

  persistConfig() {
    this.configBegun++;
    new ConfigFile(this.disk, CONFIG, { check: JSON.parse }).persist(
      JSON.stringify({ version: this.configBegun }),
    );
    this.configPersisted = this.configBegun;
  }

  async restart() {
    await this.release();
    this.running = false;
    await this.store.close();
    this.required = this.appended.length;
    await this.open();
    await this.takeOver(this.appended.length);
  }

  /** The process dies, the page cache stays: nothing at all may be lost. */
  async kill() {
    await this.leave(this.disk.kill());
    await this.takeOver(this.appended.length);
  }

  /**
   * A step in the midst of which the process dies: the next one finds what was written until then, synced or not. Also
   * in the midst of a start, which follows some of the steps.
   */
  async dieMidway() {
    this.diesIn = this.int(MIDWAY_CHANGES);
    await this.step();
    this.diesIn = Infinity;
    if (this.died === undefined) return;
    const { disk, floor, ...known } = this.died;
    this.died = undefined;
    Object.assign(this, known);
    await this.leave(disk, floor);
    await this.takeOver(known.told);
  }

  async cut() {
    const required = this.mustSurvive();
    this.told = required;
    if (!this.cutsKeepBoot) this.boot++;
    await this.leave(this.disk.crash({ seed: this.int(1e9) }));
    await this.takeOver(required);
  }

  /** Goes on with what is left of the disk; the store that was there is forgotten, like its process. */
  async leave(disk, floor = this.mustSurvive()) {
    // What was written when it died is in the log; the unwritten rest of the turn is not (there is none between turns).
    this.floor = floor;
    this.holding = undefined;
    this.disk.onChange = () => undefined;
    this.disk = become(disk, this.Disk);
    this.disk.onChange = () => this.maybeCrash();
    this.running = false;
    this.store = undefined;
    await this.open();
  }

  /** The reopened store decides what the directory holds from now on. */
  async takeOver(required) {
    const shown = await readStore(this.store);
    for (const violation of judge(shown, this.appended, required))
      this.tally.report(this, 'after a restart', violation);
    this.appended = this.appended.slice(0, shown.length);
    this.floor = 0;
    // With ASYNC_FLUSH what a killed process wrote is on the device when the store says so, as before.
    this.acknowledged = this.sync ? shown.length : 0;
    this.told = shown.length;
  }

  /** How many of the appended messages no crash may take, as the store itself has said. */
  mustSurvive() {
    const flushed = this.store?.flushedWhere ?? 0;
    let count = this.running
      ? Math.max(this.acknowledged, this.floor ?? 0)
      : (this.floor ?? this.acknowledged);
    while (count < this.appended.length && this.appended[count].end <= flushed) count++;
    return Math.min(count, this.appended.length);
  }

  maybeCrash() {
    if (this.diesIn-- === 0) {
      // What comes later in this step never happened.
      const { told, acknowledged, configBegun, configPersisted } = this;
      const known = { told, acknowledged, configBegun, configPersisted, appended: this.appended.slice() };
      this.died = { ...known, disk: this.disk.kill(), floor: this.mustSurvive() };
    }
    if (this.random.next() > this.odds) return;
    const facts = {
      appended: this.appended,
      count: this.appended.length,
      required: this.mustSurvive(),
      running: this.running,
      configBegun: this.configBegun,
      configPersisted: this.configPersisted,
      bootId: `boot-${this.cutsKeepBoot ? this.boot : this.boot + 1}`,
    };
    // Or only the process dies, in the middle of whatever it does.
    this.states.push({
      ...facts,
      name: 'killed',
      disk: this.disk.kill(),
      required: this.told,
      bootId: `boot-${this.boot}`,
    });
    // Now and then every prefix, every torn end and every single loss; else a few draws of all.
    if (this.int(20) === 0) {
      for (const state of this.disk.crashStates(3 * this.disk.unsyncedCount + 2))
        this.states.push({ ...facts, ...state });
      return;
    }
    this.states.push({
      ...facts,
      name: 'nothing unsynced survived',
      disk: this.disk.crashStates(1).next().value.disk,
    });
    for (let i = 0; i < 6; i++) {
      const seed = this.int(1e9);
      this.states.push({ ...facts, name: `random, seed ${seed}`, disk: this.disk.crash({ seed }) });
    }
  }

  async judgeStates() {
    const states = this.states.splice(0);
    let next = 0;
    const worker = async () => {
      while (next < states.length && this.tally.open) {
        const state = states[next++];
        this.tally.states++;
        try {
          for (const violation of await violationsOf(state, this))
            this.tally.report(this, state.name, violation);
        } catch (error) {
          this.tally.report(this, state.name, `the store does not open or work: ${error.message}`);
        }
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  }
}

/**
 * What is wrong with one crash state. Many crashes leave the same bytes behind: a store is opened on the first of them, and
 * what that showed is held against what had to survive each.
 */
async function violationsOf(state, run) {
  const { disk, count, required, running, configBegun, configPersisted } = state;
  const name = `${disk.fingerprint()} ${run.clock.now()} ${state.bootId}`;
  let judging = run.verdicts.get(name);
  if (judging === undefined) {
    judging = judgeDisk(state, run);
    run.verdicts.set(name, judging);
    run.tally.different++;
  }
  const verdict = await judging;
  const found = [...verdict.violations];
  const { shown, version, hasAbort } = verdict;
  run.tally.lost += count - shown;
  if (shown > count) found.push(`${shown - count} records were never appended, or were cut`);
  if (shown < required)
    found.push(`${required - shown} of ${required} messages that had to survive are lost`);
  if (running && !hasAbort) found.push('the abort file is gone');
  if (version < configPersisted || version > configBegun)
    found.push(
      `the configuration file holds version ${version}; ${configPersisted} was persisted, ${configBegun} begun`,
    );
  return found;
}

/** Opens a store on a disk and looks at all of it. */
async function judgeDisk({ disk, appended: all, count, bootId }, run) {
  const appended = all.slice(0, count);
  const checkpoint = disk.readFile(`${ROOT}/checkpoint`) ?? Buffer.alloc(0);
  const vouchedFor = checkpoint.length < 8 ? 0 : Number(checkpoint.readBigInt64BE(0));
  const config = new ConfigFile(disk, CONFIG, { check: JSON.parse }).load();
  const verdict = {
    shown: 0,
    version: config === undefined ? 0 : JSON.parse(config).version,
    hasAbort: disk.stat(`${ROOT}/abort`) !== undefined,
    violations: [],
  };
  const found = verdict.violations;
  const clock = new ManualClock(run.clock.now() + 5);
  const store = makeStore({ disk, settings: run.settings, clock, bootId });
  try {
    await store.start();
    const shown = await readStore(store);
    verdict.shown = shown.length;
    found.push(...judge(shown, appended, 0));
    const newest = shown.at(-1);
    if (vouchedFor > (newest?.storeTimestamp ?? 0))
      found.push(`the checkpoint vouches for ${vouchedFor}, the last record is of ${newest?.storeTimestamp}`);
    if (store.dispatchBehindBytes !== 0) found.push('not everything is dispatched');
    if (newest !== undefined && store.maxPhyOffset < newest.offset + newest.sizeBytes)
      found.push('the log ends before its last record');
    if (found.length > 0) return verdict;
    found.push(...(await indexViolations(store, appended, shown)));
    found.push(...(await appendViolations(store, shown, run)));
  } finally {
    if (run.tally.different % CLOSED_SHARE === 0) await store.close();
  }
  return verdict;
}

/** A survivor, a lost message and a key that several share: exactly the survivors are found. */
async function indexViolations(store, appended, shown) {
  const found = [];
  const asked = [appended[shown.length], appended[shown.length - 1], appended[shown.length >> 1]].filter(
    (message) => message?.isIndexed,
  );
  for (const message of asked) {
    const keys = [`U${numberOf(message)}`, ...message.keys];
    for (const key of keys) {
      const { buffers } = await store.queryMessage(message.topic, key, 64, 0, Number.MAX_SAFE_INTEGER);
      const got = buffers.map((buffer) => Number(buffer.readBigInt64BE(28))).sort((a, b) => a - b);
      const wanted = shown.filter(
        (record, i) =>
          appended[i].topic === message.topic &&
          (`U${numberOf(appended[i])}` === key || appended[i].keys.includes(key)),
      );
      const offsets = wanted.map(({ offset }) => offset);
      if (got.join() !== offsets.join())
        found.push(
          `the index finds ${key} of ${message.topic} at [${got.join()}] instead of [${offsets.join()}]`,
        );
    }
  }
  return found;
}

const numberOf = ({ body }) => body.slice(0, body.indexOf('|'));

/** It goes on: the next message of a queue gets the next offset, and is there after yet another cut if it was synced. */
async function appendViolations(store, shown, run) {
  const found = [];
  const topic = TOPICS[shown.length % TOPICS.length];
  const queueId = shown.length % QUEUES;
  const before = shown.filter((record) => record.topic === topic && record.queueId === queueId).length;
  for (let i = 0; i < 2; i++) {
    const message = numberedMessage(1e6 + i, { topic, queueId, bytes: 40 + 300 * i });
    const result = await store.put(message);
    if (result.status !== 'PUT_OK') found.push(`a put is answered with ${result.status}: ${result.remark}`);
    else if (result.queueOffset !== before + i)
      found.push(`a put got queue offset ${result.queueOffset} instead of ${before + i}`);
    else if (store.maxOffsetInQueue(topic, queueId) !== before + i + 1) found.push('a put is not visible');
    run.tally.acked++;
  }
  return found;
}

class Tally {
  states = 0;
  /** Of these, how many a store was opened on. */
  different = 0;
  acked = 0;
  lost = 0;
  violations = [];

  constructor(limit) {
    this.limit = limit;
  }

  get open() {
    return this.states < this.limit && this.violations.length < 20;
  }

  report(run, state, violation) {
    this.violations.push(`run ${run.number} (${run.sync ? 'sync' : 'async'}), ${state}: ${violation}`);
  }
}

/** Plays the lives `first`, `first + step`, ... until `states` crash states were judged. @returns what was seen */
export async function crashStates({
  states,
  seed,
  Disk = WatchedDisk,
  first = 0,
  step = 1,
  last = Infinity,
  cutsKeepBoot = false,
  midway = false,
}) {
  const tally = new Tally(states);
  for (let number = first; tally.open && number <= last; number += step) {
    const run = new Run({ number, seed, Disk, tally, cutsKeepBoot, midway });
    try {
      await run.play();
    } catch (error) {
      tally.report(run, 'the workload itself', error.stack);
    }
  }
  const { different, acked, lost, violations } = tally;
  return { states: tally.states, different, acked, lost, violations };
}
