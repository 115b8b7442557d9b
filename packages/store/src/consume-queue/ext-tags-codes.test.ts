import { silentLogger } from '@mq/remoting';
import { SimulatedDisk } from '../testing/index.js';
import { ENTRY_BYTES, writeEntry } from './consume-queue-entry.js';
import { EntryBlock } from './entry-block.js';
import { ExtTagsCodes } from './ext-tags-codes.js';

const DIR = '/store/consumequeue_ext';
const QUEUE = { topic: 'T', queueId: 0 };
const UNIT_BYTES = 20;
const FILE_BYTES = 100_000;

/** A queue T-0 of units whose tags code is 1,000 more than their number. */
function diskWithUnits(count: number, fileSizeBytes = FILE_BYTES): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.mkdir(`${DIR}/T/0`);
  const bytes = Buffer.alloc(fileSizeBytes);
  for (let number = 0; number < count; number++) {
    bytes.writeInt16BE(UNIT_BYTES, number * UNIT_BYTES);
    bytes.writeBigInt64BE(BigInt(1000 + number), number * UNIT_BYTES + 2);
  }
  disk.writeFile(`${DIR}/T/0/00000000000000000000`, bytes);
  disk.calls.clear();
  return disk;
}

/** Entries whose codes are the addresses of units, or plain. */
function block(...codes: readonly ({ unit: number } | number)[]): EntryBlock {
  const bytes = Buffer.alloc(codes.length * ENTRY_BYTES);
  codes.forEach((code, i) => {
    const at = i * ENTRY_BYTES;
    if (typeof code === 'number') writeEntry(bytes, at, 0, 1, code >> 31, code);
    else writeEntry(bytes, at, 0, 1, 0x80000000, code.unit * UNIT_BYTES);
  });
  return new EntryBlock(bytes, 0, codes.length, 0);
}

/** The code that entry `i`, an address, leads to. */
const codeAt = (codes: ExtTagsCodes, queue: typeof QUEUE, entries: EntryBlock, i: number) =>
  codes.extension(queue, entries, i)?.unit?.tagsCode;

describe('ExtTagsCodes', () => {
  test('an address stands for the code of its unit, in any order, with few reads; a plain code for none', () => {
    const disk = diskWithUnits(3000);
    const codes = new ExtTagsCodes({ dir: DIR, fileSizeBytes: FILE_BYTES }, disk, silentLogger);
    for (let unit = 0; unit < 3000; unit++)
      expect(codeAt(codes, QUEUE, block({ unit }), 0)).toBe(1000 + unit);
    expect(disk.calls.get('read')).toBeLessThan(5);
    expect(codeAt(codes, QUEUE, block(7, { unit: 12 }), 1)).toBe(1012);
    expect(codes.extension(QUEUE, block(-7), 0)).toBeUndefined();
  });

  test('an address that leads nowhere has no code', () => {
    const codes = new ExtTagsCodes({ dir: DIR, fileSizeBytes: FILE_BYTES }, diskWithUnits(3), silentLogger);
    expect(codeAt(codes, QUEUE, block({ unit: 3 }), 0)).toBeUndefined();
    expect(codeAt(codes, QUEUE, block({ unit: 1e6 }), 0)).toBeUndefined();
    expect(codeAt(codes, { ...QUEUE, queueId: 1 }, block({ unit: 0 }), 0)).toBeUndefined();
    expect(codeAt(codes, { ...QUEUE, topic: 'Other' }, block({ unit: 0 }), 0)).toBeUndefined();
  });

  test('files of another size are reported once and not read', () => {
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (text: string) => void errors.push(text) };
    const disk = diskWithUnits(3, 2 * FILE_BYTES);
    const codes = new ExtTagsCodes({ dir: DIR, fileSizeBytes: FILE_BYTES }, disk, logger);
    for (let round = 0; round < 3; round++)
      expect(codeAt(codes, QUEUE, block({ unit: 0 }), 0)).toBeUndefined();
    expect(errors).toHaveLength(1);
  });

  test('the units of a deleted topic are gone', () => {
    const disk = diskWithUnits(3);
    const codes = new ExtTagsCodes({ dir: DIR, fileSizeBytes: FILE_BYTES }, disk, silentLogger);
    expect(codeAt(codes, QUEUE, block({ unit: 2 }), 0)).toBe(1002);
    codes.deleteTopic('T');
    expect(disk.list(DIR)).toEqual([]);
    expect(codeAt(codes, QUEUE, block({ unit: 2 }), 0)).toBeUndefined();
  });
});
