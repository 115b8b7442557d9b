// What a killed process leaves for the next one of the same boot, and when it is not believed (docs/decisions).
import { ManualClock, type LogFacts } from '@mq/remoting';
import { SimulatedDisk } from '../src/testing/index.js';
import type { DefaultMessageStore } from '../src/index.js';
import { bodies, message, openStore, properties, readAll } from './store-fixture.js';

const JOURNAL = '/store/mq-boot.journal';
const SETTINGS = { mappedFileSizeCommitLog: 64 * 1024 };
const QUEUES = 3;

interface Life {
  readonly disk: SimulatedDisk;
  readonly count: number;
}

/** Messages 0 to 59 are durable, 60 to 119 told of by the journal, 120 to 139 written later; then a kill. */
async function killedStore(): Promise<Life> {
  const disk = new SimulatedDisk();
  const clock = new ManualClock();
  const store = await openStore({ disk, clock, settings: SETTINGS, markAfterBytes: 1 });
  const putUpTo = async (from: number, to: number): Promise<void> => {
    for (let number = from; number < to; number++) await store.put(numbered(number));
  };
  await putUpTo(0, 60);
  await clock.advance(1100);
  await putUpTo(60, 120);
  // Syncs hang: from here on nothing more gets to the device.
  disk.syncGate = new Promise(() => undefined);
  await clock.advance(1100);
  await putUpTo(120, 140);
  return { disk: disk.kill(), count: 140 };
}

function numbered(number: number): ReturnType<typeof message> {
  const keyed = properties({ UNIQ_KEY: `U${number}` });
  return message(`${number}`, { queueId: number % QUEUES, properties: keyed });
}

/** Opens the store and tells whether it went by the journal. */
async function open(
  disk: SimulatedDisk,
  bootId = 'boot-1',
): Promise<{ store: DefaultMessageStore; from: number; byBootMark: boolean; clock: ManualClock }> {
  const facts: LogFacts[] = [];
  const note = (text: string, more?: LogFacts): void =>
    void (text === 'store recovered' && more !== undefined && facts.push(more));
  const logger = { debug() {}, info: note, warn() {}, error() {}, child: () => logger };
  const clock = new ManualClock();
  const store = await openStore({ disk, clock, settings: SETTINGS, bootId, logger, markAfterBytes: 1 });
  const { from, byBootMark } = facts[0] as unknown as { from: number; byBootMark: boolean };
  return { store, from, byBootMark, clock };
}

/** Every message is in its queue once, and found by its key once. */
async function expectAll(store: DefaultMessageStore, count: number): Promise<void> {
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    const found = await readAll(store, 'T', queueId);
    const wanted = Array.from({ length: count }, (_, number) => number).filter(
      (number) => number % QUEUES === queueId,
    );
    expect(found.map(({ body }) => Number(body.toString()))).toEqual(wanted);
    expect(found.map(({ queueOffset }) => queueOffset)).toEqual(wanted.map((_, index) => index));
  }
  for (let number = 0; number < count; number++) {
    const { buffers } = await store.queryMessage('T', `U${number}`, 32, 0, Number.MAX_SAFE_INTEGER);
    expect([number, buffers.length]).toEqual([number, 1]);
  }
}

function rewrite(disk: SimulatedDisk, path: string, change: (bytes: Buffer) => void): void {
  const bytes = disk.readFile(path)!;
  change(bytes);
  disk.writeFile(path, bytes);
}

describe('after a kill', () => {
  test('the next process of the same boot goes on where the journal says, behind the durable mark', async () => {
    const { disk, count } = await killedStore();
    const marked = JSON.parse(disk.readFile('/store/config/mq-recovery.json')!.toString()) as {
      logOffset: number;
    };
    const { store, from, byBootMark } = await open(disk);
    expect([byBootMark, from > marked.logOffset]).toEqual([true, true]);
    await expectAll(store, count);
    await store.put(numbered(count));
    await expectAll(store, count + 1);
    await store.close();
  });

  test('and again after the kill of that one', async () => {
    const { disk, count } = await killedStore();
    const second = await open(disk);
    await second.store.put(numbered(count));
    const third = await open(disk.kill());
    expect(third.byBootMark).toBe(true);
    await expectAll(third.store, count + 1);
    await third.clock.advance(1100);
    await third.store.put(numbered(count + 1));
  });

  test('what the killed process had not synced is durable with the next durable mark', async () => {
    const { disk, count } = await killedStore();
    const { store, clock } = await open(disk);
    await clock.advance(61_000);
    for (const { name, disk: cut } of disk.crashStates(20)) {
      const after = await open(cut, 'boot-2');
      expect([name, after.byBootMark]).toEqual([name, false]);
      await expectAll(after.store, count);
      await after.store.close();
    }
    await store.close();
  });

  test('a write of the log that the kill cut in two is cleared', async () => {
    const { disk, count } = await killedStore();
    rewrite(disk, '/store/commitlog/00000000000000000000', (bytes) => {
      const end = bytes.length - [...bytes].reverse().findIndex((byte) => byte !== 0);
      bytes.copy(bytes, end + 1, 0, 50);
    });
    const { store, byBootMark } = await open(disk);
    expect(byBootMark).toBe(true);
    await expectAll(store, count);
    await store.close();
  });

  test('a topic that was removed stays removed', async () => {
    const { disk } = await killedStore();
    const { store } = await open(disk);
    await store.put(message('other', { topic: 'Other' }));
    await store.deleteTopic('T');
    const next = await open(disk.kill());
    expect([next.byBootMark, [...next.store.topics()]]).toEqual([true, ['Other']]);
    await store.close();
  });
});

