import fc from 'fast-check';
import { SimulatedDisk } from '../testing/index.js';
import { BLANK_SIZE, ENTRY_BYTES } from './consume-queue-entry.js';
import { ConsumeQueueStore } from './consume-queue-store.js';
import type { ConsumeQueueStoreOptions } from './consume-queue-store.js';
import type { ConsumeQueue } from './consume-queue.js';

const DIR = '/store/consumequeue';
/** Ten entries a file: crossing files is the normal case here. */
const SMALL = { dir: DIR, fileSizeBytes: 10 * ENTRY_BYTES };
const RECORD = 100;

function emptyDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.mkdir('/store');
  return disk;
}

function openStore(disk: SimulatedDisk, options: Partial<ConsumeQueueStoreOptions> = {}): ConsumeQueueStore {
  return new ConsumeQueueStore({ ...SMALL, ...options }, { disk });
}

function reopen(disk: SimulatedDisk, abnormal = true): ConsumeQueueStore {
  const store = openStore(disk);
  store.load();
  store.recover({ abnormal });
  return store;
}

/** Puts entries [from, to) of records of 100 bytes that stand one behind the other from physical offset 0. */
function putRange(queue: ConsumeQueue, from: number, to: number): void {
  for (let index = from; index < to; index++) queue.putPosition(index, index * RECORD, RECORD, index * 7);
}

/** Physical offsets from a queue offset on, -1 for blanks; tags codes are checked on the way. */
async function readAll(queue: ConsumeQueue, from = queue.minOffset): Promise<number[]> {
  const found: number[] = [];
  for (let index = from; index < queue.maxOffset;) {
    const block = await queue.entries(index, 1000);
    if (block.count === 0) throw new Error(`nothing at ${index}`);
    for (let i = 0; i < block.count; i++) {
      found.push(block.isBlank(i) ? -1 : block.physicalOffset(i));
      expect(block.tagsCode(i)).toBe(block.isBlank(i) ? 0 : (index + i) * 7);
    }
    index += block.count;
  }
  return found;
}

function offsets(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => (from + i) * RECORD);
}

