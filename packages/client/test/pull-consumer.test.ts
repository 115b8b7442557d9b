import { consoleLogger, silentLogger, type Logger } from '@mq/remoting';
import { SysFlag, compress, encodeBatch } from '@mq/remoting/message';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { PullConsumer, type PullConsumerOptions } from '../src/index.js';
import { eventually } from './eventually.js';
import { refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

let cluster: FakeCluster;
const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
  await cluster.close();
});

async function consumerOn(c: FakeCluster, options: Partial<PullConsumerOptions> = {}): Promise<PullConsumer> {
  cluster = c;
  const consumer = new PullConsumer({
    nameServers: c.nameServers,
    consumerGroup: 'G',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    persistConsumerOffsetInterval: 100,
    rebalanceIntervalMs: 100,
    ...options,
  });
  open.push(consumer);
  await consumer.start();
  return consumer;
}

const queue = (queueId = 0): { topic: string; brokerName: string; queueId: number } => ({
  topic: 'T',
  brokerName: 'broker-a',
  queueId,
});
const offsetOf = (queueId = 0): number | undefined => cluster.broker.offsets.get(`G@T@${queueId}`);

async function filled(counts: readonly number[]): Promise<FakeCluster> {
  const c = await FakeCluster.start({ topics: { T: counts.length } });
  counts.forEach((count, queueId) => {
    for (let i = 0; i < count; i++)
      c.broker.store('T', queueId, `${queueId}.${i}`, `TAGS\u0001${i % 2 === 0 ? 'even' : 'odd'}\u0002`);
  });
  return c;
}

