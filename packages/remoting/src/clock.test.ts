import { ManualClock } from './clock.js';

describe('a manual clock', () => {
  test('runs timers in the order they are due, those set meanwhile included', async () => {
    const clock = new ManualClock(1000);
    const ran: string[] = [];
    const note = (name: string) => () => void ran.push(`${name}@${clock.monotonic()}`);
    clock.setTimeout(note('late'), 30);
    clock.setTimeout(() => {
      note('early')();
      void Promise.resolve().then(() => clock.setTimeout(note('set meanwhile'), 5));
    }, 10);
    const interval = clock.setInterval(note('every 12'), 12);
    clock.setTimeout(note('cancelled'), 1).cancel();
    await clock.advance(30);
    expect(ran).toEqual(['early@10', 'every 12@12', 'set meanwhile@15', 'every 12@24', 'late@30']);
    interval.cancel();
    expect(clock.pendingTimers).toBe(0);
    expect([clock.now(), clock.monotonic()]).toEqual([1030, 30]);
  });

  test('may jump its wall clock without moving timers', async () => {
    const clock = new ManualClock(1000);
    const ran = jest.fn();
    clock.setTimeout(ran, 10);
    clock.jumpWallClock(-500);
    await clock.advance(9);
    expect(ran).not.toHaveBeenCalled();
    expect([clock.now(), clock.monotonic()]).toEqual([509, 9]);
  });
});
