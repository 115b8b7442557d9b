import { ManualClock, silentLogger } from '@mq/remoting';
import { decodeProperties, decodeRecords, encodeProperties, type MessageExt } from '@mq/remoting/message';
import { TIMER_TOPIC } from '@mq/remoting/protocol';
import fc from 'fast-check';
import { DefaultMessageStore } from '../default-message-store.js';
import { DeliveryMarks } from '../delivery-marks.js';
import { messageStoreSettings } from '../settings.js';
import { SimulatedDisk } from '../testing/simulated-disk.js';
import { recallKey } from './timer-delivery.js';
import { TimerMessageStore } from './timer-message-store.js';

const HOST = Buffer.from([127, 0, 0, 1, 0, 0, 0x2a, 0x9f]);
const T0 = 1_700_000_000_000;
const SECOND = 1000;

interface FixtureOptions {
  readonly disk?: SimulatedDisk;
  readonly clock?: ManualClock;
  readonly bootId?: string;
  readonly settings?: Record<string, string>;
}

/** A timer service over a real store on a simulated disk; time moves only when a test says so. */
class Fixture {
  readonly clock: ManualClock;
  readonly disk: SimulatedDisk;
  readonly store: DefaultMessageStore;
  timers!: TimerMessageStore;
  #marks!: DeliveryMarks;
  random = 0;

  constructor(private readonly options: FixtureOptions = {}) {
    this.clock = options.clock ?? new ManualClock(T0);
    this.disk = options.disk ?? new SimulatedDisk();
    const { values, problems } = messageStoreSettings.parse({
      storePathRootDir: '/store',
      mappedFileSizeCommitLog: String(64 * 1024),
      mappedFileSizeTimerLog: '600',
      ...options.settings,
    });
    expect(problems).toEqual([]);
    const bootId = options.bootId ?? 'boot-1';
    this.store = new DefaultMessageStore(values, { disk: this.disk, clock: this.clock, bootId });
  }

  async start(): Promise<this> {
    await this.store.start();
    this.#marks = new DeliveryMarks(this.disk, '/store/config/mq-delivered', this.options.bootId ?? 'boot-1');
    this.timers = new TimerMessageStore({
      store: this.store,
      disk: this.disk,
      clock: this.clock,
      logger: silentLogger,
      settings: () => this.store.settings,
      storeHost: () => HOST,
      marks: this.#marks,
      random: () => this.random,
    });
    this.store.onArrival = (topic) => {
      if (topic === TIMER_TOPIC) this.timers.notifyArrival();
    };
    await this.timers.load();
    this.timers.start();
    return this;
  }

  async close(): Promise<void> {
    await this.timers.close();
    await this.store.close();
  }

  /** What another process finds after this one was killed; this one goes on without harm to it. */
  killed(): Fixture {
    return new Fixture({ ...this.options, disk: this.disk.kill(), clock: new ManualClock(this.clock.now()) });
  }

  /** As the broker stores a message that is due at `outMs`. */
  async send(id: string, outMs: number, properties: Record<string, string> = {}): Promise<void> {
    const all = {
      UNIQ_KEY: id,
      TIMER_OUT_MS: String(outMs),
      REAL_TOPIC: 'T',
      REAL_QID: '0',
      TAGS: 'A',
      ...properties,
    };
    const { status } = await this.store.put({
      topic: TIMER_TOPIC,
      queueId: 0,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: this.clock.now(),
      bornHost: HOST,
      storeHost: HOST,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from(id),
      properties: Buffer.from(encodeProperties(all)),
      waitStoreMsgOk: true,
    });
    expect(status).toBe('PUT_OK');
  }

  /** As the broker stores a message that is to be delivered at a time of its own. */
  sendFor(id: string, deliverMs: number, properties: Record<string, string> = {}): Promise<void> {
    const outMs = (Math.ceil(deliverMs / SECOND) - 1) * SECOND;
    return this.send(id, outMs, { TIMER_DELIVER_MS: String(deliverMs), ...properties });
  }

  recallFor(id: string, deliverMs: number): Promise<void> {
    return this.sendFor(`recall of ${id}`, deliverMs, { TIMER_DEL_UNIQKEY: recallKey('T', id) });
  }

