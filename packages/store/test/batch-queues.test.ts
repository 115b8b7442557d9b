// Topics of type BatchCQ: a batch is one record and one entry, its messages have queue offsets of their own.
import { ManualClock } from '@mq/remoting';
import { SysFlag, decodeRecords, encodeBatch, unwrapInnerBatch, type MessageExt } from '@mq/remoting/message';
import type { AppendMessage, DefaultMessageStore, GetMessageRequest } from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import { message, openStore, properties, readAll, type FixtureOptions } from './store-fixture.js';

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
    store.appendBatch(
      [3, 4, 5].map((i) => message(`${i}`, { topic: BATCH, properties: tagged })),
      { onPutResult: () => undefined },
    );
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
