// Typed topics over a real broker: checked on both sides, and what does not fit becomes a dead letter.
import { setImmediate } from 'node:timers/promises';

import {
  MemoryDedupeStore,
  Producer,
  PushConsumer,
  dedupe,
  defineTopic,
  isMQClientError,
  type TypedMessage,
} from '@mq/client';
import { z } from 'zod';

import { startTestBroker, type TestBroker } from '../src/index.js';

const Order = z.object({ id: z.number(), total: z.number().positive(), currency: z.string().default('EUR') });
type OrderOut = z.output<typeof Order>;
const orders = defineTopic('orders', { schema: Order });

let broker: TestBroker;
let producer: Producer;

beforeEach(async () => {
  broker = await startTestBroker({ topics: [{ topic: 'orders', queues: 1 }] });
  producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'shop' });
  await producer.start();
});

afterEach(async () => {
  await producer.close();
  await broker[Symbol.asyncDispose]();
});

async function consume(
  count: number,
  during: () => Promise<unknown>,
  consumeMode: 'CONCURRENTLY' | 'ORDERLY' = 'CONCURRENTLY',
): Promise<OrderOut[]> {
  const values: OrderOut[] = [];
  await using consumer = new PushConsumer({
    nameServers: broker.nameServers,
    consumerGroup: 'billing',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    consumeMessageBatchMaxSize: 8,
    consumeMode,
  });
  await new Promise<void>((resolve, reject) => {
    orders.subscribe(consumer, (messages: readonly TypedMessage<OrderOut>[]) => {
      values.push(...messages.map(({ value }) => value));
      if (values.length >= count) resolve();
    });
    during()
      .then(() => consumer.start())
      .catch(reject);
  });
  return values;
}

test('a value arrives as the schema makes it', async () => {
  const values = await consume(1, () => orders.send(producer, { id: 1, total: 9.5 }, { keys: '1' }));
  expect(values).toEqual([{ id: 1, total: 9.5, currency: 'EUR' }]);
});

test('a value that does not fit is not sent', async () => {
  const refused = orders.send(producer, { id: 1, total: -1 });
  await expect(refused).rejects.toThrow(/not a message of orders: total: /);
  await refused.catch((error: unknown) => {
    expect(isMQClientError(error) && error.code).toBe('MESSAGE_ILLEGAL');
  });
  expect(await broker.messages('orders')).toEqual([]);
});

test('a value that fits, but would not any more when it is read, is not sent', async () => {
  const dated = defineTopic('orders', { schema: z.object({ at: z.date() }) });
  await expect(dated.send(producer, { at: new Date(0) })).rejects.toMatchObject({
    code: 'MESSAGE_ILLEGAL',
    message: expect.stringMatching(/the value fits orders, but not what consumers will read.*at: /) as string,
  });
  const large = defineTopic('orders', { schema: z.object({ id: z.bigint() }) });
  await expect(large.send(producer, { id: 1n })).rejects.toMatchObject({
    code: 'MESSAGE_ILLEGAL',
    message: expect.stringMatching(/no body for orders: .*BigInt/) as string,
  });
  const nothing = defineTopic('orders', { schema: z.undefined() });
  await expect(nothing.send(producer, undefined)).rejects.toMatchObject({ code: 'MESSAGE_ILLEGAL' });
  expect(await broker.messages('orders')).toEqual([]);

  const coerced = defineTopic('orders', { schema: z.object({ at: z.coerce.date<Date>() }) });
  await coerced.send(producer, { at: new Date(0) });
  const [message] = await broker.messages('orders');
  expect(await coerced.parse(message!)).toEqual({ at: new Date(0) });
});

