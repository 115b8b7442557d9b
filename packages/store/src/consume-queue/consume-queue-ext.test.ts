import { FileHandles } from '../disk/file-handles.js';
import { SimulatedDisk } from '../testing/index.js';
import { ConsumeQueueExt } from './consume-queue-ext.js';

const DIR = '/ext/T/0';
const FILE_BYTES = 1_000;
const BITS = Buffer.from('0102030405060708090a0b0c0d0e', 'hex');
const UNIT_BYTES = 20 + BITS.length;

function open(disk = new SimulatedDisk()) {
  const context = {
    disk,
    handles: new FileHandles(disk),
    fileSizeBytes: FILE_BYTES,
    directoryChanged: () => undefined,
  };
  return new ConsumeQueueExt(context, DIR);
}

function writing(disk?: SimulatedDisk, last?: number, entryCount = 0): ConsumeQueueExt {
  const ext = open(disk);
  ext.startWriting(last, entryCount);
  return ext;
}

/** Puts units whose tags code is their number; returns their offsets. */
function putMany(ext: ConsumeQueueExt, count: number): number[] {
  return Array.from({ length: count }, (_, number) => ext.put(number, 1_000 + number, BITS));
}

describe('extended entries', () => {
  test('are read back where they were put, before and after they are written, across files', () => {
    const disk = new SimulatedDisk();
    const ext = writing(disk);
    const offsets = putMany(ext, 100);
    const check = (queue: ConsumeQueueExt): void =>
      offsets.forEach((offset, number) => {
        const unit = { sizeBytes: UNIT_BYTES, tagsCode: number, storeTimestamp: 1_000 + number };
        expect(queue.read(offset)).toMatchObject(unit);
        expect(queue.read(offset)!.filterBitMap!.equals(BITS)).toBe(true);
      });
    check(ext);
    ext.writePending();
    check(ext);
    check(open(disk));
    expect(disk.list(DIR)).toHaveLength(4);
  });

  test('end a file with a mark, as upstream does, and leave its last 4 bytes empty', () => {
    const disk = new SimulatedDisk();
    const ext = writing(disk);
    const offsets = putMany(ext, 30);
    ext.writePending();
    const perFile = Math.floor((FILE_BYTES - 4) / UNIT_BYTES);
    expect(offsets[perFile]).toBe(FILE_BYTES);
    const file = disk.readFile(`${DIR}/00000000000000000000`)!;
    expect(file.readInt16BE(perFile * UNIT_BYTES)).toBe(-1);
    expect(file.readInt32BE(FILE_BYTES - 4)).toBe(0);
  });

  test('without bits have only their head; one that is too large has no place', () => {
    const ext = writing();
    expect(ext.put(-7, 5, undefined)).toBe(0);
    expect(ext.read(0)).toEqual({ sizeBytes: 20, tagsCode: -7, storeTimestamp: 5, filterBitMap: undefined });
    expect(ext.put(1, 1, Buffer.alloc(FILE_BYTES))).toBe(-1);
    expect(ext.put(1, 1, Buffer.alloc(40_000))).toBe(-1);
    expect(ext.put(2, 2, undefined)).toBe(20);
  });

  test('go on behind the last one that is named', () => {
    const disk = new SimulatedDisk();
    const first = writing(disk);
    const offsets = putMany(first, 3);
    first.writePending();
    expect(writing(disk, offsets[2]).put(9, 9, BITS)).toBe(3 * UNIT_BYTES);
  });

  test.each([
    ['a unit that was lost', 500, 1, FILE_BYTES],
    ['a unit of a file that was lost', 5 * FILE_BYTES + 10, 1, 6 * FILE_BYTES],
    ['no unit, in a queue without entries', undefined, 0, 0],
  ])('never take the place of %s', (_what, last, entryCount, expected) => {
    expect(writing(new SimulatedDisk(), last, entryCount).put(1, 1, BITS)).toBe(expected);
  });

  test('are put behind whatever could be named where nothing is known', () => {
    const offset = writing(new SimulatedDisk(), undefined, 1_000).put(1, 1, BITS);
    expect(offset).toBeGreaterThanOrEqual(1_000 * 32_767);
    expect(offset % FILE_BYTES).toBe(0);
    const disk = new SimulatedDisk();
    const old = writing(disk);
    putMany(old, 5);
    old.writePending();
    expect(writing(disk, undefined, 1_000).put(1, 1, BITS)).toBe(FILE_BYTES);
  });

  test('that were cut away lead nowhere; those before them stay', () => {
    const disk = new SimulatedDisk();
    const ext = writing(disk);
    const offsets = putMany(ext, 60);
    ext.writePending();
    const reopened = open(disk);
    reopened.cut(offsets[20]!, offsets[59]!);
    expect(reopened.read(offsets[19]!)?.tagsCode).toBe(19);
    for (const offset of offsets.slice(20)) expect(reopened.read(offset)).toBeUndefined();
    expect(writing(disk, offsets[59]).put(1, 1, BITS)).toBe(3 * FILE_BYTES);
  });

  test('go with the files that nothing names any more; the last one stays', () => {
    const disk = new SimulatedDisk();
    const ext = writing(disk);
    const offsets = putMany(ext, 100);
    ext.writePending();
    ext.removeBefore(offsets[60]!);
    expect(disk.list(DIR)[0]).toBe('00000000000000002000');
    expect(ext.read(offsets[60]!)?.tagsCode).toBe(60);
    ext.removeBefore(1e9);
    expect(disk.list(DIR)).toEqual(['00000000000000003000']);
  });

  test('survive a power cut once they are synced', async () => {
    const disk = new SimulatedDisk();
    const ext = writing(disk);
    const [kept] = putMany(ext, 1);
    ext.writePending();
    await ext.sync();
    for (const dir of ['/', '/ext', '/ext/T', DIR]) disk.syncDirectory(dir);
    putMany(ext, 1);
    ext.writePending();
    for (const { name, disk: survived } of disk.crashStates(50)) {
      const after = open(survived);
      expect([name, after.read(kept!)?.tagsCode]).toEqual([name, 0]);
    }
  });
});
