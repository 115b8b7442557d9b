import { ManualClock } from '@mq/remoting';
import { Lifecycle } from './lifecycle.js';

describe('the lifecycle of a consumer', () => {
  const lifecycle = (clock = new ManualClock()): Lifecycle<string> => new Lifecycle(clock, 5_000);

  test('starts once, however often it is asked', async () => {
    const life = lifecycle();
    let starts = 0;
    const work = async (): Promise<void> => {
      starts++;
      life.becomeStarted();
    };
    await Promise.all([life.start(work), life.start(work)]);
    await life.start(work);
    expect([starts, life.isStarted]).toEqual([1, true]);
    life.assertRunning();
  });

  test('may be started again after a start that failed', async () => {
    const life = lifecycle();
    await expect(life.start(() => Promise.reject(new Error('no route')))).rejects.toThrow('no route');
    expect(() => life.assertRunning()).toThrow(expect.objectContaining({ code: 'NOT_STARTED' }));
    await life.start(async () => life.becomeStarted());
    expect(life.isStarted).toBe(true);
  });

  test('a start that was overtaken by a close sees that it must not go on', async () => {
    const life = lifecycle();
    let proceed: () => void = () => undefined;
    let mayGoOn: boolean | undefined;
    const started = life.start(async () => {
      await new Promise<void>((resolve) => (proceed = resolve));
      mayGoOn = life.isCreated;
    });
    const closed = life.close({}, async () => 'closed');
    proceed();
    await Promise.all([started, closed]);
    expect([mayGoOn, life.isStarted]).toEqual([false, false]);
  });

  test('closes once, with the time that is left, and starts no more', async () => {
    const clock = new ManualClock();
    const life = lifecycle(clock);
    const left: number[] = [];
    const work = async (leftMs: () => number, timeoutMs: number): Promise<string> => {
      left.push(timeoutMs, leftMs());
      await clock.advance(300);
      left.push(leftMs());
      await clock.advance(5_000);
      left.push(leftMs());
      return 'closed';
    };
    const [first, second] = await Promise.all([
      life.close({ timeoutMs: 1_000 }, work),
      life.close({}, () => Promise.reject(new Error('closed twice'))),
    ]);
    expect([first, second, left]).toEqual(['closed', 'closed', [1_000, 1_000, 700, 1]]);
    expect(() => life.assertRunning()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await expect(life.start(async () => undefined)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('a time-out out of range is refused, and closes nothing', async () => {
    const life = lifecycle();
    await life.start(async () => life.becomeStarted());
    expect(() => life.close({ timeoutMs: -1 }, async () => 'closed')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    expect(life.isStarted).toBe(true);
  });
});
