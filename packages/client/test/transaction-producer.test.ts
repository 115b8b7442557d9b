import { RemotingCommand } from '@mq/remoting';
import { decodeProperties, encodeProperties, encodeRecord } from '@mq/remoting/message';
import { hostBytes } from '@mq/remoting';
import {
  CheckTransactionStateRequestHeader,
  EndTransactionRequestHeader,
  RequestCode,
  ResponseCode,
} from '@mq/remoting/protocol';
import {
  ClientInstance,
  TransactionProducer,
  type EndTransactionObserved,
  type LocalTransactionState,
  type SendObserved,
  type TransactionProducerOptions,
} from '../src/index.js';
import { eventually } from './eventually.js';
import { refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

let cluster: FakeCluster;
const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
  await cluster.close();
});

async function producerOn(
  c: FakeCluster,
  options: Partial<TransactionProducerOptions> = {},
): Promise<TransactionProducer> {
  cluster = c;
  const producer = new TransactionProducer({
    nameServers: c.nameServers,
    producerGroup: 'P',
    checkTransaction: () => 'UNKNOWN',
    ...options,
  });
  open.push(producer);
  await producer.start();
  return producer;
}

const withTopic = () => FakeCluster.start({ topics: { T: 1 } });

/** The ends of transactions that the broker was told. */
async function ends(count: number) {
  const seen = () => cluster.broker.requests(RequestCode.END_TRANSACTION);
  await eventually(`${count} ends`, () => seen().length >= count);
  expect(seen()).toHaveLength(count);
  return seen().map(({ ext, isOneway }) => ({ ...EndTransactionRequestHeader.decode(ext), isOneway }));
}

/** Asks the producers as a broker does. */
function ask(msgId: string, group = 'P', connection = cluster.connections[0]): void {
  const host = hostBytes('127.0.0.1', 10911);
  const properties = { UNIQ_KEY: msgId, PGROUP: group, TRAN_MSG: 'true', TAGS: 'A' };
  const record = encodeRecord({
    topic: Buffer.from('T'),
    queueId: 3,
    flag: 0,
    queueOffset: 7,
    physicalOffset: 4711,
    sysFlag: 0,
    bornTimestamp: 1,
    bornHost: host,
    storeTimestamp: 2,
    storeHost: host,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('asked'),
    properties: Buffer.from(encodeProperties(properties)),
  });
  const ext = CheckTransactionStateRequestHeader.encode({
    topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
    tranStateTableOffset: 7,
    commitLogOffset: 4711,
    msgId,
    transactionId: msgId,
    offsetMsgId: 'X',
    bname: 'broker-a',
  });
  connection?.oneway(RemotingCommand.request(RequestCode.CHECK_TRANSACTION_STATE, ext, record));
}

test.each([
  ['its topics', { topics: ['T'] }, { T: 1 }],
  ['the topic by which brokers create others', {}, { TBW102: 1 }],
])('the brokers of %s know it before it sends anything', async (_which, options, topics) => {
  await producerOn(await FakeCluster.start({ topics }), options);
  await eventually('a heartbeat', () => cluster.broker.requests(RequestCode.HEART_BEAT).length > 0);
  const { body } = cluster.broker.requests(RequestCode.HEART_BEAT)[0]!;
  expect(JSON.parse(String(body))).toMatchObject({ producerDataSet: [{ groupName: 'P' }] });
});

test('names of topics are checked', () => {
  const options = {
    nameServers: '127.0.0.1:1',
    producerGroup: 'P',
    checkTransaction: () => 'UNKNOWN' as const,
  };
  expect(() => new TransactionProducer({ ...options, topics: ['a b'] })).toThrow(/topic "a b"/);
  expect(() => new TransactionProducer({ ...options, topics: 'T' as unknown as string[] })).toThrow(
    'topics must be a list of names',
  );
});