describe('the boot journal', () => {
  test('of a clean stop spares the next start the look into the queues', async () => {
    const disk = new SimulatedDisk();
    const first = await openStore({ disk, settings: SETTINGS });
    for (let number = 0; number < 10; number++) await first.put(numbered(number));
    await first.close();
    const reads = disk.calls.get('read') ?? 0;
    disk.failAt('read', 1, 'EIO', { path: 'consumequeue', sticky: true });
    const { store, byBootMark } = await open(disk);
    expect([byBootMark, disk.calls.get('read')! > reads]).toEqual([true, true]);
    disk.clearFaults();
    await expectAll(store, 10);
    await store.close();
  });

  test.each<[string, (disk: SimulatedDisk) => void]>([
    ['another broker has started since', (disk) => disk.writeFile('/store/lock', 'lock')],
    [
      'the checkpoint is another',
      (disk) => rewrite(disk, '/store/checkpoint', (bytes) => bytes.writeInt8(1, 7)),
    ],
    [
      'it is a copy',
      (disk) => {
        const bytes = disk.readFile(JOURNAL)!;
        disk.remove(JOURNAL);
        disk.writeFile(JOURNAL, bytes);
      },
    ],
    [
      'a digit of it changed',
      (disk) => rewrite(disk, JOURNAL, (bytes) => void (bytes[bytes.length - 4]! ^= 1)),
    ],
    ['a sync failed', (disk) => disk.writeFile('/store/config/mq-fenced', '0')],
    ['a queue is missing', (disk) => disk.remove('/store/consumequeue/T/1')],
    [
      'a queue is shorter than it was',
      (disk) => rewrite(disk, '/store/consumequeue/T/1/00000000000000000400', (bytes) => bytes.fill(0)),
    ],
    [
      'somebody wrote an index file',
      (disk) => {
        const path = `/store/index/${disk.list('/store/index')[0]!}`;
        rewrite(disk, path, (bytes) => bytes.writeInt32BE(bytes.readInt32BE(36) + 1, 36));
      },
    ],
    ['an index file is missing', (disk) => disk.remove(`/store/index/${disk.list('/store/index')[0]!}`)],
  ])('is not believed when %s', async (_, change) => {
    const { disk, count } = await killedStore();
    change(disk);
    const { store, byBootMark } = await open(disk);
    expect(byBootMark).toBe(false);
    await expectQueues(store, count);
    await store.close();
  });

  test('is not believed after another boot, and not written where boots cannot be told apart', async () => {
    const { disk, count } = await killedStore();
    const other = await open(disk, 'boot-2');
    expect(other.byBootMark).toBe(false);
    await expectAll(other.store, count);
    await other.store.close();
    const unknown = await open(disk, '');
    await unknown.store.close();
    expect([unknown.byBootMark, disk.stat(JOURNAL)]).toEqual([false, undefined]);
  });

  test('is not believed when the last record, which has its entry, is damaged', async () => {
    const { disk } = await killedStore();
    rewrite(disk, '/store/commitlog/00000000000000000000', (bytes) => {
      const end = bytes.length - [...bytes].reverse().findIndex((byte) => byte !== 0);
      bytes[end - 20]! ^= 1;
      // In the body, where the checksum sees it.
      const start = bytes.lastIndexOf(Buffer.from([0xda, 0xa3, 0x20, 0xa7])) - 4;
      bytes[start + 88]! ^= 1;
    });
    const { store } = await open(disk);
    expect((await bodies(store, 'T', 139 % QUEUES)).at(-1)).toBe('136');
    const put = await store.put(numbered(139));
    expect(put.queueOffset).toBe(46);
    expect((await bodies(store, 'T', 139 % QUEUES)).at(-1)).toBe('139');
    await store.close();
  });
});

async function expectQueues(store: DefaultMessageStore, count: number): Promise<void> {
  let found = 0;
  for (let queueId = 0; queueId < QUEUES; queueId++) found += (await readAll(store, 'T', queueId)).length;
  expect(found).toBe(count);
}
