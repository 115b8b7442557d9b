import { FileHandles } from '../disk/file-handles.js';
import { SimulatedDisk } from '../testing/index.js';
import { IndexFile } from './index-file.js';
import { encodeIndexHeader, entryPosition, slotPosition, writeIndexEntry } from './index-file-format.js';

const PATH = '/index/20231114221320000';
const SHAPE = { slots: 4, entries: 8 };
const BEGIN = 1_700_000_000_000;

/** A file of two entries of one key in slot 1, whose links are as given. */
function fileWithLinks(first: number, second: number): IndexFile {
  const disk = new SimulatedDisk();
  disk.mkdir('/index');
  const handles = new FileHandles(disk, 4);
  IndexFile.create(handles, PATH, SHAPE);
  const bytes = disk.readFile(PATH)!;
  const header = { beginTimestamp: BEGIN, endTimestamp: BEGIN, beginPhyOffset: 100, endPhyOffset: 200 };
  encodeIndexHeader({ ...header, hashSlotCount: 1, indexCount: 3 }).copy(bytes);
  bytes.writeInt32BE(2, slotPosition(1));
  writeIndexEntry(bytes, entryPosition(SHAPE, 1), 1, 100, 0, first);
  writeIndexEntry(bytes, entryPosition(SHAPE, 2), 1, 200, 0, second);
  disk.writeFile(PATH, bytes);
  return IndexFile.load(new FileHandles(disk, 4), PATH, SHAPE, true);
}

async function find(file: IndexFile, keyHash: number): Promise<number[]> {
  const found: number[] = [];
  await file.select(found, keyHash, 64, 0, Number.MAX_SAFE_INTEGER);
  return found;
}

/** A file whose header says `indexCount`, whose entries have this hash, and whose slots are ahead of the header. */
function damagedFile(indexCount: number, keyHash: number): IndexFile {
  const disk = new SimulatedDisk();
  disk.mkdir('/index');
  IndexFile.create(new FileHandles(disk, 4), PATH, SHAPE);
  const bytes = disk.readFile(PATH)!;
  const header = { beginTimestamp: BEGIN, endTimestamp: BEGIN, beginPhyOffset: 100, endPhyOffset: 200 };
  encodeIndexHeader({ ...header, hashSlotCount: 1, indexCount }).copy(bytes);
  for (let slot = 0; slot < SHAPE.slots; slot++) bytes.writeInt32BE(7, slotPosition(slot));
  for (let entry = 1; entry < SHAPE.entries; entry++)
    writeIndexEntry(bytes, entryPosition(SHAPE, entry), keyHash, 100, 0, 9);
  disk.writeFile(PATH, bytes);
  return IndexFile.load(new FileHandles(disk, 4), PATH, SHAPE, true);
}

describe('an index file read entry by entry', () => {
  test('follows a chain from the newest entry to the oldest', async () => {
    expect(await find(fileWithLinks(0, 1), 1)).toEqual([200, 100]);
  });

  test('leaves a chain that damage has bent into a circle, also when no entry is of the key', async () => {
    expect(await find(fileWithLinks(2, 1), 1)).toEqual([200, 100]);
    expect(await find(fileWithLinks(2, 1), 5)).toEqual([]);
  });

  test('takes a key although the entries before it are damaged', async () => {
    const file = damagedFile(3, -6);
    expect(file.put(1, 300, BEGIN)).toBe(true);
    expect(await find(file, 1)).toEqual([300]);
  });

  test('is full, and no more, when its header counts more entries than it has room for', () => {
    const file = damagedFile(0x7fff_ffff, 1);
    expect([file.isFull, file.put(1, 300, BEGIN), file.header.indexCount]).toEqual([true, false, 8]);
    expect(file.truncate(50)).toBe(false);
  });
});

test('an index file that was removed before its flush began has nothing to flush', async () => {
  const disk = new SimulatedDisk();
  disk.mkdir('/index');
  const file = IndexFile.create(new FileHandles(disk, 4), PATH, SHAPE);
  file.put(1, 300, BEGIN);
  file.destroy((path) => disk.remove(path));
  await file.flush();
  expect(disk.stat(PATH)).toBeUndefined();
});
