import { DiskError, type DiskFile } from '../disk/disk.js';
import { PREPARED_BYTES, PreparedSpace } from './prepared-space.js';

const FILE = { path: 'f', baseOffset: 0, endOffset: 3 * PREPARED_BYTES };
const NEXT = { path: 'g', baseOffset: FILE.endOffset, endOffset: 2 * FILE.endOffset };

/** Notes where zeros were written, [from, to) inside the file. */
function recorder(): { handle: DiskFile; writes: [number, number][]; fail: { next: boolean } } {
  const writes: [number, number][] = [];
  const fail = { next: false };
  const write = (source: Buffer, position: number, length = source.length): void => {
    if (fail.next) throw new DiskError({ code: 'ENOSPC', operation: 'write', path: 'f' });
    expect(source.subarray(0, length).every((byte) => byte === 0)).toBe(true);
    writes.push([position, position + length]);
  };
  return { handle: { write } as unknown as DiskFile, writes, fail };
}

describe('prepared space', () => {
  test('is made ahead of the records, never over what stands already, and not with each write', () => {
    const { handle, writes } = recorder();
    const space = new PreparedSpace();
    space.prepare(FILE, handle, 1000, 3000);
    expect(writes.splice(0)).toEqual([
      [1000, 1000 + PREPARED_BYTES],
      [1000 + PREPARED_BYTES, 3000 + PREPARED_BYTES],
    ]);
    space.prepare(FILE, handle, 3000, 3000 + PREPARED_BYTES);
    expect(writes).toEqual([]);
    space.prepare(FILE, handle, 3000 + PREPARED_BYTES, 3001 + PREPARED_BYTES);
    expect(writes[0]![0]).toBe(3000 + PREPARED_BYTES);
  });

  test('ends with the file and begins again with the next one', () => {
    const { handle, writes } = recorder();
    const space = new PreparedSpace();
    const nearEnd = FILE.endOffset - 100;
    space.prepare(FILE, handle, nearEnd, nearEnd + 50);
    expect(writes.splice(0)).toEqual([[nearEnd, FILE.endOffset]]);
    space.prepare(FILE, handle, nearEnd + 50, FILE.endOffset);
    expect(writes).toEqual([]);
    space.prepare(NEXT, handle, NEXT.baseOffset, NEXT.baseOffset + 10);
    expect(writes[0]![0]).toBe(0);
  });

  test('is not asked for again in a file that refused it', () => {
    const { handle, writes, fail } = recorder();
    const space = new PreparedSpace();
    fail.next = true;
    space.prepare(FILE, handle, 0, 10);
    fail.next = false;
    space.prepare(FILE, handle, 10, 20);
    expect(writes).toEqual([]);
    space.prepare(NEXT, handle, NEXT.baseOffset, NEXT.baseOffset + 10);
    expect(writes).not.toEqual([]);
  });
});
