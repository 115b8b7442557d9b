import { checkStep, type CheckStep } from './check-step.js';

const LIMITS = { timeoutMs: 6_000, maxChecks: 3, retentionMs: 100_000 };
const NOW = 1_000_000;

describe('checkStep', () => {
  test.each<[string, number, { checkTimes?: number; immunityMs?: number }, CheckStep]>([
    ['younger than the time-out', 5_999, {}, 'later'],
    ['as old as the time-out', 6_000, {}, 'check'],
    ['born in the future: the clocks disagree', -1, {}, 'check'],
    ['checked before', 10_000, { checkTimes: 2 }, 'check'],
    ['checked too often', 10_000, { checkTimes: 3 }, 'give-up'],
    ['checked too often and young', 0, { checkTimes: 3 }, 'give-up'],
    ['as old as the log keeps anything', 100_000, {}, 'check'],
    ['older than the log keeps anything', 100_001, {}, 'give-up'],
    ['immune for longer than the time-out', 19_999, { immunityMs: 20_000 }, 'immune'],
    ['no longer immune', 20_000, { immunityMs: 20_000 }, 'check'],
    ['immune for less than the time-out', 1_000, { immunityMs: 1_000 }, 'check'],
  ])('a message that is %s', (_what, ageMs, { checkTimes, immunityMs }, expected) => {
    const properties: Record<string, string> =
      checkTimes === undefined ? {} : { TRANSACTION_CHECK_TIMES: `${checkTimes}` };
    const half = { bornTimestamp: NOW - ageMs, immunityMs, properties };
    expect(checkStep(half, NOW, LIMITS)).toBe(expected);
  });
});
