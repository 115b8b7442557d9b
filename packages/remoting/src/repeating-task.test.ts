import { ManualClock } from './clock.js';
import { silentLogger } from './logger.js';
import { RepeatingTask, RepeatingTasks } from './repeating-task.js';

describe('a repeating task', () => {
  const task = (clock: ManualClock, work: () => Promise<void> | void): RepeatingTask =>
    new RepeatingTask('test', work, 1_000, { clock, logger: silentLogger });

  test('runs after each interval, from the end of the round before', async () => {
    const clock = new ManualClock();
    let rounds = 0;
    const repeating = task(clock, () => void rounds++);
    repeating.start(10);
    await clock.advance(10);
    expect(rounds).toBe(1);
    await clock.advance(3_000);
    expect(rounds).toBe(4);
    await repeating.close();
    await clock.advance(5_000);
    expect(rounds).toBe(4);
  });

  test('never overlaps itself, and makes one round of all that are asked for meanwhile', async () => {
    const clock = new ManualClock();
    let rounds = 0;
    let finish: () => void = () => undefined;
    const repeating = task(clock, () => {
      rounds++;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    repeating.start(0);
    await clock.advance(0);
    for (let i = 0; i < 5; i++) repeating.runSoon();
    await clock.advance(5_000);
    expect(rounds).toBe(1);
    finish();
    await clock.advance(0);
    await clock.advance(1);
    expect(rounds).toBe(2);
    finish();
    await repeating.close();
  });

  test('goes on after a round that failed', async () => {
    const clock = new ManualClock();
    let rounds = 0;
    const repeating = task(clock, () => {
      rounds++;
      throw new Error('no');
    });
    repeating.start(0);
    await clock.advance(2_500);
    expect(rounds).toBe(3);
    await repeating.close();
  });
});

test('repeating tasks begin one by one, and their end waits for what is under way', async () => {
  const clock = new ManualClock();
  const tasks = new RepeatingTasks({ clock, logger: silentLogger });
  let rounds = 0;
  let finish: () => void = () => undefined;
  tasks.every('quick', 100, () => void rounds++);
  tasks.every(
    'slow',
    () => 250,
    () => new Promise<void>((resolve) => (finish = resolve)),
  );
  await clock.advance(300);
  expect(rounds).toBe(3);
  let isClosed = false;
  const closed = tasks.close().then(() => (isClosed = true));
  await clock.advance(1_000);
  expect([rounds, isClosed]).toEqual([3, false]);
  finish();
  await closed;
});
