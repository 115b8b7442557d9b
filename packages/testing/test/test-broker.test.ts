// The test broker as its users have it: with the real client, through real sockets.
import { existsSync } from 'node:fs';
import {
  dedupe,
  type Logger,
  MemoryDedupeStore,
  Producer,
  PushConsumer,
  type PushConsumerOptions,
  silentLogger,
} from '@mq/client';

import { startTestBroker, type TestBroker } from '../src/index.js';

const HOUR_MS = 3_600_000;

async function producerOf(broker: TestBroker, retryTimesWhenSendFailed = 0): Promise<Producer> {
  const producer = new Producer({
    nameServers: broker.nameServers,
    producerGroup: 'test',
    retryTimesWhenSendFailed,
  });
  await producer.start();
  return producer;
}

/** A consumer of the topic; `next()` resolves with each message's body in turn. */
async function consumerOf(
  broker: TestBroker,
  topic: string,
  options: Partial<PushConsumerOptions> = {},
): Promise<{ next(): Promise<string> } & AsyncDisposable> {
  const bodies: string[] = [];
  const waiting: ((body: string) => void)[] = [];
  const consumer = new PushConsumer({
    nameServers: broker.nameServers,
    consumerGroup: 'test',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    ...options,
  });
  consumer.subscribe(topic, '*', (messages) => {
    for (const { body } of messages) {
      const take = waiting.shift();
      if (take === undefined) bodies.push(body.toString());
      else take(body.toString());
    }
  });
  await consumer.start();
  return {
    next: () => {
      const body = bodies.shift();
      return body === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(body);
    },
    [Symbol.asyncDispose]: () => consumer[Symbol.asyncDispose](),
  };
}

const bodiesIn = async (broker: TestBroker, topic: string): Promise<string[]> =>
  (await broker.messages(topic)).map(({ body }) => body.toString()).sort();

test('messages go through it', async () => {
  await using broker = await startTestBroker({ topics: ['orders'] });
  await using producer = await producerOf(broker);
  await using consumer = await consumerOf(broker, 'orders');
  await producer.send({ topic: 'orders', body: 'one' });
  expect(await consumer.next()).toBe('one');
});

test('a topic has the queues that were asked for', async () => {
  await using broker = await startTestBroker({ topics: [{ topic: 'orders', queues: 1 }, 'events'] });
  await using producer = await producerOf(broker);
  expect(await producer.fetchPublishMessageQueues('orders')).toHaveLength(1);
  expect(await producer.fetchPublishMessageQueues('events')).toHaveLength(4);
});

test('a message that is due in an hour comes when the time is moved on by one', async () => {
  await using broker = await startTestBroker({ topics: ['orders'] });
  await using producer = await producerOf(broker);
  await using consumer = await consumerOf(broker, 'orders');
  await producer.send({ topic: 'orders', body: 'in an hour', delayLevel: 17 });
  await broker.advance(HOUR_MS - 60_000);
  expect(await bodiesIn(broker, 'orders')).toEqual([]);
  await broker.advance(60_000);
  expect(await consumer.next()).toBe('in an hour');
});

test('clients and messages outlive a jump of a year', async () => {
  await using broker = await startTestBroker({ topics: ['orders'] });
  await using producer = await producerOf(broker);
  await using consumer = await consumerOf(broker, 'orders');
  await producer.send({ topic: 'orders', body: 'before' });
  expect(await consumer.next()).toBe('before');
  await broker.advance(365 * 24 * HOUR_MS);
  await producer.send({ topic: 'orders', body: 'after' });
  expect(await consumer.next()).toBe('after');
  expect(await bodiesIn(broker, 'orders')).toEqual(['after', 'before']);
});

test('what was acknowledged is there after a restart, and after a kill', async () => {
  await using broker = await startTestBroker({ topics: ['orders'] });
  const { address } = broker;
  await using producer = await producerOf(broker);
  await producer.send({ topic: 'orders', body: 'one' });
  await broker.restart();
  expect(broker.address).toBe(address);
  await producer.send({ topic: 'orders', body: 'two' });
  await broker.killAndRestart();
  await producer.send({ topic: 'orders', body: 'three' });
  expect(await bodiesIn(broker, 'orders')).toEqual(['one', 'three', 'two']);
});

test('a send waits for a broker that is restarting', async () => {
  await using broker = await startTestBroker({ topics: ['orders'] });
  await using producer = await producerOf(broker);
  await producer.send({ topic: 'orders', body: 'before' });
  await broker.stop();
  const sent = ['one', 'two'].map((body) => producer.send({ topic: 'orders', body }, { timeoutMs: 30_000 }));
  await broker.restart();
  expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(['SEND_OK', 'SEND_OK']);
  expect(await bodiesIn(broker, 'orders')).toEqual(['before', 'one', 'two']);
});

test('a killed broker leaves the abort file behind, a stopped one does not', async () => {
  await using broker = await startTestBroker();
  const abort = `${broker.storeDirectory}/abort`;
  await broker.stop();
  expect(existsSync(abort)).toBe(false);
  await broker.restart();
  expect(existsSync(abort)).toBe(true);
});

