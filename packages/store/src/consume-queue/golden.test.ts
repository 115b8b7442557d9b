import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { FileDisk } from '../disk/file-disk.js';
import { FileHandles } from '../disk/file-handles.js';
import { openGoldenStore } from '../../test/golden-store.js';
import type { ExpectedEntry, ExpectedQueue, GoldenStore } from '../../test/golden-store.js';
import { SimulatedDisk } from '../testing/index.js';
import { BATCH_ENTRY_BYTES, readBatchEntry, writeBatchEntry } from './batch-consume-queue-entry.js';
import { ConsumeQueueExt } from './consume-queue-ext.js';
import { ConsumeQueueStore } from './consume-queue-store.js';

const VERSIONS = ['5.3.3', '4.9.7'];

/** Archives whose queue files are what `expected` says, because Java changed none of them when it opened the copy. */
const CLEAN = ['', 'ext'];
/** Archives that Java recovered: files agree with `expected` up to where the file's own entries end. */
const RECOVERED: Record<string, string> = {
  kill9: 'abort present',
  'crash-crc': 'the log ends earlier than the queues',
  'crash-torn': 'the log ends earlier than the queues',
  'crash-cqahead': 'the log ends earlier than the queues',
};
const SKIPPED: Record<string, string> = {
  'crash-nocq': 'has no consumequeue directory',
  'crash-nocqnocp': 'has no consumequeue directory',
  dledger: 'its queues are derived from a DLedger log; read by that package',
};

