import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  RequestCode,
  ResponseCode,
  decodeConsumeMessageDirectlyResult,
  decodeConsumerRunningInfo,
  decodeGetConsumerStatusBody,
  encodeResetOffsetBody,
} from '@mq/remoting/protocol';
import { encodeRecord } from '@mq/remoting/message';
import { consoleLogger, hostBytes } from '@mq/remoting';
import {
  Producer,
  PushConsumer,
  type MessageHandler,
  type PushConsumerOptions,
  type ReceivedMessage,
} from '../src/index.js';
import { eventually } from './eventually.js';
import { ok, refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

let cluster: FakeCluster;
const open: { close(options?: { timeoutMs?: number }): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close({ timeoutMs: 300 })));
  await cluster.close();
});

/** Options that let a test see in milliseconds what takes seconds by default. */
const QUICK: Partial<PushConsumerOptions> = {
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  persistConsumerOffsetInterval: 100,
  rebalanceIntervalMs: 100,
  pullTimeDelayMillsWhenException: 10,
  queueReleaseTimeoutMs: 50,
  suspendCurrentQueueTimeMs: 10,
};

async function consumerOn(
  c: FakeCluster,
  handler: MessageHandler,
  options: Partial<PushConsumerOptions> = {},
): Promise<PushConsumer> {
  cluster = c;
  const consumer = new PushConsumer({ nameServers: c.nameServers, consumerGroup: 'G', ...QUICK, ...options });
  open.push(consumer);
  consumer.subscribe('T', '*', handler);
  await consumer.start();
  return consumer;
}

const text = (message: ReceivedMessage): string => message.body.toString();

function collector(): { readonly bodies: string[]; readonly handler: MessageHandler } {
  const bodies: string[] = [];
  return { bodies, handler: (messages) => void bodies.push(...messages.map(text)) };
}

const offsetOf = (queueId = 0, topic = 'T'): number | undefined =>
  cluster.broker.offsets.get(`G@${topic}@${queueId}`);

