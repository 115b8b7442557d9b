import { ManualClock, silentLogger, type Logger } from '@mq/remoting';
import type { ConsumeContext, MessageHandler } from '../consumer/message-handler.js';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { dedupe } from './dedupe.js';
import { MemoryDedupeStore } from './memory-dedupe-store.js';

const LAST = Number.MAX_SAFE_INTEGER;

function messages(...keys: string[]): ReceivedMessage[] {
  return keys.map(
    (key) =>
      ({ topic: 'T', msgId: `id of ${key}`, properties: { UNIQ_KEY: key } }) as unknown as ReceivedMessage,
  );
}

function context(): ConsumeContext {
  return {
    messageQueue: { topic: 'T', brokerName: 'b', queueId: 0 },
    signal: new AbortController().signal,
    delayLevelWhenNextConsume: 0,
    ackIndex: LAST,
    suspendCurrentQueueTimeMs: 1_000,
  };
}

const keysOf = (batch: readonly ReceivedMessage[]): (string | undefined)[] =>
  batch.map(({ properties }) => properties['UNIQ_KEY']);

/** A handler that keeps the keys of each call, and answers what `answer` says. */
function recorder(answer: MessageHandler = () => undefined): { seen: unknown[][]; handler: MessageHandler } {
  const seen: unknown[][] = [];
  return {
    seen,
    handler: (batch, given) => {
      seen.push(keysOf(batch));
      return answer(batch, given);
    },
  };
}

test('a message that comes again is not handled again', async () => {
  const { seen, handler } = recorder();
  const once = dedupe({ store: new MemoryDedupeStore() }, handler);
  await once(messages('a', 'b'), context());
  await once(messages('b', 'c'), context());
  expect(seen).toEqual([['a', 'b'], ['c']]);
});

test('the handler is not called when nothing is left', async () => {
  const { seen, handler } = recorder();
  const once = dedupe({ store: new MemoryDedupeStore() }, handler);
  await once(messages('a'), context());
  expect(await once(messages('a'), context())).toBeUndefined();
  expect(seen).toEqual([['a']]);
});

test('the same message twice in one batch is handled once', async () => {
  const { seen, handler } = recorder();
  await dedupe({ store: new MemoryDedupeStore() }, handler)(messages('a', 'a', 'b'), context());
  expect(seen).toEqual([['a', 'b']]);
});

test.each<[string, MessageHandler]>([
  ['throws', () => Promise.reject(new Error('no'))],
  ['asks for a retry', () => 'RECONSUME_LATER'],
])('a message whose handler %s is handled again', async (_what, failing) => {
  let attempts = 0;
  const { seen, handler } = recorder((batch, given) =>
    attempts++ === 0 ? failing(batch, given) : undefined,
  );
  const once = dedupe({ store: new MemoryDedupeStore() }, handler);
  await Promise.resolve(once(messages('a'), context())).catch(() => undefined);
  await once(messages('a'), context());
  expect(seen).toEqual([['a'], ['a']]);
});

test('only what the handler acknowledged is remembered', async () => {
  const { seen, handler } = recorder((_batch, given) => {
    given.ackIndex = Math.min(given.ackIndex, 0);
  });
  const once = dedupe({ store: new MemoryDedupeStore() }, handler);
  await once(messages('a', 'b'), context());
  await once(messages('a', 'b'), context());
  expect(seen).toEqual([['a', 'b'], ['b']]);
});

test('what is acknowledged counts in the whole batch, also when a part of it was left out', async () => {
  const store = new MemoryDedupeStore();
  await dedupe({ store }, () => undefined)(messages('b'), context());
  const outer = context();
  await dedupe({ store }, (_batch, given) => void (given.ackIndex = 0))(messages('a', 'b', 'c', 'd'), outer);
  // Of a, c and d the first is acknowledged: in the whole batch that is all up to b.
  expect(outer.ackIndex).toBe(1);
  expect(await store.claim('T:c', 1)).toBe('CLAIMED');
});

test('a message that another consumer is at comes again later, and so does its batch', async () => {
  const store = new MemoryDedupeStore();
  await store.claim('T:b', 60_000);
  const { seen, handler } = recorder();
  await expect(dedupe({ store }, handler)(messages('a', 'b'), context())).rejects.toThrow('another consumer');
  expect(seen).toEqual([]);
  expect(await store.claim('T:a', 1)).toBe('CLAIMED');
});

test('the same work may have a name of its own', async () => {
  const { seen, handler } = recorder();
  const keyOf = ({ properties }: ReceivedMessage): string => (properties['UNIQ_KEY'] as string).toLowerCase();
  const once = dedupe({ store: new MemoryDedupeStore(), keyOf }, handler);
  await once(messages('a'), context());
  await once(messages('A'), context());
  expect(seen).toEqual([['a']]);
});

test('a store that cannot say whether a message was handled makes it come again', async () => {
  const store = new MemoryDedupeStore();
  jest.spyOn(store, 'claim').mockRejectedValueOnce(new Error('store is down'));
  const { seen, handler } = recorder();
  const once = dedupe({ store }, handler);
  await expect(once(messages('a'), context())).rejects.toThrow('store is down');
  await once(messages('a'), context());
  expect(seen).toEqual([['a']]);
});

test('what was handled does not come again because a store cannot remember it: that is reported', async () => {
  const store = new MemoryDedupeStore();
  jest.spyOn(store, 'done').mockRejectedValueOnce(new Error('store is down'));
  const log: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: (text, facts) => void log.push([text, facts]) };
  const { seen, handler } = recorder();
  const once = dedupe({ store, logger }, handler);
  await once(messages('a', 'b'), context());
  expect(log).toEqual([
    [expect.stringContaining('could not be remembered'), { key: 'T:a', error: new Error('store is down') }],
  ]);
  // Until its lease ends nobody begins with it; the other one is remembered.
  await expect(once(messages('a'), context())).rejects.toMatchObject({ code: 'BROKER_BUSY' });
  await once(messages('b'), context());
  expect(seen).toEqual([['a', 'b']]);
});

test('a consumer that died between handling and remembering: another handles it when the lease is over', async () => {
  const clock = new ManualClock();
  const store = new MemoryDedupeStore({ clock });
  const died = new Promise<void>(() => undefined);
  const { seen, handler } = recorder();
  void dedupe({ store, leaseMs: 1_000 }, () => died)(messages('a'), context());
  const once = dedupe({ store, leaseMs: 1_000 }, handler);
  await expect(once(messages('a'), context())).rejects.toThrow('another consumer');
  await clock.advance(1_000);
  await once(messages('a'), context());
  await once(messages('a'), context());
  expect(seen).toEqual([['a']]);
});

test('of many that get a message at the same time one handles it', async () => {
  const store = new MemoryDedupeStore();
  const { seen, handler } = recorder(() => new Promise((resolve) => void setImmediate(resolve)));
  const once = dedupe({ store }, handler);
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => once(messages('a'), context())));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(seen).toEqual([['a']]);
});
