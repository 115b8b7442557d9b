import fc from 'fast-check';
import { ManualClock } from '@mq/remoting';
import { StoreCheckpoint } from '../checkpoint.js';
import { SimulatedDisk } from '../testing/index.js';
import { indexFileName } from './index-file-name.js';
import type { IndexFileState } from './index-file.js';
import { IndexService } from './index-service.js';
import type { IndexServiceOptions } from './index-service.js';

const DIR = '/store/index';
const START = 1795262837466;

interface Opened {
  disk: SimulatedDisk;
  checkpoint: StoreCheckpoint;
  index: IndexService;
}

function open(disk = newDisk(), options: Partial<IndexServiceOptions> = {}, lastExitOk = false): Opened {
  const checkpoint = new StoreCheckpoint(disk, '/store/checkpoint');
  const clock = new ManualClock(START);
  const index = new IndexService(
    { dir: DIR, maxHashSlotNum: 2000, maxIndexNum: 21, ...options },
    { disk, checkpoint, clock },
  );
  index.load(lastExitOk);
  return { disk, checkpoint, index };
}

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.mkdir('/store');
  return disk;
}

function put(
  index: IndexService,
  topic: string,
  keys: string,
  phyOffset: number,
  storeTimestamp = START,
): void {
  const bytes = Buffer.from(`<${keys}>`);
  index.putKeys(topic, bytes, 1, bytes.length - 1, phyOffset, storeTimestamp);
}

async function find(
  index: IndexService,
  topic: string,
  key: string,
  begin = 0,
  end = Infinity,
): Promise<number[]> {
  return (await index.query(topic, key, 64, begin, end)).physicalOffsets;
}

