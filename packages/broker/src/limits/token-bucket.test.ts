import fc from 'fast-check';

import { TokenBucket } from './token-bucket.js';

test('a second’s worth may come at once, then as fast as the rate', () => {
  const bucket = new TokenBucket(10, 0);
  expect(bucket.tryTake(10, 0)).toBe(true);
  expect(bucket.tryTake(1, 0)).toBe(false);
  expect(bucket.msUntil(1, 0)).toBe(100);
  expect(bucket.tryTake(1, 99)).toBe(false);
  expect(bucket.tryTake(1, 100)).toBe(true);
});

test('a batch larger than the rate passes a full bucket and is paid for afterwards', () => {
  const bucket = new TokenBucket(10, 0);
  expect(bucket.tryTake(50, 0)).toBe(true);
  expect(bucket.msUntil(1, 0)).toBe(4_100);
  expect(bucket.tryTake(1, 4_000)).toBe(false);
  expect(bucket.tryTake(1, 4_100)).toBe(true);
});

test('what is not used does not pile up beyond a second', () => {
  const bucket = new TokenBucket(10, 0);
  expect(bucket.msUntil(1, 3_600_000)).toBe(0);
  for (let i = 0; i < 10; i++) expect(bucket.tryTake(1, 3_600_000)).toBe(true);
  expect(bucket.tryTake(1, 3_600_000)).toBe(false);
});

test('another rate counts from now on', () => {
  const bucket = new TokenBucket(1_000, 0);
  bucket.setRate(1, 0);
  expect(bucket.tryTake(1, 0)).toBe(true);
  expect(bucket.tryTake(1, 999)).toBe(false);
  expect(bucket.tryTake(1, 1_000)).toBe(true);
});

test('over any time no more passes than the rate and one second’s worth and one take', () => {
  const step = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    waitMs: fc.integer({ min: 0, max: 500 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(step, { maxLength: 100 }), (rate, steps) => {
      const bucket = new TokenBucket(rate, 0);
      let nowMs = 0;
      let taken = 0;
      for (const { count, waitMs } of steps) {
        nowMs += waitMs;
        if (bucket.tryTake(count, nowMs)) taken += count;
      }
      expect(taken).toBeLessThanOrEqual(rate + (nowMs * rate) / 1000 + 40);
    }),
  );
});