describe('a push consumer', () => {
  test('hands over what is there and what comes, and commits behind it', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 2 } });
    c.broker.store('T', 0, 'old', 'TAGS\u0001A\u0002');
    await consumerOn(c, handler);
    await eventually('the old message', () => bodies.includes('old'));
    c.broker.store('T', 1, 'new');
    await eventually('the new message', () => bodies.includes('new'));
    await eventually('both offsets are committed', () => offsetOf(0) === 1 && offsetOf(1) === 1);
    expect(bodies).toEqual(['old', 'new']);
  });

  test('says who it is and what it wants before it pulls', async () => {
    await consumerOn(await FakeCluster.start({ topics: { T: 1 } }), () => undefined);
    await eventually('a pull', () => cluster.broker.requests(RequestCode.PULL_MESSAGE).length > 0);
    const codes = cluster.broker.seen.map(({ code }) => code);
    expect(codes.indexOf(RequestCode.HEART_BEAT)).toBeLessThan(
      codes.indexOf(RequestCode.GET_CONSUMER_LIST_BY_GROUP),
    );
    expect(codes.indexOf(RequestCode.QUERY_CONSUMER_OFFSET)).toBeLessThan(
      codes.indexOf(RequestCode.PULL_MESSAGE),
    );
    const [data] = cluster.broker.heartbeats.at(-1)!.consumerDataSet;
    expect(data).toMatchObject({
      groupName: 'G',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    });
    expect(data?.subscriptionDataSet.map(({ topic }) => topic).sort()).toEqual(['%RETRY%G', 'T']);
    expect(cluster.broker.requests(RequestCode.PULL_MESSAGE)[0]?.ext).toMatchObject({
      consumerGroup: 'G',
      topic: 'T',
      queueId: '0',
      queueOffset: '0',
      maxMsgNums: '32',
      sysFlag: '2',
      commitOffset: '0',
      suspendTimeoutMillis: '15000',
      expressionType: 'TAG',
      bname: 'broker-a',
      maxMsgBytes: '262144',
    });
  });

  test.each(['ZLIB', 'LZ4', 'ZSTD'] as const)(
    'hands over bodies compressed with %s as they were',
    async (type) => {
      const { bodies, handler } = collector();
      cluster = await FakeCluster.start({ topics: { T: 1 } });
      const producer = new Producer({
        nameServers: cluster.nameServers,
        producerGroup: 'P',
        compressType: type,
        compressMsgBodyOverHowmuch: 10,
      });
      open.push(producer);
      await producer.start();
      await producer.send({ topic: 'T', body: 'long enough to compress '.repeat(20) });
      await consumerOn(cluster, handler);
      await eventually('the message is there', () => bodies.length === 1);
      expect(bodies).toEqual(['long enough to compress '.repeat(20)]);
    },
  );

  test('reads from the slave that the master names, commits at the master, and comes back', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    const slave = await c.addSlave('broker-a');
    for (const text of ['a', 'b', 'c']) for (const broker of [c.broker, slave]) broker.store('T', 0, text);
    c.broker.suggestWhichBrokerId = 1;
    slave.suggestWhichBrokerId = 1;
    await consumerOn(c, handler, { pullBatchSize: 1 });
    await eventually('all is read and committed', () => bodies.join('') === 'abc' && offsetOf() === 3);
    const fromSlave = slave.requests(RequestCode.PULL_MESSAGE);
    expect(c.broker.requests(RequestCode.PULL_MESSAGE)).toHaveLength(1);
    expect(fromSlave.slice(0, 2).map(({ ext }) => ext['queueOffset'])).toEqual(['1', '2']);
    // Bit 0 of sysFlag: the pull carries an offset to commit, which a slave must not take.
    expect(fromSlave.every(({ ext }) => (Number(ext['sysFlag']) & 1) === 0)).toBe(true);
    expect(slave.offsets.size).toBe(0);

    // The master as well: the slave never gets the last message, and would send the consumer back to it again and again.
    c.broker.suggestWhichBrokerId = slave.suggestWhichBrokerId = 0;
    slave.store('T', 0, 'd');
    c.broker.store('T', 0, 'd');
    c.broker.store('T', 0, 'e');
    await eventually('the master is read again', () => bodies.join('') === 'abcde');
  });

  test('begins at the committed offset', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (const body of ['a', 'b', 'c']) c.broker.store('T', 0, body);
    c.broker.offsets.set('G@T@0', 2);
    await consumerOn(c, handler);
    await eventually('the third message', () => bodies.length > 0);
    expect(bodies).toEqual(['c']);
  });

  test('begins at the end by default, when the group has no offset', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'before');
    const consumer = await consumerOn(c, handler, { consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' });
    await eventually('the queue is held', () => consumer.assignment.length > 0);
    c.broker.store('T', 0, 'after');
    await eventually('the message after', () => bodies.length > 0);
    expect(bodies).toEqual(['after']);
  });

  test.each(['CONCURRENTLY', 'ORDERLY'] as const)(
    'goes on where a new group began, although nothing was consumed before the restart (%s)',
    async (consumeMode) => {
      const { bodies, handler } = collector();
      const c = await FakeCluster.start({ topics: { T: 1 } });
      c.broker.store('T', 0, 'before');
      const options = { consumeMode, consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' } as const;
      const first = await consumerOn(c, handler, options);
      await eventually('the queue is held', () => first.assignment.length > 0);
      await first.close();
      c.broker.store('T', 0, 'meanwhile');
      await consumerOn(c, handler, options);
      await eventually('what came meanwhile', () => bodies.length > 0);
      expect(bodies).toEqual(['meanwhile']);
    },
  );

  test('begins at the time it is told to, when the group has no offset', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (const body of ['old', 'older', 'new']) c.broker.store('T', 0, body);
    c.broker.answer(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, () => ok({ offset: '2' }));
    await consumerOn(c, handler, {
      consumeFromWhere: 'CONSUME_FROM_TIMESTAMP',
      consumeTimestamp: new Date(1_700_000_000_000),
    });
    await eventually('the new one is there', () => bodies.length === 1);
    expect(bodies).toEqual(['new']);
    const ofTopic = c.broker
      .requests(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP)
      .filter(({ ext }) => ext['topic'] === 'T');
    expect(ofTopic.map(({ ext }) => [ext['queueId'], ext['timestamp']])).toEqual([['0', '1700000000000']]);
  });

  test('compares tags exactly and commits past what does not match', async () => {
    const bodies: string[] = [];
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    const consumer = new PushConsumer({ nameServers: cluster.nameServers, consumerGroup: 'G', ...QUICK });
    open.push(consumer);
    consumer.subscribe('T', 'A || C', (messages) => void bodies.push(...messages.map(text)));
    for (const tag of ['A', 'B', 'C', 'B']) cluster.broker.store('T', 0, tag, `TAGS\u0001${tag}\u0002`);
    await consumer.start();
    await eventually('two messages', () => bodies.length === 2);
    expect(bodies).toEqual(['A', 'C']);
    await eventually('the offset is past the last', () => offsetOf() === 4);
  });

  test('never commits past a message whose handler has not ended', async () => {
    const release: (() => void)[] = [];
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (let i = 0; i < 4; i++) c.broker.store('T', 0, `${i}`);
    const done: string[] = [];
    await consumerOn(c, async ([message]) => {
      if (text(message!) === '1') await new Promise<void>((resolve) => release.push(resolve));
      done.push(text(message!));
    });
    await eventually('the others are done', () => done.length === 3);
    await eventually('an offset is committed', () => offsetOf() !== undefined);
    expect(offsetOf()).toBe(1);
    release[0]?.();
    await eventually('the offset goes on', () => offsetOf() === 4);
  });

  test.each([
    ['RECONSUME_LATER', (): 'RECONSUME_LATER' => 'RECONSUME_LATER'],
    [
      'an error',
      (): never => {
        throw new Error('no');
      },
    ],
    [
      'a rejection',
      async (): Promise<never> => {
        throw new Error('no');
      },
    ],
    ['nonsense', (): never => 42 as never],
  ])('gives a message back after %s', async (_name, fail) => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'x', 'UNIQ_KEY\u0001ID1\u0002');
    await consumerOn(c, fail);
    await eventually('the message is back', () => c.broker.sentBack.length === 1);
    expect(c.broker.sentBack[0]).toMatchObject({
      group: 'G',
      offset: 0,
      delayLevel: 0,
      originMsgId: 'ID1',
      originTopic: 'T',
    });
    expect(c.broker.sentBack[0]).not.toHaveProperty('maxReconsumeTimes');
    await eventually('the offset passes it', () => offsetOf() === 1);
  });

  test('gives back only what comes after ackIndex, at the level the handler chose', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (let i = 0; i < 4; i++) c.broker.store('T', 0, `${i}`, `UNIQ_KEY\u0001ID${i}\u0002`);
    await consumerOn(
      c,
      (_messages, context) => {
        context.ackIndex = 1;
        context.delayLevelWhenNextConsume = 5;
      },
      { consumeMessageBatchMaxSize: 4 },
    );
    await eventually('two are back', () => c.broker.sentBack.length === 2);
    expect(c.broker.sentBack.map(({ originMsgId, delayLevel }) => [originMsgId, delayLevel])).toEqual([
      ['ID2', 5],
      ['ID3', 5],
    ]);
  });

  test('sends a copy to the retry topic when the broker does not take a message back', async () => {
    const c = await FakeCluster.start({ topics: { T: 1, '%RETRY%G': 1 } });
    c.broker.store('T', 0, 'x', 'UNIQ_KEY\u0001ID1\u0002');
    c.broker.answer(RequestCode.CONSUMER_SEND_MSG_BACK, () => refuse(ResponseCode.SYSTEM_ERROR, 'no'));
    let calls = 0;
    const retried: ReceivedMessage[] = [];
    await consumerOn(c, ([message]) => {
      if (calls++ === 0) return 'RECONSUME_LATER';
      retried.push(message!);
      return undefined;
    });
    await eventually('the copy arrives', () => retried.length === 1);
    expect(retried[0]).toMatchObject({
      topic: 'T',
      properties: {
        RETRY_TOPIC: 'T',
        RECONSUME_TIME: '1',
        DELAY: '3',
        ORIGIN_MESSAGE_ID: 'ID1',
      },
    });
    const [sent] = c.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(sent?.ext).toMatchObject({ b: '%RETRY%G', j: '1' });
    // Nobody said how often: the group's retryMaxTimes counts.
    expect(sent?.ext).not.toHaveProperty('l');
  });

  test('fires the signal and gives the message back when a handler takes too long', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'x');
    let reason: unknown;
    await consumerOn(
      c,
      (_messages, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            resolve();
          });
        }),
      { consumeTimeoutMs: 50 },
    );
    await eventually('the message is back', () => c.broker.sentBack.length === 1);
    expect(reason).toMatchObject({ code: 'TIMEOUT' });
    expect(c.broker.sentBack[0]?.delayLevel).toBe(3);
    await eventually('the offset passes it', () => offsetOf() === 1);
    expect(c.broker.sentBack).toHaveLength(1);
  });

  test.each([
    ['CONCURRENTLY', /WARN.*a handler took too long.*group=G.*topic=T.*queueId=0.*messages=1/],
    ['ORDERLY', /WARN.*a handler takes too long and holds up its queue.*group=G.*topic=T.*messages=1/],
  ] as const)('reports a handler that takes too long (%s)', async (consumeMode, report) => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'x');
    const log: string[] = [];
    const untilTimeout: MessageHandler = (_messages, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
    const logger = consoleLogger({ write: (line) => void log.push(line) });
    await consumerOn(c, untilTimeout, { consumeMode, consumeTimeoutMs: 50, logger });
    await eventually('a report', () => log.some((line) => report.test(line)));
  });

  test('says that nothing is consumed any more when every handler is over its time', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (const body of ['a', 'b', 'c']) c.broker.store('T', 0, body);
    const log: string[] = [];
    let calls = 0;
    const never: MessageHandler = () => {
      calls++;
      return new Promise<void>(() => undefined);
    };
    const logger = consoleLogger({ write: (line) => void log.push(line) });
    await consumerOn(c, never, { consumeTimeoutMs: 20, maxConcurrency: 2, logger });
    const report = /ERROR.*nothing is consumed until a handler ends.*group=G.*maxConcurrency=2/;
    await eventually('a report', () => log.some((line) => report.test(line)));
    expect(calls).toBe(2);
    expect(log.filter((line) => line.includes('a handler took too long'))).toHaveLength(2);
  });

  test('counts every message of a batch although its handler takes the list apart', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (const body of ['a', 'b', 'bad']) c.broker.store('T', 0, body);
    const emptying: MessageHandler = (messages) => {
      const list = messages as ReceivedMessage[];
      for (let message = list.shift(); message !== undefined; message = list.shift())
        if (text(message) === 'bad') throw new Error('no');
    };
    await consumerOn(c, emptying);
    await eventually('the offset passes all', () => offsetOf() === 3);
    expect(c.broker.sentBack).toHaveLength(1);
  });

  test.each([
    [
      'returns no status',
      (): unknown => true,
      /WARN.*a handler failed.*the handler returned a value of type boolean/,
    ],
    [
      'throws a text',
      (): unknown => Promise.reject('no luck' as unknown as Error),
      /WARN.*a handler failed.*error="?no luck/,
    ],
  ] as const)('reports a handler that %s', async (_name, handler, report) => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'x');
    const log: string[] = [];
    const logger = consoleLogger({ write: (line) => void log.push(line) });
    await consumerOn(c, handler as unknown as MessageHandler, { logger });
    await eventually('the message is back', () => c.broker.sentBack.length === 1);
    expect(log).toContainEqual(expect.stringMatching(report));
  });

  test('reports that its handlers are behind, with how much waits for them', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (let i = 0; i < 30; i++) c.broker.store('T', 0, `${i}`);
    const log: string[] = [];
    const gate: { open: () => void } = { open: () => undefined };
    const opened = new Promise<void>((resolve) => (gate.open = resolve));
    const logger = consoleLogger({ write: (line) => void log.push(line) });
    await consumerOn(c, () => opened, { pullThresholdForQueue: 10, pullBatchSize: 16, logger });
    const report = /the handlers are behind.*group=G.*topic=T.*queueId=0.*reason=COUNT.*count=16/;
    await eventually('a report', () => log.some((line) => report.test(line)));
    gate.open();
  });

  test('handles no more batches at once than maxConcurrency', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (let i = 0; i < 30; i++) c.broker.store('T', 0, `${i}`);
    let running = 0;
    let most = 0;
    let done = 0;
    await consumerOn(
      c,
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        done++;
      },
      { maxConcurrency: 3 },
    );
    await eventually('all are done', () => done === 30);
    expect(most).toBe(3);
  });

  test('stops pulling when too much is cached, and goes on when there is room', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (let i = 0; i < 60; i++) c.broker.store('T', 0, `${i}`);
    const gate: { open: () => void } = { open: () => undefined };
    const opened = new Promise<void>((resolve) => (gate.open = resolve));
    let done = 0;
    await consumerOn(
      c,
      async () => {
        await opened;
        done++;
      },
      { pullThresholdForQueue: 10, pullBatchSize: 8 },
    );
    await eventually('two pulls', () => c.broker.requests(RequestCode.PULL_MESSAGE).length === 2);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(c.broker.requests(RequestCode.PULL_MESSAGE)).toHaveLength(2);
    gate.open();
    await eventually('all are done', () => done === 60);
  });

  const MIB = 1024 * 1024;
  test.each<
    [
      bound: string,
      options: Partial<PushConsumerOptions>,
      stored: { queues: number; messages: number; bytes: number },
      pulls: number,
    ]
  >([
    // Two MiB are above one; nine offsets apart is not above ten, seventeen is; ten for two queues are five each.
    ['bytes', { pullThresholdSizeForQueue: 1, pullBatchSize: 1 }, { queues: 1, messages: 4, bytes: MIB }, 2],
    [
      'the span of offsets',
      { consumeConcurrentlyMaxSpan: 10, pullBatchSize: 9 },
      { queues: 1, messages: 40, bytes: 1 },
      2,
    ],
    [
      'messages of the topic',
      { pullThresholdForTopic: 10, pullBatchSize: 4 },
      { queues: 2, messages: 20, bytes: 1 },
      4,
    ],
    [
      'bytes of the topic',
      { pullThresholdSizeForTopic: 2, pullBatchSize: 1 },
      { queues: 2, messages: 4, bytes: MIB },
      4,
    ],
  ])(
    'stops pulling at its bound of %s, and goes on when there is room',
    async (_bound, options, stored, pulls) => {
      const c = await FakeCluster.start({ topics: { T: stored.queues } });
      const body = 'x'.repeat(stored.bytes);
      for (let queueId = 0; queueId < stored.queues; queueId++)
        for (let i = 0; i < stored.messages; i++) c.broker.store('T', queueId, body);
      const gate: { open: () => void } = { open: () => undefined };
      const opened = new Promise<void>((resolve) => (gate.open = resolve));
      let done = 0;
      await consumerOn(
        c,
        async () => {
          await opened;
          done++;
        },
        { pullBatchSizeInBytes: 64 * MIB, ...options },
      );
      const pulled = (): number => c.broker.requests(RequestCode.PULL_MESSAGE).length;
      await eventually('the pulls up to the bound', () => pulled() === pulls);
      await new Promise((resolve) => setTimeout(resolve, 120));
      expect(pulled()).toBe(pulls);
      gate.open();
      await eventually('all are done', () => done === stored.queues * stored.messages);
    },
  );

  test('shares the queues of a topic with another member and takes them over when that one goes', async () => {
    const c = await FakeCluster.start({ topics: { T: 4 } });
    const first = await consumerOn(c, () => undefined);
    await eventually('it has all', () => first.assignment.length === 4);
    const second = await consumerOn(c, () => undefined);
    const ids = (consumer: PushConsumer): number[] => consumer.assignment.map(({ queueId }) => queueId);
    await eventually('they share', () => first.assignment.length === 2 && second.assignment.length === 2);
    expect([...ids(first), ...ids(second)].sort()).toEqual([0, 1, 2, 3]);
    await second.close();
    await eventually('it has all again', () => first.assignment.length === 4);
  });

  test('looks again at once when the broker says that the members have changed', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    const consumer = await consumerOn(c, () => undefined, { rebalanceIntervalMs: 60_000 });
    await eventually('it holds the queue', () => consumer.assignment.length === 1);
    const before = c.broker.requests(RequestCode.GET_CONSUMER_LIST_BY_GROUP).length;
    c.broker.push(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: 'G' });
    await eventually(
      'it asks again',
      () => c.broker.requests(RequestCode.GET_CONSUMER_LIST_BY_GROUP).length > before,
    );
  });

  test('lets handlers of a lost queue finish for a while, then fires their signal and ignores their result', async () => {
    const c = await FakeCluster.start({ topics: { T: 2 } });
    c.broker.store('T', 1, 'x');
    let reason: unknown;
    const first = await consumerOn(
      c,
      (_messages, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            resolve('RECONSUME_LATER');
          });
        }),
      { clientIp: '1.1.1.1' },
    );
    await eventually('it has both', () => first.assignment.length === 2);
    const second = await consumerOn(c, () => undefined, { clientIp: '2.2.2.2' });
    await eventually('the signal fires', () => reason !== undefined);
    expect(reason).toMatchObject({ code: 'ABORTED' });
    await eventually('the queue has moved', () => second.assignment.some(({ queueId }) => queueId === 1));
    expect(c.broker.sentBack).toHaveLength(0);
  });

  test('corrects an offset that the broker does not have', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'gone');
    c.broker.offsets.set('G@T@0', 100);
    await consumerOn(c, handler);
    await eventually('the offset is corrected', () => offsetOf() === 1);
    c.broker.store('T', 0, 'next');
    await eventually('the next message', () => bodies.length === 1);
    expect(bodies).toEqual(['next']);
  });

  test('goes on after pulls that fail', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    let pulls = 0;
    c.broker.answer(RequestCode.PULL_MESSAGE, () => {
      pulls++;
      if (pulls === 1) return refuse(ResponseCode.FLOW_CONTROL, 'slowly');
      if (pulls <= 3) return refuse(ResponseCode.SUBSCRIPTION_NOT_EXIST, 'who are you');
      return 'PASS';
    });
    c.broker.store('T', 0, 'x');
    await consumerOn(c, handler);
    await eventually('the message', () => bodies.length === 1);
  });

  test('introduces itself again and goes on when its connections break', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    const consumer = await consumerOn(c, handler);
    await eventually('it holds the queue', () => consumer.assignment.length === 1);
    const heartbeats = c.broker.heartbeats.length;
    for (const connection of c.connections) connection.close('a test breaks it');
    c.broker.store('T', 0, 'x');
    await eventually('the message', () => bodies.length === 1);
    await eventually('a heartbeat', () => c.broker.heartbeats.length > heartbeats);
  });

  test('does not pull while suspended, and goes on where it was', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'a');
    const consumer = await consumerOn(c, handler);
    await eventually('the first', () => bodies.length === 1);
    consumer.suspend();
    c.broker.store('T', 0, 'b'); // ends the pull that waits
    await eventually('the second', () => bodies.length === 2);
    c.broker.store('T', 0, 'c');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bodies).toEqual(['a', 'b']);
    consumer.resume();
    await eventually('the third', () => bodies.length === 3);
  });

  test('gives queues up when it unsubscribes', async () => {
    const c = await FakeCluster.start({ topics: { T: 2 } });
    const consumer = await consumerOn(c, () => undefined);
    await eventually('it holds them', () => consumer.assignment.length === 2);
    consumer.unsubscribe('T');
    await eventually('it holds none', () => consumer.assignment.length === 0);
  });

  test('closes within its time although a handler never ends; says what was left, and saves the offsets', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (let i = 0; i < 5; i++) c.broker.store('T', 0, `${i}`);
    let fired = false;
    const handled: string[] = [];
    const consumer = await consumerOn(
      c,
      async ([message], { signal }) => {
        handled.push(text(message!));
        if (text(message!) === '0') return;
        signal.addEventListener('abort', () => (fired = true));
        await new Promise(() => undefined);
      },
      { maxConcurrency: 2, persistConsumerOffsetInterval: 60_000 },
    );
    await eventually('they run', () => handled.length === 3);
    const startedMs = performance.now();
    expect(await consumer.close({ timeoutMs: 300 })).toEqual({
      unfinishedMessages: 2,
      discardedMessages: 2,
      unsavedOffsets: [],
    });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(fired).toBe(true);
    expect(offsetOf()).toBe(1);
    expect(c.broker.requests(RequestCode.UNREGISTER_CLIENT).at(-1)?.ext).toMatchObject({
      consumerGroup: 'G',
    });
  });

  test('waits for handlers when it closes, and commits what they did', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'x');
    let began = false;
    const consumer = await consumerOn(c, async (_messages, { signal }) => {
      began = true;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(signal.aborted).toBe(false);
    });
    await eventually('it runs', () => began);
    expect(await consumer.close()).toMatchObject({ unfinishedMessages: 0, discardedMessages: 0 });
    expect(offsetOf()).toBe(1);
  });

  test('says which offsets could not be saved when the broker is gone, and ends all the same', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'x');
    const consumer = await consumerOn(c, handler, { persistConsumerOffsetInterval: 60_000 });
    await eventually('it is handled', () => bodies.length === 1);
    c.broker.answer(RequestCode.UPDATE_CONSUMER_OFFSET, () => undefined);
    const startedMs = performance.now();
    expect(await consumer.close({ timeoutMs: 300 })).toMatchObject({
      unsavedOffsets: [{ topic: 'T', queueId: 0 }],
    });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
  });

  test('strips the namespace from what it hands over', async () => {
    const seen: ReceivedMessage[] = [];
    const c = await FakeCluster.start({ topics: { 'NS%T': 1 } });
    c.broker.store('NS%T', 0, 'x');
    const consumer = await consumerOn(c, (messages) => void seen.push(...messages), { namespace: 'NS' });
    await eventually('the message', () => seen.length === 1);
    expect(seen[0]).toMatchObject({ topic: 'T', brokerName: 'broker-a' });
    expect(consumer.assignment).toEqual([{ topic: 'T', brokerName: 'broker-a', queueId: 0 }]);
    expect(cluster.broker.heartbeats.at(-1)!.consumerDataSet[0]?.groupName).toBe('NS%G');
  });

  test('refuses to start when the broker cannot serve its filter', async () => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    cluster.broker.answer(RequestCode.CHECK_CLIENT_CONFIG, () =>
      refuse(ResponseCode.SYSTEM_ERROR, 'The broker does not support SQL92'),
    );
    const consumer = new PushConsumer({
      nameServers: cluster.nameServers,
      consumerGroup: 'G',
      handler: () => undefined,
    });
    open.push(consumer);
    consumer.subscribe('T', { sql: 'a > 1' });
    await expect(consumer.start()).rejects.toMatchObject({ code: 'SUBSCRIPTION_REFUSED' });
  });

  test('reports a filter the broker cannot serve when it is changed later', async () => {
    const log: string[] = [];
    const logger = consoleLogger({ write: (line) => void log.push(line) });
    const consumer = await consumerOn(await FakeCluster.start({ topics: { T: 1 } }), () => undefined, {
      logger,
    });
    cluster.broker.answer(RequestCode.CHECK_CLIENT_CONFIG, () =>
      refuse(ResponseCode.SUBSCRIPTION_PARSE_FAILED, 'line 1, column 4'),
    );
    consumer.subscribe('T', { sql: 'a >' }, () => undefined);
    const report = /ERROR.*a broker refuses a subscription.*line 1, column 4/;
    await eventually('a report', () => log.some((line) => report.test(line)));
  });

  test.each([' ', '||'])('refuses "%s", which names no tag', async (expression) => {
    const consumer = await consumerOn(await FakeCluster.start({ topics: { T: 1 } }), () => undefined);
    expect(() => consumer.subscribe('T', expression, () => undefined)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('an orderly push consumer', () => {
  const ORDERLY: Partial<PushConsumerOptions> = { consumeMode: 'ORDERLY' };

  test('keeps the order of each queue, also through failures', async () => {
    const c = await FakeCluster.start({ topics: { T: 2 } });
    for (let i = 0; i < 10; i++) c.broker.store('T', i % 2, `${i}`);
    const done: number[] = [];
    let failures = 3;
    await consumerOn(
      c,
      async ([message]) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (text(message!) === '4' && failures-- > 0) return 'SUSPEND_CURRENT_QUEUE_A_MOMENT';
        done.push(Number(text(message!)));
        return 'SUCCESS';
      },
      ORDERLY,
    );
    await eventually('all are done', () => done.length === 10);
    expect(done.filter((n) => n % 2 === 0)).toEqual([0, 2, 4, 6, 8]);
    expect(done.filter((n) => n % 2 === 1)).toEqual([1, 3, 5, 7, 9]);
    await eventually('both offsets are committed', () => offsetOf(0) === 5 && offsetOf(1) === 5);
    expect(c.broker.sentBack).toHaveLength(0);
  });

  test('handles one batch of a queue at a time', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (let i = 0; i < 10; i++) c.broker.store('T', 0, `${i}`);
    let running = 0;
    let done = 0;
    await consumerOn(
      c,
      async (messages) => {
        expect(++running).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        done += messages.length;
      },
      { ...ORDERLY, consumeMessageBatchMaxSize: 3 },
    );
    await eventually('all are done', () => done === 10);
  });

  test('consumes only queues the broker locks for it', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 2 } });
    c.broker.unlockable.add('T@0');
    c.broker.store('T', 0, 'not ours');
    c.broker.store('T', 1, 'ours');
    const consumer = await consumerOn(c, handler, ORDERLY);
    await eventually('ours', () => bodies.length === 1);
    expect(bodies).toEqual(['ours']);
    c.broker.unlockable.clear();
    await eventually('the other', () => bodies.length === 2);
    await consumer.close();
    expect(c.broker.lockedBy.size).toBe(0);
  });

  test('sends a message away after maxReconsumeTimes and goes on with the next', async () => {
    const c = await FakeCluster.start({ topics: { T: 1, '%RETRY%G': 1 } });
    c.broker.store('T', 0, 'bad', 'UNIQ_KEY\u0001ID1\u0002');
    c.broker.store('T', 0, 'good');
    let attempts = 0;
    const done: string[] = [];
    const consumer = await consumerOn(
      c,
      ([message]) => {
        if (text(message!) === 'bad') {
          attempts++;
          throw new Error('no');
        }
        done.push(text(message!));
      },
      { ...ORDERLY, maxReconsumeTimes: 2 },
    );
    await eventually('the good one', () => done.length === 1);
    consumer.suspend();
    const [copy] = c.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(copy?.ext).toMatchObject({ b: '%RETRY%G', j: '3', l: '2' });
    expect(attempts).toBeGreaterThanOrEqual(3);
  });

  test('goes on behind a message it gave up on, though its handler failed', async () => {
    const c = await FakeCluster.start({ topics: { T: 1, '%RETRY%G': 1 } });
    for (const body of ['bad', 'good']) c.broker.store('T', 0, body);
    const handled: string[] = [];
    const consumer = await consumerOn(
      c,
      async ([message]) => {
        // This broker makes no dead letters: what is one comes again through the retry topic.
        if (message!.properties['DLQ_REASON'] !== undefined) return;
        handled.push(text(message!));
        if (text(message!) !== 'bad') return;
        await consumer.sendToDeadLetter(message!, 'no good');
        throw new Error('after all');
      },
      ORDERLY,
    );
    await eventually('the good one', () => handled.includes('good'));
    expect(handled.filter((body) => body === 'good')).toEqual(['good']);
    expect(c.broker.requests(RequestCode.SEND_MESSAGE_V2)).toHaveLength(1);
  });
});

