import { TurnScheduler, type TurnPhase } from './turn.js';

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a turn scheduler', () => {
  test('runs phase 0 before phase 1, and what either queues for phase 1 in the same pass', async () => {
    const turn = new TurnScheduler();
    const ran: string[] = [];
    const task = (name: string, then = (): void => {}) => ({
      runAtTurnEnd: () => {
        ran.push(name);
        then();
      },
    });
    const acknowledge = task('acknowledge');
    const woken = task('answer the woken');
    const append = task('next turn');
    turn.atTurnEnd(
      1,
      task('flush', () => {
        turn.atTurnEnd(0, append);
        turn.atTurnEnd(1, woken);
      }),
    );
    turn.atTurnEnd(
      0,
      task('write', () => turn.atTurnEnd(1, acknowledge)),
    );
    await turnEnd();
    expect(ran.slice(0, 4)).toEqual(['write', 'flush', 'acknowledge', 'answer the woken']);
    await turnEnd();
    expect(ran).toEqual(['write', 'flush', 'acknowledge', 'answer the woken', 'next turn']);
  });

  test('ends a pass although a task queues itself again and again', async () => {
    const turn = new TurnScheduler();
    let runs = 0;
    const task = {
      runAtTurnEnd: (): void => {
        if (++runs < 100) turn.atTurnEnd(1, task);
      },
    };
    turn.atTurnEnd(1, task);
    await turnEnd();
    expect(runs).toBeLessThan(100);
    while (runs < 100) await turnEnd();
  });

  test('runs a task once however often it is queued, and again when queued after', async () => {
    const turn = new TurnScheduler();
    const task = { runAtTurnEnd: jest.fn() };
    const queue = (phase: TurnPhase): void => turn.atTurnEnd(phase, task);
    [queue, queue].forEach((again) => again(1));
    await turnEnd();
    expect(task.runAtTurnEnd).toHaveBeenCalledTimes(1);
    queue(0);
    await turnEnd();
    expect(task.runAtTurnEnd).toHaveBeenCalledTimes(2);
  });
});
