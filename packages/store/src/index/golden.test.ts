import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { StoreCheckpoint } from '../checkpoint.js';
import { FileDisk } from '../disk/file-disk.js';
import { openGoldenStore } from '../../test/golden-store.js';
import type { GoldenStore } from '../../test/golden-store.js';
import { FileHandles } from '../disk/file-handles.js';
import { SimulatedDisk } from '../testing/index.js';
import { HEADER_BYTES, entryPosition, readIndexEntry } from './index-file-format.js';
import type { IndexFileShape } from './index-file-format.js';
import { IndexFile } from './index-file.js';
import { IndexService } from './index-service.js';

const SKIPPED: Record<string, string> = {
  kill9: 'the current index file is rebuilt from the log; compared with the whole store',
  'crash-crc': 'as kill9',
  'crash-torn': 'as kill9',
  'crash-cqahead': 'as kill9',
  'crash-nocq': 'as kill9',
  'crash-nocqnocp': 'has no index',
  dledger: 'read by that package',
};
const WALKED = ['', 'ext'];

describeGolden('key indexes written by Apache', () => {
  describe.each(['5.3.3', '4.9.7'])('%s', (version) => {
    const dir = goldenPath(`store-${version}`);
    const kinds = readdirSync(dir).flatMap((name) => /^store-?(.*)\.tar\.gz$/.exec(name)?.[1] ?? []);

    test('every archive is walked or skipped for a reason', () => {
      expect(kinds.filter((kind) => !WALKED.includes(kind) && !(kind in SKIPPED))).toEqual([]);
    });

    test('every checkpoint is read as Java reads it', () => {
      for (const kind of kinds.filter((name) => name !== 'crash-nocqnocp' && name !== 'dledger')) {
        const golden = openGoldenStore(dir, kind);
        const path = join(golden.root, 'checkpoint');
        const before = readFileSync(path);
        const checkpoint = new StoreCheckpoint(new FileDisk(), path);
        const {
          physicMsgTimestamp,
          logicsMsgTimestamp,
          indexMsgTimestamp,
          masterFlushedOffset,
          confirmPhyOffset,
        } = checkpoint;
        expect({
          kind,
          physicMsgTimestamp,
          logicsMsgTimestamp,
          indexMsgTimestamp,
          masterFlushedOffset,
          confirmPhyOffset,
        }).toEqual({
          kind,
          physicMsgTimestamp: golden.expected.checkpointBefore['physicMsgTimestamp'],
          logicsMsgTimestamp: golden.expected.checkpointBefore['logicsMsgTimestamp'],
          indexMsgTimestamp: golden.expected.checkpointBefore['indexMsgTimestamp'],
          masterFlushedOffset: golden.expected.checkpointBefore['long24_masterFlushedOffset'],
          confirmPhyOffset: golden.expected.checkpointBefore['long32_confirmPhyOffset'],
        });
        checkpoint.flush();
        expect(readFileSync(path)).toEqual(before);
        checkpoint.close();
        golden.cleanup();
      }
    });

    describe.each(kinds.filter((kind) => WALKED.includes(kind)))('store %s', (kind) => {
      let golden: GoldenStore;
      let index: IndexService;
      beforeAll(() => {
        golden = openGoldenStore(dir, kind);
        index = openIndex(golden);
      });
      afterAll(() => {
        index.close();
        golden.cleanup();
      });

      test('headers are what Java reads', () => {
        expect(index.headers()).toEqual(
          golden.expected.index.files.map(
            ({ beginTimestamp, endTimestamp, beginPhyOffset, endPhyOffset, hashSlotCount, indexCount }) => ({
              beginTimestamp,
              endTimestamp,
              beginPhyOffset,
              endPhyOffset,
              hashSlotCount,
              indexCount,
            }),
          ),
        );
      });

      test('every query finds what Java finds', async () => {
        const { queries } = golden.expected.index;
        expect(queries.length).toBeGreaterThan(10);
        for (const { topic, key, maxNum, begin, end, phyOffsets, ...last } of queries) {
          const found = await index.query(topic, key, maxNum, Number(begin), Number(end));
          expect({ topic, key, begin, end, ...found, physicalOffsets: found.physicalOffsets }).toEqual({
            topic,
            key,
            begin,
            end,
            ...{ indexLastUpdateTimestamp: last.indexLastUpdateTimestamp },
            ...{ indexLastUpdatePhyoffset: last.indexLastUpdatePhyoffset },
            physicalOffsets: phyOffsets,
          });
        }
      });

      test('putting its keys again gives the same slots and entries', async () => {
        const disk = new SimulatedDisk();
        disk.mkdir('/i');
        const shape = shapeOf(golden);
        const handles = new FileHandles(disk);
        for (const expected of golden.expected.index.files) {
          const theirs = readFileSync(join(golden.root, 'index', expected.file));
          const file = IndexFile.create(handles, `/i/${expected.file}`, shape);
          for (let number = 1; number < expected.indexCount; number++) {
            const entry = readIndexEntry(theirs, entryPosition(shape, number));
            // The first difference counts from the file before; its own begin is the store time of the first key.
            file.put(
              entry.keyHash,
              entry.phyOffset,
              expected.beginTimestamp + (number === 1 ? 0 : entry.timeDiff * 1000),
            );
          }
          await file.flush();
          const ours = disk.readFile(`/i/${expected.file}`)!;
          ours.set(theirs.subarray(0, HEADER_BYTES));
          theirs.copy(ours, entryPosition(shape, 1), entryPosition(shape, 1), entryPosition(shape, 2));
          expect(ours).toEqual(theirs);
          expect(file.header.hashSlotCount).toBe(expected.hashSlotCount);
        }
      });
    });
  });
});

function shapeOf(golden: GoldenStore): IndexFileShape {
  return {
    slots: Number(golden.settings.get('maxHashSlotNum')),
    entries: Number(golden.settings.get('maxIndexNum')),
  };
}

function openIndex(golden: GoldenStore): IndexService {
  const disk = new FileDisk();
  const checkpointDisk = new SimulatedDisk();
  checkpointDisk.mkdir('/s');
  const index = new IndexService(
    {
      dir: join(golden.root, 'index'),
      maxHashSlotNum: Number(golden.settings.get('maxHashSlotNum')),
      maxIndexNum: Number(golden.settings.get('maxIndexNum')),
    },
    { disk, checkpoint: new StoreCheckpoint(checkpointDisk, '/s/checkpoint') },
  );
  index.load(true);
  return index;
}
