import fc from 'fast-check';
import { parseTimestamp, toMillis, toSeconds } from './timestamps.js';

const host = { now: () => 42, utcOffsetMinutes: () => 480 };

test('times are printed in the zone of the operator', () => {
  expect(toSeconds(1795267435544, host)).toBe('2026-11-21 21:23:55');
  expect(toMillis(1795267435544, host)).toBe('2026-11-21 21:23:55,544');
});

test.each([
  ['now', 42],
  ['-1', -1],
  ['1795267435544', 1795267435544],
  ['2026-11-21#21:23:55:544', 1795267435544],
  ['2026-11-21#21:23:55:5', 1795267435005],
])('%s is read', (text, timestampMs) => expect(parseTimestamp(text, host)).toBe(timestampMs));

test.each(['', 'soon', '2026-13-01#00:00:00:000', '2026-11-21 21:23:55', '1e3'])('%j is no time', (text) =>
  expect(() => parseTimestamp(text, host)).toThrow('is no time'),
);

test('what is printed is read back', () => {
  const times = fc.integer({ min: 0, max: 4_102_444_800_000 });
  fc.assert(
    fc.property(times, (timestampMs) => {
      const text = toMillis(timestampMs, host).replace(' ', '#').replace(',', ':');
      expect(parseTimestamp(text, host)).toBe(timestampMs);
    }),
  );
});
