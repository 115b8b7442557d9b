import { readFileSync } from 'node:fs';

import { describeGolden, goldenPath } from '@mq-tools/testing';
import fc from 'fast-check';

import { addToBits, BloomFilter, mayBeInBits } from './bloom-filter.js';

interface GoldenBloom {
  readonly filters: readonly {
    f: number;
    n: number;
    k: number;
    m: number;
    samples: { string: string; bitPos: number[]; bitsAfterHashTo: string }[];
    hitsOnFinalBits: { string: string; isHit: boolean }[];
  }[];
  readonly bitsArray: readonly { set?: number[]; hex: string }[];
}

describeGolden('the bloom filter as Apache computes it', () => {
  const golden = JSON.parse(readFileSync(goldenPath('misc/bloom.json'), 'utf8')) as GoldenBloom;

  test.each(golden.filters)('of $f percent for $n names', ({ f, n, k, m, samples, hitsOnFinalBits }) => {
    const filter = new BloomFilter(f, n);
    expect([filter.hashCount, filter.bitCount]).toEqual([k, m]);
    const bits = Buffer.alloc(m / 8);
    for (const { string, bitPos, bitsAfterHashTo } of samples) {
      const data = filter.generate(string);
      expect(data).toEqual({ bitPos, bitNum: m });
      addToBits(data, bits);
      expect(bits.toString('hex')).toBe(bitsAfterHashTo);
    }
    for (const { string, isHit } of hitsOnFinalBits) {
      expect(mayBeInBits(filter.generate(string), bits)).toBe(isHit);
    }
  });

  // The third sample turns a bit off again, which a bit map of the broker never does.
  test.each(golden.bitsArray.filter(({ set }) => set !== undefined))('sets bits $set', ({ set, hex }) => {
    const bits = Buffer.alloc(2);
    addToBits({ bitPos: set!, bitNum: 16 }, bits);
    expect(bits.toString('hex')).toBe(hex);
  });
});

describe('the bloom filter', () => {
  test('never misses a name that is there', () => {
    const parts = fc.record({
      errorPercent: fc.integer({ min: 1, max: 99 }),
      expectedCount: fc.integer({ min: 1, max: 200 }),
      names: fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(parts, ({ errorPercent, expectedCount, names }) => {
        const filter = new BloomFilter(errorPercent, expectedCount);
        const bits = Buffer.alloc(filter.bitCount / 8);
        for (const name of names) addToBits(filter.generate(name), bits);
        for (const name of names) expect(mayBeInBits(filter.generate(name), bits)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('is wrong about as often as it was asked to be', () => {
    const filter = new BloomFilter(20, 32);
    const bits = Buffer.alloc(filter.bitCount / 8);
    for (let i = 0; i < 32; i++) addToBits(filter.generate(`group-${i}#topic`), bits);
    const others = Array.from({ length: 2_000 }, (_, i) => filter.generate(`other-${i}#topic`));
    const wrong = others.filter((data) => mayBeInBits(data, bits)).length / others.length;
    expect(wrong).toBeGreaterThan(0.05);
    expect(wrong).toBeLessThan(0.3);
  });

  test('knows data of another shape', () => {
    const filter = new BloomFilter(20, 32);
    expect(filter.isValid(filter.generate('a'))).toBe(true);
    expect(filter.isValid(new BloomFilter(20, 64).generate('a'))).toBe(false);
    expect(filter.isValid(undefined)).toBe(false);
  });

  test.each([
    [0, 1],
    [100, 1],
    [20, 0],
  ])('cannot be made of %p percent and %p names', (errorPercent, expectedCount) => {
    expect(() => new BloomFilter(errorPercent, expectedCount)).toThrow(RangeError);
  });
});
