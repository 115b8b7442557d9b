import { randomBytes } from 'node:crypto';
import { decodeBatch, decodeProperties, decompress } from '@mq/remoting/message';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { BatchSendError, ClientInstance, Producer, type ProducerOptions } from '../src/index.js';
import { eventually } from './eventually.js';
import { ok, refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

let cluster: FakeCluster;
const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
  await cluster.close();
});

async function producerOn(c: FakeCluster, options: Partial<ProducerOptions> = {}): Promise<Producer> {
  cluster = c;
  const producer = new Producer({ nameServers: c.nameServers, producerGroup: 'P', ...options });
  open.push(producer);
  await producer.start();
  return producer;
}

describe('a producer', () => {
  test('sends a message and says where it was stored', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    const result = await producer.send({
      topic: 'T',
      body: 'hello',
      tags: 'A',
      keys: ['k1', 'k2'],
      properties: { x: '1' },
    });
    expect(result).toMatchObject({
      status: 'SEND_OK',
      messageQueue: { topic: 'T', brokerName: 'broker-a', queueId: 0 },
      queueOffset: 0,
      regionId: 'R',
      traceOn: true,
    });
    const [request] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(request?.body?.toString()).toBe('hello');
    expect(request?.ext).toMatchObject({
      a: 'P',
      b: 'T',
      c: 'TBW102',
      d: '4',
      e: '0',
      f: '0',
      h: '0',
      j: '0',
      k: 'false',
      m: 'false',
      n: 'broker-a',
    });
    expect(decodeProperties(request?.ext['i'] ?? '')).toEqual({
      x: '1',
      KEYS: 'k1 k2',
      TAGS: 'A',
      WAIT: 'true',
      UNIQ_KEY: result.msgId,
    });
  });

  test('sends a body as it is that compression makes larger', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    const body = randomBytes(8_192);
    await producer.send({ topic: 'T', body });
    const [sent] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(sent?.body?.equals(body)).toBe(true);
    expect(sent?.ext['f']).toBe('0');
  });

  test('compresses large bodies and says so in sysFlag', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await producer.send({ topic: 'T', body: 'x'.repeat(4096) });
    await producer.send({ topic: 'T', body: 'x'.repeat(4095) });
    const [large, small] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(large?.ext['f']).toBe(String(0x301));
    expect(decompress('ZLIB', large?.body as Buffer).length).toBe(4096);
    expect(small?.ext['f']).toBe('0');
    expect(small?.body?.length).toBe(4095);
  });

  test.each([
    ['LZ4', 0x101],
    ['ZSTD', 0x201],
  ] as const)('compresses with %s when told to', async (compressType, sysFlag) => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }), { compressType });
    await producer.send({ topic: 'T', body: 'x'.repeat(4096) });
    const [request] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(request?.ext['f']).toBe(String(sysFlag));
    expect(request?.body?.length).toBeLessThan(200);
    expect(decompress(compressType, request?.body as Buffer).toString()).toBe('x'.repeat(4096));
  });

  test.each([
    ['delayLevel', { delayLevel: 3 }, { DELAY: '3' }],
    ['delayMs', { delayMs: 1_500 }, { TIMER_DELAY_MS: '1500' }],
    ['delaySec', { delaySec: 90 }, { TIMER_DELAY_SEC: '90' }],
    ['deliverTimestampMs', { deliverTimestampMs: 1_800_000_000_000 }, { TIMER_DELIVER_MS: '1800000000000' }],
  ])('sends %s as the property brokers read', async (_name, delay, property) => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await producer.send({ topic: 'T', body: 'x', ...delay });
    const [request] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    const { UNIQ_KEY: _id, WAIT: _wait, ...rest } = decodeProperties(request?.ext['i'] ?? '');
    expect(rest).toEqual(property);
  });

  test.each([
    ['two delays at once', { delayLevel: 1, delayMs: 5 }],
    ['two units', { delayMs: 1, delaySec: 5 }],
    ['a delay that is none', { delayMs: -1 }],
    ['a part of a millisecond', { deliverTimestampMs: 0.5 }],
  ])('refuses %s', async (_name, delay) => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await expect(producer.send({ topic: 'T', body: 'x', ...delay })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  test.each([
    ['JSON', undefined],
    ['ROCKETMQ', 'ROCKETMQ'],
  ] as const)(
    'encodes headers in %s when ROCKETMQ_SERIALIZE_TYPE is %s',
    async (serializeType, environment) => {
      const before = process.env['ROCKETMQ_SERIALIZE_TYPE'];
      if (environment !== undefined) process.env['ROCKETMQ_SERIALIZE_TYPE'] = environment;
      try {
        const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
        await producer.send({ topic: 'T', body: 'x' });
        expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)[0]).toMatchObject({ serializeType });
      } finally {
        if (before === undefined) delete process.env['ROCKETMQ_SERIALIZE_TYPE'];
        else process.env['ROCKETMQ_SERIALIZE_TYPE'] = before;
      }
    },
  );

  test('hands sends of one turn to the broker in their order', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await producer.send({ topic: 'T', body: 'first' });
    const results = await Promise.all(
      [...Array(50).keys()].map((i) => producer.send({ topic: 'T', body: `m${i}` })),
    );
    expect(results.map(({ queueOffset }) => queueOffset)).toEqual([...Array(50).keys()].map((i) => i + 1));
  });

  test('goes round the queues of all brokers', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 2 } }));
    for (let i = 0; i < 8; i++) await producer.send({ topic: 'T', body: 'x' });
    for (const broker of cluster.brokers)
      expect([broker.count('T', 0), broker.count('T', 1)]).toEqual([2, 2]);
  });

  test.each([
    ['another broker when one refuses with SYSTEM_BUSY', ResponseCode.SYSTEM_BUSY],
    ['another broker when one is not writable', ResponseCode.SERVICE_NOT_AVAILABLE],
  ])('tries %s', async (_name, code) => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 1 } }));
    const [a, b] = cluster.brokers;
    a?.answer(RequestCode.SEND_MESSAGE_V2, () => refuse(code, 'no'));
    for (let i = 0; i < 4; i++) {
      expect((await producer.send({ topic: 'T', body: 'x' })).messageQueue.brokerName).toBe('b');
    }
    expect(b?.count('T', 0)).toBe(4);
    const ids = a
      ?.requests(RequestCode.SEND_MESSAGE_V2)
      .map(({ ext }) => decodeProperties(ext['i'] ?? '')['UNIQ_KEY']);
    const idsOfB = b
      ?.requests(RequestCode.SEND_MESSAGE_V2)
      .map(({ ext }) => decodeProperties(ext['i'] ?? '')['UNIQ_KEY']);
    expect(ids?.length).toBeGreaterThan(0);
    expect(idsOfB).toEqual(expect.arrayContaining(ids ?? []));
  });

  test('gives a broker that is busy a moment when there is no other', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 4 } }));
    const triedAtMs: number[] = [];
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => {
      triedAtMs.push(performance.now());
      return triedAtMs.length < 3 ? refuse(ResponseCode.SYSTEM_BUSY, 'try again in 90 ms') : 'PASS';
    });
    await producer.send({ topic: 'T', body: 'x' });
    const [first = 0, second = 0, third = 0] = triedAtMs;
    expect(second - first).toBeGreaterThanOrEqual(99);
    expect(third - second).toBeGreaterThanOrEqual(199);
  });

  test('keeps the time of a send, and says that brokers are busy, while it waits for them', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }), {
      retryTimesWhenSendFailed: 100,
    });
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => refuse(ResponseCode.SYSTEM_BUSY, 'no'));
    const send = producer.send({ topic: 'T', body: 'x' }, { timeoutMs: 250 });
    await expect(send).rejects.toMatchObject({ code: 'BROKER_BUSY', retryable: true });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2).length).toBeLessThanOrEqual(3);
    const aborting = new AbortController();
    const aborted = producer.send({ topic: 'T', body: 'x' }, { timeoutMs: 60_000, signal: aborting.signal });
    setTimeout(() => aborting.abort(), 10);
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('does not try again what no broker would take', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 1 } }));
    for (const broker of cluster.brokers)
      broker.answer(RequestCode.SEND_MESSAGE_V2, () => refuse(ResponseCode.MESSAGE_ILLEGAL, 'bad'));
    await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({
      code: 'MESSAGE_ILLEGAL',
      responseCode: ResponseCode.MESSAGE_ILLEGAL,
      retryable: false,
    });
    expect(cluster.brokers.flatMap((broker) => broker.requests(RequestCode.SEND_MESSAGE_V2))).toHaveLength(1);
  });

  test('goes to another broker when a connection cannot be made', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 1 } }));
    await producer.fetchPublishMessageQueues('T');
    await cluster.brokers[0]?.close();
    for (let i = 0; i < 3; i++) {
      expect((await producer.send({ topic: 'T', body: 'x' })).messageQueue.brokerName).toBe('b');
    }
  });

  test('sends a reply through another broker when that of its request cannot be reached', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 1 } }));
    await producer.fetchPublishMessageQueues('T');
    await cluster.brokers[0]?.close();
    cluster.brokers[1]?.answer(RequestCode.SEND_REPLY_MESSAGE_V2, () =>
      ok({ msgId: '0', queueId: '0', queueOffset: '0' }),
    );
    const replyTo = { clientId: 'C', correlationId: '1', ttlMs: 3_000, brokerName: 'a' };
    const { messageQueue } = await producer.send({ topic: 'T', body: 'x', replyTo });
    expect(messageQueue.brokerName).toBe('b');
  });

  test('waits for a broker that cannot be reached for as long as it has time, and says why', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await producer.fetchPublishMessageQueues('T');
    await cluster.broker.close();
    const startedMs = performance.now();
    await expect(producer.send({ topic: 'T', body: 'x' }, { timeoutMs: 400 })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      brokerName: 'broker-a',
      retryable: true,
    });
    expect(performance.now() - startedMs).toBeGreaterThan(350);
  });

  test('does not wait any longer for a broker when the signal fires', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await producer.fetchPublishMessageQueues('T');
    await cluster.broker.close();
    const controller = new AbortController();
    const sent = producer.send({ topic: 'T', body: 'x' }, { timeoutMs: 30_000, signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await expect(sent).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('ends with TIMEOUT within the time of the whole send, and the send is indefinite, not refused', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 1 } }));
    for (const broker of cluster.brokers) broker.answer(RequestCode.SEND_MESSAGE_V2, () => undefined);
    const startedMs = performance.now();
    await expect(producer.send({ topic: 'T', body: 'x' }, { timeoutMs: 150 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      retryable: true,
    });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test('gives each attempt its share and reaches the broker that answers', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 1 } }), {
      sendMsgMaxTimeoutPerRequestMs: 60,
    });
    cluster.brokers[0]?.answer(RequestCode.SEND_MESSAGE_V2, () => undefined);
    for (let i = 0; i < 2; i++) {
      expect((await producer.send({ topic: 'T', body: 'x' })).messageQueue.brokerName).toBe('b');
    }
  });

  test('stops waiting when the signal fires', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    const controller = new AbortController();
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => {
      controller.abort();
      return undefined;
    });
    await expect(
      producer.send({ topic: 'T', body: 'x' }, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(
      producer.send({ topic: 'T', body: 'x' }, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)).toHaveLength(1);
  });

  test('says what the broker could not confirm, and tries another broker only when told to', async () => {
    const flushed = (): ReturnType<typeof ok> => {
      const response = ok({ msgId: 'X', queueId: '0', queueOffset: '7' });
      response.code = ResponseCode.FLUSH_DISK_TIMEOUT;
      return response;
    };
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, flushed);
    expect(await producer.send({ topic: 'T', body: 'x' })).toMatchObject({
      status: 'FLUSH_DISK_TIMEOUT',
      queueOffset: 7,
    });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)).toHaveLength(1);
    const eager = new Producer({
      nameServers: cluster.nameServers,
      producerGroup: 'Q',
      retryAnotherBrokerWhenNotStoreOK: true,
    });
    open.push(eager);
    await eager.start();
    expect(await eager.send({ topic: 'T', body: 'x' })).toMatchObject({ status: 'FLUSH_DISK_TIMEOUT' });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)).toHaveLength(4);
  });

  test('keeps messages with the same sharding key in one queue, in order', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 4 } }));
    const results = await Promise.all(
      [...Array(12).keys()].map((i) =>
        producer.send({ topic: 'T', body: `${i}` }, { shardingKey: `k${i % 3}` }),
      ),
    );
    for (const key of [0, 1, 2]) {
      const ofKey = results.filter((_result, i) => i % 3 === key);
      expect(new Set(ofKey.map(({ messageQueue }) => messageQueue.queueId)).size).toBe(1);
      const offsets = ofKey.map(({ queueOffset }) => queueOffset);
      expect(offsets).toEqual([...offsets].sort((x, y) => x - y));
    }
  });

  test('sends to the queue the caller chose, and only there', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 2 } }));
    const messageQueue = { topic: 'T', brokerName: 'b', queueId: 1 };
    expect((await producer.send({ topic: 'T', body: 'x' }, { messageQueue })).messageQueue).toEqual(
      messageQueue,
    );
    const chosen = await producer.send(
      { topic: 'T', body: 'x' },
      { queueSelector: (queues) => queues[queues.length - 1]! },
    );
    expect(chosen.messageQueue).toEqual(messageQueue);
    cluster.brokers[1]?.answer(RequestCode.SEND_MESSAGE_V2, () => refuse(ResponseCode.SYSTEM_BUSY, 'no'));
    await expect(producer.send({ topic: 'T', body: 'x' }, { messageQueue })).rejects.toMatchObject({
      code: 'BROKER_BUSY',
      retryable: true,
    });
    expect(cluster.brokers[0]?.requests(RequestCode.SEND_MESSAGE_V2)).toHaveLength(0);
  });

  test('borrows the default topic for a topic that is not there yet', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { TBW102: 8 } }), {
      defaultTopicQueueNums: 2,
    });
    expect(await producer.fetchPublishMessageQueues('New')).toHaveLength(2);
    await producer.send({ topic: 'New', body: 'x' });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)[0]?.ext).toMatchObject({
      b: 'New',
      c: 'TBW102',
      d: '2',
    });
  });

  test('says TOPIC_NOT_FOUND when there is nothing to borrow', async () => {
    const producer = await producerOn(await FakeCluster.start());
    await expect(producer.send({ topic: 'Nowhere', body: 'x' })).rejects.toMatchObject({
      code: 'TOPIC_NOT_FOUND',
    });
  });

  test('says NAME_SERVER_UNREACHABLE when none answers, and uses the one that does', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    const dead = await FakeCluster.start();
    await dead.close();
    const producer = await producerOn(c, { nameServers: dead.nameServers });
    await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({
      code: 'NAME_SERVER_UNREACHABLE',
      message: expect.stringMatching(/^no NameServer answered: 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/) as string,
    });
    const other = new Producer({
      nameServers: [...dead.nameServers, ...c.nameServers],
      producerGroup: 'Q',
      random: () => 0,
    });
    open.push(other);
    await other.start();
    expect((await other.send({ topic: 'T', body: 'x' })).status).toBe('SEND_OK');
  });

  test('says so when it was given a broker for a NameServer', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    const producer = await producerOn(c, { nameServers: [c.broker.address] });
    await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({
      code: 'SERVER_REFUSED',
      responseCode: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
      message: expect.stringMatching(/nameServers must name NameServers/) as string,
    });
  });

  test('sends oneway without waiting for an answer', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await producer.sendOneway({ topic: 'T', body: 'x' });
    await eventually('the message arrives', () => cluster.broker.count('T', 0) === 1);
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)[0]?.isOneway).toBe(true);
  });

  test('sends a batch as one request whose messages keep their ids', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    const [result] = await producer.sendBatch(
      [...Array(3).keys()].map((i) => ({ topic: 'T', body: `b${i}`, tags: 'B' })),
    );
    const [request] = cluster.broker.requests(RequestCode.SEND_BATCH_MESSAGE);
    const blocks = decodeBatch(request?.body as Buffer);
    expect(blocks.map(({ body }) => body.toString())).toEqual(['b0', 'b1', 'b2']);
    expect(blocks.map(({ properties }) => decodeProperties(properties.toString())['UNIQ_KEY'])).toEqual(
      result?.msgId.split(','),
    );
    expect(request?.ext).toMatchObject({ m: 'true', i: 'WAIT\u0001true\u0002' });
  });

  test('splits a batch that is too large and keeps the order', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    const messages = [...Array(10).keys()].map((i) => ({ topic: 'T', body: String(i).repeat(100) }));
    const results = await producer.sendBatch(messages, { maxBatchBytes: 600 });
    expect(results.length).toBeGreaterThan(2);
    const requests = cluster.broker.requests(RequestCode.SEND_BATCH_MESSAGE);
    for (const { body } of requests) expect(body?.length).toBeLessThanOrEqual(600);
    expect(
      requests.flatMap(({ body }) => decodeBatch(body as Buffer).map((block) => block.body.toString()[0])),
    ).toEqual([...'0123456789']);
  });

  test('says how much of a batch was sent when it fails half way', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }), {
      retryTimesWhenSendFailed: 0,
    });
    let requests = 0;
    cluster.broker.answer(RequestCode.SEND_BATCH_MESSAGE, () =>
      requests++ === 0 ? 'PASS' : refuse(ResponseCode.SYSTEM_BUSY, 'no'),
    );
    const messages = [...Array(4).keys()].map((i) => ({ topic: 'T', body: String(i).repeat(100) }));
    const error: unknown = await producer
      .sendBatch(messages, { maxBatchBytes: 400 })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BatchSendError);
    expect(error).toMatchObject({ code: 'BROKER_BUSY', sentCount: 2 });
  });

  test.each([
    ['an empty body', { topic: 'T', body: '' }, 'MESSAGE_ILLEGAL'],
    ['a body over maxMessageSize', { topic: 'T', body: 'x'.repeat(101) }, 'MESSAGE_ILLEGAL'],
    ['a topic with a space', { topic: 'a b', body: 'x' }, 'INVALID_ARGUMENT'],
    ['a system topic', { topic: 'SCHEDULE_TOPIC_XXXX', body: 'x' }, 'INVALID_ARGUMENT'],
    ['a reserved property', { topic: 'T', body: 'x', properties: { UNIQ_KEY: 'mine' } }, 'INVALID_ARGUMENT'],
    [
      'a separator in a property',
      { topic: 'T', body: 'x', properties: { a: 'b\u0001c' } },
      'INVALID_ARGUMENT',
    ],
    ['two kinds of delay', { topic: 'T', body: 'x', delayLevel: 1, delayMs: 5 }, 'INVALID_ARGUMENT'],
    [
      'properties over 32767 bytes',
      { topic: 'T', body: 'x', properties: { a: 'ä'.repeat(17_000) } },
      'MESSAGE_ILLEGAL',
    ],
  ])('refuses %s before anything is sent', async (_name, message, code) => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }), { maxMessageSize: 100 });
    await expect(producer.send(message)).rejects.toMatchObject({ code, retryable: false });
    expect(cluster.broker.seen).toHaveLength(0);
  });

  test('tells the broker its group as soon as it connects, and takes it back when it closes', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await producer.send({ topic: 'T', body: 'x' });
    await eventually('a heartbeat', () => cluster.broker.heartbeats.length > 0);
    expect(cluster.broker.heartbeats[0]).toMatchObject({
      clientID: producer.clientId,
      producerDataSet: [{ groupName: 'P' }],
    });
    await producer.close();
    expect(cluster.broker.requests(RequestCode.UNREGISTER_CLIENT)[0]?.ext).toMatchObject({
      producerGroup: 'P',
      clientID: producer.clientId,
    });
  });

  test('puts the namespace before topic and group, and takes it off again', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { 'NS%T': 1 } }), {
      namespace: 'NS',
    });
    const result = await producer.send({ topic: 'T', body: 'x' });
    expect(result.messageQueue.topic).toBe('T');
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)[0]?.ext).toMatchObject({
      a: 'NS%P',
      b: 'NS%T',
    });
  });

  test('closes within its time although a send is never answered, and says so', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => undefined);
    const sent = producer
      .send({ topic: 'T', body: 'x' }, { timeoutMs: 30_000 })
      .catch((error: unknown) => error);
    await eventually(
      'the send is on its way',
      () => cluster.broker.requests(RequestCode.SEND_MESSAGE_V2).length === 1,
    );
    const startedMs = performance.now();
    expect(await producer.close({ timeoutMs: 200 })).toEqual({ unansweredSends: 1 });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(await sent).toMatchObject({ code: 'CONNECTION_FAILED' });
    await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('may be started and closed twice, and says NOT_STARTED before', async () => {
    const producer = new Producer({
      nameServers: (cluster = await FakeCluster.start()).nameServers,
      producerGroup: 'P',
    });
    await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({ code: 'NOT_STARTED' });
    await Promise.all([producer.start(), producer.start()]);
    expect(await Promise.all([producer.close(), producer.close()])).toEqual([
      { unansweredSends: 0 },
      { unansweredSends: 0 },
    ]);
    await expect(producer.start()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('shares the connections of a client with others', async () => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    const client = new ClientInstance({ nameServers: cluster.nameServers });
    const producers = ['P1', 'P2'].map((producerGroup) => new Producer({ producerGroup, client }));
    await Promise.all(producers.map((producer) => producer.start()));
    await Promise.all(producers.map((producer) => producer.send({ topic: 'T', body: 'x' })));
    expect(cluster.connections).toHaveLength(1);
    await expect(new Producer({ producerGroup: 'P1', client }).start()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await Promise.all(producers.map((producer) => producer.close()));
    await client.close();
  });

  test('avoids a broker that failed, for a while, when told to', async () => {
    const producer = await producerOn(await FakeCluster.start({ brokers: ['a', 'b'], topics: { T: 1 } }), {
      sendLatencyFaultEnable: true,
    });
    const a = cluster.brokers[0];
    a?.answer(RequestCode.SEND_MESSAGE_V2, () => refuse(ResponseCode.SYSTEM_BUSY, 'no'));
    for (let i = 0; i < 10; i++) await producer.send({ topic: 'T', body: 'x' });
    expect(a?.requests(RequestCode.SEND_MESSAGE_V2)).toHaveLength(1);
  });
});

describe('a producer that is misused, as from plain JavaScript,', () => {
  const misuses: [what: string, message: object, options: object, reason: RegExp][] = [
    ['no body', { body: undefined }, {}, /the body must be text or a Uint8Array, not undefined/],
    ['null for a body', { body: null }, {}, /not null/],
    ['an object for a body', { body: { id: 1 } }, {}, /not Object; JSON\.stringify/],
    ['a number for a body', { body: 5 }, {}, /not number/],
    ['a list for a body', { body: [1, 2] }, {}, /not Array/],
    ['a number for tags', { tags: 5 }, {}, /tags must be text/],
    ['a number for keys', { keys: 5 }, {}, /keys must be text or a list/],
    ['a number among the keys', { keys: ['a', 5] }, {}, /a key must be text/],
    ['a space in a key of a list', { keys: ['order 1', '2'] }, {}, /"order 1" holds a space/],
    ['a flag of more than 32 bits', { flag: 2 ** 40 }, {}, /flag must be a whole number of 32 bits/],
    ['half a flag', { flag: 1.5 }, {}, /not 1\.5/],
    ['a number for a sharding key', {}, { shardingKey: 7 }, /shardingKey must be text, not number/],
    ['a separator in a sharding key', {}, { shardingKey: 'a\u0001' }, /shardingKey may not hold/],
    ['a controller for a signal', {}, { signal: new AbortController() }, /signal must be an AbortSignal/],
  ];

  test.each(misuses)('refuses %s by name and sends nothing', async (_what, message, options, reason) => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    await expect(producer.send({ topic: 'T', body: 'x', ...message }, options)).rejects.toMatchObject({
      name: 'MQClientError',
      code: 'INVALID_ARGUMENT',
      retryable: false,
      message: expect.stringMatching(reason) as string,
    });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)).toEqual([]);
  });

  test.each([undefined, null, 'body'])('refuses %j in place of a message', async (message) => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    const refusal = {
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/must be an object/) as string,
    };
    await expect(producer.send(message as never)).rejects.toMatchObject(refusal);
    await expect(producer.sendBatch([message as never])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(producer.sendBatch(message as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('takes every Uint8Array, every 32-bit flag and several keys in one text', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { T: 1 } }));
    const body = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    await producer.send({ topic: 'T', body, flag: -(2 ** 31), keys: 'a b', tags: '' });
    const [request] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect([...(request?.body ?? [])]).toEqual([1, 2]);
    expect(request?.ext['h']).toBe('-2147483648');
    expect(decodeProperties(request?.ext['i'] ?? '')).toMatchObject({ KEYS: 'a b' });
  });

  test('refuses a kind of compression that does not exist before it is used', async () => {
    cluster = await FakeCluster.start({});
    const options = { nameServers: cluster.nameServers, producerGroup: 'P', compressType: 'GZIP' };
    expect(() => new Producer(options as ProducerOptions)).toThrow(
      /compressType must be ZLIB or LZ4 or ZSTD, not GZIP/,
    );
  });
});
