import fc from 'fast-check';
import { QueueOffsets } from './queue-offsets.js';

describe('QueueOffsets', () => {
  test('keeps small and large queue ids alike, ascending', () => {
    const offsets = new QueueOffsets();
    for (const queueId of [70_000, 3, 1023, 1024, 0, 2 ** 31 - 1]) offsets.set(queueId, queueId * 2);
    expect([...offsets.toMap().keys()]).toEqual([0, 3, 1023, 1024, 70_000, 2 ** 31 - 1]);
    expect(offsets.get(1024)).toBe(2048);
    expect(offsets.get(2)).toBe(-1);
    expect(offsets.get(-1)).toBe(-1);
  });

  test('is a map from queue id to offset', () => {
    const queueId = fc.oneof(fc.nat(5), fc.integer({ min: 1000, max: 1100 }));
    const command = fc.tuple(fc.constantFrom('set', 'take'), queueId, fc.nat(Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(fc.array(command), (commands) => {
        const offsets = new QueueOffsets();
        const model = new Map<number, number>();
        for (const [kind, id, offset] of commands) {
          if (kind === 'set') {
            offsets.set(id, offset);
            model.set(id, offset);
          } else {
            expect(offsets.take(id)).toBe(model.get(id) ?? -1);
            model.delete(id);
          }
          expect(offsets.isEmpty).toBe(model.size === 0);
        }
        expect([...offsets.toMap()]).toEqual([...model].sort(([a], [b]) => a - b));
      }),
    );
  });
});
