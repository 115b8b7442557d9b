import fc from 'fast-check';

import { allocateForPop, strategies } from './allocate.js';

const queuesOf = (count: number) =>
  Array.from({ length: count }, (_, queueId) => ({ topic: 'T', brokerName: 'b', queueId }));
const clientsOf = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
const ids = (queues: readonly { queueId: number }[]) => queues.map(({ queueId }) => queueId);
const averagely = strategies.get('AVG')!;

test('averagely, the first clients get neighbouring queues and one more each', () => {
  const shares = clientsOf(3).map((client) => ids(averagely(client, queuesOf(8), clientsOf(3))));
  expect(shares).toEqual([
    [0, 1, 2],
    [3, 4, 5],
    [6, 7],
  ]);
});

test.each([...strategies.keys()])('%s gives each queue to exactly one client', (name) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 12 }), (queues, clients) => {
      const shares = clientsOf(clients).flatMap((client) =>
        ids(strategies.get(name)!(client, queuesOf(queues), clientsOf(clients))),
      );
      expect(shares.sort((a, b) => a - b)).toEqual(ids(queuesOf(queues)));
    }),
  );
});

describe('to pop', () => {
  const pop = (client: string, queues: number, clients: number, share: number): number[] =>
    ids(allocateForPop(averagely, client, queuesOf(queues), clientsOf(clients), share));

  test('everybody gets any queue unless fewer are to be shared', () => {
    expect(pop('c0', 8, 4, 0)).toEqual([-1]);
    expect(pop('c0', 8, 4, 3)).toEqual([-1]);
  });

  test('a client shares its queues with those before it', () => {
    expect(pop('c0', 8, 4, 1)).toEqual([0, 1, 2, 3]);
    expect(pop('c3', 8, 4, 1)).toEqual([6, 7, 0, 1]);
  });

  test('with more clients than queues each gets one', () => {
    expect(pop('c5', 4, 6, 2)).toEqual([1]);
  });
});
