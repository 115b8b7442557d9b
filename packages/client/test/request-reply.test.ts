import { RemotingCommand, type Connection } from '@mq/remoting';
import { MessageConst, decodeProperties } from '@mq/remoting/message';
import { ReplyMessageRequestHeader, RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { ClientInstance, Producer, PushConsumer, createReply, type ReceivedMessage } from '../src/index.js';
import { eventually } from './eventually.js';
import { ok, refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

let cluster: FakeCluster;
const open: { close(options?: { timeoutMs?: number }): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close({ timeoutMs: 300 })));
  await cluster.close();
});

/** Two brokers; the reply topic is on both, the request topic on the first. */
async function start(): Promise<void> {
  cluster = await FakeCluster.start({ brokers: ['broker-a', 'broker-b'] });
  cluster.setTopic('T', 1, ['broker-a']);
  cluster.setTopic('C_REPLY_TOPIC', 1);
  for (const broker of cluster.brokers) {
    const clients = new Map<string, Connection>();
    broker.answer(RequestCode.HEART_BEAT, (request, context) => {
      const { clientID } = JSON.parse((request.body as Buffer).toString()) as { clientID: string };
      clients.set(clientID, context.connection);
      return 'PASS';
    });
    // As a broker does: pushes the reply to the client it is for, and refuses when it does not know that client.
    broker.answer(RequestCode.SEND_REPLY_MESSAGE_V2, async (request) => {
      const properties = decodeProperties(request.extFields['i'] ?? '');
      const client = clients.get(properties[MessageConst.MESSAGE_REPLY_TO_CLIENT] ?? '');
      if (client === undefined) return refuse(ResponseCode.SYSTEM_ERROR, 'channel not found');
      const ext = ReplyMessageRequestHeader.encode({
        ...{
          producerGroup: 'P',
          topic: request.extFields['b'] ?? '',
          defaultTopic: '',
          defaultTopicQueueNums: 1,
        },
        ...{ queueId: 0, sysFlag: Number(request.extFields['f']), bornTimestamp: 1, flag: 7 },
        ...{
          properties: request.extFields['i'],
          bornHost: '/1.2.3.4:5',
          storeHost: '6.7.8.9:10',
          storeTimestamp: 2,
        },
      });
      const push = RemotingCommand.request(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, ext, request.body);
      const { code } = await client.request(push, { timeoutMs: 1_000 });
      return code === ResponseCode.SUCCESS
        ? ok({ msgId: '0', queueId: '0', queueOffset: '0' })
        : refuse(1, 'no');
    });
  }
}

async function producer(producerGroup = 'P'): Promise<Producer> {
  const made = new Producer({ nameServers: cluster.nameServers, producerGroup });
  open.push(made);
  await made.start();
  return made;
}

/** A consumer of T whose handler gets every request with what a broker adds to it. */
async function responder(handler: (request: ReceivedMessage) => Promise<unknown>): Promise<void> {
  const consumer = new PushConsumer({
    nameServers: cluster.nameServers,
    consumerGroup: 'G',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    handler: async ([request]) => {
      const message = request as ReceivedMessage;
      message.properties[MessageConst.CLUSTER] = 'C';
      await handler(message);
    },
  });
  open.push(consumer);
  consumer.subscribe('T');
  await consumer.start();
}

