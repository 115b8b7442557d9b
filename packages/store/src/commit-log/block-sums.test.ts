import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { BLOCK_BYTES, BlockSums } from './block-sums.js';
import { TailSegment } from './tail-cache.js';

/** A segment at a place of the log with bytes of its own. */
function segmentAt(base: number, length: number, seed = 1): TailSegment {
  const buffer = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) buffer[at] = (base + at) * 31 + seed;
  const segment = new TailSegment(buffer, () => undefined).reset(base);
  segment.length = length;
  return segment;
}

const FILE = 10 * BLOCK_BYTES;

describe('sums of blocks', () => {
  test('are those of the bytes, however the log came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 8, maxLength: 20 }),
        (lengths) => {
          const sums = new BlockSums();
          const all: Buffer[] = [];
          let base = 0;
          for (const length of lengths) {
            const segment = segmentAt(base, length);
            all.push(segment.buffer);
            base += length;
            // As a writer does it: a part, a bit later all.
            segment.length = Math.floor(length / 2);
            sums.follow(segment, 0);
            segment.length = length;
            sums.follow(segment, 0);
            sums.take(segment, 0);
          }
          const log = Buffer.concat(all);
          for (let block = 0; block < log.length; block += BLOCK_BYTES) {
            const bytes = log.subarray(block, block + BLOCK_BYTES);
            expect(sums.sumOf(block)).toBe(bytes.length < BLOCK_BYTES ? undefined : crc32(bytes));
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test('are not known for a block that was not seen from its start', () => {
    const sums = new BlockSums();
    sums.take(segmentAt(100, 2 * BLOCK_BYTES), 0);
    expect(sums.sumOf(0)).toBeUndefined();
    expect(sums.sumOf(BLOCK_BYTES)).toBeDefined();
  });

  test('begin again with each file', () => {
    const sums = new BlockSums();
    sums.take(segmentAt(FILE - BLOCK_BYTES / 2, BLOCK_BYTES / 2 - 20), 0);
    const next = segmentAt(FILE + 0, BLOCK_BYTES + 1);
    sums.take(next, FILE);
    expect(sums.sumOf(FILE - BLOCK_BYTES)).toBeUndefined();
    expect(sums.sumOf(FILE)).toBe(crc32(next.buffer.subarray(0, BLOCK_BYTES)));
    // A file that is full to its last byte, in the middle of a block.
    const odd = new BlockSums();
    odd.take(segmentAt(0, BLOCK_BYTES + 500), 0);
    odd.take(segmentAt(BLOCK_BYTES + 500, 2 * BLOCK_BYTES), BLOCK_BYTES + 500);
    expect(odd.sumOf(BLOCK_BYTES)).toBeUndefined();
    expect(odd.sumOf(BLOCK_BYTES + 500)).toBeDefined();
  });

  test('of the oldest blocks are forgotten', () => {
    const sums = new BlockSums(2);
    sums.take(segmentAt(0, 3 * BLOCK_BYTES), 0);
    expect([0, 1, 2].map((block) => sums.sumOf(block * BLOCK_BYTES) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
    sums.clear();
    expect(sums.sumOf(2 * BLOCK_BYTES)).toBeUndefined();
  });
});
