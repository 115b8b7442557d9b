// Pop consumption from end to end: the client's consumers on a real broker, through real sockets.
import {
  decodeTraces,
  PopConsumer,
  type PopConsumerOptions,
  Producer,
  PushConsumer,
  type PushConsumerOptions,
} from '@mq/client';
import {
  encodeSetMessageRequestModeRequestBody,
  RequestCode,
  ResetOffsetRequestHeader,
} from '@mq/remoting/protocol';
import { consoleLogger, RemotingClient, RemotingCommand, systemClock } from '@mq/remoting';

import { startTestBroker, type TestBroker, type TestBrokerOptions } from '../src/index.js';

const GROUP = 'G';
const TOPIC = 'T';

let broker: TestBroker;
const open: AsyncDisposable[] = [];

async function start(settings: TestBrokerOptions['settings'] = {}): Promise<void> {
  broker = await startTestBroker({ topics: [{ topic: TOPIC, queues: 4 }], settings });
}

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

async function send(bodies: readonly string[], tags?: string): Promise<void> {
  const producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
  open.push(producer);
  await producer.start();
  for (const body of bodies)
    await producer.send({ topic: TOPIC, body, ...(tags === undefined ? {} : { tags }) });
}

async function popConsumer(options: Partial<PopConsumerOptions> = {}): Promise<PopConsumer> {
  const consumer = new PopConsumer({
    nameServers: broker.nameServers,
    consumerGroup: GROUP,
    startFrom: 'EARLIEST',
    ...options,
  });
  open.push(consumer);
  await consumer.start();
  return consumer;
}

async function popMode(popShareQueueNum = 0): Promise<void> {
  const client = new RemotingClient();
  open.push(client);
  const body = encodeSetMessageRequestModeRequestBody({
    topic: TOPIC,
    consumerGroup: GROUP,
    mode: 'POP',
    popShareQueueNum,
  });
  // The first look creates the group.
  broker.controller.parts.subscriptionGroups.find(GROUP);
  const request = RemotingCommand.request(RequestCode.SET_MESSAGE_REQUEST_MODE, {}, body);
  const answer = await client.request(broker.address, request);
  if (answer.code !== 0) throw new Error(`set mode answered ${answer.code}: ${answer.remark}`);
}

async function pushConsumer(
  handler: (body: string, reconsumeTimes: number) => void,
  options: Partial<PushConsumerOptions> = {},
): Promise<PushConsumer> {
  const consumer = new PushConsumer({
    nameServers: broker.nameServers,
    consumerGroup: GROUP,
    clientRebalance: false,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    handler: (messages) => {
      for (const message of messages) handler(message.body.toString(), message.reconsumeTimes);
    },
    ...options,
  });
  open.push(consumer);
  consumer.subscribe(TOPIC);
  await consumer.start();
  return consumer;
}

async function until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);
const committed = (): number[] =>
  [0, 1, 2, 3].map((queueId) => broker.controller.parts.consumerOffsets.query(GROUP, TOPIC, queueId));

