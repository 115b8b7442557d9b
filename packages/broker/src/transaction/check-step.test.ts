import { checkStep, type CheckStep } from './check-step.js';

const LIMITS = { timeoutMs: 6_000, maxChecks: 3, retentionMs: 100_000 };
const NOW = 1_000_000;

describe('checkStep', () => {
  test.each<[string, number, Record<string, string>, CheckStep]>([
    ['younger than the time-out', 5_999, {}, 'later'],
    ['as old as the time-out', 6_000, {}, 'check'],
    ['born in the future: the clocks disagree', -1, {}, 'check'],
    ['checked before', 10_000, { TRANSACTION_CHECK_TIMES: '2' }, 'check'],
    ['checked too often', 10_000, { TRANSACTION_CHECK_TIMES: '3' }, 'give-up'],
    ['checked too often and young', 0, { TRANSACTION_CHECK_TIMES: '3' }, 'give-up'],
    ['as old as the log keeps anything', 100_000, {}, 'check'],
    ['older than the log keeps anything', 100_001, {}, 'give-up'],
    ['immune for longer than the time-out', 19_999, { CHECK_IMMUNITY_TIME_IN_SECONDS: '20' }, 'immune'],
    ['no longer immune', 20_000, { CHECK_IMMUNITY_TIME_IN_SECONDS: '20' }, 'check'],
    ['immune for less than the time-out', 1_000, { CHECK_IMMUNITY_TIME_IN_SECONDS: '1' }, 'check'],
    ['not immune: the time is no number', 1_000, { CHECK_IMMUNITY_TIME_IN_SECONDS: 'x' }, 'later'],
    ['not immune: the time is negative', 6_000, { CHECK_IMMUNITY_TIME_IN_SECONDS: '-1' }, 'check'],
  ])('a message that is %s', (_what, ageMs, properties, expected) => {
    expect(checkStep({ bornTimestamp: NOW - ageMs, properties }, NOW, LIMITS)).toBe(expected);
  });
});
