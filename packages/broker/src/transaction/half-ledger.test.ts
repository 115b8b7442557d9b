import fc from 'fast-check';

import { HalfLedger } from './half-ledger.js';
import { OffsetSet } from './offset-set.js';

describe('HalfLedger', () => {
  test('knows a transaction by its first place until it ends', () => {
    const ledger = new HalfLedger();
    expect(ledger.waitingAt(3, 3)).toBe(3);
    ledger.end(3, 3);
    expect(ledger.waitingAt(3, 3)).toBeUndefined();
    expect(ledger.isDecided(3)).toBe(true);
    expect(ledger.isDecided(4)).toBe(false);
  });

  test('leads from every copy to the newest one', () => {
    const ledger = new HalfLedger();
    ledger.move(3, 3, 9);
    ledger.move(3, 9, 12);
    for (const copy of [3, 9, 12]) expect(ledger.waitingAt(3, copy)).toBe(12);
    expect([3, 9, 12].map((copy) => ledger.isDecided(copy))).toEqual([true, true, false]);
    ledger.end(3, 12);
    for (const copy of [3, 9, 12]) expect(ledger.waitingAt(3, copy)).toBeUndefined();
  });

  test('keeps the end of a moved transaction beyond the progress', () => {
    const ledger = new HalfLedger();
    ledger.move(3, 3, 9);
    ledger.end(3, 9);
    ledger.advanceTo(100);
    expect(ledger.waitingAt(3, 3)).toBeUndefined();
  });

  test('lets a late commit find what was given up', () => {
    const ledger = new HalfLedger();
    ledger.move(3, 3, 9);
    ledger.giveUp(3, 9);
    ledger.advanceTo(10);
    expect(ledger.waitingAt(3, 3)).toBe(3);
  });

  test('forgets the transaction that moved longest ago when there are too many', () => {
    const ledger = new HalfLedger(2);
    ledger.move(1, 1, 11);
    ledger.move(2, 2, 12);
    ledger.move(1, 11, 13);
    ledger.move(3, 3, 14);
    expect(ledger.waitingAt(1, 1)).toBe(13);
    expect(ledger.waitingAt(3, 3)).toBe(14);
    ledger.advanceTo(10);
    expect(ledger.waitingAt(2, 2)).toBe(2);
  });

  test('never moves its progress back', () => {
    const ledger = new HalfLedger();
    ledger.advanceTo(5);
    ledger.advanceTo(3);
    expect(ledger.progress).toBe(5);
  });
});

describe('OffsetSet', () => {
  test('is a set of numbers', () => {
    const offset = fc.oneof(fc.nat(200_000), fc.integer({ min: 2 ** 40, max: 2 ** 40 + 200_000 }));
    fc.assert(
      fc.property(fc.array(offset), fc.array(offset), (added, asked) => {
        const model = new Set(added);
        const set = new OffsetSet();
        for (const each of added) set.add(each);
        for (const each of [...added, ...asked]) expect(set.has(each)).toBe(model.has(each));
      }),
    );
  });

  test('keeps what is at or above the lower end', () => {
    const set = new OffsetSet();
    for (const offset of [0, 65_535, 65_536, 200_000]) set.add(offset);
    set.dropBelow(65_536);
    expect([0, 65_535, 65_536, 200_000].map((offset) => set.has(offset))).toEqual([false, false, true, true]);
  });
});
