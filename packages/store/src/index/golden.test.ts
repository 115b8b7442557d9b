import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { StoreCheckpoint } from '../checkpoint.js';
import { FileDisk } from '../disk/file-disk.js';
import { openGoldenStore } from '../testing/golden-store.js';
import type { GoldenStore } from '../testing/golden-store.js';
import { SimulatedDisk } from '../testing/index.js';
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
        const golden = openGoldenStore(dir, kind, ['commitlog', 'consumequeue', 'config']);
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
        golden = openGoldenStore(dir, kind, ['commitlog', 'consumequeue', 'config']);
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
    });
  });
});

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
