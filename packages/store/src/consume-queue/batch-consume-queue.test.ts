import fc from 'fast-check';
import { SimulatedDisk } from '../testing/index.js';
import { BATCH_ENTRY_BYTES } from './batch-consume-queue-entry.js';
import type { BatchConsumeQueue } from './batch-consume-queue.js';
import { ConsumeQueueStore } from './consume-queue-store.js';

const RECORD = 100;
/** Ten entries a file: crossing files is the normal case here. */
const OPTIONS = {
  dir: '/store/consumequeue',
  fileSizeBytes: 200,
  batchFileSizeBytes: 10 * BATCH_ENTRY_BYTES,
  maxTailBytes: 40 * BATCH_ENTRY_BYTES,
};

interface Batch {
  readonly baseOffset: number;
  readonly batchSize: number;
  readonly physicalOffset: number;
}

function emptyDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.mkdir('/store');
  return disk;
}

function openStore(disk: SimulatedDisk): ConsumeQueueStore {
  return new ConsumeQueueStore(OPTIONS, { disk });
}

function reopen(disk: SimulatedDisk, abnormal: boolean): ConsumeQueueStore {
  const store = openStore(disk);
  store.load();
  store.recover({ abnormal });
  return store;
}

const endOf = ({ baseOffset, batchSize }: Batch): number => baseOffset + batchSize;

function put(queue: BatchConsumeQueue, batches: readonly Batch[]): void {
  for (const batch of batches) {
    const storeTimestamp = 1_700_000_000_000 + batch.physicalOffset;
    queue.put({ ...batch, sizeBytes: RECORD, tagsCode: -batch.physicalOffset, storeTimestamp });
  }
}

/** Batches of these sizes, one behind the other from queue offset and physical offset 0. */
function batchesOf(...sizes: number[]): Batch[] {
  let baseOffset = 0;
  return sizes.map((batchSize, i) => {
    const batch = { baseOffset, batchSize, physicalOffset: i * RECORD };
    baseOffset += batchSize;
    return batch;
  });
}

async function readAll(queue: BatchConsumeQueue): Promise<Batch[]> {
  const found: Batch[] = [];
  const { first, end } = queue.range;
  for (let index = first; index < end;) {
    const block = await queue.entries(index, 1000);
    if (block.count === 0) throw new Error(`nothing at ${index}`);
    for (let i = 0; i < block.count; i++) {
      const physicalOffset = block.physicalOffset(i);
      expect(block.storeTimestamp(i)).toBe(1_700_000_000_000 + physicalOffset);
      expect(block.tagsCode(i) + physicalOffset).toBe(0);
      found.push({ baseOffset: block.baseOffset(i), batchSize: block.batchSize(i), physicalOffset });
    }
    index += block.count;
  }
  return found;
}

describe('a batch consume queue', () => {
  test('finds every message by its offset, also in files nobody has in memory', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    const batches = batchesOf(...Array.from({ length: 35 }, (_, i) => 1 + (i % 4)));
    put(store.findOrCreateBatch('T', 0), batches);
    await store.flush(0);
    const again = reopen(disk.kill(), false).findBatch('T', 0)!;
    for (const queue of [store.findBatch('T', 0)!, again]) {
      expect([queue.minOffset, queue.maxOffset]).toEqual([0, endOf(batches.at(-1)!)]);
      for (const [index, batch] of batches.entries())
        for (let offset = batch.baseOffset; offset < endOf(batch); offset++)
          expect(await queue.indexOf(offset)).toBe(index);
      expect(await queue.indexOf(queue.maxOffset)).toBe(batches.length);
    }
  });

  test('answers an offset in a gap with the record behind it', async () => {
    const queue = openStore(emptyDisk()).findOrCreateBatch('T', 0);
    const batches = [
      { baseOffset: 2, batchSize: 3, physicalOffset: 0 },
      { baseOffset: 9, batchSize: 1, physicalOffset: 100 },
    ];
    put(queue, batches);
    const found = await Promise.all([0, 1, 2, 4, 5, 8, 9, 10].map((offset) => queue.indexOf(offset)));
    expect(found).toEqual([0, 0, 0, 0, 1, 1, 1, 2]);
    expect([queue.minOffset, queue.maxOffset]).toEqual([2, 10]);
  });

  test('takes an entry once, and none that claims offsets of another', () => {
    const queue = openStore(emptyDisk()).findOrCreateBatch('T', 0);
    const batches = batchesOf(3, 3);
    put(queue, [...batches, ...batches]);
    put(queue, [{ baseOffset: 5, batchSize: 2, physicalOffset: 900 }]);
    expect([queue.range.end, queue.maxOffset]).toEqual([2, 6]);
  });

  test('lies in a directory of its own, and goes with its topic', async () => {
    const disk = emptyDisk();
    const store = openStore(disk);
    put(store.findOrCreateBatch('T', 3), batchesOf(2));
    await store.flush(0);
    expect(disk.list('/store/batchconsumequeue/T/3')).toEqual(['0'.repeat(20)]);
    expect([store.kindOf('T'), [...store.topics()], store.queueIds('T')]).toEqual(['BatchCQ', ['T'], [3]]);
    store.deleteTopic('T');
    expect([store.kindOf('T'), disk.list('/store/batchconsumequeue')]).toEqual([undefined, []]);
  });

  test('goes on at its offset when all that it had was cut', async () => {
    const store = openStore(emptyDisk());
    const queue = store.findOrCreateBatch('T', 0);
    put(queue, batchesOf(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5));
    await store.flush(0);
    await store.deleteExpired(10 * RECORD);
    store.truncateDirty(10 * RECORD);
    expect([queue.minOffset, queue.maxOffset]).toEqual([50, 50]);
  });
});

