// Topics of type BatchCQ: a batch is one record and one entry, its messages have queue offsets of their own.
import { ManualClock } from '@mq/remoting';
import {
  RecordOffset,
  SysFlag,
  decodeRecords,
  encodeBatch,
  unwrapInnerBatch,
  type MessageExt,
} from '@mq/remoting/message';
import {
  checkStore,
  messageStoreSettings,
  repairStore,
  type AppendMessage,
  type DefaultMessageStore,
  type GetMessageRequest,
} from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import { batchOf, message, openStore, properties, readAll, type FixtureOptions } from './store-fixture.js';

const BATCH = 'B';
const open = (options: FixtureOptions): Promise<DefaultMessageStore> =>
  openStore({
    queueTypeOf: (topic) => (topic === BATCH ? 'BatchCQ' : 'SimpleCQ'),
    ...options,
    settings: { mappedFileSizeCommitLog: 16 * 1024, ...options.settings },
  });

/** A batch of messages `from` to `to` - 1 for topic B. */
function batch(from: number, to: number, overrides: Partial<AppendMessage> = {}): AppendMessage {
  const messages = Array.from({ length: to - from }, (_, i) => ({
    flag: i,
    body: Buffer.from(`${from + i}`),
    properties: { UNIQ_KEY: `U${from + i}`, TAGS: i % 2 === 0 ? 'even' : 'odd' },
  }));
  return message('', {
    topic: BATCH,
    body: encodeBatch(messages),
    sysFlag: SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP,
    innerCount: messages.length,
    properties: properties({ UNIQ_KEY: `B${from}` }),
    ...overrides,
  });
}

/** Puts batches of 1, 2, 3, 4, 1, ... messages until there are `count`; returns how many records these are. */
async function fill(store: DefaultMessageStore, count: number, from = 0): Promise<number> {
  let records = 0;
  for (let next = from; next < count;) {
    const to = Math.min(count, next + 1 + (records % 4));
    const result = await store.put(batch(next, to));
    expect(result).toMatchObject({ status: 'PUT_OK', queueOffset: next });
    next = to;
    records++;
  }
  return records;
}

async function messagesOf(store: DefaultMessageStore, offset?: number): Promise<MessageExt[]> {
  return (await readAll(store, BATCH, 0, offset)).flatMap((record) => unwrapInnerBatch(record));
}

/** Messages 0 to `count` - 1 at queue offsets 0 to `count` - 1. */
async function expectAll(store: DefaultMessageStore, count: number): Promise<void> {
  const found = await messagesOf(store);
  expect(found.map(({ queueOffset, body }) => [queueOffset, body.toString()])).toEqual(
    Array.from({ length: count }, (_, i) => [i, `${i}`]),
  );
  expect([store.minOffsetInQueue(BATCH, 0), store.maxOffsetInQueue(BATCH, 0)]).toEqual([0, count]);
  expect(store.dispatchBehindBytes).toBe(0);
}

async function get(store: DefaultMessageStore, request: Partial<GetMessageRequest>) {
  const result = await store.getMessage({
    ...{ group: 'G', topic: BATCH, queueId: 0, offset: 0, maxMsgNums: 32, ...request },
  });
  const records = decodeRecords(Buffer.concat(result.buffers));
  result.release();
  const { status, nextBeginOffset, messageCount } = result;
  return { status, nextBeginOffset, messageCount, bases: records.map(({ queueOffset }) => queueOffset) };
}

/** A store that tells of its warnings and errors. */
async function openLogged(disk: SimulatedDisk): Promise<{ store: DefaultMessageStore; logged: string[] }> {
  const logged: string[] = [];
  const note = (text: string): void => void logged.push(text);
  const logger = { debug() {}, info() {}, warn: note, error: note, child: () => logger };
  return { store: await open({ disk, logger }), logged };
}