describe('faults', () => {
  test('sends are refused as often as asked', async () => {
    await using broker = await startTestBroker({ topics: ['orders'] });
    await using producer = await producerOf(broker);
    broker.faults.refuse({ response: 'SYSTEM_BUSY', remark: 'too hot', times: 1 });
    await expect(producer.send({ topic: 'orders', body: 'one' })).rejects.toThrow('too hot');
    await producer.send({ topic: 'orders', body: 'two' });
    expect(await bodiesIn(broker, 'orders')).toEqual(['two']);
  });

  test('an answer that gets lost makes a duplicate, which a handler that sees each message once is spared', async () => {
    await using broker = await startTestBroker({ topics: [{ topic: 'orders', queues: 1 }] });
    await using producer = await producerOf(broker, 2);
    await producer.send({ topic: 'orders', body: 'before' });
    broker.faults.loseAnswers({ times: 1 });
    const { msgId } = await producer.send({ topic: 'orders', body: 'paid' });
    const stored = await broker.messages('orders');
    expect(stored.map((message) => message.body.toString())).toEqual(['before', 'paid', 'paid']);
    expect(stored.slice(1).map((message) => message.msgId)).toEqual([msgId, msgId]);

    await producer.send({ topic: 'orders', body: 'after' });
    const handled: string[] = [];
    await using consumer = new PushConsumer({
      nameServers: broker.nameServers,
      consumerGroup: 'test',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      consumeMode: 'ORDERLY',
    });
    await new Promise<void>((resolve, reject) => {
      const once = dedupe({ store: new MemoryDedupeStore() }, ([message]) => {
        handled.push(message!.body.toString());
        if (handled.includes('after')) resolve();
      });
      consumer.subscribe('orders', '*', once);
      consumer.start().catch(reject);
    });
    expect(handled).toEqual(['before', 'paid', 'after']);
  });

  test('a fault that names what does not exist is refused, and so cannot pass for one', async () => {
    await using broker = await startTestBroker();
    const { faults } = broker;
    const slips: [() => void, string][] = [
      [() => faults.refuse({ request: 'SEND_MESAGE' as 'SEND_MESSAGE' }), '"SEND_MESAGE" is no request code'],
      [() => faults.refuse({ response: 'BUSY' as 'SYSTEM_BUSY' }), '"BUSY" is no response code'],
      [() => faults.loseAnswers({ request: ['PULL' as 'PULL_MESSAGE'] }), '"PULL" is no request code'],
      [() => faults.failDisk({ operations: ['fsync' as 'sync'] }), '"fsync" is no operation of a disk'],
    ];
    for (const [slip, message] of slips) expect(slip).toThrow(new RangeError(message));
  });

  test('a failed disk refuses sends, and nothing is lost', async () => {
    await using broker = await startTestBroker({ topics: ['orders'] });
    await using producer = await producerOf(broker);
    await producer.send({ topic: 'orders', body: 'before' });
    broker.faults.failDisk({ code: 'ENOSPC', operations: ['write'], path: 'commitlog' });
    await expect(producer.send({ topic: 'orders', body: 'lost' })).rejects.toThrow();
    broker.faults.clear();
    await broker.restart();
    await producer.send({ topic: 'orders', body: 'after' });
    expect(await bodiesIn(broker, 'orders')).toEqual(['after', 'before']);
  });

  test('clients come back after their connections were cut', async () => {
    await using broker = await startTestBroker({ topics: ['orders'] });
    await using producer = await producerOf(broker, 2);
    await using consumer = await consumerOf(broker, 'orders');
    await producer.send({ topic: 'orders', body: 'one' });
    expect(await consumer.next()).toBe('one');
    const before = [...broker.controller.connections];
    broker.faults.disconnectAll();
    await producer.send({ topic: 'orders', body: 'two' });
    expect(await consumer.next()).toBe('two');
    expect(before.filter((connection) => broker.controller.connections.has(connection))).toEqual([]);
  });
});

test('is closed by hand, as often as it pleases, and its files are gone', async () => {
  const broker = await startTestBroker();
  const { storeDirectory } = broker;
  expect(existsSync(storeDirectory)).toBe(true);
  await Promise.all([broker.close(), broker.close()]);
  await broker.close();
  expect(existsSync(storeDirectory)).toBe(false);
});

test('several live side by side', async () => {
  await using one = await startTestBroker({ topics: ['orders'] });
  await using two = await startTestBroker({ topics: ['orders'] });
  await using producer = await producerOf(two);
  await producer.send({ topic: 'orders', body: 'for two' });
  expect([await bodiesIn(one, 'orders'), await bodiesIn(two, 'orders')]).toEqual([[], ['for two']]);
});

test('a setting that does not exist is refused by name, and nothing stays behind', async () => {
  await expect(startTestBroker({ settings: { messageDelayLevels: '1s' } })).rejects.toThrow(
    'messageDelayLevels: no such setting',
  );
});

test('stays registered while time is moved on, so that clients find new topics', async () => {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (text) => void warnings.push(text), child: () => logger };
  await using broker = await startTestBroker({ logger });
  await using producer = await producerOf(broker);
  for (const topic of ['first', 'second', 'third']) {
    await broker.advance(HOUR_MS);
    expect((await producer.send({ topic, body: 'x' })).status).toBe('SEND_OK');
  }
  expect(warnings).toEqual([]);
});
