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
});