describe('a topic of type BatchCQ', () => {
  test('keeps a batch as one record that says how many messages it holds and from which offset on', async () => {
    const store = await open({ disk: new SimulatedDisk() });
    const arrivals: unknown[] = [];
    store.onArrival = (topic, queueId, next, tagsCode) =>
      void arrivals.push([topic, queueId, next, tagsCode]);
    await store.put(batch(0, 5));
    await store.put(batch(5, 8));
    const records = await readAll(store, BATCH);
    expect(records.map(({ queueOffset, properties }) => ({ queueOffset, ...properties }))).toEqual([
      { queueOffset: 0, UNIQ_KEY: 'B0', INNER_NUM: '5', INNER_BASE: '0' },
      { queueOffset: 5, UNIQ_KEY: 'B5', INNER_NUM: '3', INNER_BASE: '5' },
    ]);
    expect(arrivals).toEqual([
      [BATCH, 0, 5, undefined],
      [BATCH, 0, 8, undefined],
    ]);
    await expectAll(store, 8);
    const { buffers } = await store.queryMessage(BATCH, 'B5', 1, 0, Number.MAX_SAFE_INTEGER, {
      unique: true,
    });
    expect(buffers).toHaveLength(1);
    await store.close();
  });

  test('shows a message that was sent alone too, with its tag', async () => {
    const disk = new SimulatedDisk();
    let store = await open({ disk });
    await store.put(batch(0, 2));
    const tagged = properties({ TAGS: 'A' });
    await store.put(
      message('2', { topic: BATCH, properties: tagged, propertiesSuffix: properties({ S: 'x' }) }),
    );
    const alike = [3, 4, 5].map((i) => message(`${i}`, { topic: BATCH, properties: tagged }));
    store.appendBatch(batchOf(alike), { onPutResult: () => undefined });
    await store.put(batch(6, 9));
    const alone = (await messagesOf(store, 2))[0]!;
    expect(alone.properties).toEqual({ TAGS: 'A', S: 'x', INNER_NUM: '1', INNER_BASE: '2' });
    await expectAll(store, 9);
    const none = { matchesTagsCode: () => false };
    // Batches are given to whoever wants a tag: only the reader can look inside.
    expect(await get(store, { filter: none })).toMatchObject({ bases: [0, 6], nextBeginOffset: 9 });
    await store.close();
    store = await open({ disk });
    await expectAll(store, 9);
    await store.close();
  });

  test('gives whole records, whatever offset inside them is asked for, and not more messages than wanted', async () => {
    const disk = new SimulatedDisk();
    let store = await open({ disk });
    await fill(store, 30);
    const answers = async (): Promise<void> => {
      // Bases: 0 1 3 6 10 11 13 16 20 21 23 26
      expect(await get(store, { offset: 4, maxMsgNums: 8 })).toEqual({
        ...{ status: 'FOUND', bases: [3, 6, 10], messageCount: 8, nextBeginOffset: 11 },
      });
      expect(await get(store, { offset: 4, maxMsgNums: 7 })).toMatchObject({ bases: [3, 6] });
      expect(await get(store, { offset: 29, maxMsgNums: 1 })).toEqual({
        ...{ status: 'FOUND', bases: [26], messageCount: 4, nextBeginOffset: 30 },
      });
      expect(await get(store, { offset: 0, maxBytes: 1 })).toMatchObject({ bases: [0] });
      const settled = [await get(store, { offset: 30 }), await get(store, { offset: 31 })];
      expect(settled.map(({ status, nextBeginOffset }) => [status, nextBeginOffset])).toEqual([
        ['OFFSET_OVERFLOW_ONE', 30],
        ['OFFSET_OVERFLOW_BADLY', 30],
      ]);
    };
    await answers();
    await store.close();
    // Nothing is in memory now.
    store = await open({ disk });
    await answers();
    await store.close();
  });

  test('is found by time, and its entries by offset', async () => {
    const clock = new ManualClock(1_700_000_000_000);
    const store = await open({ disk: new SimulatedDisk(), clock });
    for (let i = 0; i < 5; i++) {
      await store.put(batch(i * 2, i * 2 + 2));
      await clock.advance(1000);
    }
    const at = (ms: number): number => 1_700_000_000_000 + ms;
    const byTime = await Promise.all(
      [at(-1), at(0), at(1), at(1000), at(3999), at(9999)].map((time) =>
        store.offsetInQueueByTime(BATCH, 0, time),
      ),
    );
    expect(byTime).toEqual([0, 0, 2, 2, 8, 8]);
    expect(await store.storeTimestampOf(BATCH, 0, 5)).toBe(at(2000));
    expect(await store.storeTimestampOf(BATCH, 0, 10)).toBe(-1);
    const entries = await store.consumeQueueEntries(BATCH, 0, 3, 2);
    expect(entries.map(({ queueOffset, batchSize }) => [queueOffset, batchSize])).toEqual([
      [2, 2],
      [4, 2],
    ]);
    await store.close();
  });

  test.each([
    ['an inner batch for a plain topic', { topic: 'T' }, /not of type BatchCQ/],
    ['an inner batch of nobody knows how many', { innerCount: undefined }, /1 to 32767/],
    ['an inner batch of too many', { innerCount: 32_768 }, /1 to 32767/],
    ['properties without room for two more', { properties: Buffer.alloc(32_767, 'x') }, /properties have/],
  ])('refuses %s', async (_, overrides, remark) => {
    const store = await open({ disk: new SimulatedDisk(), settings: { mappedFileSizeCommitLog: 65_536 } });
    const { remark: why } = await store.put(batch(0, 2, overrides));
    expect(why).toMatch(remark);
    await store.close();
  });

  test('may be deleted, and come again as a plain one', async () => {
    const disk = new SimulatedDisk();
    let kind: 'BatchCQ' | 'SimpleCQ' = 'BatchCQ';
    const options = { disk, queueTypeOf: () => kind };
    let store = await open(options);
    await fill(store, 10);
    await store.deleteTopic(BATCH);
    kind = 'SimpleCQ';
    expect(await store.put(message('plain', { topic: BATCH }))).toMatchObject({ queueOffset: 0 });
    expect(disk.list('/store/batchconsumequeue')).toEqual([]);
    await store.close();
    // All of the log is dispatched again: what is left of the topic's past gets no entry.
    disk.remove('/store/consumequeue');
    disk.remove('/store/config/mq-recovery.json');
    disk.remove('/store/mq-boot.journal');
    store = await open(options);
    expect((await readAll(store, BATCH)).map(({ body }) => body.toString())).toEqual(['plain']);
    await store.close();
  });

  test('loses the entries whose log files expire', async () => {
    const disk = new SimulatedDisk();
    const store = await open({ disk, settings: { fileReservedTime: 0, deleteFileBatchMax: 1 } });
    await fill(store, 400);
    const { deletedCommitLogFiles } = await store.executeDeleteExpired();
    expect(deletedCommitLogFiles).toBeGreaterThan(0);
    const min = store.minOffsetInQueue(BATCH, 0);
    expect(min).toBeGreaterThan(0);
    const found = await messagesOf(store, min);
    expect(found.map(({ queueOffset }) => queueOffset)).toEqual(
      Array.from({ length: 400 - min }, (_, i) => min + i),
    );
    expect(await get(store, { offset: min - 1 })).toMatchObject({
      ...{ status: 'OFFSET_TOO_SMALL', nextBeginOffset: min },
    });
    await store.close();
  });
});

