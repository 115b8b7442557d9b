import { ManualClock } from '@mq/remoting';

import { CheckPoint } from './check-point.js';
import { DeadlineBuckets } from './deadline-buckets.js';
import { PopQueue, PopQueues } from './pop-queue.js';
import { RevivePins } from './revive-pins.js';

const queue = (): PopQueue => new PopQueue('T', 'G', 0);
const checkPoint = (offsets: readonly number[], of = queue()): CheckPoint =>
  new CheckPoint(of, offsets[0] ?? 0, 1_000, 500, 0, offsets, 'b');

describe('offsets of a popped queue', () => {
  test('are committed in the order of the pops, whatever is settled first', () => {
    const popped = queue();
    const [first, second, third] = [3, 6, 9].map((offset) => popped.open(offset));
    expect(popped.nextOffset).toBe(9);
    expect(popped.settle(second!)).toBe(-1);
    expect(popped.settle(first!)).toBe(6);
    expect(popped.settle(third!)).toBe(9);
    expect(popped.nextOffset).toBe(-1);
  });

  test('go back to where they were when a pop comes to nothing', () => {
    const popped = queue();
    popped.open(3);
    popped.withdraw(popped.open(6));
    expect(popped.nextOffset).toBe(3);
  });

  test('that an operator forgot are not committed any more', () => {
    const popped = queue();
    const range = popped.open(3);
    popped.forgetRanges();
    expect(popped.settle(range)).toBe(-1);
  });

  test('idle queues are forgotten, others are not', () => {
    const queues = new PopQueues();
    queues.of('T', 'G', 0);
    queues.of('T', 'G', 1).open(1);
    queues.removeIdle(1);
    expect([queues.find('T', 'G', 0), queues.find('T', 'G', 1)?.queueId]).toEqual([undefined, 1]);
  });
});

describe('a checkpoint', () => {
  test('is acknowledged when each of its messages is, up to 32 of them', () => {
    const offsets = Array.from({ length: 32 }, (_, index) => 10 + 2 * index);
    const full = checkPoint(offsets);
    for (const offset of offsets) {
      expect(full.isAcked).toBe(false);
      expect(full.ack(offset)).toBe(true);
    }
    expect(full.isAcked).toBe(true);
    expect(full.ack(offsets[0]!)).toBe(false);
    expect(full.ack(11)).toBe(false);
    expect(full.offsetsOf(full.bits)).toEqual(offsets);
  });

  test('of more than 32 messages cannot be made', () => {
    expect(() => checkPoint(Array.from({ length: 33 }, (_, index) => index))).toThrow(RangeError);
  });
});

test('deadlines come in order, never early, also those that lie in the past', async () => {
  const clock = new ManualClock(1_000);
  const due: [string, number][] = [];
  const buckets = new DeadlineBuckets<{ dueAtMs: number; name: string }>(clock, ({ name }) =>
    due.push([name, clock.now()]),
  );
  const late = { dueAtMs: 5_050, name: 'late' };
  const removed = { dueAtMs: 1_500, name: 'removed' };
  buckets.add(late);
  buckets.add(removed);
  buckets.add({ dueAtMs: 1_950, name: 'soon' });
  buckets.delete(removed);
  await clock.advance(10_000);
  buckets.add({ dueAtMs: 1, name: 'past' });
  await clock.advance(100);
  expect(due.map(([name]) => name)).toEqual(['soon', 'late', 'past']);
  expect(due[0]![1]).toBeGreaterThanOrEqual(1_950);
  expect(due[0]![1]).toBeLessThanOrEqual(2_100);
  expect(due[1]![1]).toBeGreaterThanOrEqual(5_050);
  expect(buckets.size).toBe(0);
});

test('the first checkpoint not dealt with says how far a revive queue is', () => {
  const pins = new RevivePins();
  const [a, b, c] = [7, 9, 8].map((reviveOffset) => {
    const pinned = checkPoint([0]);
    pinned.reviveOffset = reviveOffset;
    pins.add(pinned);
    return pinned;
  });
  expect(pins.first()).toBe(a);
  a!.isDone = true;
  expect(pins.first()).toBe(c);
  // Written again further on.
  c!.reviveOffset = 20;
  pins.add(c!);
  expect(pins.first()).toBe(b);
  b!.isDone = true;
  expect(pins.first()).toBe(c);
  c!.isDone = true;
  expect(pins.first()).toBeUndefined();
});
