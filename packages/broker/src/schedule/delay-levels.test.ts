import { DelayLevels } from './delay-levels.js';

describe('DelayLevels', () => {
  const levels = new DelayLevels('1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h');

  test.each([
    [1, 1_000],
    [3, 10_000],
    [5, 60_000],
    [17, 3_600_000],
    [18, 7_200_000],
  ])('level %i waits %i ms', (level, delayMs) => expect(levels.delayMs(level)).toBe(delayMs));

  test('takes a level above the highest for the highest', () => {
    expect(levels.clamp(19)).toBe(18);
    expect(levels.clamp(1)).toBe(1);
  });

  test.each(['5x', 'five', '1s 2', '-1s', ''])('refuses %j, naming the entry', (text) => {
    expect(() => new DelayLevels(text)).toThrow(/messageDelayLevel has an entry that is no delay/);
  });

  test('knows no level outside of its table', () => {
    expect(() => levels.delayMs(0)).toThrow(RangeError);
    expect(() => levels.delayMs(19)).toThrow(RangeError);
  });
});