describeGolden('consume queues written by Apache', () => {
  describe.each(VERSIONS)('%s', (version) => {
    const dir = goldenPath(`store-${version}`);
    const kinds = readdirSync(dir).flatMap((name) => /^store-?(.*)\.tar\.gz$/.exec(name)?.[1] ?? []);

    test('every archive is walked or skipped for a reason', () => {
      const known = [...CLEAN, ...Object.keys(RECOVERED), ...Object.keys(SKIPPED)];
      expect(kinds.filter((kind) => !known.includes(kind))).toEqual([]);
    });

    describe.each(kinds.filter((kind) => CLEAN.includes(kind)))('store %s', (kind) => {
      let golden: GoldenStore;
      beforeAll(() => (golden = openGoldenStore(dir, kind)));
      afterAll(() => golden.cleanup());

      test('every entry, its tags code and the bounds of every queue are what Java reads', async () => {
        const store = openQueues(golden, { abnormal: false });
        let compared = 0;
        for (const [topic, queueId, expected] of queuesOf(golden, 'SimpleCQ')) {
          const queue = store.find(topic, queueId);
          if (queue === undefined) {
            // Java made it in memory when it was asked for it.
            expect([topic, expected.maxOffset]).toEqual([topic, 0]);
            continue;
          }
          expect([topic, queue.minOffset, queue.maxOffset]).toEqual([
            topic,
            expected.minOffset,
            expected.maxOffset,
          ]);
          expect([topic, queue.maxPhysicalOffset]).toEqual([topic, expected.maxPhysicOffset]);
          expect(await readAll(store, topic, queueId)).toEqual(
            expected.messages.map((message) => entryOf(golden, message)),
          );
          compared += expected.messages.length;
        }
        expect(compared).toBeGreaterThan(100);
        store.close();
      });

      test('writing the entries again gives the same bytes', async () => {
        const source = openQueues(golden, { abnormal: false });
        const disk = new SimulatedDisk();
        const copy = new ConsumeQueueStore({ dir: '/q', fileSizeBytes: fileSize(golden) }, { disk });
        const queues = [...source.queues()].flatMap(
          ({ topic, queueId }) => source.find(topic, queueId) ?? [],
        );
        for (const queue of queues) {
          const target = copy.findOrCreate(queue.topic, queue.queueId);
          for (let index = queue.minOffset; index < queue.maxOffset; index++) {
            const entry = queue.entriesNow(index, 1);
            const bits = entry.tagsCodeBits(0);
            target.putPositionBits(
              index,
              entry.physicalOffset(0),
              entry.sizeBytes(0),
              Number(bits >> 32n),
              Number(BigInt.asIntN(32, bits)),
            );
          }
        }
        await copy.flush(0);
        for (const queue of queues) {
          for (const name of readdirSync(queue.dir)) {
            const path = join(queue.topic, String(queue.queueId), name);
            expect([path, disk.readFile(join('/q', path))]).toEqual([
              path,
              readFileSync(join(queue.dir, name)),
            ]);
          }
        }
        source.close();
      });
    });

    describe.each(kinds.filter((kind) => kind in RECOVERED))('store %s', (kind) => {
      test('recovered and cut at the end of the log, the entries are the first ones Java reads', async () => {
        const golden = openGoldenStore(dir, kind);
        const store = openQueues(golden, { abnormal: true });
        store.truncateDirty(golden.expected.commitLog.maxOffset);
        let compared = 0;
        for (const [topic, queueId, expected] of queuesOf(golden, 'SimpleCQ')) {
          if (store.find(topic, queueId) === undefined) continue;
          const found = await readAll(store, topic, queueId);
          const wanted = expected.messages.map((message) => entryOf(golden, message)).slice(0, found.length);
          expect([topic, found]).toEqual([topic, wanted]);
          compared += found.length;
        }
        expect(compared).toBeGreaterThan(100);
        store.close();
        golden.cleanup();
      });
    });

    test('tags codes that are addresses resolve to the extended entries Java reads', () => {
      const golden = openGoldenStore(dir, 'ext');
      const store = openQueues(golden, { abnormal: false });
      const handles = new FileHandles(new FileDisk());
      const context = {
        disk: new FileDisk(),
        handles,
        fileSizeBytes: Number(golden.settings.get('mappedFileSizeConsumeQueueExt')),
        directoryChanged: () => undefined,
      };
      const disk = new SimulatedDisk();
      let resolved = 0;
      let written = 0;
      for (const [topic, queueId, expected] of queuesOf(golden, 'SimpleCQ')) {
        const copy = new ConsumeQueueExt(
          { ...context, disk, handles: new FileHandles(disk) },
          `/${topic}/${queueId}`,
        );
        copy.startWriting(undefined, 0);
        const ext = new ConsumeQueueExt(
          context,
          join(golden.root, 'consumequeue_ext', topic, String(queueId)),
        );
        for (const message of expected.messages) {
          const { queueOffset, ext: unit } = message as ExpectedEntry;
          if (unit === undefined) continue;
          const entry = store.find(topic, queueId)!.entriesNow(queueOffset, 1);
          expect(entry.isExtAddress(0)).toBe(true);
          const found = ext.read(entry.extOffset(0))!;
          expect({
            size: found.sizeBytes,
            tagsCode: found.tagsCode,
            msgStoreTime: found.storeTimestamp,
            filterBitMap: found.filterBitMap?.toString('hex') ?? null,
          }).toEqual(unit);
          resolved++;
          // Written again: at the same place, the same bytes.
          const { tagsCode, storeTimestamp, filterBitMap } = found;
          expect(copy.put(tagsCode, storeTimestamp, filterBitMap)).toBe(entry.extOffset(0));
        }
        copy.writePending();
        for (const name of disk.list(`/${topic}/${queueId}`)) {
          const path = join(golden.root, 'consumequeue_ext', topic, String(queueId), name);
          expect(disk.readFile(`/${topic}/${queueId}/${name}`)!.equals(readFileSync(path))).toBe(true);
          written++;
        }
      }
      expect(written).toBeGreaterThan(0);
      expect(resolved).toBeGreaterThan(100);
      handles.closeAll();
      store.close();
      golden.cleanup();
    });
  });

  test('the batch queue of 5.3.3 is read as Java reads it, and its entries written again are the same bytes', async () => {
    const golden = openGoldenStore(goldenPath('store-5.3.3'), '');
    const fileSizeBytes = Number(golden.settings.get('mapperFileSizeBatchConsumeQueue'));
    const [[topic, queueId, expected] = fail()] = queuesOf(golden, 'BatchCQ');
    const store = new ConsumeQueueStore(
      {
        dir: join(golden.root, 'consumequeue'),
        fileSizeBytes: fileSize(golden),
        batchFileSizeBytes: fileSizeBytes,
      },
      { disk: new FileDisk() },
    );
    store.load();
    store.recover({ abnormal: false });
    const queue = store.findBatch(topic, queueId)!;
    const messages = expected.messages as readonly ExpectedEntry[];
    expect([queue.minOffset, queue.maxOffset]).toEqual([expected.minOffset, expected.maxOffset]);
    const block = queue.entriesNow(0, messages.length + 1);
    expect(
      Array.from({ length: block.count }, (_, i) => [
        block.baseOffset(i),
        block.physicalOffset(i),
        block.sizeBytes(i),
        block.batchSize(i),
      ]),
    ).toEqual(
      messages.map((message) => [
        message.queueOffset,
        message.commitLogOffset,
        message.size,
        message.batchNum,
      ]),
    );
    for (const [index, message] of messages.entries()) {
      for (let i = 0; i < message.batchNum!; i++)
        expect(await queue.indexOf(message.queueOffset + i)).toBe(index);
    }
    expect([await queue.indexOf(-1), await queue.indexOf(queue.maxOffset)]).toEqual([0, messages.length]);

    const queueDir = join(golden.root, 'batchconsumequeue', topic, String(queueId));
    const bytes = readFileSync(join(queueDir, '0'.repeat(20)));
    for (let at = 0; at < bytes.length; at += BATCH_ENTRY_BYTES) {
      const entry = readBatchEntry(bytes, at);
      if (entry === undefined) continue;
      const again = Buffer.alloc(BATCH_ENTRY_BYTES);
      writeBatchEntry(again, 0, entry);
      expect(again).toEqual(bytes.subarray(at, at + BATCH_ENTRY_BYTES));
    }
    store.close();
    golden.cleanup();
  });
});

