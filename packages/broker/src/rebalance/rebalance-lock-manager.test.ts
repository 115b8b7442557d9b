import { ManualClock, silentLogger } from '@mq/remoting';
import fc from 'fast-check';
import { RebalanceLockManager } from './rebalance-lock-manager.js';

const queue = (queueId: number) => ({ topic: 'T', brokerName: 'b', queueId });
const ids = (queues: readonly { queueId: number }[]) => queues.map(({ queueId }) => queueId);

function setup(maxLocks?: number) {
  const clock = new ManualClock();
  return { clock, locks: new RebalanceLockManager({ clock, logger: silentLogger, maxLocks }) };
}

describe('RebalanceLockManager', () => {
  test('gives each queue to the first client that asks', () => {
    const { locks } = setup();
    expect(ids(locks.tryLockBatch('G', [queue(0), queue(1)], 'a'))).toEqual([0, 1]);
    expect(ids(locks.tryLockBatch('G', [queue(1), queue(2)], 'b'))).toEqual([2]);
    expect(ids(locks.tryLockBatch('H', [queue(1)], 'b'))).toEqual([1]);
  });

  test('lets a lock go 60 s after its owner asked last, whatever the wall clock does', async () => {
    const { clock, locks } = setup();
    locks.tryLockBatch('G', [queue(0)], 'a');
    await clock.advance(50_000);
    locks.tryLockBatch('G', [queue(0)], 'a');
    clock.jumpWallClock(3_600_000);
    await clock.advance(60_000);
    expect(locks.tryLockBatch('G', [queue(0)], 'b')).toEqual([]);
    expect(locks.isLockAllExpired('G')).toBe(false);
    await clock.advance(1);
    expect(locks.isLockAllExpired('G')).toBe(true);
    expect(ids(locks.tryLockBatch('G', [queue(0)], 'b'))).toEqual([0]);
  });

  test('unlocks only for the owner', () => {
    const { locks } = setup();
    locks.tryLockBatch('G', [queue(0)], 'a');
    locks.unlockBatch('G', [queue(0)], 'b');
    expect(locks.tryLockBatch('G', [queue(0)], 'b')).toEqual([]);
    locks.unlockBatch('G', [queue(0)], 'a');
    expect(locks.isLockAllExpired('G')).toBe(true);
    expect(ids(locks.tryLockBatch('G', [queue(0)], 'b'))).toEqual([0]);
  });

  test('refuses locks beyond its bound and takes new ones once expired locks are removed', async () => {
    const { clock, locks } = setup(2);
    expect(ids(locks.tryLockBatch('G', [queue(0), queue(1), queue(2)], 'a'))).toEqual([0, 1]);
    await clock.advance(60_001);
    locks.removeExpired();
    expect(ids(locks.tryLockBatch('H', [queue(0), queue(1)], 'a'))).toEqual([0, 1]);
  });

  test('behaves as one owner a queue with a deadline, for any sequence of requests', async () => {
    const step = fc.record({
      kind: fc.constantFrom('lock', 'unlock', 'wait', 'sweep'),
      client: fc.constantFrom('a', 'b'),
      queueIds: fc.uniqueArray(fc.nat(3), { maxLength: 4 }),
      waitMs: fc.nat(70_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, locks } = setup();
        const model = new Map<number, { client: string; until: number }>();
        for (const { kind, client, queueIds, waitMs } of steps) {
          const now = clock.monotonic();
          const isFree = (id: number) => {
            const held = model.get(id);
            return held === undefined || held.client === client || now > held.until;
          };
          if (kind === 'wait') await clock.advance(waitMs);
          else if (kind === 'sweep') locks.removeExpired();
          else if (kind === 'unlock') {
            locks.unlockBatch('G', queueIds.map(queue), client);
            for (const id of queueIds) if (model.get(id)?.client === client) model.delete(id);
          } else {
            const expected = queueIds.filter(isFree);
            for (const id of expected) model.set(id, { client, until: now + 60_000 });
            expect(ids(locks.tryLockBatch('G', queueIds.map(queue), client))).toEqual(expected);
          }
          const live = [...model.values()].some(({ until }) => clock.monotonic() <= until);
          expect(locks.isLockAllExpired('G')).toBe(!live);
        }
      }),
      { numRuns: 60 },
    );
  });
});
