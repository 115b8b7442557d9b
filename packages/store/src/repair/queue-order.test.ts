import { QueueOrder } from './queue-order.js';

const FAR = 2 ** 40;

/** Queue offsets, in the order of the log, of records that do not belong where they say. */
function misplaced(...queueOffsets: number[]): number[] {
  const order = new QueueOrder();
  queueOffsets.forEach((queueOffset, i) =>
    order.add('T/0', { queueOffset, logOffset: 100 * i, sizeBytes: 100 }),
  );
  return order.finish().map(({ logOffset }) => logOffset / 100);
}

describe('the order of a queue', () => {
  test('finds the one record that leads far away', () => {
    expect(misplaced(0, 1, FAR, 3, 4)).toEqual([2]);
    expect(misplaced(0, 1, 2, FAR)).toEqual([3]);
  });

  test('finds the first one when those behind it agree with one another', () => {
    expect(misplaced(5, FAR + 1, FAR + 2, FAR + 3)).toEqual([0]);
  });

  test('finds two in a row', () => {
    expect(misplaced(0, 1, FAR, 2 * FAR, 4)).toEqual([2, 3]);
    expect(misplaced(0, 1, FAR, FAR / 2, 4)).toEqual([2, 3]);
  });

  test('gives up no record for a gap between many', () => {
    expect(misplaced(0, 1, 2, FAR, FAR + 1, FAR + 2)).toEqual([]);
  });

  test('leaves small gaps and offsets that come again to the start', () => {
    expect(misplaced(0, 1, 1000, 1001, 0, 1, 2)).toEqual([]);
  });

  test('knows queues apart', () => {
    const order = new QueueOrder();
    order.add('A/0', { queueOffset: 0, logOffset: 0, sizeBytes: 1 });
    order.add('B/0', { queueOffset: FAR, logOffset: 1, sizeBytes: 1 });
    expect(order.finish()).toEqual([]);
  });
});
