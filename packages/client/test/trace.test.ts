import { RemotingCommand } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import {
  Producer,
  PullConsumer,
  PushConsumer,
  decodeTraces,
  type MessageHook,
  type Trace,
} from '../src/index.js';
import { eventually } from './eventually.js';
import { refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

const TRACE = 'RMQ_SYS_TRACE_TOPIC';
let cluster: FakeCluster;
afterEach(() => cluster.close());

const start = async (topics: Record<string, number> = {}): Promise<void> => {
  cluster = await FakeCluster.start({ topics: { T: 1, [TRACE]: 1, ...topics } });
};
const nameServers = (): string[] => cluster.nameServers;

/** What was sent to a trace topic: properties and records. */
function traces(topic = TRACE): { keys: string; records: Trace[]; group: string }[] {
  const sent = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2).filter(({ ext }) => ext['b'] === topic);
  return sent.map(({ ext, body }) => ({
    keys: /KEYS\u0001([^\u0002]*)/.exec(ext['i'] ?? '')?.[1] ?? '',
    records: decodeTraces((body as Buffer).toString()),
    group: ext['a'] ?? '',
  }));
}

describe('trace', () => {
  test('of a producer holds what was stored, and goes out when it closes', async () => {
    await start();
    const producer = new Producer({ nameServers: nameServers(), producerGroup: 'P', enableTrace: true });
    await producer.start();
    const { msgId, offsetMsgId } = await producer.send({
      topic: 'T',
      body: 'abc',
      tags: 'A',
      keys: ['k1', 'k2'],
    });
    await producer.sendOneway({ topic: 'T', body: 'nobody knows' });
    expect(traces()).toEqual([]);
    await producer.close();
    const [{ keys, records, group }, ...others] = traces() as [ReturnType<typeof traces>[0]];
    expect(others).toEqual([]);
    expect(group).toBe('_INNER_TRACE_PRODUCER-P-PRODUCE-1');
    expect(keys).toBe(`${msgId} k1 k2`);
    expect(records).toEqual([
      {
        ...{
          type: 'Pub',
          timestamp: expect.any(Number),
          regionId: 'R',
          group: 'P',
          topic: 'T',
          msgId,
          offsetMsgId,
        },
        ...{ tags: 'A', keys: 'k1 k2', storeHost: cluster.broker.address, bodyLength: 3, success: true },
        ...{ costTime: expect.any(Number), messageType: 'NORMAL' },
      },
    ]);
  });

  test('of a batch has a record for each message', async () => {
    await start();
    const producer = new Producer({ nameServers: nameServers(), producerGroup: 'P', enableTrace: true });
    await producer.start();
    const [result] = await producer.sendBatch(
      [1, 2, 3].map((i) => ({ topic: 'T', body: String(i), keys: `k${i}` })),
    );
    await producer.close();
    expect(traces().flatMap(({ records }) => records.map(({ msgId }) => msgId))).toEqual(
      result?.msgId.split(','),
    );
  });

  test('of a producer leaves out what failed, and what the broker does not want traced', async () => {
    await start();
    const producer = new Producer({ nameServers: nameServers(), producerGroup: 'P', enableTrace: true });
    await producer.start();
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, ({ extFields }) =>
      extFields['b'] === 'T' ? refuse(13, 'illegal') : 'PASS',
    );
    await expect(producer.send({ topic: 'T', body: 'x' })).rejects.toMatchObject({ code: 'MESSAGE_ILLEGAL' });
    await producer.close();
    expect(traces()).toEqual([]);
  });

  test.each([
    ['a recall', ResponseCode.SUCCESS, { msgId: 'ID1', MSG_REGION: 'north' }, 'north', true],
    ['a refused recall', ResponseCode.ILLEGAL_OPERATION, { MSG_REGION: 'north' }, 'north', false],
    ['a recall of a broker without a region', ResponseCode.NO_PERMISSION, {}, 'DefaultRegion', false],
  ] as const)('of %s names what the broker said', async (_, code, ext, regionId, success) => {
    await start();
    const handle = Buffer.from('v1 T broker-a 1800000000001 ID1').toString('base64url');
    cluster.broker.answer(RequestCode.RECALL_MESSAGE, () => RemotingCommand.response(code, undefined, ext));
    const producer = new Producer({ nameServers: nameServers(), producerGroup: 'P', enableTrace: true });
    await producer.start();
    await producer.recall('T', handle).catch(() => undefined);
    await producer.close();
    expect(traces()).toEqual([
      {
        group: '_INNER_TRACE_PRODUCER-P-PRODUCE-1',
        keys: 'ID1',
        records: [
          {
            ...{ type: 'Recall', timestamp: expect.any(Number), regionId, group: 'P' },
            ...{ topic: 'T', msgId: 'ID1', success },
          },
        ],
      },
    ]);
  });

  test('of a recall that nobody answered there is none', async () => {
    await start();
    const handle = Buffer.from('v1 T broker-x 1800000000001 ID1').toString('base64url');
    const producer = new Producer({ nameServers: nameServers(), producerGroup: 'P', enableTrace: true });
    await producer.start();
    await expect(producer.recall('T', handle)).rejects.toMatchObject({ code: 'BROKER_NOT_FOUND' });
    await producer.close();
    expect(traces()).toEqual([]);
  });

  test.each(['CONCURRENTLY', 'ORDERLY'] as const)(
    'of a %s consumer holds each delivery and how it ended',
    async (consumeMode) => {
      await start();
      const properties = ['UNIQ_KEY\u0001ID', 'KEYS\u0001k', 'MSG_REGION\u0001R', 'TRACE_ON\u0001true'];
      cluster.broker.store('T', 0, 'good', properties.join('\u0002'));
      cluster.broker.store('T', 0, 'untraced', 'UNIQ_KEY\u0001ID2\u0002TRACE_ON\u0001false');
      cluster.broker.store('T', 0, 'bad', 'UNIQ_KEY\u0001ID3');
      const seen: string[] = [];
      const consumer = new PushConsumer({
        ...{
          nameServers: nameServers(),
          consumerGroup: 'G',
          enableTrace: true,
          consumeMode,
          traceTopic: 'MyTrace',
        },
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        handler: ([message]) => {
          seen.push((message?.body ?? '').toString());
          if (message?.msgId === 'ID3') throw new Error('bad');
        },
      });
      cluster.setTopic('MyTrace', 1);
      consumer.subscribe('T');
      await consumer.start();
      await eventually('all were delivered', () => seen.length === 3);
      await consumer.close({ timeoutMs: 2_000 });
      const records = traces('MyTrace').flatMap((message) => message.records);
      const of = (msgId: string): Trace[] => records.filter((trace) => trace.msgId === msgId);
      expect(of('ID')).toMatchObject([
        { type: 'SubBefore', regionId: 'R', group: 'G', keys: 'k', retryTimes: 0 },
        { type: 'SubAfter', group: 'G', keys: 'k', success: true, returnType: 'SUCCESS' },
      ]);
      const [before, after] = of('ID') as [{ requestId: string }, { requestId: string }] & Trace[];
      expect(before.requestId).toBe(after.requestId);
      expect(of('ID2')).toEqual([]);
      expect(of('ID3')).toMatchObject([{ type: 'SubBefore' }, { success: false, returnType: 'EXCEPTION' }]);
      expect(traces('MyTrace')[0]?.group).toBe('_INNER_TRACE_PRODUCER-G-CONSUME-1');
    },
  );

  test('of a pull consumer holds what was pulled and what an iteration finished with', async () => {
    await start();
    for (const id of ['ID1', 'ID2', 'ID3']) cluster.broker.store('T', 0, id, `UNIQ_KEY\u0001${id}`);
    const consumer = new PullConsumer({ nameServers: nameServers(), consumerGroup: 'G', enableTrace: true });
    await consumer.start();
    const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 };
    await consumer.pull(queue, 0, { maxMsgNums: 1 });
    consumer.seek(queue, 1);
    for await (const message of consumer.messages([queue])) if (message.msgId === 'ID3') break;
    await consumer.close();
    const ends = traces().flatMap(({ records }) => records.filter(({ type }) => type === 'SubAfter'));
    expect(ends.map((trace) => [trace.msgId, (trace as { success: boolean }).success])).toEqual([
      ['ID1', true],
      ['ID2', true],
      ['ID3', false],
    ]);
  });

  test('that cannot be sent holds nothing up', async () => {
    await start();
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, ({ extFields }) =>
      extFields['b'] === TRACE ? refuse(16, 'no') : 'PASS',
    );
    const producer = new Producer({ nameServers: nameServers(), producerGroup: 'P', enableTrace: true });
    await producer.start();
    await producer.send({ topic: 'T', body: 'x' });
    expect(await producer.close()).toEqual({ unansweredSends: 0 });
  });
});

