import { ManualClock, silentLogger } from '@mq/remoting';

import { MemoryText } from '../../testing/memory-text.js';
import { ConsumerOrderInfoManager } from './consumer-order-info-manager.js';

// Printed by Apache's own class (5.3.3) after update("att",..,5,6,9), commitAndNext(5), update("att2",..,6,9).
const APACHE_ENTRIES = '0 qo2%6 1;0 qo2%9 1;0 2 1';

function manager(clock: ManualClock, file = new MemoryText(), onUnblocked: () => void = () => undefined) {
  return new ConsumerOrderInfoManager({
    clock,
    logger: silentLogger,
    file,
    isWanted: () => true,
    onUnblocked,
  });
}

test('says like Apache how often each message was delivered', () => {
  const info = manager(new ManualClock(1_000));
  expect(info.update('att', 'T', 'G', 2, 1_000, 60_000, [5, 6, 9])).toEqual(['0 2 0']);
  expect(info.commitAndNext('T', 'G', 2, 5, 1_000)).toBe(6);
  expect(info.update('att2', 'T', 'G', 2, 1_001, 60_000, [6, 9]).join(';')).toBe(APACHE_ENTRIES);
});

test('acknowledges out of order, and answers the first offset that is not', () => {
  const info = manager(new ManualClock(1_000));
  info.update(undefined, 'T', 'G', 0, 1_000, 60_000, [5, 6, 9]);
  expect(info.commitAndNext('T', 'G', 0, 9, 1_000)).toBe(5);
  expect(info.commitAndNext('T', 'G', 0, 5, 1_000)).toBe(6);
  expect(info.commitAndNext('T', 'G', 0, 6, 1_000)).toBe(10);
  expect(info.commitAndNext('T', 'G', 0, 7, 1_000)).toBe(-1);
  expect(info.commitAndNext('T', 'G', 0, 9, 999)).toBe(-2);
});

test('blocks until the messages are visible again, and says when that is', async () => {
  const clock = new ManualClock(1_000);
  let unblocked = 0;
  const info = manager(clock, new MemoryText(), () => unblocked++);
  info.update('a', 'T', 'G', 0, 1_000, 500, [1, 2]);
  expect([info.isBlocked('a', 'T', 'G', 0, 0), info.isBlocked('b', 'T', 'G', 0, 0)]).toEqual([false, true]);
  info.updateNextVisibleTime('T', 'G', 0, 1, 1_000, 1_900);
  info.commitAndNext('T', 'G', 0, 2, 1_000);
  await clock.advance(600);
  expect([info.isBlocked('b', 'T', 'G', 0, 0), unblocked]).toEqual([true, 0]);
  await clock.advance(400);
  expect([info.isBlocked('b', 'T', 'G', 0, 0), unblocked]).toEqual([false, 1]);
});

test('is the same after a restart', () => {
  const file = new MemoryText();
  const before = manager(new ManualClock(1_000), file);
  before.update('a', 'T', 'G', 0, 1_000, 500, [1, 2]);
  before.commitAndNext('T', 'G', 0, 1, 1_000);
  before.persist();
  const after = manager(new ManualClock(1_200), file);
  after.load();
  expect(after.isBlocked('b', 'T', 'G', 0, 0)).toBe(true);
  expect(after.commitAndNext('T', 'G', 0, 2, 1_000)).toBe(3);
  after.close();
});