describe('a request', () => {
  test('resolves with the reply to it, whatever others come before', async () => {
    await start();
    const replies = await producer('R');
    await responder(async (request) => {
      await replies.send(createReply(request, `reply to ${request.body.toString()}`));
    });
    const requester = await producer();
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((body) => requester.request({ topic: 'T', body }, { timeoutMs: 5_000 })),
    );
    expect(answers.map(({ body }) => body.toString())).toEqual(['reply to a', 'reply to b', 'reply to c']);
    expect(answers[0]).toMatchObject({ flag: 7, bornHost: '1.2.3.4:5', storeHost: '6.7.8.9:10' });
    const [sent] = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    const properties = decodeProperties(sent?.ext['i'] ?? '');
    expect(properties).toMatchObject({ TTL: '5000', REPLY_TO_CLIENT: requester.clientId });
    expect(properties['CORRELATION_ID']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is answered through the broker it came by', async () => {
    await start();
    const replies = await producer('R');
    await responder((request) => replies.send(createReply(request, 'x')));
    const requester = await producer();
    for (let i = 0; i < 4; i++) await requester.request({ topic: 'T', body: 'q' }, { timeoutMs: 5_000 });
    const counts = cluster.brokers.map((b) => b.requests(RequestCode.SEND_REPLY_MESSAGE_V2).length);
    expect(counts).toEqual([4, 0]);
  });

  test('lets every broker of the cluster know the requester, so that any of them can push the reply', async () => {
    await start();
    const replies = await producer('R');
    await responder((request) => {
      const reply = createReply(request, 'by the other');
      return replies.send(reply, {
        messageQueue: { topic: reply.topic, brokerName: 'broker-b', queueId: 0 },
      });
    });
    const answer = await (await producer()).request({ topic: 'T', body: 'q' }, { timeoutMs: 5_000 });
    expect(answer.body.toString()).toBe('by the other');
  });

  describe('whose reply comes by a broker that had lost its connection to the requester', () => {
    /** Breaks what connects the second broker to anybody. */
    function breakConnections(): void {
      for (const connection of [...(cluster.brokers[1]?.server.connections ?? [])])
        connection.close('a test');
    }
    const isKnown = (requester: Producer, since: number): boolean =>
      cluster.brokers[1]?.heartbeats.slice(since).some(({ clientID }) => clientID === requester.clientId) ===
      true;

    async function replyBySecond(): Promise<(request: ReceivedMessage) => Promise<unknown>> {
      const replies = await producer('R');
      return (request) => {
        const reply = createReply(request, 'by the other');
        const messageQueue = { topic: reply.topic, brokerName: 'broker-b', queueId: 0 };
        return replies.send(reply, { messageQueue });
      };
    }

    test('while it waits, makes it again', async () => {
      await start();
      const send = await replyBySecond();
      const requester = await producer();
      let heartbeats = 0;
      const isBack = (): boolean => isKnown(requester, heartbeats);
      await responder(async (request) => {
        // The client's first round of heartbeats must not be taken for what is tested; the next comes after 30 s.
        heartbeats = cluster.brokers[1]?.heartbeats.length ?? 0;
        await eventually('the first round', isBack);
        heartbeats = cluster.brokers[1]?.heartbeats.length ?? 0;
        breakConnections();
        await eventually('the requester is back', isBack);
        await send(request);
      });
      const answer = await requester.request({ topic: 'T', body: 'q' }, { timeoutMs: 10_000 });
      expect(answer.body.toString()).toBe('by the other');
    });

    test('before it asked, makes it again', async () => {
      await start();
      await responder(await replyBySecond());
      const client = new ClientInstance({ nameServers: cluster.nameServers });
      open.push(client);
      const requester = new Producer({ client, producerGroup: 'P' });
      open.push(requester);
      await requester.start();
      await requester.request({ topic: 'T', body: 'first' }, { timeoutMs: 10_000 });
      const { lostConnections } = client;
      breakConnections();
      await eventually('the loss is noticed', () => client.lostConnections > lostConnections);
      const answer = await requester.request({ topic: 'T', body: 'second' }, { timeoutMs: 10_000 });
      expect(answer.body.toString()).toBe('by the other');
    });
  });

  test('without a reply fails as such when its time is over', async () => {
    await start();
    const requester = await producer();
    await expect(requester.request({ topic: 'T', body: 'q' }, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
      retryable: true,
    });
  });

  test('that cannot be sent fails at once', async () => {
    await start();
    cluster.broker.answer(RequestCode.SEND_MESSAGE_V2, () => refuse(ResponseCode.MESSAGE_ILLEGAL, 'no'));
    const requester = await producer();
    const before = Date.now();
    await expect(requester.request({ topic: 'T', body: 'q' }, { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: 'MESSAGE_ILLEGAL',
    });
    expect(Date.now() - before).toBeLessThan(10_000);
  });

  test('ends with its signal, and with its producer', async () => {
    await start();
    const requester = await producer();
    const aborted = requester.request(
      { topic: 'T', body: 'q' },
      { timeoutMs: 9_000, signal: AbortSignal.timeout(50) },
    );
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    const closed = requester.request({ topic: 'T', body: 'q' }, { timeoutMs: 9_000 });
    const outcome = expect(closed).rejects.toMatchObject({ code: 'CLOSED' });
    await requester.close();
    await outcome;
  });

  test('accepts a late reply without harm', async () => {
    await start();
    const requester = await producer();
    // Long enough for the answer to the send: without any the client would take the connection for dead and close it.
    await expect(requester.request({ topic: 'T', body: 'q' }, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
    const { code } = await cluster.broker.ask(
      RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT,
      ReplyMessageRequestHeader.encode({
        ...{
          producerGroup: 'P',
          topic: 'T',
          defaultTopic: '',
          defaultTopicQueueNums: 1,
          queueId: 0,
          sysFlag: 0,
        },
        ...{ bornTimestamp: 1, flag: 0, properties: 'CORRELATION_ID\u0001nobody', bornHost: 'h:1' },
        ...{ storeHost: 'h:2', storeTimestamp: 2 },
      }),
      Buffer.from('late'),
    );
    expect(code).toBe(ResponseCode.SUCCESS);
  });
});

test('only a request can be replied to', () => {
  const message = { properties: {}, msgId: 'ID', brokerName: 'b' } as unknown as ReceivedMessage;
  expect(() => createReply(message, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
