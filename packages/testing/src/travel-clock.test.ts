import { ManualClock } from '@mq/remoting';

import { TravelClock } from './travel-clock.js';

const HOUR_MS = 3_600_000;

function clocks(): { base: ManualClock; clock: TravelClock; ran: string[] } {
  const base = new ManualClock();
  return { base, clock: new TravelClock(base), ran: [] };
}

test('time passes by itself', async () => {
  const { base, clock, ran } = clocks();
  const start = clock.now();
  clock.setTimeout(() => ran.push('timer'), 50);
  await base.advance(50);
  expect(clock.now() - start).toBe(50);
  expect(ran).toEqual(['timer']);
});

test('a push forward runs what becomes due, in the order it is due', async () => {
  const { clock, ran } = clocks();
  clock.setTimeout(() => ran.push('two hours'), 2 * HOUR_MS);
  clock.setTimeout(() => ran.push('later'), 4 * HOUR_MS);
  clock.setTimeout(() => ran.push('one hour'), HOUR_MS);
  await clock.advance(3 * HOUR_MS);
  expect(ran).toEqual(['one hour', 'two hours']);
  expect(clock.aheadMs).toBe(3 * HOUR_MS);
});

test('each timer sees the moment it was set for', async () => {
  const { clock } = clocks();
  const start = clock.now();
  const seen: number[] = [];
  clock.setTimeout(() => seen.push(clock.now() - start), 10);
  clock.setTimeout(() => seen.push(clock.now() - start), HOUR_MS);
  await clock.advance(HOUR_MS + 1);
  expect(seen).toEqual([10, HOUR_MS]);
});

test('timers that are set meanwhile are part of the push', async () => {
  const { clock } = clocks();
  let ticks = 0;
  const tick = (): void => {
    ticks++;
    clock.setTimeout(tick, 1_000);
  };
  clock.setTimeout(tick, 1_000);
  await clock.advance(10_000);
  expect(ticks).toBe(10);
});

test('the wall clock shows whole milliseconds, whatever the steps were', async () => {
  const { clock } = clocks();
  const seen: number[] = [];
  const interval = clock.setInterval(() => seen.push(clock.now()), 7.3);
  await clock.advance(100.7);
  interval.cancel();
  expect(seen.length).toBeGreaterThan(5);
  expect(seen.every(Number.isInteger)).toBe(true);
});

test('an interval fires as often as it would have', async () => {
  const { clock } = clocks();
  let ticks = 0;
  const interval = clock.setInterval(() => ticks++, 1_000);
  await clock.advance(5_500);
  interval.cancel();
  await clock.advance(5_500);
  expect(ticks).toBe(5);
});

test('a push of a year takes no more rounds than one of an hour', async () => {
  const { clock } = clocks();
  let ticks = 0;
  const interval = clock.setInterval(() => ticks++, 100);
  await clock.advance(365 * 24 * HOUR_MS);
  interval.cancel();
  expect(ticks).toBeGreaterThan(100);
  expect(ticks).toBeLessThan(300);
});

test('what was not due yet comes that much sooner by the machine’s time', async () => {
  const { base, clock, ran } = clocks();
  clock.setTimeout(() => ran.push('timer'), 1_000);
  await clock.advance(900);
  await base.advance(99);
  expect(ran).toEqual([]);
  await base.advance(1);
  expect(ran).toEqual(['timer']);
});

test('a cancelled timer never runs, and none runs twice', async () => {
  const { base, clock, ran } = clocks();
  clock.setTimeout(() => ran.push('cancelled'), 10).cancel();
  clock.setTimeout(() => ran.push('once'), 10);
  await clock.advance(20);
  await base.advance(20);
  expect(ran).toEqual(['once']);
});

test('time does not go back', async () => {
  await expect(clocks().clock.advance(-1)).rejects.toThrow(RangeError);
});