describe('a broadcasting push consumer', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'mq-offsets-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('gets every queue and keeps its own place in a file', async () => {
    const c = await FakeCluster.start({ topics: { T: 2 } });
    c.broker.store('T', 0, 'a');
    c.broker.store('T', 1, 'b');
    const broadcasting: Partial<PushConsumerOptions> = {
      messageModel: 'BROADCASTING',
      localOffsetStoreDir: directory,
    };
    for (const expected of [['a', 'b'], ['c']]) {
      const { bodies, handler } = collector();
      const consumer = await consumerOn(c, handler, broadcasting);
      await eventually('what is new', () => bodies.length === expected.length);
      await consumer.close();
      expect(bodies.sort()).toEqual(expected);
      c.broker.store('T', 0, 'c');
    }
    expect(c.broker.offsets.size).toBe(0);
    expect(c.broker.requests(RequestCode.GET_CONSUMER_LIST_BY_GROUP)).toHaveLength(0);
  });

  test('keeps the place where it began, although it consumed nothing', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    const { bodies, handler } = collector();
    c.broker.store('T', 0, 'before');
    const options: Partial<PushConsumerOptions> = {
      messageModel: 'BROADCASTING',
      localOffsetStoreDir: directory,
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    };
    const first = await consumerOn(c, handler, options);
    await eventually('the queue is held', () => first.assignment.length > 0);
    await first.close();
    c.broker.store('T', 0, 'meanwhile');
    await consumerOn(c, handler, options);
    await eventually('what came meanwhile', () => bodies.length > 0);
    expect(bodies).toEqual(['meanwhile']);
  });

  test('drops what fails', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'a');
    let calls = 0;
    await consumerOn(
      c,
      () => {
        calls++;
        throw new Error('no');
      },
      { messageModel: 'BROADCASTING', localOffsetStoreDir: directory },
    );
    await eventually('it is called', () => calls === 1);
    expect(c.broker.sentBack).toHaveLength(0);
  });
});

