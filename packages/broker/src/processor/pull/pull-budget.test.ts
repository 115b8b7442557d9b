import { FakeConnection } from '../../testing/fake-connection.js';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PullBudget } from './pull-budget.js';

const MIB = 1024 * 1024;

describe('the budget of pull answers', () => {
  test('stops a connection that does not read, and gives again what it has read', async () => {
    const budget = new PullBudget(() => 100 * MIB);
    const connection = new FakeConnection();
    const account = budget.accountFor(connection)!;
    budget.take(account, 2 * MIB);
    expect(budget.accountFor(connection)).toBeUndefined();
    budget.give(account, 2 * MIB);
    await nextTurn();
    expect(budget.accountFor(connection)).toBe(account);
    expect(budget.bytes).toBe(0);
  });

  test('above half of the bound serves only those who have read everything', () => {
    const budget = new PullBudget(() => 2 * MIB);
    const idle = new FakeConnection(1);
    const behind = new FakeConnection(2);
    budget.take(budget.accountFor(behind)!, MIB / 2);
    expect(budget.accountFor(behind)).toBeDefined();
    budget.take(budget.accountFor(new FakeConnection(3))!, MIB);
    expect(budget.accountFor(behind)).toBeUndefined();
    expect(budget.accountFor(idle)).toBeDefined();
  });

  test('at the bound serves nobody', () => {
    const budget = new PullBudget(() => MIB);
    budget.take(budget.accountFor(new FakeConnection(1))!, MIB);
    expect(budget.accountFor(new FakeConnection(2))).toBeUndefined();
  });

  test('lets pulls wait for what is on its way, in their order', async () => {
    const budget = new PullBudget(() => 100 * MIB);
    const connection = new FakeConnection();
    const account = budget.accountFor(connection)!;
    const resumed: string[] = [];
    const waiter = (name: string) => () => {
      resumed.push(name);
      budget.take(account, MIB);
    };
    expect(budget.waitFor(connection, waiter('nothing is on its way'))).toBe(false);
    budget.take(account, MIB);
    expect(budget.waitFor(connection, waiter('first'))).toBe(true);
    expect(budget.waitFor(connection, waiter('second'))).toBe(true);
    budget.give(account, MIB);
    await nextTurn();
    expect(resumed).toEqual(['first']);
    budget.give(account, MIB);
    await nextTurn();
    expect(resumed).toEqual(['first', 'second']);
  });

  test('resumes nobody whose connection is gone, and bounds who waits', async () => {
    const budget = new PullBudget(() => 100 * MIB);
    const connection = new FakeConnection();
    const account = budget.accountFor(connection)!;
    const resume = jest.fn();
    budget.take(account, MIB);
    while (budget.waitFor(connection, resume)) expect(account.waiting.length).toBeLessThanOrEqual(1024);
    connection.close();
    budget.give(account, MIB);
    await nextTurn();
    expect(account.waiting).toEqual([]);
    expect(resume).not.toHaveBeenCalled();
  });

  test('makes only so much in one turn, whoever asks, and serves all in turn', async () => {
    const budget = new PullBudget(() => 100 * MIB);
    const served: number[] = [];
    const askers = Array.from({ length: 8 }, (_, id) => new FakeConnection(id));
    const pull = (connection: FakeConnection): void => {
      const account = budget.accountFor(connection);
      if (account === undefined) {
        expect(budget.waitFor(connection, () => pull(connection))).toBe(true);
        return;
      }
      served.push(connection.id);
      budget.take(account, MIB / 2);
    };
    for (const connection of askers) for (let times = 0; times < 2; times++) pull(connection);
    expect(served).toEqual([0, 0, 1, 1]);
    for (let turn = 1; turn <= 3; turn++) {
      await nextTurn();
      expect(served.length).toBeLessThanOrEqual(4 + 4 * turn);
    }
    expect(served.slice(4)).toEqual([2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7]);
  });

  test('has no more requests taken from a connection of which many wait, until they are served', async () => {
    const budget = new PullBudget(() => 100 * MIB);
    const calls: string[] = [];
    const connection = Object.assign(new FakeConnection(), {
      pauseReading: () => void calls.push('pause'),
      resumeReading: () => void calls.push('resume'),
    });
    const account = budget.accountFor(connection)!;
    budget.take(account, MIB);
    for (let number = 1; number <= 9; number++) {
      expect(budget.waitFor(connection, () => void calls.push(`pull ${number}`))).toBe(true);
      expect(calls).toEqual(number < 8 ? [] : ['pause']);
    }
    budget.give(account, MIB);
    await nextTurn();
    const pulls = Array.from({ length: 9 }, (_, index) => `pull ${index + 1}`);
    expect(calls).toEqual(['pause', ...pulls, 'resume']);
  });
});