describe('IndexService', () => {
  test('a key is found before and after it is flushed, newest first', async () => {
    const { index } = open();
    put(index, 'T', 'k', 100);
    put(index, 'T', 'other', 200);
    put(index, 'T', 'k', 300);
    expect(await find(index, 'T', 'k')).toEqual([300, 100]);
    await index.flush();
    put(index, 'T', 'k', 400);
    expect(await find(index, 'T', 'k')).toEqual([400, 300, 100]);
    expect(await find(index, 'U', 'k')).toEqual([]);
  });

  test.each([
    ['a b', ['a', 'b']],
    ['a  b ', ['a', 'b']],
    [' a', ['a']],
    ['  ', []],
    ['', []],
    ['tab\tin', ['tab\tin']],
    ['schlüssel 钥匙 🔑', ['schlüssel', '钥匙', '🔑']],
  ])('KEYS %j is split at single spaces', async (keys, parts) => {
    const { index } = open();
    put(index, '主题', keys, 7);
    expect(index.headers()[0]?.indexCount ?? 1).toBe(1 + parts.length);
    for (const part of parts) expect(await find(index, '主题', part)).toEqual([7]);
  });

  test('one key under two properties is indexed twice', async () => {
    const { index } = open();
    const key = Buffer.from('k');
    index.put('T', key, 0, 1, 100, START);
    put(index, 'T', 'k', 100);
    expect(await find(index, 'T', 'k')).toEqual([100, 100]);
  });

  test('records the current file is past are skipped', async () => {
    const { index } = open();
    put(index, 'T', 'a', 100);
    put(index, 'T', 'b', 99);
    expect(await find(index, 'T', 'b')).toEqual([]);
  });

  test('a query stops at its bound and at the bound of the settings', async () => {
    const { index } = open(undefined, { maxIndexNum: 200, maxMsgsNumBatch: 5 });
    for (let i = 1; i <= 10; i++) put(index, 'T', 'k', i);
    expect((await index.query('T', 'k', 3, 0, Infinity)).physicalOffsets).toEqual([10, 9, 8]);
    expect((await index.query('T', 'k', 64, 0, Infinity)).physicalOffsets).toHaveLength(5);
  });

  test('a full file is followed by one whose header begins with its end, and its memory is given back', async () => {
    const { index, disk, checkpoint } = open();
    for (let i = 1; i <= 25; i++) put(index, 'T', `k${i}`, i * 10, START + i * 1000);
    const [first, second] = index.headers();
    expect(first).toMatchObject({ indexCount: 21, beginPhyOffset: 10, endPhyOffset: 200 });
    expect(second).toMatchObject({ indexCount: 6, beginPhyOffset: 210, beginTimestamp: START + 21_000 });
    await index.flush();
    expect(checkpoint.indexMsgTimestamp).toBe(START + 25_000);
    expect(disk.list(DIR)).toEqual([indexFileName(START), indexFileName(START + 1)]);
    for (let i = 1; i <= 25; i++) expect(await find(index, 'T', `k${i}`)).toEqual([i * 10]);
  });

  test('the time difference of the first key in a new file counts from the end of the file before', async () => {
    const { index } = open(undefined, { maxIndexNum: 2 });
    put(index, 'T', 'a', 1, START);
    put(index, 'T', 'b', 2, START + 5000);
    // Its entry says 5 s after the begin, which by then is its own store time.
    expect(await find(index, 'T', 'b', START + 5000, START + 5000)).toEqual([]);
    expect(await find(index, 'T', 'b', START + 5000, START + 10_000)).toEqual([2]);
  });

  test('after a crash a flushed file is kept and goes on; one the checkpoint does not know is removed', async () => {
    const { index, disk, checkpoint } = open();
    put(index, 'T', 'a', 100);
    await index.flush();
    checkpoint.flush();
    disk.syncDirectory('/store');
    put(index, 'T', 'b', 200, START + 9000);
    const kept = open(disk.kill()).index;
    expect([await find(kept, 'T', 'a'), await find(kept, 'T', 'b')]).toEqual([[100], []]);
    put(kept, 'T', 'b', 200, START + 9000);
    expect(await find(kept, 'T', 'b')).toEqual([200]);

    checkpoint.indexMsgTimestamp = START - 1;
    checkpoint.flush();
    expect(open(disk.kill(), {}, true).index.headers()).toHaveLength(1);
    expect(open(disk.kill()).index.headers()).toEqual([]);
  });

  test('in every crash state of a flush no key of an earlier flush is lost', async () => {
    const { index, disk, checkpoint } = open(undefined, { maxIndexNum: 500, maxHashSlotNum: 50 });
    for (let i = 1; i <= 40; i++) put(index, 'T', `k${i % 20}`, i);
    await index.flush();
    checkpoint.flush();
    disk.syncDirectory('/store');
    for (let i = 41; i <= 80; i++) put(index, 'T', `k${i % 20}`, i);
    disk.failAt('write', 3, 'EIO');
    await expect(index.flush()).rejects.toMatchObject({ code: 'EIO' });
    for (const { name, disk: after } of disk.crashStates(30)) {
      const again = open(after, { maxIndexNum: 500, maxHashSlotNum: 50 }).index;
      again.truncateDirty(41);
      for (let i = 41; i <= 60; i++) put(again, 'T', `k${i % 20}`, i);
      for (let k = 0; k < 20; k++) {
        const wanted = [k + 40, k + 20, k].map((i) => (k === 0 ? i + 20 : i));
        expect([name, k, await find(again, 'T', `k${k}`)]).toEqual([name, k, wanted]);
      }
    }
  });

  describe('what a killed process left in the cache is durable with the next flush', () => {
    /** Loads what the process before had written, and flushes it though no key is added. */
    async function flushedAfterKill(disk: SimulatedDisk, states: IndexFileState[] = []) {
      const options = { dir: DIR, maxHashSlotNum: 2000, maxIndexNum: 21 };
      const checkpoint = new StoreCheckpoint(disk, '/store/checkpoint');
      const index = new IndexService(options, { disk, checkpoint });
      index.load(false, { isTrusted: true, states });
      await index.flush();
      const [cut] = disk.crashStates(1);
      return open(cut!.disk, {}, true).index;
    }

    test('the name of a new file', async () => {
      const { index, disk } = open();
      put(index, 'T', 'k', 100);
      const states = index.writeEntries();
      expect(await find(await flushedAfterKill(disk.kill(), states), 'T', 'k')).toEqual([100]);
    });

    test('a header whose sync it did not see the end of', async () => {
      const { index, disk, checkpoint } = open();
      put(index, 'T', 'k', 100);
      await index.flush();
      put(index, 'T', 'k', 200);
      const flushCheckpoint = checkpoint.flush.bind(checkpoint);
      const isVouchedFor = new Promise<void>((resolve) => {
        checkpoint.flush = () => {
          flushCheckpoint();
          disk.syncGate = new Promise(() => undefined);
          setImmediate(resolve);
        };
      });
      put(index, 'T', 'k', 300, START + 1);
      void index.flush();
      await isVouchedFor;
      expect(await find(await flushedAfterKill(disk.kill()), 'T', 'k')).toEqual([300, 200, 100]);
    });
  });

  test('a failed sync is final', async () => {
    const { index, disk } = open();
    put(index, 'T', 'a', 1);
    disk.failAt('sync', 1, 'EIO');
    await expect(index.flush()).rejects.toMatchObject({ code: 'EIO', operation: 'sync' });
    await expect(index.flush()).rejects.toMatchObject({ code: 'EIO', operation: 'sync' });
  });

  test('a put that finds no space changes nothing and may be repeated', async () => {
    const { index, disk } = open();
    disk.failAt('open', 1, 'ENOSPC');
    expect(() => put(index, 'T', 'a', 1)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    put(index, 'T', 'a', 1);
    expect(await find(index, 'T', 'a')).toEqual([1]);
  });

  test('a file of other settings is named, not misread', () => {
    const { index, disk } = open();
    put(index, 'T', 'a', 1);
    expect(() => open(disk, { maxHashSlotNum: 64 })).toThrow(
      expect.objectContaining({ code: 'BAD_FILE_SIZE' }),
    );
  });

  test('expired files go, the last stays', async () => {
    const { index, disk } = open(undefined, { maxIndexNum: 3 });
    for (let i = 1; i <= 8; i++) put(index, 'T', `k${i}`, i * 10);
    expect(index.deleteExpired(45)).toBe(2);
    expect(index.deleteExpired(1e9)).toBe(1);
    expect(disk.list(DIR)).toHaveLength(1);
    expect([await find(index, 'T', 'k1'), await find(index, 'T', 'k8')]).toEqual([[], [80]]);
  });
});

type Step =
  | { readonly kind: 'put'; readonly keys: readonly number[] }
  | { readonly kind: 'flush' | 'restart' }
  | { readonly kind: 'truncate'; readonly part: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('put' as const), keys: fc.array(fc.nat(12), { maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('truncate' as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

describe('the index against a map', () => {
  test('put, flush, restart and truncate agree, with many keys in one slot', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        async (steps, slots) => {
          const options = { maxHashSlotNum: slots, maxIndexNum: 12 };
          let { index, disk } = open(undefined, options);
          let log: (readonly number[])[] = [];
          for (const current of steps) {
            if (current.kind === 'put') {
              log.push(current.keys);
              put(index, 'T', current.keys.map((key) => `k${key}`).join(' '), log.length, START + log.length);
            } else if (current.kind === 'truncate') {
              log = log.slice(0, Math.floor(log.length * current.part));
              index.truncateDirty(log.length + 1);
            } else {
              await index.flush();
              if (current.kind === 'restart') ({ index, disk } = open(disk.kill(), options, true));
            }
          }
          for (let key = 0; key <= 12; key++) {
            const wanted = log
              .flatMap((keys, i) => keys.filter((each) => each === key).map(() => i + 1))
              .reverse();
            expect(await find(index, 'T', `k${key}`)).toEqual(wanted);
          }
          await index.flush();
          index.close();
        },
      ),
      { numRuns: 100 },
    );
  });
});
