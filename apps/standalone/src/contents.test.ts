// What is sent is what arrives: bodies of every size and compression, names of namespaces and units, dead letters sent anew.
import { randomBytes } from 'node:crypto';
import { Producer, PullConsumer, resendable, type ProducerOptions, type ReceivedMessage } from '@mq/client';
import { TopicSysFlag } from '@mq/remoting/protocol';
import { Inbox } from './testing/inbox.js';
import { TestCluster } from './testing/test-cluster.js';

const MIB = 1024 * 1024;

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
  await cluster.startBroker('broker-a', { messageDelayLevel: '1s 1s 1s 1s' });
});
afterEach(() => cluster.close());

/** What comes of one message with this body. */
async function roundTrip(body: Buffer, options: Partial<ProducerOptions> = {}): Promise<ReceivedMessage> {
  const producer = await cluster.producer(options);
  await producer.send({ topic: 'T', body });
  const inbox = new Inbox();
  const consumer = cluster.consumer();
  consumer.subscribe('T', '*', inbox.handler);
  await cluster.use(consumer);
  await inbox.has(1);
  return inbox.messages[0] as ReceivedMessage;
}

describe('a body', () => {
  test.each([
    ['that compresses well', Buffer.alloc(4 * MIB, 'compress me ')],
    ['that does not compress', randomBytes(4 * MIB)],
  ])('of 4 MiB %s arrives as it was', async (_what, body) => {
    const received = await roundTrip(body);
    expect(received.body.equals(body)).toBe(true);
  });

  test('of more is refused before it is sent', async () => {
    const producer = await cluster.producer();
    const sent = producer.send({ topic: 'T', body: Buffer.alloc(4 * MIB + 1) });
    await expect(sent).rejects.toMatchObject({ code: 'MESSAGE_ILLEGAL' });
  });

  const TEXT = Buffer.from(
    Array.from({ length: 8_000 }, (_, i) => `line ${i % 500} of a log, ${i}\n`).join(''),
  );

  test.each(['ZLIB', 'LZ4', 'ZSTD'] as const)(
    'compressed by %s at any level arrives as it was',
    async (type) => {
      const sizes: number[] = [];
      for (const compressLevel of [1, 5, 9]) {
        const group = `P${compressLevel}`;
        const producer = await cluster.producer({ producerGroup: group, compressType: type, compressLevel });
        await producer.send({ topic: 'T', body: TEXT });
      }
      const inbox = new Inbox();
      const consumer = cluster.consumer();
      consumer.subscribe('T', '*', inbox.handler);
      await cluster.use(consumer);
      await inbox.has(3);
      for (const { body, storeSize } of inbox.messages) {
        expect(body.equals(TEXT)).toBe(true);
        sizes.push(storeSize);
      }
      expect(Math.max(...sizes)).toBeLessThan(TEXT.length / 2);
      // The control: a level does something.
      if (type !== 'LZ4') expect(new Set(sizes).size).toBeGreaterThan(1);
    },
  );
});

describe('namespaces', () => {
  test('keep topics and groups of the same names apart, retries included, and applications do not see them', async () => {
    const inboxes = new Map<string, Inbox>();
    for (const namespace of ['blue', 'green']) {
      const inbox = new Inbox();
      inboxes.set(namespace, inbox);
      const consumer = cluster.consumer({ namespace });
      consumer.subscribe('T', '*', async (messages, context) => {
        await inbox.handler(messages, context);
        // The first attempt of each fails.
        return messages[0]?.reconsumeTimes === 0 ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
      });
      await cluster.use(consumer);
    }
    for (const namespace of inboxes.keys()) {
      const producer = await cluster.producer({ namespace });
      const { messageQueue } = await producer.send({ topic: 'T', body: namespace });
      expect(messageQueue.topic).toBe('T');
    }
    for (const [namespace, inbox] of inboxes) {
      await inbox.has(2);
      expect(inbox.messages.map(({ topic, reconsumeTimes }) => [topic, reconsumeTimes])).toEqual([
        ['T', 0],
        ['T', 1],
      ]);
      expect(inbox.bodies).toEqual([namespace, namespace]);
    }
    const { topicConfig } = cluster.broker('broker-a').parts;
    const topics = [...topicConfig.table.keys()];
    expect(topics).toEqual(expect.arrayContaining(['blue%T', 'green%T', '%RETRY%blue%G', '%RETRY%green%G']));
    expect(topics).not.toContain('T');
  });
});

describe('units', () => {
  test('mark clients, topics and retry topics', async () => {
    const unit = { unitName: 'east', unitMode: true };
    const producer = await cluster.producer(unit);
    await producer.send({ topic: 'T', body: 'x' });
    const inbox = new Inbox();
    const consumer = cluster.consumer(unit);
    consumer.subscribe('T', '*', inbox.handler);
    await cluster.use(consumer);
    await inbox.has(1);

    await using admin = cluster.admin();
    const { connectionSet } = await admin.clients.consumerConnection('G');
    expect(connectionSet.map(({ clientId }) => clientId)).toEqual([expect.stringMatching(/@.*@east$/)]);
    expect(producer.clientId).toMatch(/@east$/);
    const { address } = cluster.broker('broker-a');
    expect(await admin.topics.config(address, 'T')).toMatchObject({ topicSysFlag: TopicSysFlag.FLAG_UNIT });
    expect(await admin.topics.config(address, '%RETRY%G')).toMatchObject({
      topicSysFlag: TopicSysFlag.FLAG_UNIT_SUB,
    });
  });
});

describe('a dead letter', () => {
  test('that is sent anew is a new message of its topic with what the application gave it', async () => {
    let isMended = false;
    const inbox = new Inbox();
    const consumer = cluster.consumer({ maxReconsumeTimes: 1 });
    consumer.subscribe('T', 'Invoice', async (messages, context) => {
      await inbox.handler(messages, context);
      return isMended ? 'CONSUME_SUCCESS' : 'RECONSUME_LATER';
    });
    await cluster.use(consumer);
    const producer: Producer = await cluster.producer();
    const message = {
      topic: 'T',
      body: 'billed',
      tags: 'Invoice',
      keys: 'order-7',
      properties: { own: '1' },
    };
    const { msgId } = await producer.send(message);

    const operator = await cluster.use(
      new PullConsumer({ nameServers: cluster.nameServers, consumerGroup: 'Operator' }),
    );
    const letter = await firstOf(operator, '%DLQ%G');
    expect(letter.reconsumeTimes).toBeGreaterThan(0);
    expect(inbox.messages.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 1]);
    isMended = true;
    const again = await producer.send(resendable(letter));
    expect(again.msgId).not.toBe(msgId);
    await inbox.has(3);
    expect(inbox.messages[2]).toMatchObject({
      ...{ topic: 'T', tags: 'Invoice', reconsumeTimes: 0, msgId: again.msgId },
      properties: { own: '1', KEYS: 'order-7' },
    });
    expect(inbox.bodies[2]).toBe('billed');
  });
});

/** The first message of a topic, once there is one. */
async function firstOf(consumer: PullConsumer, topic: string): Promise<ReceivedMessage> {
  const { topicConfig } = cluster.broker('broker-a').parts;
  while (topicConfig.select(topic) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  for await (const message of consumer.messages(topic)) return message;
  throw new Error('the messages of a topic have no end');
}