test.each(['CONCURRENTLY', 'ORDERLY'] as const)(
  'what does not fit goes to the dead letter topic with its reason, and the rest is consumed (%s)',
  async (consumeMode) => {
    const values = await consume(
      2,
      async () => {
        await orders.send(producer, { id: 1, total: 1 });
        await producer.send({
          topic: 'orders',
          body: '{"id":"x","total":1}',
          keys: 'k',
          properties: { p: 'v' },
        });
        await producer.send({ topic: 'orders', body: 'no JSON' });
        await orders.send(producer, { id: 2, total: 2 });
      },
      consumeMode,
    );
    expect(values.map(({ id }) => id)).toEqual([1, 2]);
    const dead = await broker.messages('%DLQ%billing');
    expect(dead.map(({ body }) => body.toString()).sort()).toEqual(['no JSON', '{"id":"x","total":1}']);
    const wrongType = dead.find(({ body }) => body.toString() !== 'no JSON');
    expect(wrongType?.properties).toMatchObject({ KEYS: 'k', p: 'v' });
    expect(wrongType?.properties['DLQ_REASON']).toMatch(/^not a message of orders: id: /);
    const notJson = dead.find(({ body }) => body.toString() === 'no JSON');
    expect(notJson?.properties['DLQ_REASON']).toMatch(/^the body cannot be read: /);
  },
);

test('what does not fit is one dead letter, however often its orderly batch comes again', async () => {
  await producer.send({ topic: 'orders', body: 'no JSON' });
  await orders.send(producer, { id: 1, total: 1 });
  await using consumer = new PushConsumer({
    nameServers: broker.nameServers,
    consumerGroup: 'billing',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    consumeMessageBatchMaxSize: 8,
    consumeMode: 'ORDERLY',
    suspendCurrentQueueTimeMs: 10,
  });
  await new Promise<void>((resolve, reject) => {
    let attempts = 0;
    orders.subscribe(consumer, () => {
      if (++attempts < 5) throw new Error('not now');
      resolve();
    });
    consumer.start().catch(reject);
  });
  expect(await broker.messages('%DLQ%billing')).toHaveLength(1);
});

test('what does not fit is one dead letter, though the rest of its concurrent batch fails and comes again', async () => {
  await producer.send({ topic: 'orders', body: 'no JSON' });
  await orders.send(producer, { id: 1, total: 1 });
  await using consumer = new PushConsumer({
    nameServers: broker.nameServers,
    consumerGroup: 'billing',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    consumeMessageBatchMaxSize: 8,
  });
  const attempts: number[] = [];
  const handled = new Promise<void>((resolve) => {
    orders.subscribe(consumer, (messages, context) => {
      attempts.push(messages.length);
      // The first retry, after a second, instead of ten.
      context.delayLevelWhenNextConsume = 1;
      if (attempts.length < 3) throw new Error('not now');
      resolve();
    });
  });
  await consumer.start();
  for (let isHandled = false; !isHandled;) {
    await broker.advance(1_000);
    isHandled = await Promise.race([handled.then(() => true), setImmediate(false)]);
  }
  expect(attempts).toEqual([1, 1, 1]);
  expect((await broker.messages('%RETRY%billing')).map(({ body }) => body.toString())).not.toContain(
    'no JSON',
  );
  expect(await broker.messages('%DLQ%billing')).toHaveLength(1);
});

test('a handler that sees each message once gets values, and may name the work by them', async () => {
  for (const total of [1, 2]) await orders.send(producer, { id: 7, total });
  await orders.send(producer, { id: 8, total: 3 });
  await using consumer = new PushConsumer({
    nameServers: broker.nameServers,
    consumerGroup: 'billing',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    consumeMode: 'ORDERLY',
  });
  const totals: number[] = [];
  await new Promise<void>((resolve, reject) => {
    const once = dedupe<TypedMessage<OrderOut>>(
      { store: new MemoryDedupeStore(), keyOf: ({ value }) => String(value.id) },
      (messages) => {
        totals.push(...messages.map(({ value }) => value.total));
        if (totals.includes(3)) resolve();
      },
    );
    orders.subscribe(consumer, once);
    consumer.start().catch(reject);
  });
  expect(totals).toEqual([1, 3]);
});

// Never called: what the compiler infers.
export const inferred = (consumer: PushConsumer): void =>
  orders.subscribe(
    consumer,
    dedupe({ store: new MemoryDedupeStore(), keyOf: ({ value }) => value.currency }, (messages) => {
      for (const { value, msgId } of messages) console.log(msgId, value.total.toFixed(2));
    }),
  );
