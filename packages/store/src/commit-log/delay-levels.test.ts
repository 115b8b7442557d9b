import { DelayLevels } from './delay-levels.js';

describe('delay levels', () => {
  const levels = new DelayLevels('1s 5s 2m 1h 1d what');
  test.each([
    [1, 1000],
    [3, 120_000],
    [4, 3_600_000],
    [5, 86_400_000],
    [6, 1000],
    [99, 1000],
    [0, 1000],
  ])('level %i is due after %i ms', (level, delayMs) => {
    expect(levels.deliverTimestamp(level, 5_000_000)).toBe(5_000_000 + delayMs);
  });
});