function fail(): never {
  throw new Error('nothing to compare');
}

function fileSize(golden: GoldenStore): number {
  return Number(golden.settings.get('mappedFileSizeConsumeQueue'));
}

function openQueues(golden: GoldenStore, options: { abnormal: boolean }): ConsumeQueueStore {
  const dir = join(golden.root, 'consumequeue');
  const store = new ConsumeQueueStore({ dir, fileSizeBytes: fileSize(golden) }, { disk: new FileDisk() });
  store.load();
  store.recover(options);
  store.correctMinOffset(golden.expected.commitLog.minOffset);
  return store;
}

function queuesOf(golden: GoldenStore, type: ExpectedQueue['type']): [string, number, ExpectedQueue][] {
  return Object.entries(golden.expected.queues).flatMap(([topic, byId]) =>
    Object.entries(byId).flatMap(([id, queue]): [string, number, ExpectedQueue][] =>
      queue.type === type ? [[topic, Number(id), queue]] : [],
    ),
  );
}

type Row = [queueOffset: number, physicalOffset: number, sizeBytes: number, tagsCode: string];

function entryOf(golden: GoldenStore, message: ExpectedQueue['messages'][number]): Row {
  const fields = golden.expected.messageFields;
  const get = (name: keyof ExpectedEntry): unknown =>
    fields === undefined
      ? (message as ExpectedEntry)[name]
      : (message as readonly unknown[])[fields.indexOf(name)];
  return [
    Number(get('queueOffset')),
    Number(get('commitLogOffset')),
    Number(get('size')),
    String(get('tagsCode')),
  ];
}

async function readAll(store: ConsumeQueueStore, topic: string, queueId: number): Promise<Row[]> {
  const queue = store.find(topic, queueId)!;
  const rows: Row[] = [];
  while (queue.minOffset + rows.length < queue.maxOffset) {
    const block = await queue.entries(queue.minOffset + rows.length, 33);
    if (block.count === 0) throw new Error(`no entry at ${queue.minOffset + rows.length}`);
    for (let i = 0; i < block.count; i++) {
      rows.push([
        block.firstIndex + i,
        block.physicalOffset(i),
        block.sizeBytes(i),
        String(block.tagsCodeBits(i)),
      ]);
    }
  }
  return rows;
}