describe('after a kill or a power cut', () => {
  test.each(['ASYNC_FLUSH', 'SYNC_FLUSH'] as const)(
    'everything acknowledged is in its batch queue again (%s)',
    async (flushDiskType) => {
      const disk = new SimulatedDisk();
      const clock = new ManualClock();
      const options = { clock, settings: { flushDiskType }, markAfterBytes: 1 };
      const store = await open({ disk, ...options });
      await fill(store, 40);
      await clock.advance(61_000);
      await fill(store, 60, 40);
      const killed = await open({ disk: disk.kill(), ...options });
      await expectAll(killed, 60);
      expect(await killed.put(batch(60, 61))).toMatchObject({ queueOffset: 60 });
      for (const { name, disk: after } of disk.crashStates(12)) {
        const again = await open({ disk: after, bootId: 'boot-2', settings: { flushDiskType } });
        const count = again.maxOffsetInQueue(BATCH, 0);
        expect([name, count >= (flushDiskType === 'SYNC_FLUSH' ? 60 : 40)]).toEqual([name, true]);
        await expectAll(again, count);
        expect(await again.put(batch(count, count + 2))).toMatchObject({ queueOffset: count });
        await again.close();
      }
    },
  );

  test('the boot journal tells of batch queues as of others', async () => {
    const disk = new SimulatedDisk();
    const clock = new ManualClock();
    const first = await open({ disk, clock, markAfterBytes: 1 });
    await fill(first, 40);
    await clock.advance(1_100);
    const marked = first.maxPhyOffset;
    await fill(first, 60, 40);
    const facts: unknown[] = [];
    const logger = {
      ...{ debug() {}, warn() {}, error() {}, child: () => logger },
      info: (text: string, more?: object) => void (text === 'store recovered' && facts.push(more)),
    };
    const store = await open({ disk: disk.kill(), clock, logger });
    expect(facts).toMatchObject([{ byBootMark: true, from: marked }]);
    await expectAll(store, 60);
    await store.close();
  });

  test.each(['/store/batchconsumequeue', '/store/batchconsumequeue/B/0/00000000000000000920'])(
    'a queue of which %s is missing is built again',
    async (path) => {
      const disk = new SimulatedDisk();
      const store = await open({ disk });
      await fill(store, 60);
      await store.close();
      disk.remove(path);
      const again = await open({ disk });
      await expectAll(again, 60);
      await again.close();
    },
  );
});

