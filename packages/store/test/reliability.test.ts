// Defects that the campaigns of tools/reliability found, each as the smallest state that showed it (docs/reliability.md).
import { ManualClock } from '@mq/remoting';
import { RecordOffset } from '@mq/remoting/message';
import { runMqstore } from '../src/repair/run-mqstore.js';
import { checkStore, messageStoreSettings, repairStore, type DefaultMessageStore } from '../src/index.js';
import { SimulatedDisk } from '../src/testing/index.js';
import { bodies, makeStore, message, openStore, properties, readAll, settle } from './store-fixture.js';

const LOG = '/store/commitlog/00000000000000000000';
const SMALL_INDEX = { maxHashSlotNum: 4, maxIndexNum: 200 } as const;

/** Tells of every call, before it takes effect. */
class WatchedDisk extends SimulatedDisk {
  onCall: (() => void) | undefined;

  override count(...call: Parameters<SimulatedDisk['count']>): void {
    this.onCall?.();
    super.count(...call);
  }
}

async function putWithKey(store: DefaultMessageStore, number: number): Promise<void> {
  const result = await store.put(
    message(`body ${number}`, { properties: properties({ UNIQ_KEY: `U${number}` }) }),
  );
  expect(result.status).toBe('PUT_OK');
}

/** Numbers of the messages below `count` that a query by key does not find. */
async function missingKeys(store: DefaultMessageStore, count: number): Promise<number[]> {
  const missing: number[] = [];
  for (let number = 0; number < count; number++) {
    const { buffers } = await store.queryMessage('T', `U${number}`, 32, 0, Number.MAX_SAFE_INTEGER);
    if (buffers.length !== 1) missing.push(number);
  }
  return missing;
}

describe('after a power cut', () => {
  test('a queue file whose size was not durable is extended, not refused', async () => {
    const disk = new SimulatedDisk();
    const first = await openStore({ disk });
    await first.put(message('a'));
    await first.put(message('b'));
    await first.close();
    const path = '/store/consumequeue/T/0/00000000000000000000';
    disk.open(path).truncate(40);
    const store = await openStore({ disk, bootId: 'boot-2' });
    expect(await bodies(store)).toEqual(['a', 'b']);
    expect(disk.stat(path)?.sizeBytes).toBe(400);
    await store.close();
  });

  test('a record whose last sector was lost is not served, though all of its body is there', async () => {
    const disk = new SimulatedDisk();
    const first = await openStore({ disk });
    await first.put(message('whole'));
    const last = await first.put(
      message('x'.repeat(200), { properties: properties({ A: 'a'.repeat(200) }) }),
    );
    const end = last.commitLogOffset + last.sizeBytes;
    expect(Math.floor(end / 512)).toBe(1);
    const after = disk.kill();
    const bytes = after.readFile(LOG)!;
    bytes.fill(0, 512);
    after.writeFile(LOG, bytes);
    const store = await openStore({ disk: after, bootId: 'boot-2' });
    expect(await bodies(store)).toEqual(['whole']);
    await store.close();
  });

  test.each([1, 2])(
    'a record without properties is whole, though it ends %i bytes behind the border of a sector',
    async (behind) => {
      const disk = new SimulatedDisk();
      const first = await openStore({ disk });
      const { sizeBytes } = await first.put(message('x'));
      const body = 'y'.repeat(512 + behind - 2 * sizeBytes + 1);
      const put = await first.put(message(body));
      expect(put.commitLogOffset + put.sizeBytes).toBe(512 + behind);
      await first.put(message('z'));
      const store = await openStore({ disk: disk.kill(), bootId: 'boot-2' });
      expect(await bodies(store)).toEqual(['x', body, 'z']);
      await store.close();
    },
  );

  test('keys are found at once when the slots of the index are ahead of its header', async () => {
    const disk = new SimulatedDisk();
    const clock = new ManualClock();
    const first = await openStore({ disk, clock, settings: SMALL_INDEX });
    for (let number = 0; number < 10; number++) await putWithKey(first, number);
    await clock.advance(61_000);
    const after = disk.kill();
    const path = `/store/index/${after.list('/store/index')[0]!}`;
    const bytes = after.readFile(path)!;
    // Slots that were written, for entries that were not.
    for (let slot = 0; slot < SMALL_INDEX.maxHashSlotNum; slot++) bytes.writeInt32BE(50, 40 + 4 * slot);
    after.writeFile(path, bytes);
    const store = await openStore({ disk: after, settings: SMALL_INDEX, bootId: 'boot-2' });
    expect(await missingKeys(store, 10)).toEqual([]);
    await store.close();
  });

  test('no key is lost wherever a thorough flush was interrupted', async () => {
    const disk = new WatchedDisk();
    const clock = new ManualClock();
    const settings = { ...SMALL_INDEX, maxIndexNum: 16 };
    const first = await openStore({ disk, clock, settings });
    for (let number = 0; number < 10; number++) await putWithKey(first, number);
    await clock.advance(61_000);
    for (let number = 10; number < 20; number++) await putWithKey(first, number);
    const states: SimulatedDisk[] = [];
    disk.onCall = () => {
      states.push(states.length % 2 === 0 ? disk.kill() : [...disk.crashStates(1)][0]!.disk);
    };
    await clock.advance(61_000);
    await settle();
    expect(states.length).toBeGreaterThan(30);
    for (const state of states) {
      const store = await openStore({ disk: state, settings, bootId: 'boot-2' });
      expect(await missingKeys(store, (await readAll(store)).length)).toEqual([]);
      await store.close();
    }
  });
});