  recall(id: string, outMs: number): Promise<void> {
    return this.send(`recall of ${id}`, outMs, { TIMER_DEL_UNIQKEY: recallKey('T', id) });
  }

  /** Moves time on; a delivery needs a few turns of the event loop after its timer. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (let turn = 0; turn < 12; turn++) await this.clock.advance(0);
  }

  async messages(topic = 'T'): Promise<MessageExt[]> {
    const found: MessageExt[] = [];
    for (let offset = 0; offset < this.store.maxOffsetInQueue(topic, 0);) {
      const result = await this.store.getMessage({ group: 'G', topic, queueId: 0, offset, maxMsgNums: 1000 });
      found.push(...decodeRecords(Buffer.concat(result.buffers)));
      result.release();
      offset = result.nextBeginOffset;
    }
    return found;
  }

  async ids(): Promise<string[]> {
    return (await this.messages()).map(({ body }) => body.toString());
  }
}

let fixture: Fixture | undefined;
async function start(options: FixtureOptions = {}): Promise<Fixture> {
  fixture = new Fixture(options);
  return fixture.start();
}
afterEach(() => fixture?.close());

describe('a timer message', () => {
  test('that does not tell when it is due is delivered when its slot is over, not before', async () => {
    const f = await start();
    await f.send('a', T0 + 5 * SECOND);
    await f.send('b', T0 + 3 * SECOND);
    await f.advance(4 * SECOND - 1);
    expect(await f.ids()).toEqual([]);
    await f.advance(1);
    expect(await f.ids()).toEqual(['b']);
    await f.advance(2 * SECOND - 1);
    expect(await f.ids()).toEqual(['b']);
    await f.advance(1);
    expect(await f.ids()).toEqual(['b', 'a']);
    expect(f.timers.pending).toBe(0);
  });

  test('arrives in its real queue as it was sent, with when it entered and left the wheel', async () => {
    const f = await start();
    await f.send('a', T0 + 2 * SECOND, { REAL_QID: '0', KEYS: 'k' });
    await f.advance(3 * SECOND);
    const [message] = await f.messages();
    expect(message?.body.toString()).toBe('a');
    expect({ ...message?.properties }).toEqual({
      UNIQ_KEY: 'a',
      TIMER_OUT_MS: String(T0 + 2 * SECOND),
      REAL_TOPIC: 'T',
      REAL_QID: '0',
      TAGS: 'A',
      KEYS: 'k',
      TIMER_ENQUEUE_MS: String(T0),
      TIMER_DEQUEUE_MS: String(T0 + 3 * SECOND),
    });
  });

  test('that was sent under a finer timerPrecisionMs comes at its time', async () => {
    const f = await start();
    const outMs = T0 + 2 * SECOND + 300;
    await f.send('a', outMs, { TIMER_DELIVER_MS: String(outMs + 50) });
    await f.send('b', outMs);
    await f.advance(2 * SECOND + 349);
    expect(await f.ids()).toEqual([]);
    await f.advance(11);
    expect(await f.ids()).toEqual(['a']);
    await f.advance(SECOND);
    expect(await f.ids()).toEqual(['a', 'b']);
  });

  test('comes in the order of sending among those of its slot, however many there are', async () => {
    const f = await start();
    const ids = Array.from({ length: 700 }, (_, index) => `m${index}`);
    for (const id of ids) await f.send(id, T0 + SECOND);
    await f.advance(2 * SECOND);
    await f.advance(0);
    expect(await f.ids()).toEqual(ids);
  });

  test('that is late already is delivered at once', async () => {
    const f = await start();
    await f.send('late', T0 - SECOND);
    await f.advance(60);
    const [message] = await f.messages();
    expect(message?.properties['TIMER_ENQUEUE_MS']).toBe('9223372036854775807');
  });

  test('beyond the roll window goes through the topic again until it is near, and comes at its time', async () => {
    const f = await start({ settings: { timerRollWindowSlot: '10' } });
    await f.send('far', T0 + 42 * SECOND);
    await f.advance(43 * SECOND - 1);
    expect(await f.ids()).toEqual([]);
    await f.advance(1);
    const [message] = await f.messages();
    expect(message?.properties['TIMER_ROLL_TIMES']).toBe('3');
    const rolled = await f.messages(TIMER_TOPIC);
    expect(rolled.map(({ properties }) => properties['TIMER_ROLL_TIMES'])).toEqual([
      undefined,
      '1',
      '2',
      '3',
    ]);
    expect(decodeProperties(encodeProperties(message!.properties))).toEqual(message!.properties);
    expect(f.timers.counts.count('T')).toBe(0);
  });

  test('whose added properties would make it too long comes without them', async () => {
    const f = await start();
    await f.send('long', T0 + SECOND, { P: 'x'.repeat(32_650) });
    await f.advance(4 * SECOND);
    const [message] = await f.messages();
    expect(message?.properties['TIMER_DEQUEUE_MS']).toBeUndefined();
  });

  test('waits, and comes, while the disk refuses it for a time', async () => {
    const f = await start();
    await f.send('a', T0 + SECOND);
    await f.advance(1500);
    f.store.runningFlags.raise('notWriteable');
    await f.advance(3 * SECOND);
    expect(await f.ids()).toEqual([]);
    f.store.runningFlags.clear('notWriteable');
    await f.advance(SECOND);
    expect(await f.ids()).toEqual(['a']);
    expect(f.timers.counts.count('T')).toBe(0);
  });
});

describe('a timer message that tells when it is due', () => {
  test('is delivered within ten milliseconds of it, and not before', async () => {
    const f = await start();
    await f.sendFor('b', T0 + 5 * SECOND + 700);
    await f.sendFor('a', T0 + 5 * SECOND + 123);
    await f.sendFor('c', T0 + 6 * SECOND);
    await f.advance(5 * SECOND + 122);
    expect(await f.ids()).toEqual([]);
    await f.advance(8);
    expect(await f.ids()).toEqual(['a']);
    await f.advance(569);
    expect(await f.ids()).toEqual(['a']);
    await f.advance(1);
    expect(await f.ids()).toEqual(['a', 'b']);
    await f.advance(299);
    expect(await f.ids()).toEqual(['a', 'b']);
    await f.advance(1);
    expect(await f.ids()).toEqual(['a', 'b', 'c']);
    expect(f.timers.pending).toBe(0);
    expect(f.timers.counts.count('T')).toBe(0);
  });

  test('by a delay is due so long after it was stored', async () => {
    const f = await start();
    await f.advance(400);
    await f.send('ms', T0 + 2 * SECOND, { TIMER_DELAY_MS: '2000' });
    await f.send('s', T0 + 2 * SECOND, { TIMER_DELAY_SEC: '2' });
    await f.advance(2 * SECOND - 1);
    expect(await f.ids()).toEqual([]);
    await f.advance(1);
    expect(await f.ids()).toEqual(['ms', 's']);
  });

  test('is taken along while its slot is being delivered already', async () => {
    const f = await start();
    await f.sendFor('first', T0 + 5 * SECOND + 200);
    await f.sendFor('last', T0 + 5 * SECOND + 900);
    await f.advance(5 * SECOND + 300);
    expect(await f.ids()).toEqual(['first']);
    await f.sendFor('between', T0 + 5 * SECOND + 500);
    await f.sendFor('at once', T0 + 5 * SECOND + 250);
    await f.advance(60);
    expect(await f.ids()).toEqual(['first', 'at once']);
    await f.advance(140);
    expect(await f.ids()).toEqual(['first', 'at once', 'between']);
    await f.advance(500);
    expect(await f.ids()).toEqual(['first', 'at once', 'between', 'last']);
  });

  test('does not come when its recall was stored before it was due, however shortly', async () => {
    const f = await start();
    await f.sendFor('a', T0 + 5 * SECOND + 500);
    await f.sendFor('b', T0 + 5 * SECOND + 500);
    await f.advance(5 * SECOND + 499);
    await f.recallFor('a', T0 + 5 * SECOND + 500);
    await f.advance(SECOND);
    expect(await f.ids()).toEqual(['b']);
    expect(f.timers.counts.count('T')).toBe(0);
  });

  test('comes once and in time although the process is killed between two rounds of its slot', async () => {
    const f = await start();
    for (let n = 0; n < 600; n++) await f.sendFor(`m${n}`, T0 + 5 * SECOND + 100 + (n % 3) * 300);
    await f.advance(5 * SECOND + 450);
    expect(await f.ids()).toHaveLength(400);
    const other = await f.killed().start();
    await other.advance(249);
    expect(await other.ids()).toHaveLength(400);
    await other.advance(1);
    const ids = await other.ids();
    await other.close();
    expect(new Set(ids).size).toBe(600);
    expect(ids).toHaveLength(600);
  });

  test('comes once although the process is killed between two batches of a later round', async () => {
    const f = await start();
    await f.sendFor('before', T0 + 5 * SECOND + 100);
    for (let n = 0; n < 300; n++) await f.sendFor(`m${n}`, T0 + 5 * SECOND + 500);
    await f.advance(5 * SECOND + 200);
    let stored = 1;
    const onArrival = f.store.onArrival;
    f.store.onArrival = (...args) => {
      onArrival?.(...args);
      if (args[0] === 'T' && ++stored === 257)
        f.store.updateSettings({ ...f.store.settings, timerStopDequeue: true });
    };
    await f.advance(SECOND);
    expect(stored).toBe(257);
    const other = await f.killed().start();
    await other.advance(SECOND);
    const ids = await other.ids();
    await other.close();
    expect(ids).toHaveLength(301);
    expect(new Set(ids).size).toBe(301);
  });

  test.each([10, 100, 2000])(
    'comes once although the broker was stopped within its slot and starts %i ms later, in another boot',
    async (pauseMs) => {
      const f = await start();
      for (const [id, ms] of [
        ['a', 100],
        ['b', 600],
        ['c', 700],
      ] as const)
        await f.sendFor(id, T0 + 5 * SECOND + ms);
      await f.recallFor('c', T0 + 5 * SECOND + 700);
      await f.sendFor('d', T0 + 60 * SECOND);
      await f.advance(5 * SECOND + 300);
      expect(await f.ids()).toEqual(['a']);
      await f.close();
      const clock = new ManualClock(f.clock.now() + pauseMs);
      fixture = await new Fixture({ disk: f.disk, clock, bootId: 'boot-2' }).start();
      await fixture.advance(50 * SECOND);
      expect(await fixture.ids()).toEqual(['a', 'b']);
      await fixture.advance(10 * SECOND);
      expect(await fixture.ids()).toEqual(['a', 'b', 'd']);
      const [, b] = await fixture.messages();
      expect(b!.storeTimestamp).toBeGreaterThanOrEqual(T0 + 5 * SECOND + 600);
    },
  );
});

describe('a recall', () => {
  test('takes its message out of the slot, and only that one', async () => {
    const f = await start();
    for (const id of ['a', 'b', 'c']) await f.send(id, T0 + 2 * SECOND);
    await f.recall('b', T0 + 2 * SECOND);
    await f.advance(60);
    expect(f.timers.counts.count('T')).toBe(2);
    await f.advance(3 * SECOND);
    expect(await f.ids()).toEqual(['a', 'c']);
    expect(f.timers.counts.count('T')).toBe(0);
  });

  test('of a message that is not there harms nobody', async () => {
    const f = await start();
    await f.send('a', T0 + 2 * SECOND);
    await f.recall('x', T0 + 2 * SECOND);
    await f.recall('a', T0 + 3 * SECOND);
    await f.advance(5 * SECOND);
    expect(await f.ids()).toEqual(['a']);
    expect(f.timers.counts.count('T')).toBe(0);
  });

  test('beyond the roll window rolls with its message', async () => {
    const f = await start({ settings: { timerRollWindowSlot: '10' } });
    await f.send('a', T0 + 25 * SECOND);
    await f.recall('a', T0 + 25 * SECOND);
    await f.advance(30 * SECOND);
    expect(await f.ids()).toEqual([]);
    expect(f.timers.counts.count('T')).toBe(0);
  });
});

describe('the service', () => {
  test('sets no timer for the wheel while nothing waits', async () => {
    const f = await start();
    await f.advance(5 * SECOND);
    const idle = f.clock.pendingTimers;
    await f.send('a', T0 + 8 * SECOND);
    await f.advance(60);
    expect(f.clock.pendingTimers).toBe(idle + 1);
  });

  test('leaves what arrives alone while told to stop, and catches up', async () => {
    const f = await start();
    const settings = f.store.settings;
    f.store.updateSettings({ ...settings, timerStopDequeue: true });
    await f.send('a', T0 + SECOND);
    await f.advance(3 * SECOND);
    f.store.updateSettings({ ...settings, timerStopEnqueue: true });
    await f.send('b', T0 + SECOND);
    await f.advance(2 * SECOND);
    expect(await f.ids()).toEqual(['a']);
    f.store.updateSettings(settings);
    await f.advance(2 * SECOND);
    expect(await f.ids()).toEqual(['a', 'b']);
  });

  test('refuses sends to a full slot: by chance above the bound, always at twice of it', async () => {
    const f = await start({ settings: { timerCongestNumEachSlot: '2' } });
    const outMs = T0 + 60 * SECOND;
    for (const [count, random, rejected] of [
      [2, 0.99, false],
      [3, 0.6, true],
      [3, 0.4, false],
      [4, 0, true],
    ] as const) {
      while (f.timers.pending < count) {
        await f.send('m', outMs);
        await f.advance(60);
      }
      f.random = random;
      expect(f.timers.isReject(outMs)).toBe(rejected);
    }
    expect(f.timers.isReject(outMs + SECOND)).toBe(false);
  });

  test('keeps the wheel and delivers nothing as a slave, and takes over where its master was', async () => {
    const f = await start();
    f.timers.shouldRunningDequeue = false;
    for (const id of ['a', 'b', 'c']) await f.send(id, T0 + 2 * SECOND + 1000 * 'abc'.indexOf(id));
    await f.advance(5 * SECOND);
    expect(f.timers.pending).toBe(0);
    const dataVersion = { stateVersion: 0, timestamp: 1, counter: 9 };
    const master = {
      lastTimerLogFlushPos: 0,
      lastTimerQueueOffset: 2,
      masterTimerQueueOffset: 2,
      dataVersion,
    };
    f.timers.takeMasterCheckpoint({ ...master, lastReadTimeMs: T0 + 3 * SECOND });
    await f.advance(2 * SECOND);
    expect([f.timers.pending, await f.ids()]).toEqual([2, []]);
    expect(f.timers.checkpoint).toMatchObject({ masterTimerQueueOffset: 2, dataVersion });
    f.timers.shouldRunningDequeue = true;
    await f.advance(2 * SECOND);
    // The master delivered a; c it had not taken yet, so it is late.
    expect((await f.ids()).sort()).toEqual(['b', 'c']);
  });

  test('delivers none early when the clock was set back, and none twice', async () => {
    const f = await start();
    await f.send('a', T0 + SECOND);
    await f.advance(3 * SECOND);
    f.clock.jumpWallClock(-3600 * SECOND);
    const now = f.clock.now();
    await f.send('b', now + 5 * SECOND);
    await f.advance(5 * SECOND);
    expect(await f.ids()).toEqual(['a']);
    await f.advance(2 * SECOND);
    expect(await f.ids()).toEqual(['a', 'b']);
    await f.advance(3700 * SECOND);
    expect(await f.ids()).toEqual(['a', 'b']);
  });
});

describe('after a restart', () => {
  test('what waits is delivered at its time, and what was delivered is not again', async () => {
    const f = await start();
    await f.send('a', T0 + SECOND);
    await f.send('b', T0 + 10 * SECOND);
    await f.advance(3 * SECOND);
    await f.close();
    fixture = await new Fixture({ disk: f.disk, clock: f.clock }).start();
    expect(fixture.timers.pending).toBe(1);
    await fixture.advance(8 * SECOND - 1);
    expect(await fixture.ids()).toEqual(['a']);
    await fixture.advance(1);
    expect(await fixture.ids()).toEqual(['a', 'b']);
  });

  test('what became due meanwhile is delivered at once', async () => {
    const f = await start();
    for (let n = 1; n <= 5; n++) await f.send(`m${n}`, T0 + n * 100 * SECOND);
    await f.advance(SECOND);
    await f.close();
    fixture = await new Fixture({ disk: f.disk, clock: new ManualClock(T0 + 350 * SECOND) }).start();
    await fixture.advance(60);
    expect(await fixture.ids()).toEqual(['m1', 'm2', 'm3']);
  });

  test('a kill between two batches of a slot repeats no message', async () => {
    const f = await start();
    for (let n = 0; n < 300; n++) await f.send(`m${n}`, T0 + SECOND);
    // The first batch is stored; the next one is not allowed to be.
    f.store.updateSettings({ ...f.store.settings, timerStopDequeue: false });
    let stored = 0;
    const onArrival = f.store.onArrival;
    f.store.onArrival = (...args) => {
      onArrival?.(...args);
      if (args[0] === 'T' && ++stored === 256)
        f.store.updateSettings({ ...f.store.settings, timerStopDequeue: true });
    };
    await f.advance(2 * SECOND);
    expect(stored).toBe(256);
    const other = await f.killed().start();
    await other.advance(SECOND);
    const ids = await other.ids();
    await other.close();
    expect(ids).toHaveLength(300);
    expect(new Set(ids).size).toBe(300);
  });

  test('the wheel is built from the timer log when it is gone', async () => {
    const f = await start();
    for (let n = 0; n < 40; n++) await f.send(`m${n}`, T0 + (20 + (n % 4)) * SECOND);
    await f.advance(2 * SECOND);
    await f.close();
    f.disk.remove('/store/timerwheel');
    fixture = await new Fixture({ disk: f.disk, clock: f.clock }).start();
    expect(fixture.timers.pending).toBe(40);
    await fixture.advance(25 * SECOND);
    expect(await fixture.ids()).toHaveLength(40);
  });

  test('all timer files are made again from the topic when they are gone', async () => {
    const f = await start();
    for (let n = 0; n < 40; n++) await f.send(`m${n}`, T0 + (20 + (n % 4)) * SECOND);
    await f.advance(2 * SECOND);
    await f.close();
    for (const name of ['timerwheel', 'timerlog', 'config/timercheck', 'config/mq-delivered'])
      f.disk.remove(`/store/${name}`);
    fixture = await new Fixture({ disk: f.disk, clock: f.clock }).start();
    await fixture.advance(25 * SECOND);
    expect(await fixture.ids()).toHaveLength(40);
  });
});

// A lot to do, and as much more as it tries (jest.config.mjs).
jest.setTimeout(120_000 * Number(process.env['MQ_PROPERTY_TIMES'] ?? 1));

describe('whatever happens', () => {
  type Step =
    | { readonly kind: 'send'; readonly delayMs: number; readonly isExact: boolean; readonly count: number }
    | { readonly kind: 'wait'; readonly ms: number }
    | { readonly kind: 'close' }
    | { readonly kind: 'kill' }
    | { readonly kind: 'crash'; readonly seed: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        delayMs: fc.integer({ min: -500, max: 40_000 }),
        isExact: fc.boolean(),
        count: fc.integer({ min: 1, max: 12 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(9_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), seed: fc.nat(1000) }) },
  );

  test('no message that was on disk is lost, none comes early, and a kill repeats none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
        const settings = { timerRollWindowSlot: '15' };
        let boot = 1;
        let f = await new Fixture({ settings }).start();
        const dueMs = new Map<string, number>();
        let mayRepeat = false;
        for (const each of steps) {
          if (each.kind === 'send') {
            for (let n = 0; n < each.count; n++) {
              const deliverMs = f.clock.now() + each.delayMs + n;
              const id = `m${dueMs.size}`;
              dueMs.set(id, deliverMs);
              if (each.isExact) await f.sendFor(id, deliverMs);
              else await f.send(id, (Math.ceil(deliverMs / SECOND) - 1) * SECOND);
            }
          } else if (each.kind === 'wait') await f.advance(each.ms);
          else {
            const clock = new ManualClock(f.clock.now());
            let disk = f.disk;
            if (each.kind === 'close') await f.close();
            else if (each.kind === 'kill') disk = f.disk.kill();
            else {
              await f.store.flushLog();
              disk = f.disk.crash({ seed: each.seed });
              boot++;
              mayRepeat = true;
            }
            f = await new Fixture({ settings, disk, clock, bootId: `boot-${boot}` }).start();
          }
        }
        await f.advance(60 * SECOND);
        const messages = await f.messages();
        await f.close();
        const ids = messages.map(({ body }) => body.toString());
        expect([...new Set(ids)].sort()).toEqual([...dueMs.keys()].sort());
        if (!mayRepeat) expect(ids).toHaveLength(dueMs.size);
        const early = messages.filter(
          ({ body, storeTimestamp }) => storeTimestamp < dueMs.get(body.toString())!,
        );
        expect(early).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });
});