type Step =
  | { readonly kind: 'put'; readonly sizes: readonly number[]; readonly gap: number }
  | { readonly kind: 'rebuild'; readonly back: number }
  | { readonly kind: 'flush' | 'write' | 'kill' | 'restart' }
  | { readonly kind: 'crash'; readonly seed: number }
  | { readonly kind: 'truncate' | 'expire'; readonly part: number };

const part = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      sizes: fc.array(fc.integer({ min: 1, max: 32 }), { minLength: 1, maxLength: 30 }),
      gap: fc.integer({ min: -3, max: 3 }).map((gap) => Math.max(0, gap)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rebuild' as const), back: fc.nat(30) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'write' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill' as const, 'restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), seed: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('truncate' as const, 'expire' as const), part }),
  },
);

test('put, rebuild, flush, crash, recover, truncate and expire agree with an array', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      /** All there ever were and were not cut; those before `min` are expired, those before `durable` synced. */
      const model = { batches: [] as Batch[], min: 0, durable: 0 };
      let disk = emptyDisk();
      let store = openStore(disk);
      const queue = (): BatchConsumeQueue => store.findOrCreateBatch('T', 0);
      const placeOf = (index: number): number =>
        model.batches[index]?.physicalOffset ?? (model.batches.at(-1)?.physicalOffset ?? 0) + RECORD;
      const restart = (next: SimulatedDisk, abnormal: boolean): void => {
        disk = next;
        store = reopen(disk, abnormal);
        expect(queue().range.end).toBeGreaterThanOrEqual(model.durable > model.min ? model.durable : 0);
        // Recovery dispatches the log again from where it is sure of the queues.
        store.truncateDirty(model.batches[model.durable]?.physicalOffset ?? Infinity);
        put(queue(), model.batches.slice(model.min));
        store.correctMinOffset(placeOf(model.min));
      };
      for (const current of steps) {
        const { length } = model.batches;
        switch (current.kind) {
          case 'put':
            for (const batchSize of current.sizes) {
              const baseOffset = queue().maxOffset + current.gap;
              model.batches.push({ baseOffset, batchSize, physicalOffset: placeOf(Infinity) + RECORD });
              put(queue(), model.batches.slice(-1));
            }
            break;
          case 'rebuild':
            put(queue(), model.batches.slice(Math.max(model.min, length - current.back)));
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
            store.truncateDirty(model.batches[keep]?.physicalOffset ?? Infinity);
            await store.settleTruncation();
            model.batches.length = keep;
            model.durable = Math.min(model.durable, keep);
            break;
          }
          case 'expire': {
            const first = model.min + Math.floor((length - model.min) * current.part);
            await store.deleteExpired(placeOf(first));
            model.min = first;
          }
        }
        const live = model.batches.slice(model.min);
        expect(await readAll(queue())).toEqual(live);
        if (live.length === 0) continue;
        const { first } = queue().range;
        expect([queue().minOffset, queue().maxOffset]).toEqual([live[0]!.baseOffset, endOf(live.at(-1)!)]);
        for (const [index, batch] of live.entries()) {
          if (index % 7 !== 0) continue;
          const found = [batch.baseOffset, endOf(batch) - 1].map((offset) => queue().indexOf(offset));
          expect(await Promise.all(found)).toEqual([first + index, first + index]);
        }
      }
      store.close();
    }),
    { numRuns: 60 },
  );
});