describe('a restart in the middle of a log file', () => {
  test('is followed by writes that end with the file, also when the last record leaves just the 8 bytes of a blank', async () => {
    const disk = new SimulatedDisk();
    const first = await openStore({ disk });
    const { sizeBytes } = await first.put(message('a'));
    await first.close();
    const store = await openStore({ disk });
    const rest = 4096 - 8 - 2 * sizeBytes;
    await store.put(message('b'.repeat(rest + 1)));
    await store.put(message('c'));
    expect(disk.stat(LOG)?.sizeBytes).toBe(4096);
    await store.close();
    const again = await openStore({ disk });
    expect((await bodies(again)).map((body) => body[0])).toEqual(['a', 'b', 'c']);
    await again.close();
  });
});

describe('after a sync that failed', () => {
  test('what the cache still shows at the next start is written once more, and outlives a power cut', async () => {
    const settings = { flushDiskType: 'SYNC_FLUSH' } as const;
    const disk = new SimulatedDisk();
    const first = await openStore({ disk, settings });
    await first.put(message('safe'));
    disk.failAt('sync', 1, 'EIO', { path: 'commitlog' });
    expect((await first.put(message('in the cache only'))).status).toBe('FLUSH_DISK_TIMEOUT');
    const killed = disk.kill();
    const second = await openStore({ disk: killed, settings });
    expect((await second.put(message('acknowledged'))).status).toBe('PUT_OK');
    const cut = [...killed.crashStates(1)][0]!.disk;
    const third = await openStore({ disk: cut, settings, bootId: 'boot-2' });
    expect(await bodies(third)).toEqual(['safe', 'in the cache only', 'acknowledged']);
    await second.close();
    await third.close();
  });

  test('a log file that could not be made durable is created anew', async () => {
    const disk = new SimulatedDisk();
    const settings = { flushDiskType: 'SYNC_FLUSH', mappedFileSizeCommitLog: 2048 } as const;
    const first = await openStore({ disk, settings });
    await first.put(message('x'.repeat(1500)));
    disk.failAt('sync', 1, 'EIO', { path: '00000000000000002048' });
    expect((await first.put(message('y'.repeat(1500)))).status).toBe('CREATE_MAPPED_FILE_FAILED');
    expect((await first.put(message('z'.repeat(1500)))).status).toBe('PUT_OK');
    const cut = [...disk.crashStates(1)][0]!.disk;
    const store = await openStore({ disk: cut, settings, bootId: 'boot-2' });
    expect((await bodies(store)).map((body) => body[0])).toEqual(['x', 'z']);
    await store.close();
  });
});