describe('a pop consumer', () => {
  test('receives what was sent, and nothing twice once it is acknowledged', async () => {
    await start();
    await send(numbered(10));
    const consumer = await popConsumer();
    const got: string[] = [];
    while (got.length < 10) {
      const messages = await consumer.receive(TOPIC, { maxMessages: 4 });
      got.push(...messages.map(({ body }) => body.toString()));
      await Promise.all(messages.map((message) => consumer.ack(message)));
    }
    expect(got.sort()).toEqual(numbered(10).sort());
    await broker.advance(120_000);
    expect(await consumer.receive(TOPIC, { waitMs: 500 })).toEqual([]);
  });

  test('receives again what it did not acknowledge in time', async () => {
    await start();
    await send(['a', 'b']);
    const consumer = await popConsumer({ invisibleTimeMs: 30_000 });
    const messages = await consumer.receive(TOPIC);
    await consumer.ack(messages[0]!);
    await broker.advance(31_000);
    const again = await consumer.receive(TOPIC);
    expect(again.map(({ body, reconsumeTimes, topic }) => [body.toString(), reconsumeTimes, topic])).toEqual([
      [messages[1]!.body.toString(), 1, TOPIC],
    ]);
    await consumer.ack(again[0]!);
    await broker.advance(60_000);
    expect(await consumer.receive(TOPIC, { waitMs: 300 })).toEqual([]);
  });

  test('keeps a message longer, and can acknowledge it with its new handle', async () => {
    await start();
    await send(['a']);
    const consumer = await popConsumer({ invisibleTimeMs: 10_000 });
    const [message] = await consumer.receive(TOPIC);
    await consumer.changeInvisibleTime(message!, 60_000);
    await broker.advance(30_000);
    expect(await consumer.receive(TOPIC, { waitMs: 300 })).toEqual([]);
    await consumer.ack(message!);
    await broker.advance(60_000);
    expect(await consumer.receive(TOPIC, { waitMs: 300 })).toEqual([]);
  });

  test('receives in order, one batch of a queue at a time', async () => {
    await start();
    const producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
    open.push(producer);
    await producer.start();
    for (const body of numbered(6)) await producer.send({ topic: TOPIC, body }, { shardingKey: 'one' });
    const consumer = await popConsumer();
    const other = await popConsumer({ instanceName: 'other' });
    const got: string[] = [];
    while (got.length < 6) {
      const messages = await consumer.receive(TOPIC, { order: true, maxMessages: 2 });
      expect(await other.receive(TOPIC, { order: true, waitMs: 0 })).toEqual([]);
      for (const message of messages) {
        got.push(message.body.toString());
        await consumer.ack(message);
      }
    }
    expect(got).toEqual(numbered(6));
  });

  test('loses nothing and repeats nothing acknowledged over a kill of the broker', async () => {
    await start();
    await send(numbered(20));
    const consumer = await popConsumer({ invisibleTimeMs: 20_000 });
    const kept: string[] = [];
    for (let received = 0; received < 20;) {
      const messages = await consumer.receive(TOPIC, { maxMessages: 32 });
      received += messages.length;
      await Promise.all(messages.slice(1).map((message) => consumer.ack(message)));
      kept.push(messages[0]!.body.toString());
    }
    broker.controller.parts.consumerOffsets.persist();
    await broker.killAndRestart();
    await broker.advance(25_000);
    const again: string[] = [];
    while (again.length < kept.length) {
      const messages = await consumer.receive(TOPIC, { waitMs: 5_000 }).catch(() => []);
      again.push(...messages.map(({ body }) => body.toString()));
      await Promise.all(messages.map((message) => consumer.ack(message)));
    }
    expect(again.sort()).toEqual(kept.sort());
  });

  test('goes at once where an operator moves its group, also while it waits or too much is in flight', async () => {
    await start({ enablePopMessageThreshold: true, popInflightMessageThreshold: 3 });
    const { pop } = broker.controller.parts;
    await send(numbered(4));
    const consumer = await popConsumer({ invisibleTimeMs: 600_000 });
    const queue = { topic: TOPIC, brokerName: broker.brokerName, queueId: 0 };
    const moveToBegin = async (): Promise<void> => {
      const client = new RemotingClient();
      open.push(client);
      const header = { topic: TOPIC, group: GROUP, timestamp: 0, isForce: true, queueId: 0 };
      const ext = ResetOffsetRequestHeader.encode(header);
      const request = RemotingCommand.request(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, ext);
      expect((await client.request(broker.address, request)).code).toBe(0);
    };
    const [first] = await consumer.receive(TOPIC, { queue });
    await consumer.ack(first!);
    const waiting = consumer.receive(TOPIC, { queue, waitMs: 60_000 });
    await until(() => pop.polling.size === 1, 'the pop waits');
    await moveToBegin();
    expect((await waiting).map(({ msgId }) => msgId)).toEqual([first!.msgId]);

    pop.queues.of(TOPIC, GROUP, 0).inFlight = 4;
    await moveToBegin();
    expect((await consumer.receive(TOPIC, { queue, waitMs: 0 })).map(({ msgId }) => msgId)).toEqual([
      first!.msgId,
    ]);
  });

  test('leaves a trace of what it received, and tells its hooks, queue by queue', async () => {
    await start({ traceTopicEnable: true });
    await send(numbered(8));
    const told: string[] = [];
    const consumer = await popConsumer({
      enableTrace: true,
      messageHooks: [
        {
          onConsume: ({ consumerGroup, messageQueue: { topic, queueId }, messages }) => {
            expect(new Set(messages.map((message) => message.queueId))).toEqual(new Set([queueId]));
            for (const { msgId } of messages) told.push([consumerGroup, topic, msgId].join());
          },
        },
      ],
    });
    const received: string[] = [];
    while (received.length < 8) {
      const messages = await consumer.receive(TOPIC, { maxMessages: 8 });
      received.push(...messages.map(({ msgId }) => msgId));
      await Promise.all(messages.map((message) => consumer.ack(message)));
    }
    expect(told.sort()).toEqual(received.map((msgId) => [GROUP, TOPIC, msgId].join()).sort());
    await consumer.close();
    const stored = await broker.messages('RMQ_SYS_TRACE_TOPIC');
    const traces = stored.flatMap(({ body }) => decodeTraces(body.toString()));
    for (const type of ['SubBefore', 'SubAfter']) {
      const ofType = traces.filter((trace) => trace.type === type);
      expect(ofType.map(({ msgId }) => msgId).sort()).toEqual([...received].sort());
    }
  });

  test('says what a caller did wrong', async () => {
    await start();
    const consumer = await popConsumer();
    await send(['a']);
    const [message] = await consumer.receive(TOPIC);
    await expect(consumer.receive(TOPIC, { maxMessages: 33 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(consumer.ack({ ...message!, properties: {} })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await consumer.ack(message!);
    await expect(consumer.changeInvisibleTime(message!, 1_000)).rejects.toMatchObject({
      code: 'SERVER_REFUSED',
    });
    const waiting = expect(consumer.receive(TOPIC, { waitMs: 60_000 })).rejects.toMatchObject({
      code: 'CLOSED',
    });
    await consumer.close();
    await waiting;
  });
});
describe('a push consumer whose queues the broker assigns', () => {
  async function ready(options: Parameters<typeof start>[0] = {}): Promise<void> {
    await start(options);
    await popMode();
  }

  test('pops when the group was told to, and acknowledges what its handler took', async () => {
    await ready();
    await send(numbered(50));
    const got = new Set<string>();
    const consumer = await pushConsumer((body) => void got.add(body));
    await until(() => got.size === 50, 'all messages');
    expect(consumer.assignment.filter(({ topic }) => topic === TOPIC)).toEqual([
      { topic: TOPIC, brokerName: broker.brokerName, queueId: -1 },
    ]);
    await until(() => committed().reduce((sum, offset) => sum + Math.max(0, offset), 0) === 50, 'offsets');
    expect(await consumer.close()).toMatchObject({ unfinishedMessages: 0 });
    const after = await popConsumer();
    await broker.advance(120_000);
    expect(await after.receive(TOPIC, { waitMs: 500 })).toEqual([]);
  });

  test('gets a message again whose handler failed, after the time of its attempt', async () => {
    await ready();
    await send(['bad', 'good']);
    const seen: [string, number][] = [];
    await pushConsumer((body, reconsumeTimes) => {
      seen.push([body, reconsumeTimes]);
      if (body === 'bad' && reconsumeTimes === 0) throw new Error('not now');
    });
    await until(() => seen.length === 2, 'first deliveries');
    // The consumer asks for 10 s; what it said must have arrived before time moves on.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await broker.advance(11_000);
    await until(() => seen.length === 3, 'the retry');
    expect(seen[2]).toEqual(['bad', 1]);
    await broker.advance(120_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(seen).toHaveLength(3);
  });

  test('reports a handler that takes longer than the message is its own, and gets the message again', async () => {
    await ready();
    await send(['slow']);
    const log: string[] = [];
    let aheadMs = 0;
    let calls = 0;
    await pushConsumer(
      () => {
        // The first call takes hours.
        if (calls++ === 0) aheadMs = 3_600_000;
      },
      {
        clock: { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs },
        logger: consoleLogger({ write: (line) => void log.push(line) }),
      },
    );
    const report = /WARN.*a handler outlasted the invisible time.*group=G.*topic=T.*messages=1/;
    await until(() => log.some((line) => report.test(line)), 'a report');
    await broker.advance(120_000);
    await until(() => calls === 2, 'the message again');
  });

  test('makes a dead letter of a message that failed for the last time', async () => {
    await ready();
    await send(['bad']);
    await pushConsumer(
      () => {
        throw new Error('never');
      },
      { maxReconsumeTimes: 0 },
    );
    await until(
      () => broker.controller.parts.store.maxOffsetInQueue(`%DLQ%${GROUP}`, 0) === 1,
      'the dead letter',
    );
  });

  test('makes one dead letter of a message it gave up on, though the handler fails afterwards', async () => {
    await ready();
    await send(['bad']);
    let calls = 0;
    const consumer = await pushConsumer(() => undefined, {
      handler: async ([message]) => {
        calls++;
        await consumer.sendToDeadLetter(message!, 'no good');
        throw new Error('with the rest of the batch');
      },
    });
    const acknowledged = (): boolean => committed().some((offset) => offset === 1);
    await until(acknowledged, 'the acknowledgement');
    await broker.advance(120_000);
    expect(await broker.messages(`%DLQ%${GROUP}`)).toHaveLength(1);
    expect(calls).toBe(1);
  });

  test('makes a dead letter of a message whose last attempt nobody ended', async () => {
    await ready();
    await send(['slow']);
    let aheadMs = 0;
    let calls = 0;
    const consumer = await pushConsumer(
      () => {
        calls++;
        aheadMs = 3_600_000;
      },
      {
        clock: { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs },
        maxReconsumeTimes: 0,
      },
    );
    await until(() => calls === 1, 'the only attempt');
    await broker.advance(120_000);
    const { store } = broker.controller.parts;
    await until(() => store.maxOffsetInQueue(`%DLQ%${GROUP}`, 0) === 1, 'the dead letter');
    await consumer.close();
    expect(calls).toBe(1);
    const after = await popConsumer();
    await broker.advance(120_000);
    expect(await after.receive(TOPIC, { waitMs: 500 })).toEqual([]);
  });

  test('pulls like any other when the broker says so', async () => {
    await start();
    await send(numbered(10));
    const got = new Set<string>();
    const consumer = await pushConsumer((body) => void got.add(body));
    await until(() => got.size === 10, 'all messages');
    expect(consumer.assignment.filter(({ topic }) => topic === TOPIC).map(({ queueId }) => queueId)).toEqual([
      0, 1, 2, 3,
    ]);
  });

  test('goes over to popping while it runs', async () => {
    await start();
    await send(numbered(4));
    const got: string[] = [];
    const consumer = await pushConsumer((body) => void got.push(body), { rebalanceIntervalMs: 200 });
    await until(() => got.length === 4, 'what was pulled');
    await popMode();
    await until(() => consumer.assignment.some(({ queueId }) => queueId === -1), 'the change');
    await send(['x', 'y']);
    await until(() => got.length === 6, 'what was popped');
    expect(got.slice(4).sort()).toEqual(['x', 'y']);
  });
});
