// One suite over both disks: what a caller of the store can rely on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@mq/remoting';
import { javaHashCode, MAGIC_V2, recordMagic, SysFlag } from '@mq/remoting/message';
import { FileDisk, type DefaultMessageStore, type Disk, type GetMessageRequest } from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import {
  batchOf,
  bodies,
  LOOPBACK_V6,
  makeStore,
  message,
  openStore,
  properties,
  putAll,
  readAll,
  settle,
  type FixtureOptions,
} from './store-fixture.js';

const DISKS = {
  'the real disk': () => {
    const root = mkdtempSync(join(tmpdir(), 'mq-store-'));
    return {
      disk: new FileDisk() as Disk,
      root,
      cleanup: () => rmSync(root, { recursive: true, force: true }),
    };
  },
  'the simulated disk': () => {
    const disk = new SimulatedDisk();
    disk.now = () => Date.now();
    return { disk: disk as Disk, root: '/store', cleanup: () => undefined };
  },
};

describe.each(Object.entries(DISKS))('a message store on %s', (_name, makeDisk) => {
  let where: ReturnType<typeof makeDisk>;
  let opened: DefaultMessageStore[];
  beforeEach(() => {
    where = makeDisk();
    opened = [];
  });
  afterEach(async () => {
    for (const store of opened) await store.close();
    where.cleanup();
  });

  async function open(options: Partial<FixtureOptions> = {}): Promise<DefaultMessageStore> {
    const store = await openStore({ ...where, ...options });
    opened.push(store);
    return store;
  }

  const get = (request: Partial<GetMessageRequest>): GetMessageRequest => ({
    group: 'G',
    topic: 'T',
    queueId: 0,
    offset: 0,
    maxMsgNums: 32,
    ...request,
  });

  test('numbers the messages of each queue from 0 without gaps', async () => {
    const store = await open();
    const results = await putAll(store, [message('a'), message('b', { queueId: 1 }), message('c')]);
    expect(results.map(({ status, queueOffset }) => [status, queueOffset])).toEqual([
      ['PUT_OK', 0],
      ['PUT_OK', 0],
      ['PUT_OK', 1],
    ]);
    expect(await bodies(store)).toEqual(['a', 'c']);
    expect(store.maxOffsetInQueue('T', 0)).toBe(2);
  });

  test('acknowledges at the end of the turn, not before', async () => {
    const store = await open();
    const seen: string[] = [];
    store.append(message('a'), { onPutResult: ({ status }) => seen.push(status) });
    expect(seen).toEqual([]);
    expect(store.maxOffsetInQueue('T', 0)).toBe(0);
    await settle();
    expect(seen).toEqual(['PUT_OK']);
  });

  test('keeps all fields of a record: IPv6 hosts, flags, tags, keys, suffix', async () => {
    const store = await open();
    await store.put(
      message('body', {
        flag: 7,
        bornHost: LOOPBACK_V6,
        reconsumeTimes: 3,
        properties: Buffer.from('TAGS\u0001blue\u0002KEYS\u0001k1 k2'),
        propertiesSuffix: properties({ CLUSTER: 'c' }),
      }),
    );
    const [read] = await readAll(store);
    expect(read).toMatchObject({
      flag: 7,
      reconsumeTimes: 3,
      bornHost: '[0:0:0:0:0:0:0:1]:10911',
      queueOffset: 0,
    });
    expect(read?.properties).toEqual({ TAGS: 'blue', KEYS: 'k1 k2', CLUSTER: 'c' });
    const [entry] = await store.consumeQueueEntries('T', 0, 0, 10);
    expect(entry?.tagsCode).toBe(javaHashCode('blue'));
  });

  test('writes version 2 records for long retry topics and refuses other long topics', async () => {
    const store = await open();
    const topic = `%RETRY%${'g'.repeat(140)}`;
    const result = await store.put(message('a', { topic }));
    expect(recordMagic((await store.recordAt(result.commitLogOffset))!, 0)).toBe(MAGIC_V2);
    expect(await bodies(store, topic)).toEqual(['a']);
    expect((await store.put(message('a', { topic: 't'.repeat(128) }))).status).toBe('MESSAGE_ILLEGAL');
  });

  test.each([
    ['a body over maxMessageSize', { body: Buffer.alloc(101) }, 'MESSAGE_ILLEGAL'],
    ['properties over 32767 bytes', { properties: Buffer.alloc(32_768, 65) }, 'PROPERTIES_SIZE_EXCEEDED'],
    ['an empty topic', { topic: '' }, 'MESSAGE_ILLEGAL'],
    ['a topic that is no directory name', { topic: '../x' }, 'MESSAGE_ILLEGAL'],
    ['a negative queue id', { queueId: -1 }, 'MESSAGE_ILLEGAL'],
    ['a born timestamp that is no integer', { bornTimestamp: NaN }, 'MESSAGE_ILLEGAL'],
  ])('refuses %s at once and stores nothing', async (_what, overrides, status) => {
    const store = await open({ settings: { maxMessageSize: 100 } });
    const before = store.maxPhyOffset;
    const seen: string[] = [];
    store.append(message('x', overrides), { onPutResult: (result) => seen.push(result.status) });
    expect(seen).toEqual([status]);
    await settle();
    expect(store.maxPhyOffset).toBe(before);
  });

  test('keeps prepared and rolled-back records out of the queues; they use no queue offset', async () => {
    const store = await open();
    const results = await putAll(store, [
      message('half', { sysFlag: SysFlag.TRANSACTION_PREPARED }),
      message('normal'),
      message('rollback', { sysFlag: SysFlag.TRANSACTION_ROLLBACK }),
      message('commit', { sysFlag: SysFlag.TRANSACTION_COMMIT }),
    ]);
    expect(results.map(({ queueOffset }) => queueOffset)).toEqual([0, 0, 0, 1]);
    expect(await bodies(store)).toEqual(['normal', 'commit']);
  });

  test('keeps a batch together: contiguous offsets, one file, one answer', async () => {
    const store = await open();
    await store.put(message('x'.repeat(3500)));
    const batch = ['a', 'b', 'c'].map((body) => message(body.repeat(150)));
    const result = await new Promise<Parameters<Parameters<typeof store.appendBatch>[1]['onPutResult']>[0]>(
      (resolve) => store.appendBatch(batchOf(batch), { onPutResult: resolve }),
    );
    expect(result).toMatchObject({ status: 'PUT_OK', queueOffset: 1, commitLogOffset: 4096 });
    expect(result.commitLogOffsets).toHaveLength(3);
    expect(store.maxOffsetInQueue('T', 0)).toBe(4);
    const tooLarge = Array.from({ length: 20 }, () => message('y'.repeat(300)));
    const statuses: string[] = [];
    store.appendBatch(batchOf(tooLarge), { onPutResult: ({ status }) => statuses.push(status) });
    expect(statuses).toEqual(['MESSAGE_ILLEGAL']);
  });

  test('rolls to the next file behind a blank record and reads across', async () => {
    const store = await open();
    const sent = Array.from({ length: 60 }, (_, i) => `${i}-`.padEnd(100 + i, 'x'));
    for (const body of sent) await store.put(message(body));
    expect(store.maxPhyOffset).toBeGreaterThan(2 * 4096);
    expect(await bodies(store)).toEqual(sent);
  });

  test('is as it was after a clean stop, with abort gone', async () => {
    const first = await open();
    await putAll(
      first,
      Array.from({ length: 50 }, (_, i) => message(`m${i}`, { queueId: i % 3 })),
    );
    const end = first.maxPhyOffset;
    await first.close();
    expect(where.disk.stat(join(where.root, 'abort'))).toBeUndefined();
    const second = await open();
    expect(second.maxPhyOffset).toBe(end);
    expect(await bodies(second, 'T', 1)).toEqual(Array.from({ length: 17 }, (_, i) => `m${3 * i + 1}`));
    expect((await second.put(message('next', { queueId: 1 }))).queueOffset).toBe(17);
  });

  test('answers every offset with the status and next offset of upstream', async () => {
    const store = await open();
    await putAll(store, [message('a'), message('b')]);
    const rows: [Partial<GetMessageRequest>, string, number][] = [
      [{ queueId: -1 }, 'NO_MATCHED_LOGIC_QUEUE', 0],
      [{ topic: 'Unknown', offset: 5 }, 'NO_MESSAGE_IN_QUEUE', 0],
      [{ offset: -1 }, 'OFFSET_TOO_SMALL', 0],
      [{ offset: 0 }, 'FOUND', 2],
      [{ offset: 1, maxMsgNums: 1 }, 'FOUND', 2],
      [{ offset: 2 }, 'OFFSET_OVERFLOW_ONE', 2],
      [{ offset: 9 }, 'OFFSET_OVERFLOW_BADLY', 2],
      [{ filter: { matchesTagsCode: () => false } }, 'NO_MATCHED_MESSAGE', 2],
      [{ filter: { matchesTagsCode: () => true, matchesRecord: () => false } }, 'NO_MATCHED_MESSAGE', 2],
    ];
    for (const [request, status, next] of rows) {
      const result = await store.getMessage(get(request));
      expect([request, result.status, result.nextBeginOffset]).toEqual([request, status, next]);
      result.release();
    }
  });

  test('a slave keeps the offset its reader asked for, unless told to check', async () => {
    for (const offsetCheckInSlave of [false, true]) {
      const slave = await open({ settings: { brokerRole: 'SLAVE', offsetCheckInSlave } });
      const result = await slave.getMessage(get({ topic: 'Unknown', offset: 5 }));
      expect(result.nextBeginOffset).toBe(offsetCheckInSlave ? 0 : 5);
      expect((await slave.put(message('a'))).status).toBe('SERVICE_NOT_AVAILABLE');
      await slave.close();
    }
  });

  test('limits an answer by count and bytes, but always gives one message', async () => {
    const store = await open({ settings: { maxTransferCountOnMessageInMemory: 5 } });
    await putAll(
      store,
      Array.from({ length: 10 }, () => message('0123456789')),
    );
    expect((await store.getMessage(get({}))).messageCount).toBe(5);
    expect((await store.getMessage(get({ maxMsgNums: 3 }))).messageCount).toBe(3);
    expect((await store.getMessage(get({ maxBytes: 250 }))).messageCount).toBe(2);
    expect((await store.getMessage(get({ maxBytes: 1 }))).messageCount).toBe(1);
  });

  test('counts messages far from the end as old and suggests the slave', async () => {
    const store = await open({ totalMemoryBytes: 1000, settings: { maxTransferCountOnMessageInDisk: 2 } });
    await putAll(
      store,
      Array.from({ length: 20 }, () => message('0123456789')),
    );
    const old = await store.getMessage(get({}));
    expect([old.messageCount, old.suggestPullingFromSlave]).toEqual([2, true]);
    const fresh = await store.getMessage(get({ offset: 18 }));
    expect([fresh.messageCount, fresh.suggestPullingFromSlave]).toEqual([2, false]);
  });

  test('serves neighbours of the tail as one slice and holds their memory until released', async () => {
    const store = await open();
    await putAll(store, [message('a'), message('b'), message('c')]);
    const result = store.getMessage(get({}));
    if (result instanceof Promise) throw new Error('the tail must be answered at once');
    expect(result.buffers).toHaveLength(1);
    expect(result.messageCount).toBe(3);
    result.release();
    result.release();
  });

  test('reads cold messages off the loop after a restart', async () => {
    const first = await open();
    await putAll(
      first,
      Array.from({ length: 40 }, (_, i) => message(`m${i}`, { queueId: i % 2 })),
    );
    await first.close();
    const second = await open();
    const answer = second.getMessage(get({ queueId: 1, maxMsgNums: 4 }));
    expect(answer).toBeInstanceOf(Promise);
    expect((await answer).messageCount).toBe(4);
    (await answer).release();
    expect(await bodies(second, 'T', 1)).toEqual(Array.from({ length: 20 }, (_, i) => `m${2 * i + 1}`));
  });

  test('tells arrivals in order, once consumers can read them', async () => {
    const store = await open();
    const seen: unknown[] = [];
    store.onArrival = (topic, queueId, next, tagsCode, _time, offset, buffer, from, to) => {
      expect(store.maxOffsetInQueue(topic, queueId)).toBe(next);
      seen.push([topic, queueId, next, tagsCode, offset, buffer.toString('utf8', from, to)]);
    };
    const tagged = message('a', { properties: properties({ TAGS: 'x' }) });
    const results = await putAll(store, [tagged, message('b', { queueId: 2, tagsCode: 99 })]);
    expect(seen).toEqual([
      ['T', 0, 1, javaHashCode('x'), 0, 'TAGS\u0001x\u0002'],
      ['T', 2, 1, 99, results[1]!.commitLogOffset, ''],
    ]);
  });

  test('gives delayed messages their delivery time as tags code', async () => {
    const store = await open();
    const delayed = message('later', {
      topic: 'SCHEDULE_TOPIC_XXXX',
      queueId: 2,
      properties: properties({ DELAY: '3' }),
    });
    const { storeTimestamp } = await store.put(delayed);
    const [entry] = await store.consumeQueueEntries('SCHEDULE_TOPIC_XXXX', 2, 0, 1);
    expect(entry?.tagsCode).toBe(storeTimestamp + 10_000);
  });

  test('counts the delay of a message from its own moment, however long ago the turn began', async () => {
    const clock = new ManualClock(1000);
    const store = await open({ clock });
    const first = store.put(message('now'));
    clock.jumpWallClock(40);
    const level = properties({ DELAY: '3' });
    const delayed = message('later', { topic: 'SCHEDULE_TOPIC_XXXX', queueId: 2, properties: level });
    const results = await Promise.all([first, store.put(delayed), store.put(message('after'))]);
    expect(results.map(({ storeTimestamp }) => storeTimestamp)).toEqual([1000, 1040, 1040]);
    const [entry] = await store.consumeQueueEntries('SCHEDULE_TOPIC_XXXX', 2, 0, 1);
    expect(entry?.tagsCode).toBe(11_040);
  });

  test('tells of a message whose delay is over no time before that, however long ago the turn began', async () => {
    const clock = new ManualClock(1000);
    const store = await open({ clock });
    const first = store.put(message('now'));
    clock.jumpWallClock(40);
    const results = await Promise.all([first, store.put({ ...message('due'), isDue: true })]);
    expect(results.map(({ storeTimestamp }) => storeTimestamp)).toEqual([1000, 1040]);
  });

  test('counts the delay of a message from its own moment, although the clock was set back', async () => {
    const clock = new ManualClock(100_000);
    const store = await open({ clock });
    await store.put(message('now'));
    clock.jumpWallClock(-60_000);
    const level = properties({ DELAY: '3' });
    const delayed = message('later', { topic: 'SCHEDULE_TOPIC_XXXX', queueId: 2, properties: level });
    const results = [await store.put(delayed), await store.put(message('after'))];
    expect(results.map(({ storeTimestamp }) => storeTimestamp)).toEqual([40_000, 100_000]);
    const [entry] = await store.consumeQueueEntries('SCHEDULE_TOPIC_XXXX', 2, 0, 1);
    expect(entry?.tagsCode).toBe(50_000);
  });

  test('finds offsets by store time', async () => {
    const clock = new ManualClock(1000);
    const store = await open({ clock });
    for (const body of ['a', 'b', 'b2', 'c']) {
      await store.put(message(body));
      if (body !== 'b') await clock.advance(100);
    }
    // Stored at 1000, 1100, 1100, 1200.
    const rows: [number, number, number][] = [
      [0, 0, 0],
      [1000, 0, 0],
      [1050, 1, 0],
      [1100, 1, 2],
      [1150, 3, 2],
      [9999, 4, 3],
    ];
    for (const [timestamp, lower, upper] of rows) {
      const found = [
        await store.offsetInQueueByTime('T', 0, timestamp, 'LOWER'),
        await store.offsetInQueueByTime('T', 0, timestamp, 'UPPER'),
      ];
      expect([timestamp, ...found]).toEqual([timestamp, lower, upper]);
    }
    expect(await store.storeTimestampOf('T', 0, 3)).toBe(1200);
    expect(await store.storeTimestampOf('T', 0, 4)).toBe(-1);
    expect(await store.earliestStoreTimestamp()).toBe(1000);
  });

  test('finds messages by key, by unique key and by offset', async () => {
    const store = await open();
    const keyed = message('a', { properties: properties({ UNIQ_KEY: 'U1', KEYS: 'order-1 order-2' }) });
    const { commitLogOffset } = await store.put(keyed);
    await store.put(message('b', { properties: properties({ UNIQ_KEY: 'order-1' }) }));
    const found = async (key: string, unique = false): Promise<number> =>
      (await store.queryMessage('T', key, 32, 0, Number.MAX_SAFE_INTEGER, { unique })).buffers.length;
    expect(
      await Promise.all([found('order-2'), found('order-1'), found('order-1', true), found('U1', true)]),
    ).toEqual([1, 2, 1, 1]);
    expect(await found('order')).toBe(0);
    expect(await store.recordAt(commitLogOffset)).toBeDefined();
    expect(await store.recordAt(commitLogOffset + 1)).toBeUndefined();
    expect(await store.recordAt(1e9)).toBeUndefined();
  });

  test('removes expired files, then entries and index keys of what is gone', async () => {
    const clock = new ManualClock(Date.now());
    const store = await open({ clock, settings: { deleteCommitLogFilesInterval: 0, fileReservedTime: 1 } });
    for (let i = 0; i < 60; i++) await store.put(message('x'.repeat(300)));
    await store.getMessage(get({}));
    expect((await runExpiry(store, clock)).deletedCommitLogFiles).toBe(0);
    clock.jumpWallClock(2 * 3_600_000);
    const report = await runExpiry(store, clock);
    expect(report.deletedCommitLogFiles).toBeGreaterThan(2);
    expect(store.minPhyOffset).toBe(report.deletedCommitLogFiles * 4096);
    const min = store.minOffsetInQueue('T', 0);
    expect(min).toBeGreaterThan(0);
    expect((await store.getMessage(get({ offset: 0 }))).status).toBe('OFFSET_TOO_SMALL');
    expect((await readAll(store)).map((one) => one.queueOffset)).toEqual(
      Array.from({ length: 60 - min }, (_, i) => min + i),
    );
  });

  async function runExpiry(
    store: DefaultMessageStore,
    clock: ManualClock,
  ): ReturnType<DefaultMessageStore['executeDeleteExpired']> {
    const run = store.executeDeleteExpired();
    for (let i = 0; i < 30; i++) await clock.advance(1);
    return run;
  }

  test('forgets a deleted topic, also after a restart', async () => {
    const store = await open();
    await putAll(store, [message('a'), message('b', { topic: 'Other' })]);
    await store.deleteTopic('T');
    expect([...store.topics()]).toEqual(['Other']);
    expect((await store.put(message('again'))).queueOffset).toBe(0);
    expect(await store.cleanUnusedTopics(new Set(['T']))).toEqual(['Other']);
    await store.close();
    const next = await open();
    expect([...next.topics()]).toEqual(['T']);
    expect(await bodies(next)).toEqual(['again']);
  });

  test('hands the raw log to replication, blank records included', async () => {
    const store = await open();
    let grew = 0;
    const off = store.logStream.onGrowth(() => grew++);
    for (let i = 0; i < 20; i++) await store.put(message('x'.repeat(400)));
    expect(grew).toBe(20);
    off();
    const end = store.logStream.maxOffset;
    let offset = 0;
    const pieces: Buffer[] = [];
    while (offset < end) {
      const chunk = await store.logStream.read(offset, 1000);
      expect(chunk.bytes.length).toBeGreaterThan(0);
      pieces.push(Buffer.from(chunk.bytes));
      offset += chunk.bytes.length;
      chunk.release();
    }
    const log = Buffer.concat(pieces);
    expect(log.length).toBe(end);
    const files = where.disk
      .list(join(where.root, 'commitlog'))
      .map((name) => where.disk.readFile(join(where.root, 'commitlog', name))!);
    expect(Buffer.concat(files).subarray(0, end).equals(log)).toBe(true);
    expect((await store.logStream.read(end, 100)).bytes.length).toBe(0);
  });

  test('a directory is used by one store at a time', async () => {
    await open();
    const second = makeStore(where);
    await expect(second.start()).rejects.toMatchObject({ code: 'LOCKED' });
    await second.close();
  });

  test('refuses files of another size than configured', async () => {
    const first = await open();
    await first.put(message('a'));
    await first.close();
    const second = makeStore({ ...where, settings: { mappedFileSizeCommitLog: 8192 } });
    await expect(second.start()).rejects.toMatchObject({ code: 'FILE_SIZE_MISMATCH' });
    await second.close();
    const third = await open();
    expect(await bodies(third)).toEqual(['a']);
  });

  test('spreads the log over several directories and finds it again', async () => {
    const storePathCommitLog = ['one', 'two'].map((name) => join(where.root, name)).join(',');
    const first = await open({ settings: { storePathCommitLog } });
    const sent = Array.from({ length: 30 }, (_, i) => `${i}`.padEnd(400, '.'));
    for (const body of sent) await first.put(message(body));
    await first.close();
    expect(where.disk.list(join(where.root, 'one')).length).toBeGreaterThan(1);
    expect(where.disk.list(join(where.root, 'two')).length).toBeGreaterThan(1);
    const second = await open({ settings: { storePathCommitLog } });
    expect(await bodies(second)).toEqual(sent);
  });

  test('reports what operators read', async () => {
    const clock = new ManualClock(1_700_000_000_000);
    const store = await open({ clock });
    await putAll(
      store,
      Array.from({ length: 20 }, () => message('0123456789')),
    );
    await clock.advance(10_000);
    const info = store.runtimeInfo();
    expect(info).toMatchObject({
      putMessageTimesTotal: '20',
      commitLogMinOffset: '0',
      dispatchBehindBytes: '0',
      putTps: '2 2 2',
      runtime: '[ 0 days, 0 hours, 0 minutes, 10 seconds ]',
    });
    expect(info['putMessageDistributeTime']).toMatch(/^\[<=0ms\]:20 \[0~10ms\]:0 /);
    expect(Number(info['commitLogDiskRatio'])).toBeGreaterThanOrEqual(0);
  });

  test('start and close may be called twice, together and in any order', async () => {
    const never = makeStore(where);
    await Promise.all([never.close(), never.close()]);
    const store = makeStore(where);
    await Promise.all([store.start(), store.start()]);
    const put = store.put(message('last'));
    await Promise.all([store.close(), store.close()]);
    expect((await put).status).toBe('PUT_OK');
    expect((await store.put(message('late'))).status).toBe('SERVICE_NOT_AVAILABLE');
  });
});