describe('ConsumeQueueStore', () => {
  test('an entry can be read at once after its put, before anything is written', () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    store.putPosition('T', 3, 0, 1000, 200, -5);
    const block = store.find('T', 3)!.entries(0, 32);
    if (block instanceof Promise) throw new Error('expected an answer from memory');
    expect([block.count, block.physicalOffset(0), block.sizeBytes(0), block.tagsCode(0)]).toEqual([
      1, 1000, 200, -5,
    ]);
    expect(disk.list(DIR)).toEqual([]);
  });

  test.each([0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 1795262857359, Number.MAX_SAFE_INTEGER, -(2 ** 31) - 1])(
    'tags code %d keeps all its bits',
    (tagsCode) => {
      const store = openStore(emptyDisk());
      store.putPosition('T', 0, 0, 2 ** 40 + 1, 7, tagsCode);
      const block = store.find('T', 0)!.entriesNow(0, 1);
      expect([block.tagsCode(0), block.tagsCodeBits(0), block.physicalOffset(0)]).toEqual([
        tagsCode,
        BigInt(tagsCode),
        2 ** 40 + 1,
      ]);
      expect(block.isExtAddress(0)).toBe(tagsCode < -(2 ** 31));
    },
  );

  test('an entry that exists is not added again', () => {
    const store = openStore(emptyDisk());
    const queue = store.findOrCreate('T', 0);
    putRange(queue, 0, 5);
    putRange(queue, 2, 7);
    expect(queue.maxOffset).toBe(7);
    expect(queue.maxPhysicalOffset).toBe(700);
  });

  test('entries survive a thorough flush in every crash state', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    const queue = store.findOrCreate('T', 0);
    putRange(queue, 0, 25);
    await store.flush(0);
    putRange(queue, 25, 33);
    await store.flush(1);
    for (const { name, disk: after } of disk.crashStates(60)) {
      const found = await readAll(reopen(after).find('T', 0)!);
      expect([name, found]).toEqual([name, offsets(0, found.length)]);
      expect(found.length).toBeGreaterThanOrEqual(25);
    }
  });

  test('a flush with least pages leaves what is smaller in memory', async () => {
    const disk = emptyDisk();
    const store = openStore(disk, { fileSizeBytes: 20_000 });
    putRange(store.findOrCreate('Small', 0), 0, 10);
    putRange(store.findOrCreate('Large', 0), 0, 500);
    await store.flush(2);
    expect([store.find('Small', 0)!.pendingBytes, store.find('Large', 0)!.pendingBytes]).toEqual([200, 0]);
    expect(disk.calls.get('sync')).toBeUndefined();
    await store.flush(0);
    expect(store.find('Small', 0)!.pendingBytes).toBe(0);
  });

  test('a flush with least pages takes the queues of delay levels all the same, without a sync', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('SCHEDULE_TOPIC_XXXX', 2), 0, 1);
    await store.flush(2);
    const inFiles = reopen(disk).find('SCHEDULE_TOPIC_XXXX', 2);
    expect(await readAll(inFiles!)).toEqual(offsets(0, 1));
    expect(disk.calls.get('sync')).toBeUndefined();
  });

  test('new queues cost one sync of each directory that changed, none of them on the event loop', async () => {
    const disk = emptyDisk();
    const offLoop = jest.spyOn(disk, 'syncDirectoryAsync');
    const store = openStore(disk);
    for (let id = 0; id < 40; id++) putRange(store.findOrCreate(`T${id % 4}`, id), 0, 25);
    await store.flush(0);
    const dirs = offLoop.mock.calls.map(([dir]) => dir);
    // 40 queues, 4 topics, consumequeue and the root.
    expect([dirs.length, new Set(dirs).size, disk.calls.get('syncDirectory')]).toEqual([46, 46, 46]);
    expect(disk.unsyncedCount).toBe(0);
  });

  test('a directory sync that fails is as final as one of a file', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('T', 0), 0, 3);
    disk.failAt('syncDirectory', 1, 'EIO');
    await expect(store.flush(0)).rejects.toMatchObject({ code: 'EIO' });
    await expect(store.flush(0)).rejects.toMatchObject({ code: 'EIO' });
  });

  test('a start reads each queue once, and a log that lost its oldest file makes it read none again', async () => {
    const disk = emptyDisk();
    const store = openStore(disk, { fileSizeBytes: 300_000 * ENTRY_BYTES, maxOpenFiles: 2 });
    for (let id = 0; id < 50; id++) putRange(store.findOrCreate('T', id), 0, 1 + (id % 3));
    await store.flush(0);
    const after = disk.kill();
    const { calls } = after;
    const again = openStore(after, { fileSizeBytes: 300_000 * ENTRY_BYTES, maxOpenFiles: 2 });
    again.load();
    again.recover({ abnormal: false });
    again.truncateDirty(3 * RECORD);
    again.correctMinOffset(0);
    await again.deleteExpired(0);
    expect([calls.get('open'), calls.get('read')]).toEqual([50, 50]);
    for (let id = 0; id < 50; id++) {
      const queue = again.find('T', id)!;
      expect([queue.minOffset, queue.maxOffset]).toEqual([0, 1 + (id % 3)]);
      expect(queue.maxPhysicalOffset).toBe(queue.maxOffset * RECORD);
    }
  });

  test.each([1, 203, 204, 205, 407, 408, 1000])(
    '%i entries are found again after a clean stop',
    async (count) => {
      const disk = emptyDisk();
      const store = openStore(disk, { fileSizeBytes: 20_000 });
      putRange(store.findOrCreate('T', 0), 0, count);
      await store.flush(0);
      const again = openStore(disk.kill(), { fileSizeBytes: 20_000 });
      again.load();
      again.recover({ abnormal: false });
      again.correctMinOffset(RECORD);
      const queue = again.find('T', 0)!;
      expect([queue.minOffset, queue.maxOffset, queue.maxPhysicalOffset]).toEqual([1, count, count * RECORD]);
    },
  );

  test('a flush of idle queues touches nothing', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    for (let id = 0; id < 100; id++) putRange(store.findOrCreate('T', id), 0, 3);
    await store.flush(0);
    disk.calls.clear();
    await store.flush(0);
    await store.flush(0);
    expect([...disk.calls.keys()]).toEqual([]);
    expect(await readAll(store.find('T', 99)!)).toEqual(offsets(0, 3));
  });

  test('a queue that begins late is filled with blanks up to its first entry', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    const queue = store.findOrCreate('T', 0);
    putRange(queue, 23, 31);
    expect([queue.minOffset, queue.maxOffset]).toEqual([23, 31]);
    await store.flush(0);
    const bytes = disk.readFile(`${DIR}/T/0/00000000000000000400`)!;
    expect(bytes.readInt32BE(8)).toBe(BLANK_SIZE);
    const again = reopen(disk.kill(), false).find('T', 0)!;
    again.correctMinOffset(0);
    expect([again.minOffset, await readAll(again)]).toEqual([23, offsets(23, 31)]);
  });

  test('a gap keeps queue offsets true: it is filled with blanks', async () => {
    const store = openStore(emptyDisk());
    const queue = store.findOrCreate('T', 0);
    putRange(queue, 0, 3);
    putRange(queue, 15, 17);
    expect(await readAll(queue)).toEqual([
      ...offsets(0, 3),
      ...Array<number>(12).fill(-1),
      ...offsets(15, 17),
    ]);
    expect(() => queue.putPosition(1e9, 5000, 1, 0)).toThrow(
      expect.objectContaining({ code: 'GAP_TOO_LARGE' }),
    );
  });

  test('a tail that is full writes itself, and a failure there changes nothing', async () => {
    const disk = emptyDisk();
    const store = openStore(disk, { fileSizeBytes: 20_000, maxTailBytes: 1000 });
    const queue = store.findOrCreate('T', 0);
    disk.failAt('write', 1, 'ENOSPC', { acceptBytes: 30 });
    let failures = 0;
    for (let index = 0; index < 3000;) {
      const before = queue.maxOffset;
      try {
        putRange(queue, index, index + 1);
        index++;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
        expect(queue.maxOffset).toBe(before);
        failures++;
      }
    }
    expect(failures).toBe(1);
    expect(queue.pendingBytes).toBeLessThanOrEqual(1000);
    expect(await readAll(queue)).toEqual(offsets(0, 3000));
  });

  test('a block keeps its bytes while its queue goes on', () => {
    const store = openStore(emptyDisk(), { fileSizeBytes: 20_000, maxTailBytes: 1000 });
    const queue = store.findOrCreate('T', 0);
    putRange(queue, 0, 10);
    const block = queue.entriesNow(0, 10);
    putRange(queue, 10, 2000);
    expect(Array.from({ length: 10 }, (_, i) => block.physicalOffset(i))).toEqual(offsets(0, 10));
  });

  test('a write error leaves the entries pending for the next flush', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('T', 0), 0, 15);
    disk.failAt('write', 2, 'EIO');
    await expect(store.flush(0)).rejects.toMatchObject({ code: 'EIO', operation: 'write' });
    await store.flush(0);
    const [cut] = disk.crashStates(1);
    expect(await readAll(reopen(cut!.disk).find('T', 0)!)).toEqual(offsets(0, 15));
  });

  test('a failed sync is final: no later flush reports success', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('T', 0), 0, 5);
    disk.failAt('sync', 1, 'EIO');
    await expect(store.flush(0)).rejects.toMatchObject({ code: 'EIO', operation: 'sync' });
    await expect(store.flush(0)).rejects.toMatchObject({ code: 'EIO', operation: 'sync' });
  });

  test('open files stay within their bound', async () => {
    const disk = emptyDisk();
    const store = openStore(disk, { maxOpenFiles: 4 });
    for (let id = 0; id < 50; id++) putRange(store.findOrCreate('T', id), 0, 25);
    await store.flush(0);
    const opened = disk.calls.get('open')!;
    expect(opened - disk.calls.get('close')!).toBeLessThanOrEqual(4);
    for (let id = 0; id < 50; id++) expect(await readAll(store.find('T', id)!)).toEqual(offsets(0, 25));
  });

  test('old entries are read off the loop once, their neighbours from the cache', async () => {
    const disk = emptyDisk();
    const store = openStore(disk, { fileSizeBytes: 20_000 });
    putRange(store.findOrCreate('T', 0), 0, 900);
    await store.flush(0);
    await store.flush(0);
    const queue = store.find('T', 0)!;
    disk.calls.clear();
    const first = queue.entries(100, 32);
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(queue.entries(132, 32)).not.toBeInstanceOf(Promise);
    expect(disk.calls.get('read')).toBe(1);
  });

  test('expiry removes whole files, never the last, and moves the min offset', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    const queue = store.findOrCreate('T', 0);
    putRange(queue, 0, 35);
    await store.flush(0);
    expect(await store.deleteExpired(2350)).toBe(2);
    expect([queue.minOffset, queue.binarySearchByPhysicalOffset(2700)]).toEqual([24, 27]);
    expect(disk.list(`${DIR}/T/0`)).toHaveLength(2);
    expect(await store.deleteExpired(1e9)).toBe(1);
    expect([queue.minOffset, queue.maxOffset]).toEqual([35, 35]);
  });

  test('deleting a topic removes its files, and it can begin again', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('T', 0), 0, 5);
    putRange(store.findOrCreate('U', 0), 0, 5);
    await store.flush(0);
    store.deleteTopic('T');
    expect([disk.list(DIR), [...store.topics()]]).toEqual([['U'], ['U']]);
    await store.flush(0);
    putRange(store.findOrCreate('T', 0), 0, 2);
    await store.flush(0);
    expect(reopen(disk.kill()).find('T', 0)!.maxOffset).toBe(2);
  });

  test.each(['', '.', '..', 'a/b', 'a\0b'])('topic %j does not become a directory', (topic) => {
    expect(() => openStore(emptyDisk()).findOrCreate(topic, 0)).toThrow(
      expect.objectContaining({ code: 'BAD_NAME' }),
    );
  });

  test('a missing file in the row and a file of another size are named', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('T', 0), 0, 35);
    await store.flush(0);
    const other = openStore(disk, { fileSizeBytes: 400 });
    expect(() => other.load()).toThrow(expect.objectContaining({ code: 'BAD_FILE_SIZE' }));
    disk.remove(`${DIR}/T/0/00000000000000000200`);
    expect(() => openStore(disk).load()).toThrow(
      expect.objectContaining({ code: 'MISSING_FILE', path: `${DIR}/T/0/00000000000000000400` }),
    );
  });

  test('a queue cut at its very beginning stays empty after a crash', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('T', 0), 0, 1);
    await store.flush(0);
    store.truncateDirty(0);
    await store.settleTruncation();
    for (const { name, disk: after } of disk.crashStates(10)) {
      expect([name, reopen(after).find('T', 0)?.maxOffset ?? 0]).toEqual([name, 0]);
    }
  });

  test('after a power cut, what was not durable is cut, also where more than three files have holes', async () => {
    const disk = emptyDisk();
    const store = openStore(disk, { maxTailBytes: 2000 });
    const queue = store.findOrCreate('T', 0);
    putRange(queue, 0, 31);
    await store.flush(0);
    putRange(queue, 31, 95);
    for (const { name, disk: after } of disk.crashStates(300)) {
      const again = reopen(after);
      again.truncateDirty(31 * RECORD);
      expect([name, again.find('T', 0)!.maxOffset]).toEqual([name, 31]);
    }
  });

  test('stale entries behind a cut do not come back with the next crash', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    putRange(store.findOrCreate('T', 0), 0, 18);
    await store.flush(0);
    store.truncateDirty(1200);
    expect(store.find('T', 0)!.maxOffset).toBe(12);
    for (const { name, disk: after } of disk.crashStates(10)) {
      expect([name, reopen(after).find('T', 0)!.maxOffset]).toEqual([name, 12]);
    }
  });
});

