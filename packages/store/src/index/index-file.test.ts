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
  return IndexFile.load(new FileHandles(disk, 4), PATH, SHAPE);
}

async function find(file: IndexFile, keyHash: number): Promise<number[]> {
  const found: number[] = [];
  await file.select(found, keyHash, 64, 0, Number.MAX_SAFE_INTEGER);
  return found;
}

describe('an index file read entry by entry', () => {
  test('follows a chain from the newest entry to the oldest', async () => {
    expect(await find(fileWithLinks(0, 1), 1)).toEqual([200, 100]);
  });

  test('leaves a chain that damage has bent into a circle, also when no entry is of the key', async () => {
    expect(await find(fileWithLinks(2, 1), 1)).toEqual([200, 100]);
    expect(await find(fileWithLinks(2, 1), 5)).toEqual([]);
  });
});
