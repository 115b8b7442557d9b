import { SEGMENT_BYTES, TailCache } from './tail-cache.js';

function append(cache: TailCache, base: number, bytes: number): void {
  const segment = cache.open(base, bytes);
  segment.length = segment.written = bytes;
}

describe('the tail cache', () => {
  test('finds written bytes by log offset, across gaps, and nothing else', () => {
    const cache = new TailCache(10 * SEGMENT_BYTES);
    append(cache, 1000, 100);
    append(cache, 1100, 50);
    append(cache, 2000, 10);
    cache.current!.length = 20;
    expect(
      [999, 1000, 1099, 1100, 1149, 1150, 1999, 2009, 2010].map((offset) => cache.find(offset)?.base),
    ).toEqual([undefined, 1000, 1000, 1100, 1100, undefined, undefined, 2000, undefined]);
    expect(cache.startOffset).toBe(1000);
  });

  test('stays within its bound and keeps the segment that is written', () => {
    const cache = new TailCache(2 * SEGMENT_BYTES);
    for (let i = 0; i < 10; i++) append(cache, i * SEGMENT_BYTES, SEGMENT_BYTES);
    expect(cache.segments).toHaveLength(2);
    append(cache, 10 * SEGMENT_BYTES, 5 * SEGMENT_BYTES);
    expect(cache.segments.map((segment) => segment.base / SEGMENT_BYTES)).toEqual([10]);
  });

  test('does not reuse the buffer of a segment before its last reader has let go', () => {
    const cache = new TailCache(SEGMENT_BYTES);
    append(cache, 0, SEGMENT_BYTES);
    const held = cache.current!;
    held.pin();
    held.pin();
    for (let i = 1; i < 8; i++) {
      append(cache, i * SEGMENT_BYTES, SEGMENT_BYTES);
      expect(cache.current).not.toBe(held);
      if (i === 4) held.release();
    }
    held.release();
    append(cache, 8 * SEGMENT_BYTES, SEGMENT_BYTES);
    append(cache, 9 * SEGMENT_BYTES, SEGMENT_BYTES);
    expect(cache.segments.every((segment) => segment.buffer.length === SEGMENT_BYTES)).toBe(true);
  });

  test('never evicts what the file has not got yet', () => {
    const cache = new TailCache(SEGMENT_BYTES);
    for (let i = 0; i < 3; i++) cache.open(i * SEGMENT_BYTES, SEGMENT_BYTES).length = SEGMENT_BYTES;
    expect(cache.segments).toHaveLength(3);
  });
});