describe('a transaction producer', () => {
  test.each([
    ['COMMIT', 8],
    ['ROLLBACK', 12],
    ['UNKNOWN', 0],
  ] as const)(
    'sends a half message, runs the local transaction, says %s',
    async (state, commitOrRollback) => {
      const producer = await producerOn(await withTopic());
      const calls: unknown[] = [];
      const message = { topic: 'T', body: 'hello', tags: 'A', properties: { mine: '1' } };
      const result = await producer.sendInTransaction(message, async (half) => {
        calls.push(half);
        expect(cluster.broker.count('T', 0)).toBe(1);
        expect(cluster.broker.requests(RequestCode.END_TRANSACTION)).toHaveLength(0);
        return Promise.resolve(state);
      });
      expect(result).toMatchObject({ status: 'SEND_OK', localTransactionState: state, queueOffset: 0 });
      expect(result).not.toHaveProperty('localError');
      expect(calls).toEqual([
        {
          transactionId: result.msgId,
          messageQueue: { topic: 'T', brokerName: 'broker-a', queueId: 0 },
          signal: expect.any(AbortSignal) as unknown,
        },
      ]);
      const [half] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
      expect(half?.ext['f']).toBe('4');
      expect({ ...decodeProperties(half?.ext['i'] ?? '') }).toEqual({
        mine: '1',
        TAGS: 'A',
        WAIT: 'true',
        TRAN_MSG: 'true',
        PGROUP: 'P',
        UNIQ_KEY: result.msgId,
      });
      const [end] = await ends(1);
      expect(end).toMatchObject({
        topic: 'T',
        producerGroup: 'P',
        tranStateTableOffset: result.queueOffset,
        commitLogOffset: 0,
        commitOrRollback,
        fromTransactionCheck: false,
        msgId: result.msgId,
        bname: 'broker-a',
        isOneway: true,
      });
    },
  );

  test('names the place of the half message that the broker told', async () => {
    const producer = await producerOn(await withTopic());
    await producer.send({ topic: 'T', body: 'before' });
    const result = await producer.sendInTransaction({ topic: 'T', body: 'x' }, () => 'COMMIT');
    const [end] = await ends(1);
    expect(end?.tranStateTableOffset).toBe(1);
    expect(end?.commitLogOffset).toBe(parseInt(result.offsetMsgId.slice(-16), 16));
    expect(end?.commitLogOffset).toBeGreaterThan(0);
  });

  test('says UNKNOWN when the local transaction throws, since nobody knows how far it came', async () => {
    const producer = await producerOn(await withTopic());
    const failure = new Error('no money');
    const results = [
      await producer.sendInTransaction({ topic: 'T', body: 'x' }, () => {
        throw failure;
      }),
      await producer.sendInTransaction({ topic: 'T', body: 'x' }, () => Promise.reject(failure)),
    ];
    for (const result of results) {
      expect(result).toMatchObject({ localTransactionState: 'UNKNOWN', localError: failure });
    }
    expect((await ends(2)).map(({ commitOrRollback }) => commitOrRollback)).toEqual([0, 0]);
  });

  test('takes what is no state for UNKNOWN', async () => {
    const producer = await producerOn(await withTopic());
    const local = () => 'committed' as unknown as LocalTransactionState;
    const result = await producer.sendInTransaction({ topic: 'T', body: 'x' }, local);
    expect(result).toMatchObject({
      localTransactionState: 'UNKNOWN',
      localError: expect.any(TypeError) as unknown,
    });
  });

  test('rolls back without running the local transaction when the half message is not safe', async () => {
    const producer = await producerOn(await withTopic());
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => {
      const ext = { msgId: '7F00000100002A9F0000000000000010', queueId: '0', queueOffset: '3' };
      return RemotingCommand.response(ResponseCode.FLUSH_DISK_TIMEOUT, undefined, ext);
    });
    const local = jest.fn(() => 'COMMIT' as const);
    const result = await producer.sendInTransaction({ topic: 'T', body: 'x' }, local);
    expect(result).toMatchObject({ status: 'FLUSH_DISK_TIMEOUT', localTransactionState: 'ROLLBACK' });
    expect(local).not.toHaveBeenCalled();
    expect(await ends(1)).toMatchObject([
      { commitOrRollback: 12, commitLogOffset: 16, tranStateTableOffset: 3 },
    ]);
  });

  test('does not run the local transaction when the half message was refused', async () => {
    const producer = await producerOn(await withTopic(), { retryTimesWhenSendFailed: 0 });
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => refuse(ResponseCode.NO_PERMISSION, 'no'));
    const local = jest.fn(() => 'COMMIT' as const);
    await expect(producer.sendInTransaction({ topic: 'T', body: 'x' }, local)).rejects.toMatchObject({
      responseCode: ResponseCode.NO_PERMISSION,
    });
    expect(local).not.toHaveBeenCalled();
  });

  test.each([{ delayLevel: 3 }, { delayMs: 100 }, { delaySec: 1 }, { deliverTimestampMs: 1 }])(
    'refuses a delayed message: %j',
    async (delay) => {
      const producer = await producerOn(await withTopic());
      const sent = producer.sendInTransaction({ topic: 'T', body: 'x', ...delay }, () => 'COMMIT');
      await expect(sent).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  test('stores no half message when there is no local transaction', async () => {
    const producer = await producerOn(await withTopic());
    const send = producer.sendInTransaction({ topic: 'T', body: 'x' }, undefined as never);
    await expect(send).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'the local transaction must be a function',
    });
    expect(cluster.broker.requests(RequestCode.SEND_MESSAGE_V2)).toEqual([]);
  });

  test('sends ordinary messages too', async () => {
    const producer = await producerOn(await withTopic());
    const { msgId } = await producer.send({ topic: 'T', body: 'x' });
    const [request] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect({ ...decodeProperties(request?.ext['i'] ?? '') }).toEqual({ WAIT: 'true', UNIQ_KEY: msgId });
    expect(request?.ext['f']).toBe('0');
  });

  test('puts the namespace before topic and group', async () => {
    const producer = await producerOn(await FakeCluster.start({ topics: { 'NS%T': 1 } }), {
      namespace: 'NS',
    });
    await producer.sendInTransaction({ topic: 'T', body: 'x' }, () => 'COMMIT');
    const [half] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    expect(decodeProperties(half?.ext['i'] ?? '')['PGROUP']).toBe('NS%P');
    expect(await ends(1)).toMatchObject([{ topic: 'NS%T', producerGroup: 'NS%P' }]);
  });

  test('tells hooks how transactions ended', async () => {
    const seen: EndTransactionObserved[] = [];
    const messageHooks = [
      {
        onSend: ({ messages }: SendObserved) => void (messages[0]!.properties['mark'] = 'by a hook'),
        onEndTransaction: (end: EndTransactionObserved) => void seen.push(end),
      },
    ];
    const producer = await producerOn(await withTopic(), {
      messageHooks,
      checkTransaction: () => 'ROLLBACK',
    });
    const { msgId } = await producer.sendInTransaction({ topic: 'T', body: 'x', keys: 'k' }, () => 'COMMIT');
    ask('other');
    await ends(2);
    expect(seen).toMatchObject([
      { topic: 'T', msgId, transactionState: 'COMMIT_MESSAGE', fromTransactionCheck: false },
      { topic: 'T', msgId: 'other', transactionState: 'ROLLBACK_MESSAGE', fromTransactionCheck: true },
    ]);
    expect(seen[0]?.properties).toMatchObject({ KEYS: 'k', mark: 'by a hook' });
  });

  test('tells hooks names without the namespace', async () => {
    const seen: EndTransactionObserved[] = [];
    const producer = await producerOn(await FakeCluster.start({ topics: { 'NS%T': 1 } }), {
      namespace: 'NS',
      messageHooks: [{ onEndTransaction: (end) => void seen.push(end) }],
    });
    await producer.sendInTransaction({ topic: 'T', body: 'x' }, () => 'COMMIT');
    expect(seen).toMatchObject([{ topic: 'T', producerGroup: 'P' }]);
  });

  describe('when a broker asks', () => {
    /** A producer that has a connection to the broker. */
    const known = async (options: Partial<TransactionProducerOptions>) => {
      const producer = await producerOn(await withTopic(), options);
      await producer.send({ topic: 'T', body: 'x' });
      return producer;
    };

    test('hands the message to checkTransaction and answers that broker', async () => {
      const asked: unknown[] = [];
      await known({
        checkTransaction: async (message) => {
          const { msgId, topic, queueId, tags, brokerName } = message;
          asked.push({ msgId, topic, queueId, tags, brokerName, body: message.body.toString() });
          return Promise.resolve('COMMIT');
        },
      });
      ask('ID1');
      expect(await ends(1)).toMatchObject([
        {
          topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
          producerGroup: 'P',
          tranStateTableOffset: 7,
          commitLogOffset: 4711,
          commitOrRollback: 8,
          fromTransactionCheck: true,
          msgId: 'ID1',
          transactionId: 'ID1',
          isOneway: true,
        },
      ]);
      expect(asked).toEqual([
        { msgId: 'ID1', topic: 'T', queueId: 3, tags: 'A', brokerName: 'broker-a', body: 'asked' },
      ]);
    });

    test('says UNKNOWN when checkTransaction throws', async () => {
      await known({ checkTransaction: () => Promise.reject(new Error('database away')) });
      ask('ID1');
      expect(await ends(1)).toMatchObject([{ commitOrRollback: 0, fromTransactionCheck: true }]);
    });

    test('asks the producer of the group, of all that share a client', async () => {
      cluster = await withTopic();
      const client = new ClientInstance({ nameServers: cluster.nameServers });
      const first = await producerOn(cluster, { client, checkTransaction: () => 'COMMIT' });
      await producerOn(cluster, { client, producerGroup: 'Q', checkTransaction: () => 'ROLLBACK' });
      open.push(client);
      await first.send({ topic: 'T', body: 'x' });
      ask('ID1', 'Q');
      ask('ID2', 'nobody');
      ask('ID3', 'P');
      const told = (await ends(2)).map(({ msgId, commitOrRollback }) => [msgId, commitOrRollback]);
      expect(told.sort()).toEqual([
        ['ID1', 12],
        ['ID3', 8],
      ]);
    });

    test('runs a bounded number of checks, keeps a bounded number waiting and drops the rest', async () => {
      const answers: ((state: LocalTransactionState) => void)[] = [];
      const checkTransaction = () => new Promise<LocalTransactionState>((resolve) => answers.push(resolve));
      await known({ checkTransaction, maxConcurrentChecks: 2, checkRequestHoldMax: 1 });
      for (const id of ['1', '2', '3', '4']) ask(id);
      await eventually('two checks', () => answers.length === 2);
      answers[0]?.('COMMIT');
      await eventually('the third check', () => answers.length === 3);
      answers[1]?.('COMMIT');
      answers[2]?.('COMMIT');
      expect((await ends(3)).map(({ msgId }) => msgId)).toEqual(['1', '2', '3']);
    });
  });

  describe('when it closes', () => {
    test('waits for local transactions under way and tells how they ended', async () => {
      const producer = await producerOn(await withTopic());
      let finish: (state: LocalTransactionState) => void = () => undefined;
      const sent = producer.sendInTransaction({ topic: 'T', body: 'x' }, () => {
        return new Promise((resolve) => (finish = resolve));
      });
      await eventually('a half message', () => cluster.broker.count('T', 0) === 1);
      await eventually('the local transaction', () => finish.length === 1);
      const closed = producer.close();
      await expect(
        producer.sendInTransaction({ topic: 'T', body: 'x' }, () => 'COMMIT'),
      ).rejects.toMatchObject({ code: 'CLOSED' });
      finish('COMMIT');
      expect((await sent).localTransactionState).toBe('COMMIT');
      expect(await closed).toEqual({ unansweredSends: 0, unfinishedTransactions: 0 });
      expect(await ends(1)).toMatchObject([{ commitOrRollback: 8 }]);
      expect(await producer.close()).toEqual(await closed);
    });

    test('ends in time when a local transaction does not, and tells it to stop', async () => {
      const producer = await producerOn(await withTopic());
      let stopped: unknown;
      const sent = producer.sendInTransaction({ topic: 'T', body: 'x' }, ({ signal }) => {
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            stopped = signal.reason;
            reject(signal.reason as Error);
          });
        });
      });
      await eventually('a half message', () => cluster.broker.count('T', 0) === 1);
      expect(await producer.close({ timeoutMs: 50 })).toMatchObject({ unfinishedTransactions: 1 });
      expect((await sent).localTransactionState).toBe('UNKNOWN');
      expect(stopped).toMatchObject({ code: 'CLOSED' });
    });

    test('leaves nothing open when it never started', async () => {
      const producer = new TransactionProducer({
        nameServers: cluster.nameServers,
        producerGroup: 'P',
        checkTransaction: () => 'UNKNOWN',
      });
      cluster = await withTopic();
      expect(await producer.close()).toEqual({ unansweredSends: 0, unfinishedTransactions: 0 });
    });
  });

  test('needs a checkTransaction', async () => {
    cluster = await withTopic();
    const incomplete: unknown = { nameServers: cluster.nameServers, producerGroup: 'P' };
    const options = incomplete as TransactionProducerOptions;
    expect(() => new TransactionProducer(options)).toThrow(/checkTransaction must be a function/);
  });
});