/** A queue as an array: what must hold whatever the files do. */
class Model {
  entries: number[] = [];
  min = 0;
  /** Entries below this index are durable. */
  durable = 0;
}

type Step =
  | { readonly kind: 'put'; readonly count: number }
  | { readonly kind: 'rebuild'; readonly back: number }
  | { readonly kind: 'flush' | 'write' }
  | { readonly kind: 'kill' | 'restart' }
  | { readonly kind: 'crash'; readonly seed: number }
  | { readonly kind: 'truncate' | 'expire'; readonly part: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('put' as const), count: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rebuild' as const), back: fc.nat(30) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'write' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill' as const, 'restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), seed: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('truncate' as const, 'expire' as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

describe('a consume queue against an array', () => {
  test('put, rebuild, flush, crash, recover, truncate and expire agree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const model = new Model();
        let disk = emptyDisk();
        let store = openStore(disk, { maxTailBytes: 2000 });
        const queue = (): ConsumeQueue => store.findOrCreate('T', 0);
        const put = (from: number, to: number): void => {
          for (let index = from; index < to; index++)
            queue().putPosition(index, model.entries[index]!, RECORD, index * 7);
        };
        const restart = (next: SimulatedDisk, abnormal: boolean): void => {
          disk = next;
          store = reopen(disk, abnormal);
          // Recovery dispatches the log again from where it is sure of the queues.
          expect(queue().maxOffset).toBeGreaterThanOrEqual(model.durable);
          store.truncateDirty(model.entries[model.durable] ?? Infinity);
          put(Math.max(model.min, queue().maxOffset), model.entries.length);
          store.correctMinOffset(model.entries[model.min] ?? (model.entries.at(-1) ?? 0) + RECORD);
        };
        for (const current of steps) {
          const length = model.entries.length;
          switch (current.kind) {
            case 'put':
              for (let i = 0; i < current.count; i++) model.entries.push((length + i) * RECORD * 2);
              put(length, length + current.count);
              break;
            case 'rebuild':
              put(Math.max(model.min, length - current.back), length);
              break;
            case 'write':
              await store.flush(1);
              break;
            case 'flush':
            case 'restart':
              await store.flush(0);
              model.durable = length;
              if (current.kind === 'restart') restart(disk.kill(), false);
              break;
            case 'kill':
              restart(disk.kill(), true);
              break;
            case 'crash':
              restart(disk.crash({ seed: current.seed }), true);
              break;
            case 'truncate': {
              const keep = model.min + Math.floor((length - model.min) * current.part);
              store.truncateDirty(model.entries[keep] ?? Infinity);
              await store.settleTruncation();
              model.entries.length = keep;
              model.durable = Math.min(model.durable, keep);
              break;
            }
            case 'expire': {
              // Hours after its queue has been flushed a record expires.
              const first = model.min + Math.floor((model.durable - model.min) * current.part);
              await store.deleteExpired(model.entries[first] ?? (model.entries.at(-1) ?? 0) + RECORD);
              model.min = first;
            }
          }
          expect([queue().minOffset, queue().maxOffset]).toEqual([model.min, model.entries.length]);
          expect(await readAll(queue())).toEqual(model.entries.slice(model.min));
        }
        store.close();
      }),
      { numRuns: 100 },
    );
  });
});