describe('a pull consumer', () => {
  test('pulls what is there, says where to go on, and what the queue has', async () => {
    const consumer = await consumerOn(await filled([5]));
    const result = await consumer.pull(queue(), 1, { maxMsgNums: 3 });
    expect(result).toMatchObject({ status: 'FOUND', nextBeginOffset: 4, minOffset: 0, maxOffset: 5 });
    expect(result.messages.map((message) => message.body.toString())).toEqual(['0.1', '0.2', '0.3']);
    expect(result.messages[0]).toMatchObject({
      topic: 'T',
      brokerName: 'broker-a',
      queueId: 0,
      queueOffset: 1,
      tags: 'odd',
    });
    expect((await consumer.pull(queue(), 0, { expression: 'even' })).messages).toHaveLength(3);
    expect(cluster.broker.requests(RequestCode.PULL_MESSAGE)[1]?.ext).toMatchObject({
      sysFlag: '4',
      subscription: 'even',
      expressionType: 'TAG',
    });
  });

  test('says at once that there is nothing, or waits for it', async () => {
    const consumer = await consumerOn(await filled([1]));
    expect(await consumer.pull(queue(), 1)).toMatchObject({
      status: 'NO_NEW_MSG',
      nextBeginOffset: 1,
      messages: [],
    });
    const waiting = consumer.pullBlockIfNotFound(queue(), 1);
    await eventually('the pull waits', () => cluster.broker.requests(RequestCode.PULL_MESSAGE).length === 2);
    cluster.broker.store('T', 0, 'late');
    expect((await waiting).messages.map((message) => message.body.toString())).toEqual(['late']);
    expect(await consumer.pull(queue(), 50)).toMatchObject({ status: 'OFFSET_ILLEGAL', nextBeginOffset: 2 });
  });

  describe('where a record cannot be read', () => {
    const INNER = SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP;
    const batchOf = (...bodies: string[]): Buffer =>
      encodeBatch(bodies.map((body) => ({ flag: 0, body: Buffer.from(body), properties: {} })));

    async function pulled(fill: (store: FakeCluster['broker']) => void) {
      const errors: unknown[] = [];
      const error = (_text: string, facts: unknown): void => void errors.push(facts);
      const logger: Logger = { ...silentLogger, error, child: () => logger };
      const consumer = await consumerOn(await filled([0]), { logger });
      fill(cluster.broker);
      const { messages, nextBeginOffset } = await consumer.pull(queue(), 0);
      return { bodies: messages.map(({ body }) => body.toString()), nextBeginOffset, errors };
    }

    test('leaves out a batch of one record that is not one, and nothing else', async () => {
      const { bodies, nextBeginOffset, errors } = await pulled((broker) => {
        broker.store('T', 0, 'before');
        broker.store('T', 0, 'no batch', 'INNER_NUM\u00013\u0002', INNER);
        broker.store('T', 0, 'after');
      });
      expect(bodies).toEqual(['before', 'after']);
      expect(nextBeginOffset).toBe(3);
      expect(errors).toMatchObject([{ queueOffset: 1, topic: 'T' }]);
    });

    test('hands over a body that cannot be decompressed as it came, and says why', async () => {
      const { bodies, nextBeginOffset, errors } = await pulled((broker) => {
        broker.store('T', 0, 'not zlib', 'UNIQ_KEY\u0001ID', SysFlag.COMPRESSED);
        broker.store('T', 0, compress('ZLIB', Buffer.from('fine')), '', SysFlag.COMPRESSED);
        broker.store('T', 0, 'of kind 7', '', SysFlag.COMPRESSED | (7 << 8));
      });
      expect(bodies).toEqual(['not zlib', 'fine', 'of kind 7']);
      expect(nextBeginOffset).toBe(3);
      expect(errors).toEqual([
        { group: 'G', topic: 'T', messages: 2, msgId: 'ID', reason: 'body is not ZLIB' },
      ]);
    });

    test('goes on behind it, whatever stands before it', async () => {
      const { bodies, nextBeginOffset, errors } = await pulled((broker) => {
        broker.store('T', 0, batchOf('a', 'b', 'c'), 'INNER_NUM\u00013\u0002', INNER);
        broker.storeRecord('T', 0, Buffer.from('no record'));
      });
      expect(bodies).toEqual(['a', 'b', 'c']);
      expect(nextBeginOffset).toBe(4);
      expect(errors).toMatchObject([{ queueOffset: 3, topic: 'T' }]);
    });
  });

  test('asks for offsets and commits them', async () => {
    const consumer = await consumerOn(await filled([3]));
    expect(await consumer.committed(queue())).toBe(-1);
    await consumer.commit(queue(), 2);
    expect(await consumer.committed(queue())).toBe(2);
    expect([await consumer.minOffset(queue()), await consumer.maxOffset(queue())]).toEqual([0, 3]);
    expect(await consumer.fetchMessageQueues('T')).toEqual([queue()]);
    cluster.broker.answer(RequestCode.UPDATE_CONSUMER_OFFSET, () => refuse(ResponseCode.SYSTEM_ERROR, 'no'));
    await expect(consumer.commit(queue(), 3)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  test('reports a refusal with its code', async () => {
    const consumer = await consumerOn(await filled([1]));
    cluster.broker.answer(RequestCode.PULL_MESSAGE, () => refuse(ResponseCode.NO_PERMISSION, 'no'));
    await expect(consumer.pull(queue(), 0)).rejects.toMatchObject({
      code: 'NO_PERMISSION',
      responseCode: 16,
      brokerName: 'broker-a',
    });
  });

  test('needs to be started, and not closed', async () => {
    cluster = await FakeCluster.start();
    const consumer = new PullConsumer({ nameServers: cluster.nameServers, consumerGroup: 'G' });
    await expect(consumer.pull(queue(), 0)).rejects.toMatchObject({ code: 'NOT_STARTED' });
    await consumer.close();
    await expect(consumer.start()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('an iteration over messages', () => {
  test('gives all messages of a topic, each queue in order, and commits them', async () => {
    const consumer = await consumerOn(await filled([40, 3, 0]));
    const seen: string[] = [];
    for await (const message of consumer.messages('T', { stopAtEnd: true }))
      seen.push(message.body.toString());
    expect(seen).toHaveLength(43);
    for (const [queueId, count] of [40, 3].entries()) {
      const ofQueue = seen.filter((body) => body.startsWith(`${queueId}.`));
      expect(ofQueue).toEqual([...Array(count).keys()].map((i) => `${queueId}.${i}`));
    }
    expect([offsetOf(0), offsetOf(1), offsetOf(2)]).toEqual([40, 3, 0]);
  });

  test('waits for more, and ends with its signal', async () => {
    const consumer = await consumerOn(await filled([1]));
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const message of consumer.messages('T', { signal: controller.signal })) {
      seen.push(message.body.toString());
      if (seen.length === 1) cluster.broker.store('T', 0, 'more');
      else controller.abort();
    }
    expect(seen).toEqual(['0.0', 'more']);
  });

  test('leaves the message unconsumed at which the loop was left', async () => {
    const consumer = await consumerOn(await filled([5]));
    for await (const message of consumer.messages('T')) if (message.queueOffset === 2) break;
    expect(offsetOf()).toBe(2);
    for await (const message of consumer.messages('T')) {
      expect(message.queueOffset).toBe(2);
      break;
    }
  });

  test('reads only the queues it is told to, from where it is sought, and commits nothing when told so', async () => {
    const consumer = await consumerOn(await filled([3, 3]));
    consumer.seek(queue(1), 2);
    const seen: string[] = [];
    for await (const message of consumer.messages([queue(1)], { stopAtEnd: true, autoCommit: false })) {
      seen.push(message.body.toString());
      if (seen.length === 1) consumer.seek(queue(1), 0);
    }
    expect(seen).toEqual(['1.2', '1.0', '1.1', '1.2']);
    expect(cluster.broker.offsets.size).toBe(0);
  });

  test('does not pull far ahead of a slow reader', async () => {
    const consumer = await consumerOn(await filled([500]), { pullBatchSize: 10 });
    const iteration = consumer.messages('T');
    await iteration.next();
    await eventually(
      'it has pulled ahead',
      () => cluster.broker.requests(RequestCode.PULL_MESSAGE).length >= 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(cluster.broker.requests(RequestCode.PULL_MESSAGE).length).toBeLessThanOrEqual(3);
    await iteration.return();
  });

  test('fails when going on cannot help, and goes on when it can', async () => {
    const consumer = await consumerOn(await filled([1]));
    cluster.broker.answer(RequestCode.PULL_MESSAGE, () => refuse(ResponseCode.NO_PERMISSION, 'no'));
    await expect(consumer.messages('T').next()).rejects.toMatchObject({ code: 'NO_PERMISSION' });
  });

  test('waits for a topic that is not there yet, and fails when it was to read it to its end', async () => {
    const log: string[] = [];
    const logger = consoleLogger({ write: (line) => void log.push(line) });
    const consumer = await consumerOn(await filled([1]), { logger });
    const waiting = consumer.messages('Later').next();
    await eventually('a report', () => log.some((line) => /WARN.*has no route yet.*topic=Later/.test(line)));
    await expect(consumer.messages('Later', { stopAtEnd: true }).next()).rejects.toMatchObject({
      code: 'TOPIC_NOT_FOUND',
    });
    await consumer.close();
    expect(await waiting).toMatchObject({ done: true });
  });

  test('goes on where a new group began, although nothing was consumed before the restart', async () => {
    const c = await filled([1]);
    const fromEnd = { consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' } as const;
    const first = await consumerOn(c, fromEnd);
    void first.messages('T').next();
    await eventually('a pull', () => c.broker.requests(RequestCode.PULL_MESSAGE).length > 0);
    await first.close();
    c.broker.store('T', 0, 'meanwhile');
    const { value } = await (await consumerOn(c, fromEnd)).messages('T', { stopAtEnd: true }).next();
    expect(value?.body.toString()).toBe('meanwhile');
  });

  test('ends when the consumer closes', async () => {
    const consumer = await consumerOn(await filled([0]));
    const next = consumer.messages('T').next();
    await eventually('the pull waits', () => cluster.broker.requests(RequestCode.PULL_MESSAGE).length === 1);
    await consumer.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('shares a topic with other members of the group', async () => {
    const c = await filled([1, 1, 1, 1]);
    const consumers = [await consumerOn(c), await consumerOn(c)];
    const seen: Set<number>[] = [new Set(), new Set()];
    const controller = new AbortController();
    const loops = consumers.map(async (consumer, at) => {
      for await (const message of consumer.messages('T', { signal: controller.signal }))
        seen[at]?.add(message.queueId);
    });
    await eventually('all is read', () => new Set([...(seen[0] ?? []), ...(seen[1] ?? [])]).size === 4);
    await eventually('both are members', () => {
      const held = c.broker.requests(RequestCode.PULL_MESSAGE).slice(-4);
      return new Set(held.map(({ ext }) => ext['queueId'])).size > 0 && c.broker.heartbeats.length >= 2;
    });
    controller.abort();
    await Promise.all(loops);
  });
});
