import fc from 'fast-check';
import { selectByHash } from './queue-selector.js';
import { splitBatch } from './split-batch.js';
import { TopicPublishInfo } from '../instance/topic-publish-info.js';

const queues = [0, 1, 2, 3].map((queueId) => ({ topic: 'T', brokerName: queueId < 2 ? 'a' : 'b', queueId }));

describe('choosing a queue', () => {
  test('by hash always finds one, the same for the same key', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 4 }), (key, count) => {
        const some = queues.slice(0, count);
        const selected = selectByHash(some, key);
        expect(some).toContain(selected);
        expect(selectByHash(some, key)).toBe(selected);
      }),
    );
  });

  // Integer.MIN_VALUE has no absolute value in Java; its remainder has.
  test('by hash takes the remainder first', () =>
    expect(selectByHash(queues, 'polygenelubricants')).toBe(queues[0]));

  test('goes round, and leaves out what a filter leaves out', () => {
    const info = new TopicPublishInfo(queues, () => 0.5);
    expect([1, 2, 3, 4, 5].map(() => info.next()?.queueId)).toEqual([2, 3, 0, 1, 2]);
    expect([1, 2, 3].map(() => info.next((queue) => queue.brokerName === 'a')?.queueId)).toEqual([0, 1, 0]);
    expect(info.next(() => false)).toBeUndefined();
  });
});

describe('splitting a batch', () => {
  test('keeps order and content, and no run is larger than allowed nor could take the next item', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 })),
        fc.integer({ min: 50, max: 120 }),
        (sizes, max) => {
          const runs = splitBatch(sizes, max, (size) => size);
          expect(runs.flat()).toEqual(sizes);
          const bytes = runs.map((run) => run.reduce((sum, size) => sum + size, 0));
          for (const [at, run] of runs.entries()) {
            expect(run.length).toBeGreaterThan(0);
            expect(bytes[at]).toBeLessThanOrEqual(max);
            const next = runs[at + 1]?.[0];
            if (next !== undefined) expect((bytes[at] as number) + next).toBeGreaterThan(max);
          }
        },
      ),
    );
  });

  test('refuses an item that fits in no run', () => {
    expect(() => splitBatch([11], 10, (size) => size)).toThrow(
      expect.objectContaining({ code: 'MESSAGE_ILLEGAL' }),
    );
  });
});