describe('a flipped bit', () => {
  const TOPICS = ['A', 'B'];
  const SETTINGS = {
    ...messageStoreSettings.defaults(),
    storePathRootDir: '/store',
    mappedFileSizeCommitLog: 4096,
    mappedFileSizeConsumeQueue: 400,
    maxHashSlotNum: 100,
    maxIndexNum: 200,
  };

  /** Twenty messages of 128 bytes by turns in two topics, closed. */
  async function closedStore(): Promise<SimulatedDisk> {
    const disk = new SimulatedDisk();
    const store = await openStore({ disk });
    for (let number = 0; number < 20; number++) {
      const body = `${number}`.padEnd(128 - 91 - 1, 'x');
      expect((await store.put(message(body, { topic: TOPICS[number % 2]! }))).sizeBytes).toBe(128);
    }
    await store.close();
    return disk;
  }

  function flip(disk: SimulatedDisk, path: string, at: number, bit: number): void {
    const bytes = disk.readFile(path)!;
    bytes[at]! ^= 1 << bit;
    disk.writeFile(path, bytes);
  }

  async function numbers(store: DefaultMessageStore, topic: string): Promise<number[]> {
    return (await readAll(store, topic)).map(({ body }) => parseInt(body.toString(), 10));
  }

  test('in the offset of a queue entry serves no record of another queue, and is logged', async () => {
    const disk = await closedStore();
    // Bit 7 of the lowest byte: from the record of A at offset 512 to that of B at 640.
    flip(disk, '/store/consumequeue/A/0/00000000000000000000', 2 * 20 + 7, 7);
    const logged: unknown[] = [];
    const note = (text: string): void => void logged.push(text);
    const logger = { debug() {}, info() {}, warn: note, error: note, child: () => logger };
    const store = await openStore({ disk, logger });
    const found = await numbers(store, 'A');
    expect(found.filter((number) => number % 2 === 1)).toEqual([]);
    expect(found.length === 10 || logged.length > 0).toBe(true);
    await store.close();
  });

  test('in the sign of the offset of a queue entry is logged by whoever reads it', async () => {
    const disk = await closedStore();
    // A second file: of the first one a start looks at no entry but the first.
    const longer = await openStore({ disk });
    for (let number = 20; number < 60; number++) {
      await longer.put(message(`${number}`.padEnd(128 - 91 - 1, 'x'), { topic: TOPICS[number % 2]! }));
    }
    await longer.close();
    flip(disk, '/store/consumequeue/A/0/00000000000000000000', 4 * 20, 7);
    const logged: unknown[] = [];
    const note = (text: string, facts?: object): void => void logged.push({ text, ...facts });
    const logger = { debug() {}, info() {}, warn: note, error: note, child: () => logger };
    const store = await openStore({ disk, logger });
    expect(await numbers(store, 'A')).toHaveLength(29);
    expect(logged).toContainEqual(expect.objectContaining({ topic: 'A', queueId: 0 }));
    await store.close();
  });

  test('that makes a queue look shorter after a clean stop builds it again', async () => {
    const disk = await closedStore();
    // The sign of the size of entry 4: it counts as not written.
    flip(disk, '/store/consumequeue/A/0/00000000000000000000', 4 * 20 + 8, 7);
    const store = await openStore({ disk });
    expect(await numbers(store, 'A')).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect((await store.put(message('next', { topic: 'A' }))).queueOffset).toBe(10);
    await store.close();
  });

  test('that makes the last entry of a queue lead behind the log builds it again, and is reported', async () => {
    const disk = await closedStore();
    // As an earlier broker left it: without our marks.
    disk.remove('/store/config');
    disk.remove('/store/mq-boot.journal');
    flip(disk, '/store/consumequeue/A/0/00000000000000000000', 9 * 20 + 2, 6);
    const logged: string[] = [];
    const note = (text: string): void => void logged.push(text);
    const logger = { debug() {}, info() {}, warn: note, error: note, child: () => logger };
    const store = await openStore({ disk, logger });
    expect(await numbers(store, 'A')).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(logged).toContainEqual(expect.stringContaining('lead behind the end of the log'));
    await store.close();
  });

  test('a queue that was removed is built again, though another reaches as far as the mark says', async () => {
    const disk = await closedStore();
    disk.remove('/store/consumequeue/A');
    const store = await openStore({ disk });
    expect(await numbers(store, 'A')).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    await store.close();
  });

  test('in the recovery mark makes it unbelievable', async () => {
    const disk = await closedStore();
    const path = '/store/config/mq-recovery.json';
    const text = disk.readFile(path)!.toString();
    flip(disk, path, text.indexOf('"queueEntries":') + '"queueEntries":'.length, 0);
    disk.remove(`${path}.bak`);
    const store = await openStore({ disk });
    expect(await numbers(store, 'B')).toHaveLength(10);
    await store.close();
  });

  test('in the topic of a record that is dispatched again is reported', async () => {
    const disk = await closedStore();
    for (const path of ['/store/config', '/store/checkpoint', '/store/mq-boot.journal']) disk.remove(path);
    disk.writeFile('/store/abort', 'x');
    // A becomes C.
    flip(disk, '/store/commitlog/00000000000000000000', 18 * 128 + 125, 1);
    const logged: unknown[] = [];
    const note = (text: string, facts?: object): void => void logged.push({ text, ...facts });
    const logger = { debug() {}, info() {}, warn: note, error: note, child: () => logger };
    const store = await openStore({ disk, logger });
    expect([...store.topics()].sort()).toEqual(['A', 'B', 'C']);
    expect(logged).toContainEqual(expect.objectContaining({ topic: 'A', queueId: 0, from: 9, lost: 1 }));
    expect(logged).toContainEqual(expect.objectContaining({ topic: 'C', queueId: 0, queueOffset: 9 }));
    await store.close();
  });

  test('in a record is refused at recovery, and after a repair all others are served at their offsets', async () => {
    const disk = await closedStore();
    disk.remove('/store/config');
    disk.writeFile('/store/abort', 'x');
    disk.remove('/store/checkpoint');
    flip(disk, '/store/commitlog/00000000000000000000', 6 * 128 + 100, 3);
    const refused = makeStore({ disk });
    await expect(refused.start()).rejects.toMatchObject({ code: 'CORRUPT', position: 6 * 128 });
    await refused.close();
    const before = disk.readFile('/store/commitlog/00000000000000000000')!;

    expect((await checkStore(SETTINGS, { disk })).findings).toMatchObject([
      { kind: 'log', position: 6 * 128, sizeBytes: 128 },
    ]);
    const report = await repairStore(SETTINGS, { disk });
    expect(report).toMatchObject({ records: 20, asideDir: '/store/damaged' });
    expect(disk.readFile('/store/damaged/commitlog-00000000000000000768')).toEqual(
      before.subarray(6 * 128, 7 * 128),
    );
    expect((await checkStore(SETTINGS, { disk })).findings).toEqual([]);

    const store = await openStore({ disk });
    const messages = await readAll(store, 'A');
    expect(messages.map(({ queueOffset }) => queueOffset)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
    expect(await numbers(store, 'B')).toHaveLength(10);
    expect((await store.put(message('next', { topic: 'A' }))).queueOffset).toBe(10);
    await store.close();
  });

  test('in the queue offset of a record that is dispatched again is refused, and repaired without the records around it', async () => {
    const disk = await closedStore();
    for (const path of ['/store/config', '/store/checkpoint', '/store/mq-boot.journal']) disk.remove(path);
    disk.writeFile('/store/abort', 'x');
    const before = disk.readFile(LOG)!;
    // The fifth of A, offset 4.
    flip(disk, LOG, 8 * 128 + RecordOffset.QUEUE_OFFSET + 1, 2);
    const refused = makeStore({ disk });
    await expect(refused.start()).rejects.toMatchObject({
      message: expect.stringContaining('does not belong'),
    });
    await refused.close();
    expect((await checkStore(SETTINGS, { disk })).findings).toMatchObject([
      { kind: 'log', position: 8 * 128, sizeBytes: 128 },
    ]);
    await repairStore(SETTINGS, { disk });
    const kept = disk.readFile('/store/damaged/commitlog-00000000000000001024')!;
    expect(kept.subarray(28)).toEqual(before.subarray(8 * 128 + 28, 9 * 128));
    const store = await openStore({ disk });
    expect(await numbers(store, 'A')).toEqual([0, 2, 4, 6, 10, 12, 14, 16, 18]);
    expect(await numbers(store, 'B')).toHaveLength(10);
    await store.close();
  });

  test('is repaired wherever the damaged record ends in its sector', async () => {
    for (const behind of [0, 1, 2, 3]) {
      const disk = new SimulatedDisk();
      const first = await openStore({ disk });
      const { sizeBytes } = await first.put(message('x', { topic: 'A' }));
      await first.put(message('y'.repeat(512 + behind - 2 * sizeBytes + 1), { topic: 'A' }));
      await first.put(message('z', { topic: 'A' }));
      await first.close();
      flip(disk, LOG, 300, 0);
      const { findings } = await repairStore(SETTINGS, { disk });
      expect(findings).toMatchObject([
        { kind: 'log', position: sizeBytes, sizeBytes: 512 + behind - sizeBytes },
      ]);
      const store = await openStore({ disk });
      expect((await readAll(store, 'A')).map(({ queueOffset }) => queueOffset)).toEqual([0, 2]);
      await store.close();
    }
  });

  test('is found and repaired with the command, which needs no settings', async () => {
    const disk = await closedStore();
    flip(disk, '/store/commitlog/00000000000000000000', 6 * 128 + 100, 3);
    const lines: string[] = [];
    const run = (...args: string[]): Promise<number> =>
      runMqstore(args, { disk, print: (line) => void lines.push(line) });
    // Index files are of a size that only the settings know.
    disk.writeFile('/broker.conf', 'brokerName=a\nmaxHashSlotNum: 100\nmaxIndexNum = 200\n');
    expect(await run('check', '/store', '-c', '/broker.conf')).toBe(1);
    expect(lines[0]).toMatch(/commitlog\/0{20} bytes 768 to 896: no whole record \(BODY_CRC\)/);
    expect(await run('repair', '/store', '-c', '/broker.conf')).toBe(2);
    expect(await run('repair', '/store', '--set-aside', '-c', '/broker.conf')).toBe(0);
    expect(await run('check', '/store', '-c', '/broker.conf')).toBe(0);
    expect(await run('check', '/nowhere')).toBe(3);
    disk.writeFile('/broker.conf', 'maxIndexNum=many\n');
    expect(await run('check', '/store', '-c', '/broker.conf')).toBe(3);
    expect(lines.at(-1)).toContain('maxIndexNum');
  });
});

test('keys that Apache`s broker had not vouched for when it was killed are found', async () => {
  const disk = new SimulatedDisk();
  const clock = new ManualClock();
  const store = await openStore({ disk, clock });
  for (let number = 0; number < 60; number++) {
    await putWithKey(store, number);
    await clock.advance(500);
  }
  await store.close();
  // As it leaves a directory: nothing of ours, and a checkpoint that says nothing of the index.
  for (const path of ['/store/config', '/store/mq-boot.journal']) disk.remove(path);
  disk.writeFile('/store/abort', Buffer.alloc(0));
  const checkpoint = disk.readFile('/store/checkpoint')!;
  checkpoint.writeBigInt64BE(0n, 16);
  disk.writeFile('/store/checkpoint', checkpoint);
  const again = await openStore({ disk, clock, bootId: 'boot-2' });
  expect(await missingKeys(again, 60)).toEqual([]);
  await again.close();
});