describe('an entry with a flipped bit', () => {
  const COUNT = 100;
  const ENTRY_BYTES = 46;
  const ENTRIES_A_FILE = 10;
  const FIELDS = {
    physicalOffset: [0, 8],
    size: [8, 12],
    baseOffset: [28, 36],
    batchSize: [36, 38],
  } as const;
  type Field = keyof typeof FIELDS;
  const SETTINGS = {
    ...messageStoreSettings.defaults(),
    storePathRootDir: '/store',
    mappedFileSizeCommitLog: 16 * 1024,
    mappedFileSizeConsumeQueue: 400,
    mapperFileSizeBatchConsumeQueue: ENTRIES_A_FILE * ENTRY_BYTES,
    maxHashSlotNum: 100,
    maxIndexNum: 200,
  };

  async function closedStore(): Promise<{ disk: SimulatedDisk; bases: number[] }> {
    const disk = new SimulatedDisk();
    const store = await open({ disk });
    await fill(store, COUNT);
    const bases = (await readAll(store, BATCH)).map(({ queueOffset }) => queueOffset);
    await store.close();
    return { disk, bases };
  }

  /** A copy of the directory; bit `bit` of a field of entry `index`, its highest being 0, is flipped. */
  function flipped(disk: SimulatedDisk, index: number, field: Field, bit: number): SimulatedDisk {
    const copy = [...disk.crashStates(1)][0]!.disk;
    const start = Math.floor(index / ENTRIES_A_FILE) * ENTRIES_A_FILE * ENTRY_BYTES;
    const path = `/store/batchconsumequeue/B/0/${String(start).padStart(20, '0')}`;
    const bytes = copy.readFile(path)!;
    bytes[index * ENTRY_BYTES - start + FIELDS[field][0] + (bit >> 3)]! ^= 0x80 >> (bit & 7);
    copy.writeFile(path, bytes);
    return copy;
  }

  /** Bases of all records that a consumer gets that takes so many messages at a time; it may never stand still. */
  async function consume(store: DefaultMessageStore, maxMsgNums: number): Promise<number[]> {
    const bases: number[] = [];
    for (let offset = store.minOffsetInQueue(BATCH, 0); offset < store.maxOffsetInQueue(BATCH, 0);) {
      const answer = await get(store, { offset, maxMsgNums });
      expect(answer.nextBeginOffset).toBeGreaterThan(offset);
      bases.push(...answer.bases);
      offset = answer.nextBeginOffset;
    }
    return bases;
  }

  /** Some bits of a field: the highest two, one in the middle, and the lowest ones. */
  function bitsOf(field: Field): number[] {
    const bits = (FIELDS[field][1] - FIELDS[field][0]) * 8;
    return [0, 1, bits / 2, bits - 9, bits - 5, bits - 3, bits - 2, bits - 1];
  }

  test.each(Object.keys(FIELDS) as Field[])(
    'in its %s costs its own messages, and is logged; all others are served once, however many are taken at a time',
    async (field) => {
      const { disk, bases } = await closedStore();
      const others = bases.filter((_, index) => index !== 14);
      for (const bit of bitsOf(field)) {
        const { store, logged } = await openLogged(flipped(disk, 14, field, bit));
        for (const maxMsgNums of [1, 5]) {
          logged.length = 0;
          expect([bit, await consume(store, maxMsgNums)]).toEqual([bit, others]);
          expect(logged).toContain('damaged consume queue entry, its message is not served');
        }
        await store.close();
      }
    },
  );

  test('in the base offset of the first one of a queue costs no more', async () => {
    const { disk, bases } = await closedStore();
    for (const bit of bitsOf('baseOffset')) {
      const { store, logged } = await openLogged(flipped(disk, 0, 'baseOffset', bit));
      expect([bit, await consume(store, 5)]).toEqual([bit, bases.slice(1)]);
      expect(logged).toContain('damaged consume queue entry, its message is not served');
      await store.close();
    }
  });

  test.each(Object.keys(FIELDS) as Field[])(
    'in its %s leads nobody astray who begins at an offset of another record',
    async (field) => {
      const { disk, bases } = await closedStore();
      // Where a search begins in the middle of 40 entries.
      for (const bit of bitsOf(field).slice(1, -1)) {
        const { store } = await openLogged(flipped(disk, 19, field, bit));
        for (const [index, offset] of bases.entries()) {
          if (index === 19) continue;
          const { bases: found } = await get(store, { offset, maxMsgNums: 1 });
          expect([bit, offset, found]).toEqual([bit, offset, [offset]]);
        }
        await store.close();
      }
    },
  );

  test('is found by a check, and none after a repair, which costs no message', async () => {
    const { disk } = await closedStore();
    expect((await checkStore(SETTINGS, { disk })).findings).toEqual([]);
    for (const field of Object.keys(FIELDS) as Field[]) {
      const copy = flipped(disk, 14, field, 5);
      expect((await checkStore(SETTINGS, { disk: copy })).findings).toMatchObject([
        {
          kind: 'queue',
          path: '/store/batchconsumequeue/B/0/00000000000000000460',
          position: 4 * ENTRY_BYTES,
        },
      ]);
      await repairStore(SETTINGS, { disk: copy });
      const { store } = await openLogged(copy);
      await expectAll(store, COUNT);
      await store.close();
      expect((await checkStore(SETTINGS, { disk: copy })).findings).toEqual([]);
    }
  });

  test.each(['baseOffset', 'batchSize'] as const)(
    'in the %s of the last one of a queue gives no queue offset twice, after a clean stop of whichever broker',
    async (field) => {
      const { disk, bases } = await closedStore();
      for (const bit of bitsOf(field)) {
        const copy = flipped(disk, bases.length - 1, field, bit);
        // As another broker left it: without our marks.
        for (const path of ['/store/config', '/store/mq-boot.journal']) copy.remove(path);
        const { store } = await openLogged(copy);
        const { queueOffset } = await store.put(batch(COUNT, COUNT + 2));
        expect([bit, queueOffset]).toEqual([bit, COUNT]);
        await expectAll(store, COUNT + 2);
        await store.close();
      }
    },
  );

  test('leads to nothing that was appended since', async () => {
    const { disk, bases } = await closedStore();
    const { store: probe } = await openLogged(disk);
    const start = probe.maxPhyOffset;
    await probe.close();
    const path = '/store/batchconsumequeue/B/0/00000000000000000460';
    const bytes = disk.readFile(path)!;
    bytes.writeBigInt64BE(BigInt(start), 4 * ENTRY_BYTES);
    disk.writeFile(path, bytes);
    const { store, logged } = await openLogged(disk);
    expect(await store.put(batch(COUNT, COUNT + 4))).toMatchObject({ commitLogOffset: start });
    expect(await get(store, { offset: bases[14]!, maxMsgNums: 1 })).toMatchObject({ bases: [bases[15]] });
    expect(logged).toContain('damaged consume queue entry, its message is not served');
    await store.close();
  });
});