describe('message hooks', () => {
  test('see a send once, with its attempts, and may add properties', async () => {
    await start();
    let fail = true;
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => {
      if (!fail) return 'PASS';
      fail = false;
      return refuse(14, 'busy');
    });
    const seen: unknown[] = [];
    const hook: MessageHook = {
      onSend: (send) => {
        (send.messages[0] as { properties: Record<string, string> }).properties['mark'] = 'yes';
        return ({ result, error }) => seen.push([send.attempts, send.brokerName, result?.status, error]);
      },
    };
    await using producer = new Producer({
      nameServers: nameServers(),
      producerGroup: 'P',
      messageHooks: [hook],
    });
    await producer.start();
    await producer.send({ topic: 'T', body: 'x' });
    expect(seen).toEqual([[2, 'broker-a', 'SEND_OK', undefined]]);
    await expect(
      producer.send({ topic: 'T', body: 'x' }, { messageQueue: { topic: 'U', brokerName: '', queueId: 0 } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(seen).toHaveLength(2);
    await producer.sendBatch([{ topic: 'T', body: 'y' }]);
    const consumer = new PullConsumer({ nameServers: nameServers(), consumerGroup: 'G' });
    await consumer.start();
    const { messages } = await consumer.pull({ topic: 'T', brokerName: 'broker-a', queueId: 0 }, 0);
    await consumer.close();
    expect(messages.map(({ properties }) => properties['mark'])).toEqual(['yes', 'yes']);
    expect(messages[0]?.properties[MessageConst.WAIT_STORE_MSG_OK]).toBe('true');
  });

  test('surround the handler, and what they throw changes nothing', async () => {
    await start();
    cluster.broker.store('T', 0, 'x', 'UNIQ_KEY\u0001ID');
    const steps: string[] = [];
    const around = (name: string): MessageHook => ({
      onConsume: () => ({
        run: (handler) => {
          steps.push(`${name} in`);
          return handler();
        },
        end: ({ returnType }) => {
          steps.push(`${name} ${returnType}`);
          throw new Error('a hook that fails');
        },
      }),
    });
    const broken: MessageHook = {
      onConsume: () => {
        throw new Error('another hook that fails');
      },
    };
    await using consumer = new PushConsumer({
      ...{ nameServers: nameServers(), consumerGroup: 'G', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
      messageHooks: [around('a'), broken, around('b')],
      persistConsumerOffsetInterval: 100,
      handler: () => void steps.push('handler'),
    });
    consumer.subscribe('T');
    await consumer.start();
    await eventually('the offset passed', () => cluster.broker.offsets.get('G@T@0') === 1);
    expect(steps).toEqual(['a in', 'b in', 'handler', 'a SUCCESS', 'b SUCCESS']);
  });
});
