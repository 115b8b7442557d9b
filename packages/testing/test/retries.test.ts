// What fails comes again and becomes a dead letter in the end, also where the group's settings say when, where nobody handles
// its topic any more, and where dead letters are consumed themselves.
import { MessageConst } from '@mq/remoting/message';
import {
  Producer,
  PushConsumer,
  resendable,
  type MessageHandler,
  type PushConsumerOptions,
  type ReceivedMessage,
} from '@mq/client';
import { startTestBroker, type TestBroker } from '../src/index.js';

/** Every retry comes after a second of the broker's time. */
const LEVELS = Array(18).fill('1s').join(' ');

let broker: TestBroker;
let producer: Producer;
let consumers: PushConsumer[];

beforeEach(async () => {
  consumers = [];
  broker = await startTestBroker({ topics: ['T', 'U'], settings: { messageDelayLevel: LEVELS } });
  producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
  await producer.start();
});
afterEach(async () => {
  for (const consumer of consumers) await consumer.close({ timeoutMs: 500 });
  await producer.close();
  await broker[Symbol.asyncDispose]();
});

async function consume(
  consumerGroup: string,
  handlers: Readonly<Record<string, MessageHandler>>,
  options: Partial<PushConsumerOptions> = {},
): Promise<PushConsumer> {
  const consumer = new PushConsumer({
    ...{ nameServers: broker.nameServers, consumerGroup, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
    ...{ persistConsumerOffsetInterval: 100, ...options },
  });
  for (const [topic, handler] of Object.entries(handlers)) consumer.subscribe(topic, '*', handler);
  consumers.push(consumer);
  await consumer.start();
  return consumer;
}

const deadLettersOf = (group: string): number =>
  broker.controller.parts.store.maxOffsetInQueue(`%DLQ%${group}`, 0);

/** Moves the broker's time on until it is so; fails when it never is. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 500; round++) {
    if (isSo()) return;
    await broker.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never: ${what}`);
}

const fails: MessageHandler = () => 'RECONSUME_LATER';

describe('a message that always fails', () => {
  /** Handled so often until it was a dead letter. */
  async function attempts(retryMaxTimes: number, options: Partial<PushConsumerOptions>): Promise<number> {
    const { subscriptionGroups } = broker.controller.parts;
    subscriptionGroups.update({ ...subscriptionGroups.find('G')!, retryMaxTimes });
    let count = 0;
    const handler: MessageHandler = () => {
      count++;
      return 'RECONSUME_LATER';
    };
    await consume('G', { T: handler }, options);
    await producer.send({ topic: 'T', body: 'x' });
    await until('a dead letter', () => deadLettersOf('G') === 1);
    return count;
  }

  test("is a dead letter after the group's retryMaxTimes when the consumer does not say", async () =>
    expect(await attempts(2, {})).toBe(3));

  test('is one after what the consumer says, whatever its group says', async () =>
    expect(await attempts(5, { maxReconsumeTimes: 1 })).toBe(2));

  test('is one after a limit that was lowered while it was on its way', async () => {
    const { subscriptionGroups } = broker.controller.parts;
    const seen: number[] = [];
    const handler: MessageHandler = ([message]) => {
      seen.push(message!.reconsumeTimes);
      if (seen.length === 3)
        subscriptionGroups.update({ ...subscriptionGroups.find('G')!, retryMaxTimes: 1 });
      return 'RECONSUME_LATER';
    };
    await consume('G', { T: handler });
    await producer.send({ topic: 'T', body: 'x' });
    await until('a dead letter', () => deadLettersOf('G') === 1);
    expect(seen).toEqual([0, 1, 2]);
  });
});

test('a retry of a topic that its group has left does not hold up those of others', async () => {
  const handled: string[] = [];
  const later: MessageHandler = ([message]) => {
    handled.push(message!.topic);
    return message!.topic === 'T' || message!.reconsumeTimes === 0 ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
  };
  const consumer = await consume('G', { T: later, U: later }, { maxReconsumeTimes: 2 });
  await producer.send({ topic: 'T', body: 'x' });
  await until('the first failure', () => handled.length === 1);
  consumer.unsubscribe('T');
  await producer.send({ topic: 'U', body: 'x' });
  await until('the other retry', () => handled.filter((topic) => topic === 'U').length === 2);
  await until('a dead letter', () => deadLettersOf('G') === 1);
  const { consumerOffsets, store } = broker.controller.parts;
  const end = store.maxOffsetInQueue('%RETRY%G', 0);
  await until('the offset at the end', () => consumerOffsets.query('G', '%RETRY%G', 0) === end);
  expect(handled.filter((topic) => topic === 'T')).toHaveLength(1);
});

describe('a consumer of dead letters', () => {
  test('gets one again that it failed with, and the letter it becomes tells its first topic', async () => {
    await consume('G', { T: fails }, { maxReconsumeTimes: 3 });
    await producer.send({ topic: 'T', body: 'x', tags: 'A', properties: { own: '1' } });
    await until('a dead letter', () => deadLettersOf('G') === 1);
    const seen: ReceivedMessage[] = [];
    const handler: MessageHandler = ([message]) => {
      seen.push(message!);
      return 'RECONSUME_LATER';
    };
    await consume('Clerks', { '%DLQ%G': handler }, { maxReconsumeTimes: 2 });
    await until('a dead letter of its own', () => deadLettersOf('Clerks') === 1);
    expect(seen.map(({ topic, reconsumeTimes, body }) => [topic, reconsumeTimes, body.toString()])).toEqual([
      // The attempts of the group that gave up on it, then its own.
      ['%DLQ%G', 4, 'x'],
      ['%DLQ%G', 1, 'x'],
      ['%DLQ%G', 2, 'x'],
    ]);
    let letter: ReceivedMessage | undefined;
    const read: MessageHandler = ([message]) => void (letter = message);
    await consume('Chief', { '%DLQ%Clerks': read });
    await until('the letter', () => letter !== undefined);
    expect(letter!.properties[MessageConst.ORIGIN_MESSAGE_ID]).toBe(
      seen[0]!.properties[MessageConst.ORIGIN_MESSAGE_ID],
    );
    expect(resendable(letter!)).toMatchObject({ topic: 'T', tags: 'A', properties: { own: '1' } });
  });
});