describe('a batch that is dispatched again', () => {
  const LOG = '/store/commitlog/00000000000000000000';
  const COUNT = 20;
  /** As a machine that crashed leaves it: without what would vouch for the queues. */
  async function crashed(change: (log: Buffer, at: number) => void): Promise<SimulatedDisk> {
    const disk = new SimulatedDisk();
    const store = await open({ disk });
    await fill(store, COUNT);
    const [entry] = await store.consumeQueueEntries(BATCH, 0, 6, 1);
    await store.close();
    for (const path of ['/store/config', '/store/checkpoint', '/store/mq-boot.journal']) disk.remove(path);
    disk.writeFile('/store/abort', 'x');
    const bytes = disk.readFile(LOG)!;
    change(bytes, entry!.commitLogOffset);
    disk.writeFile(LOG, bytes);
    return disk;
  }

  test('is as it was, and nothing is said', async () => {
    const { store, logged } = await openLogged(await crashed(() => undefined));
    // An index file that no checkpoint knows is made anew.
    expect(logged.filter((text) => !text.startsWith('index file'))).toEqual([]);
    await expectAll(store, COUNT);
    await store.close();
  });

  // The fourth record, of messages 6 to 9.
  test.each([
    [
      'count',
      'a batch does not say what it holds, its messages are not served',
      (log: Buffer, at: number) => (log[log.indexOf('INNER_NUM', at) + 'INNER_NUM='.length]! ^= 0x40),
    ],
    [
      'flags',
      'a batch does not say what it holds, its messages are not served',
      (log: Buffer, at: number) => (log[at + RecordOffset.SYS_FLAG + 3]! ^= SysFlag.INNER_BATCH),
    ],
    [
      'queue id',
      'a batch queue has a gap: another broker stored messages there that are no batches, or a record names another place ' +
        'than its own',
      (log: Buffer, at: number) => (log[at + RecordOffset.QUEUE_ID + 3]! ^= 1),
    ],
    [
      'sign of the queue id',
      'a record names no queue, its message is not served',
      (log: Buffer, at: number) => (log[at + RecordOffset.QUEUE_ID]! ^= 0x80),
    ],
    [
      'topic',
      'a batch of a topic without batch queues is not served',
      (log: Buffer, at: number) => (log[log.indexOf('\x01B', at) + 1]! ^= 1),
    ],
  ])('says what is wrong with its %s', async (_, said, change) => {
    const { store, logged } = await openLogged(await crashed(change));
    expect(logged).toContain(said);
    const offsets = (await messagesOf(store)).map(({ queueOffset }) => queueOffset);
    expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    await store.close();
  });
});