describe('what an operator asks of a push consumer', () => {
  async function holding(c: FakeCluster, handler: MessageHandler): Promise<PushConsumer> {
    const consumer = await consumerOn(c, handler);
    await eventually('it holds the queue', () => consumer.assignment.length === 1);
    return consumer;
  }

  test('running info (307)', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    c.broker.store('T', 0, 'x');
    await holding(c, handler);
    await eventually('it is handled', () => bodies.length === 1);
    const response = await c.broker.ask(RequestCode.GET_CONSUMER_RUNNING_INFO, {
      consumerGroup: 'G',
      clientId: 'c',
    });
    const info = decodeConsumerRunningInfo(response.body as Buffer);
    expect(response.code).toBe(ResponseCode.SUCCESS);
    expect(
      [...info.mqTable].map(([queue, { commitOffset, cachedMsgCount }]) => ({
        ...queue,
        commitOffset,
        cachedMsgCount,
      })),
    ).toEqual([{ topic: 'T', brokerName: 'broker-a', queueId: 0, commitOffset: 1, cachedMsgCount: 0 }]);
    expect(info.properties).toMatchObject({
      PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
      PROP_CONSUMEORDERLY: 'false',
      consumerGroup: 'G',
    });
    expect(info.statusTable['T']?.consumeOKTPS).toBeGreaterThan(0);
    const unknown = await c.broker.ask(RequestCode.GET_CONSUMER_RUNNING_INFO, {
      consumerGroup: 'Other',
      clientId: 'c',
    });
    expect(unknown.code).toBe(ResponseCode.SYSTEM_ERROR);
  });

  test('offsets (221), and setting them (220)', async () => {
    const { bodies, handler } = collector();
    const c = await FakeCluster.start({ topics: { T: 1 } });
    for (const body of ['a', 'b', 'c']) c.broker.store('T', 0, body);
    await holding(c, handler);
    await eventually('all are handled', () => bodies.length === 3);
    const response = await c.broker.ask(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, {
      topic: 'T',
      group: 'G',
    });
    expect([...decodeGetConsumerStatusBody(response.body as Buffer).messageQueueTable.values()]).toEqual([3]);
    const offsetTable = new Map([[{ topic: 'T', brokerName: 'broker-a', queueId: 0 }, 1]]);
    c.broker.push(
      RequestCode.RESET_CONSUMER_CLIENT_OFFSET,
      { topic: 'T', group: 'G', timestamp: '0', isForce: 'true' },
      encodeResetOffsetBody({ offsetTable }),
    );
    await eventually('the last two again', () => bodies.length === 5);
    expect(bodies).toEqual(['a', 'b', 'c', 'b', 'c']);
  });

  test('consuming one message directly (309)', async () => {
    const c = await FakeCluster.start({ topics: { T: 1 } });
    const seen: string[] = [];
    await holding(c, ([message]) => {
      seen.push(text(message!));
      return text(message!) === 'later' ? 'RECONSUME_LATER' : undefined;
    });
    const results: unknown[] = [];
    for (const body of ['now', 'later']) {
      const host = hostBytes('127.0.0.1', 1);
      const record = encodeRecord({
        topic: Buffer.from('T'),
        queueId: 0,
        flag: 0,
        queueOffset: 5,
        physicalOffset: 0,
        sysFlag: 0,
        bornTimestamp: 0,
        bornHost: host,
        storeTimestamp: 0,
        storeHost: host,
        reconsumeTimes: 0,
        preparedTransactionOffset: 0,
        body: Buffer.from(body),
        properties: Buffer.alloc(0),
      });
      const response = await c.broker.ask(
        RequestCode.CONSUME_MESSAGE_DIRECTLY,
        { consumerGroup: 'G', clientId: 'c', brokerName: 'broker-a' },
        record,
      );
      results.push(decodeConsumeMessageDirectlyResult(response.body as Buffer).consumeResult);
    }
    expect(seen).toEqual(['now', 'later']);
    expect(results).toEqual(['CR_SUCCESS', 'CR_LATER']);
    expect(offsetOf()).toBeUndefined();
  });
});
