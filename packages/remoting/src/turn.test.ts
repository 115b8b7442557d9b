import { TurnScheduler, type TurnPhase } from './turn.js';

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a turn scheduler', () => {
  test('runs phase 0 before phase 1, and what phase 0 queues for phase 1 in the same pass', async () => {
    const turn = new TurnScheduler();
    const ran: string[] = [];
    const task = (name: string, then = (): void => {}) => ({
      runAtTurnEnd: () => {
        ran.push(name);
        then();
      },
    });
    const acknowledge = task('acknowledge');
    const next = task('next turn');
    turn.atTurnEnd(
      1,
      task('flush', () => turn.atTurnEnd(1, next)),
    );
    turn.atTurnEnd(
      0,
      task('write', () => turn.atTurnEnd(1, acknowledge)),
    );
    await turnEnd();
    expect(ran.slice(0, 3)).toEqual(['write', 'flush', 'acknowledge']);
    await turnEnd();
    expect(ran).toEqual(['write', 'flush', 'acknowledge', 'next turn']);
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
