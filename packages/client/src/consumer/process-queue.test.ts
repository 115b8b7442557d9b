import fc from 'fast-check';
import { ManualClock } from '@mq/remoting';
import type { MessageExt } from '@mq/remoting/message';
import { flowControlReason, thresholdPerQueue } from './flow-control.js';
import { ProcessQueue } from './process-queue.js';

const messageAt = (queueOffset: number, bytes = 1): MessageExt =>
  ({ queueOffset, body: Buffer.alloc(bytes) }) as MessageExt;
const newQueue = (clock = new ManualClock()): ProcessQueue =>
  new ProcessQueue({ topic: 'T', brokerName: 'b', queueId: 0 }, clock);

/** The slow, obvious twin: a sorted map of what is cached. */
class Model {
  readonly cached = new Map<number, MessageExt>();
  next = -1;
  get commitOffset(): number {
    return this.cached.size === 0 ? this.next : Math.min(...this.cached.keys());
  }
}

describe('a process queue', () => {
  test('agrees with a sorted map whatever is put and removed', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant('put' as const),
          gaps: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 40 }),
        }),
        fc.record({ kind: fc.constant('remove' as const), picks: fc.array(fc.nat(100), { maxLength: 30 }) }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (commands) => {
        const queue = newQueue();
        const model = new Model();
        let last = -1;
        for (const command of commands) {
          if (command.kind === 'put') {
            const messages = command.gaps.map((gap) => messageAt((last += gap)));
            queue.put(messages, last + 2);
            for (const message of messages) model.cached.set(message.queueOffset, message);
            model.next = last + 2;
            last++;
          } else {
            const all = [...model.cached.values()];
            const picked =
              all.length === 0
                ? []
                : [...new Set(command.picks.map((pick) => all[pick % all.length] as MessageExt))];
            const wasEmpty = model.cached.size === 0;
            for (const message of picked) model.cached.delete(message.queueOffset);
            expect(queue.remove(picked)).toBe(wasEmpty ? -1 : model.commitOffset);
          }
          const offsets = [...model.cached.keys()];
          expect(queue.messageCount).toBe(model.cached.size);
          expect(queue.messageBytes).toBe(model.cached.size);
          expect(queue.minOffset).toBe(offsets.length === 0 ? -1 : Math.min(...offsets));
          expect(queue.maxOffset).toBe(offsets.length === 0 ? -1 : Math.max(...offsets));
          expect(queue.commitOffset).toBe(model.commitOffset);
        }
      }),
    );
  });

  test('holds its offset at the oldest message however much is consumed behind it', () => {
    const queue = newQueue();
    for (let offset = 0; offset < 20_000; offset += 2) {
      const pair = [messageAt(offset), messageAt(offset + 1)];
      queue.put(pair, offset + 2);
      if (offset > 0) expect(queue.remove([pair[0] as MessageExt])).toBe(0);
    }
    expect(queue.messageCount).toBe(2 + (20_000 - 2) / 2);
  });

  test('ignores what it had before', () => {
    const queue = newQueue();
    queue.put([messageAt(3), messageAt(4)], 5);
    queue.put([messageAt(4), messageAt(5)], 6);
    expect(queue.messageCount).toBe(3);
  });

  test('hands out in order, again after a failure, and commits behind what was taken', () => {
    const queue = newQueue();
    queue.put(
      [1, 2, 3].map((offset) => messageAt(offset)),
      4,
    );
    expect(queue.take(2).map((message) => message.queueOffset)).toEqual([1, 2]);
    queue.returnTaken();
    expect(queue.take(2).map((message) => message.queueOffset)).toEqual([1, 2]);
    expect(queue.commitTaken()).toBe(3);
    expect(queue.take(2).map((message) => message.queueOffset)).toEqual([3]);
    expect(queue.hasUntaken).toBe(false);
    expect(queue.commitTaken()).toBe(4);
    expect(queue.commitTaken()).toBe(-1);
  });

  test('counts a lock for thirty seconds', async () => {
    const clock = new ManualClock();
    const queue = newQueue(clock);
    expect(queue.isLocked).toBe(false);
    queue.setLocked(true);
    await clock.advance(30_000);
    expect(queue.isLocked).toBe(true);
    await clock.advance(1);
    expect(queue.isLocked).toBe(false);
  });

  test('ends a rest of the pull loop when half of the cache is consumed', async () => {
    const queue = newQueue();
    const messages = [...Array(10).keys()].map((offset) => messageAt(offset));
    queue.put(messages, 10);
    let rested = false;
    const rest = queue.restPull(50).then(() => (rested = true));
    queue.remove(messages.slice(0, 4));
    await Promise.resolve();
    expect(rested).toBe(false);
    queue.remove(messages.slice(4, 5));
    await rest;
    expect(rested).toBe(true);
  });
});

describe('flow control', () => {
  const thresholds = {
    pullThresholdForQueue: 1000,
    pullThresholdSizeForQueue: 100,
    consumeConcurrentlyMaxSpan: 2000,
  };
  const MIB = 1024 * 1024;

  test.each([
    ['at every bound', { messageCount: 1000, messageBytes: 101 * MIB - 1, maxSpan: 2000 }, false, undefined],
    ['one message more', { messageCount: 1001, messageBytes: 0, maxSpan: 0 }, false, 'COUNT'],
    ['a whole MiB more', { messageCount: 1, messageBytes: 101 * MIB, maxSpan: 0 }, false, 'SIZE'],
    ['a wider span', { messageCount: 2, messageBytes: 0, maxSpan: 2001 }, false, 'SPAN'],
    [
      'a wider span of an orderly queue',
      { messageCount: 2, messageBytes: 0, maxSpan: 2001 },
      true,
      undefined,
    ],
  ])('%s', (_name, cached, orderly, reason) => {
    expect(flowControlReason(cached, thresholds, orderly)).toBe(reason);
  });

  test.each([
    ['no bound for the topic', -1, 4, 1000],
    ['a bound for the topic, shared', 1000, 4, 250],
    ['a bound smaller than the number of queues', 2, 4, 1],
    ['no queue', 100, 0, 1000],
  ])('%s', (_name, forTopic, queues, expected) =>
    expect(thresholdPerQueue(forTopic, 1000, queues)).toBe(expected),
  );
});
