// Batches that stay one record (topics of type BatchCQ), with the real client from end to end.
import { Producer, PullConsumer, PushConsumer, type ReceivedMessage } from '@mq/client';
import { PermName } from '@mq/remoting/protocol';

import { startTestBroker, type TestBroker } from '../src/index.js';

const TOPIC = 'batches';

async function startBroker(): Promise<TestBroker> {
  const broker = await startTestBroker({ settings: { messageDelayLevel: '1s 1s 1s 1s 1s' } });
  broker.controller.parts.topicConfig.update({
    ...{
      topicName: TOPIC,
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: PermName.PERM_READ | PermName.PERM_WRITE,
    },
    ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
    attributes: { '+queue.type': 'BatchCQ' },
  });
  return broker;
}

async function send(broker: TestBroker, from: number, to: number, innerBatch: boolean) {
  await using producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
  await producer.start();
  const messages = Array.from({ length: to - from }, (_, i) => ({
    ...{
      topic: TOPIC,
      body: `${from + i}`,
      keys: `k${from + i}`,
      tags: (from + i) % 2 === 0 ? 'even' : 'odd',
    },
  }));
  const [result] = await producer.sendBatch(messages, { innerBatch });
  return result!;
}

/** A consumer of the topic that handles until `count` deliveries came. */
async function consume(
  broker: TestBroker,
  count: number,
  expression: string,
  handle: (message: ReceivedMessage) => 'RECONSUME_LATER' | undefined = () => undefined,
): Promise<ReceivedMessage[]> {
  const seen: ReceivedMessage[] = [];
  const consumer = new PushConsumer({
    ...{
      nameServers: broker.nameServers,
      consumerGroup: `G-${expression.length}`,
      consumeMessageBatchMaxSize: 1,
    },
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  });
  const done = new Promise<void>((resolve) => {
    consumer.subscribe(TOPIC, expression, ([message]) => {
      seen.push(message!);
      if (seen.length === count) resolve();
      return handle(message!);
    });
  });
  await consumer.start();
  await done;
  await consumer.close();
  return seen;
}

const bodiesOf = (messages: readonly ReceivedMessage[]): string[] =>
  messages.map(({ body }) => body.toString()).sort((left, right) => Number(left) - Number(right));

test.each([true, false])(
  'messages of a batch come one by one (the batch has an id: %s)',
  async (innerBatch) => {
    await using broker = await startBroker();
    const { msgId, queueOffset, batchUniqId } = await send(broker, 0, 5, innerBatch);
    expect([queueOffset, batchUniqId !== undefined]).toEqual([0, innerBatch]);
    expect((await send(broker, 5, 8, innerBatch)).queueOffset).toBe(5);
    // Stored: two records.
    expect(await broker.messages(TOPIC)).toHaveLength(2);
    const seen = await consume(broker, 8, '*');
    expect(bodiesOf(seen)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    const ids = new Map(seen.map((message) => [message.body.toString(), message]));
    expect(msgId.split(',')).toEqual(['0', '1', '2', '3', '4'].map((body) => ids.get(body)?.msgId));
    expect(ids.get('6')).toMatchObject({ queueOffset: 6, tags: 'even', properties: { KEYS: 'k6' } });
  },
);

test('a tag is found inside of batches', async () => {
  await using broker = await startBroker();
  await send(broker, 0, 5, true);
  await send(broker, 5, 8, true);
  expect(bodiesOf(await consume(broker, 4, 'odd'))).toEqual(['1', '3', '5', '7']);
});

test('a pull from the middle of a batch gives what stands behind', async () => {
  await using broker = await startBroker();
  await send(broker, 0, 5, true);
  await using consumer = new PullConsumer({ nameServers: broker.nameServers, consumerGroup: 'G' });
  await consumer.start();
  const [queue] = await consumer.fetchMessageQueues(TOPIC);
  const { messages, nextBeginOffset } = await consumer.pull(queue!, 3);
  expect([messages.map(({ queueOffset }) => queueOffset), nextBeginOffset]).toEqual([[3, 4], 5]);
});

test('one message of a batch is given back, the others are not', async () => {
  await using broker = await startBroker();
  await send(broker, 0, 3, true);
  let refusals = 1;
  const seen = await consume(broker, 4, '*', ({ body }) => {
    return body.toString() === '1' && refusals-- > 0 ? 'RECONSUME_LATER' : undefined;
  });
  expect(bodiesOf(seen)).toEqual(['0', '1', '1', '2']);
  const again = seen.filter(({ body }) => body.toString() === '1');
  expect(again.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 1]);
  expect(again[1]?.properties['ORIGIN_MESSAGE_ID']).toBe(again[0]?.msgId);
});

test('a message of a batch becomes a dead letter alone', async () => {
  await using broker = await startBroker();
  await send(broker, 0, 3, true);
  await using consumer = new PullConsumer({ nameServers: broker.nameServers, consumerGroup: 'G' });
  await consumer.start();
  const [queue] = await consumer.fetchMessageQueues(TOPIC);
  const { messages } = await consumer.pull(queue!, 1, { maxMsgNums: 1 });
  await consumer.sendMessageBack(messages[0]!, -1);
  const letters = await broker.messages('%DLQ%G');
  expect(letters.map(({ body, sysFlag }) => [body.toString(), sysFlag])).toEqual([['1', 0]]);
});
