import fc from 'fast-check';
import { ManualClock } from './clock.js';
import { DeadlineWheel, type WheelEntry } from './deadline-wheel.js';

describe('a deadline wheel', () => {
  test('fires each entry once, never early and at most two ticks late, and none that was removed', async () => {
    const entry = fc.record({
      timeoutMs: fc.nat(300),
      addAtMs: fc.nat(200),
      removeAtMs: fc.option(fc.nat(600)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 12 }), async (plans) => {
        const clock = new ManualClock();
        const wheel = new DeadlineWheel(clock);
        const fired: number[][] = plans.map(() => []);
        plans.forEach(({ timeoutMs, addAtMs, removeAtMs }, index) => {
          const item: WheelEntry = { onDeadline: () => void fired[index]!.push(clock.monotonic()) };
          clock.setTimeout(() => wheel.add(item, timeoutMs), addAtMs);
          if (removeAtMs !== null) clock.setTimeout(() => wheel.remove(item), addAtMs + removeAtMs);
        });
        await clock.advance(1200);
        plans.forEach(({ timeoutMs, addAtMs, removeAtMs }, index) => {
          const times = fired[index]!;
          const dueMs = addAtMs + timeoutMs;
          expect(times.length).toBeLessThanOrEqual(1);
          if (removeAtMs === null || removeAtMs > timeoutMs + 40) expect(times).toHaveLength(1);
          if (removeAtMs !== null && removeAtMs < timeoutMs) expect(times).toEqual([]);
          for (const at of times) {
            expect(at).toBeGreaterThanOrEqual(dueMs);
            expect(at).toBeLessThanOrEqual(dueMs + 40);
          }
        });
        expect(wheel.size).toBe(0);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  const entryOf = (onDeadline = (): void => {}): WheelEntry => ({ onDeadline });

  test('keeps what is due more than a round later', async () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock, 1);
    const fired: number[] = [];
    for (const timeoutMs of [1, 1025, 2049]) {
      wheel.add(
        entryOf(() => void fired.push(clock.monotonic())),
        timeoutMs,
      );
    }
    await clock.advance(3_000);
    expect(fired).toEqual([1, 1025, 2049]);
  });

  test('takes an entry that is added again while it comes due', async () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock);
    let left = 3;
    const entry = entryOf(() => {
      if (--left > 0) wheel.add(entry, 0);
    });
    wheel.add(entry, 0);
    await clock.advance(100);
    expect(left).toBe(0);
  });

  test('passes over an entry that one before it took out', async () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock);
    const fired: string[] = [];
    const second = entryOf(() => void fired.push('second'));
    wheel.add(
      entryOf(() => {
        fired.push('first');
        wheel.remove(second);
      }),
      10,
    );
    wheel.add(second, 10);
    await clock.advance(100);
    expect(fired).toEqual(['first']);
  });

  test('forgets its entries when it is closed', async () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock);
    const entry = entryOf(() => {
      throw new Error('closed');
    });
    wheel.add(entry, 10);
    wheel.close();
    wheel.remove(entry);
    expect([wheel.size, clock.pendingTimers]).toEqual([0, 0]);
  });
});
