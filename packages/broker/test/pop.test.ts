// Pop consumption of a whole broker, on the wire and on disk.
import { MessageConst } from '@mq/remoting/message';
import {
  decodeQueryAssignmentResponseBody,
  encodeQueryAssignmentRequestBody,
  encodeSetMessageRequestModeRequestBody,
  NotificationRequestHeader,
  NotificationResponseHeader,
  PeekMessageRequestHeader,
  RequestCode,
  ResponseCode,
} from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';
import { bodies, PopClient, type PopOptions } from './pop-harness.js';

let broker: BrokerHarness;
let client: PopClient;

async function start(properties: Record<string, string> = {}): Promise<void> {
  broker = await new BrokerHarness().start(properties);
  client = new PopClient(broker);
}

/** Stops the broker and starts it again on the same directory. */
async function restart(properties: Record<string, string> = {}): Promise<void> {
  await broker.stop();
  await broker.start(properties);
}

async function send(
  count: number,
  options: { topic?: string; queueId?: number; tag?: string } = {},
): Promise<string[]> {
  const sent: string[] = [];
  for (let index = 0; index < count; index++) {
    const text = `${options.tag ?? 'm'}-${options.queueId ?? 0}-${index}`;
    sent.push(text);
    const properties = { UNIQ_KEY: text, ...(options.tag === undefined ? {} : { TAGS: options.tag }) };
    const { topic = 'T', queueId = 0 } = options;
    await broker.send({ topic, queueId, body: Buffer.from(text), properties });
  }
  return sent.sort();
}

const committed = (group = 'G', topic = 'T', queueId = 0): number =>
  broker.controller.parts.consumerOffsets.query(group, topic, queueId);

afterEach(() => broker[Symbol.asyncDispose]());

describe.each([
  ['checkpoints in the log', {}],
  ['checkpoints in memory first', { enablePopBufferMerge: 'true', popCkStayBufferTime: '400' }],
])('popping with %s', (_name, properties: Record<string, string>) => {
  beforeEach(() => start(properties));

  test('gives each message to one consumer, from all queues', async () => {
    const sent = [...(await send(3)), ...(await send(2, { queueId: 1 }))].sort();
    const first = await client.pop();
    expect(first.code).toBe(ResponseCode.SUCCESS);
    expect(bodies(first.messages)).toEqual(sent);
    expect((await client.pop()).code).toBe(ResponseCode.POLLING_TIMEOUT);
  });

  test('what is acknowledged never comes again; what is not comes when its time is over', async () => {
    await send(3);
    const { messages } = await client.pop({ invisibleTime: 300 });
    const answers = await Promise.all(messages.slice(0, 2).map((message) => client.ack(message)));
    expect(answers.map(({ code }) => code)).toEqual([0, 0]);
    const again = await client.popAll(1);
    expect(bodies(again)).toEqual(bodies(messages.slice(2)));
    expect(again[0]).toMatchObject({ topic: 'T', reconsumeTimes: 1 });
    expect(again[0]?.properties[MessageConst.FIRST_POP_TIME]).toBeDefined();
    expect((await client.ack(again[0]!)).code).toBe(0);
    expect((await client.pop({ pollTime: 700 })).messages).toEqual([]);
  });

  test('after a restart only what was not acknowledged comes again', async () => {
    await send(4);
    const { messages } = await client.pop({ invisibleTime: 900 });
    await Promise.all(messages.slice(0, 3).map((message) => client.ack(message)));
    await restart(properties);
    const again = await client.popAll(1);
    expect(bodies(again)).toEqual(bodies(messages.slice(3)));
    await client.ack(again[0]!);
    expect((await client.pop({ pollTime: 700 })).messages).toEqual([]);
  });

  test('a batch acknowledgement names messages by bits', async () => {
    await send(6);
    const { messages } = await client.pop({ invisibleTime: 300 });
    expect((await client.batchAck([0, 2, 3, 5].map((index) => messages[index]!))).code).toBe(0);
    expect(bodies(await client.popAll(2))).toEqual(bodies([messages[1]!, messages[4]!]));
  });

  test('pulls of the group go on behind what was popped', async () => {
    await send(5);
    const { messages } = await client.pop({ maxMsgNums: 3 });
    await Promise.all(messages.map((message) => client.ack(message)));
    expect(committed()).toBe(3);
    const pulled = await broker.consume({ offset: committed() });
    expect(pulled).toHaveLength(2);
  });
});

describe('popping', () => {
  beforeEach(() => start());

  test('waits for a message', async () => {
    await send(1);
    await client.ack((await client.pop()).messages[0]!);
    const waiting = client.pop({ pollTime: 10_000 });
    await send(1, { queueId: 2 });
    expect((await waiting).messages).toHaveLength(1);
  });

  test('of several waiting pops each gets its messages', async () => {
    await send(1);
    await client.pop();
    const waiting = [1, 2, 3].map(() => client.pop({ pollTime: 10_000, maxMsgNums: 1 }));
    await send(3, { tag: 'n' });
    const popped = await Promise.all(waiting);
    expect(bodies(popped.flatMap(({ messages }) => messages))).toEqual(['n-0-0', 'n-0-1', 'n-0-2']);
  });

  test('answers 210 when its time is over', async () => {
    await send(1);
    await client.pop();
    const before = Date.now();
    const popped = await client.pop({ pollTime: 300 });
    expect(popped.code).toBe(ResponseCode.POLLING_TIMEOUT);
    expect(Date.now() - before).toBeGreaterThanOrEqual(295);
  });

  test('takes only what the expression lets through, and passes the rest over', async () => {
    await send(3, { tag: 'A' });
    await send(3, { tag: 'B' });
    const { messages } = await client.pop({ exp: 'B' });
    expect(bodies(messages)).toEqual(['B-0-0', 'B-0-1', 'B-0-2']);
    await Promise.all(messages.map((message) => client.ack(message)));
    expect(committed()).toBe(6);
    await send(2, { tag: 'A' });
    expect((await client.pop({ exp: 'B' })).messages).toEqual([]);
    expect(committed()).toBe(8);
  });

  test('a message may be kept longer, or given back at once', async () => {
    await send(2);
    const { messages } = await client.pop({ invisibleTime: 500 });
    expect((await client.changeInvisibleTime(messages[0]!, 60_000)).code).toBe(0);
    const changed = await client.changeInvisibleTime(messages[1]!, 100);
    expect(changed.code).toBe(0);
    expect(Number(changed.extFields['popTime'])).toBeGreaterThan(0);
    expect(bodies(await client.popAll(1))).toEqual(bodies([messages[1]!]));
    expect((await client.pop({ pollTime: 800 })).messages).toEqual([]);
  });

  test('the time of a message that is no longer the consumer’s cannot be changed', async () => {
    await send(1);
    const { messages } = await client.pop();
    await client.ack(messages[0]!);
    await send(2);
    const [, second] = (await client.pop()).messages;
    await client.changeInvisibleTime(second!, 60_000);
    expect((await client.changeInvisibleTime(second!, 10)).code).toBe(ResponseCode.NO_MESSAGE);
  });

  test('a message delivered too often becomes a dead letter', async () => {
    await send(1);
    const groups = broker.controller.parts.subscriptionGroups;
    await client.pop({ invisibleTime: 10 });
    groups.update({ ...groups.find('G')!, retryMaxTimes: 1 });
    const [again] = await client.popAll(1, { invisibleTime: 10 });
    expect(again?.reconsumeTimes).toBe(1);
    const [dead] = await broker.consume({ topic: '%DLQ%G', offset: 0 }).catch(() => []);
    for (let tries = 0; dead === undefined && tries < 50; tries++) {
      if (broker.controller.parts.store.maxOffsetInQueue('%DLQ%G', 0) > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(broker.controller.parts.store.maxOffsetInQueue('%DLQ%G', 0)).toBe(1);
  });

  test('a new group begins with the first message, or with the newest', async () => {
    await restart({ initPopOffsetByCheckMsgInMem: 'false' });
    await send(5);
    expect((await client.pop({ group: 'G1', initMode: 0 })).messages).toHaveLength(5);
    expect(bodies((await client.pop({ group: 'G2', initMode: 1 })).messages)).toEqual(['m-0-4']);
  });

  test('stops at the threshold of messages in flight', async () => {
    await restart({ enablePopMessageThreshold: 'true', popInflightMessageThreshold: '2' });
    await send(6);
    const { messages } = await client.pop({ maxMsgNums: 3 });
    expect((await client.pop()).messages).toEqual([]);
    await Promise.all(messages.map((message) => client.ack(message)));
    expect((await client.pop()).messages).toHaveLength(3);
  });

  test.each<[string, PopOptions, number]>([
    ['an unknown topic', { topic: 'NO' }, ResponseCode.TOPIC_NOT_EXIST],
    ['too many messages', { maxMsgNums: 33 }, ResponseCode.INVALID_PARAMETER],
    ['a queue that is not there', { queueId: 99 }, ResponseCode.INVALID_PARAMETER],
  ])('refuses %s', async (_what, options, code) => {
    await send(1);
    await expect(client.pop(options)).rejects.toThrow(`pop answered ${code}`);
  });

  test('is refused where names are too long for messages to come again, but in order they may', async () => {
    await send(1);
    // `%RETRY%`, the group, a separator and the topic are 255 characters at most.
    const longest = 'g'.repeat(255 - '%RETRY%'.length - '_T'.length);
    expect((await client.pop({ group: longest })).code).toBe(ResponseCode.SUCCESS);
    await expect(client.pop({ group: `${longest}g` })).rejects.toThrow(
      /^pop answered 29: .* their retry topic would have 256 characters, more than 255$/,
    );
    expect((await client.pop({ group: `${longest}g`, order: true })).code).toBe(ResponseCode.SUCCESS);
  });

  test('peeking takes nothing', async () => {
    await send(2);
    const ext = PeekMessageRequestHeader.encode({
      topic: 'T',
      queueId: -1,
      maxMsgNums: 32,
      consumerGroup: 'G',
    });
    const before = await broker.pull();
    expect(before.code).toBe(0);
    const peeked = await broker.request(RequestCode.PEEK_MESSAGE, ext);
    expect([peeked.code, peeked.extFields['restNum']]).toEqual([0, '2']);
    expect((await client.pop()).messages).toHaveLength(2);
  });

  test('a notification comes when there is something to pop', async () => {
    await send(1);
    await client.pop();
    const ask = (pollTime: number): Promise<boolean | undefined> =>
      broker
        .request(
          RequestCode.NOTIFICATION,
          NotificationRequestHeader.encode({
            consumerGroup: 'G',
            topic: 'T',
            queueId: -1,
            pollTime,
            bornTime: Date.now(),
          }),
        )
        .then((response) => NotificationResponseHeader.decode(response.extFields).hasMsg);
    expect(await ask(0)).toBe(false);
    const waiting = ask(10_000);
    await send(1);
    expect(await waiting).toBe(true);
  });
});

describe('popping in order', () => {
  beforeEach(() => start());
  const inOrder = (options: PopOptions = {}): Promise<{ messages: { body: Buffer }[] }> =>
    client.pop({ order: true, queueId: 0, ...options });

  test('the queue is its consumer’s until all is acknowledged', async () => {
    await send(4);
    const { messages, header } = await client.pop({ order: true, queueId: 0, maxMsgNums: 2 });
    expect(header.reviveQid).toBe(999);
    expect((await inOrder()).messages).toEqual([]);
    await client.ack(messages[1]!);
    expect((await inOrder()).messages).toEqual([]);
    await client.ack(messages[0]!);
    const next = await inOrder();
    expect(bodies(next.messages as never)).toEqual(['m-0-2', 'm-0-3']);
  });

  test('the first message not acknowledged comes again when its time is over, and says how often', async () => {
    await send(3);
    const { messages } = await client.pop({ order: true, queueId: 0, invisibleTime: 300 });
    await client.ack(messages[0]!);
    const again = await client.popAll(2, { order: true, queueId: 0 });
    expect(again.map(({ body, orderCount }) => [body.toString(), orderCount])).toEqual([
      ['m-0-1', 1],
      ['m-0-2', 1],
    ]);
  });

  test('the attempt whose answer was lost gets the same messages again', async () => {
    await send(2);
    const once = await client.pop({ order: true, queueId: 0, attemptId: 'a' });
    const twice = await client.pop({ order: true, queueId: 0, attemptId: 'a' });
    expect(bodies(twice.messages)).toEqual(bodies(once.messages));
    expect((await inOrder({ attemptId: 'b' })).messages).toEqual([]);
  });

  test('a change of the time moves the moment when the queue is free', async () => {
    await send(1);
    const { messages } = await client.pop({ order: true, queueId: 0, invisibleTime: 60_000 });
    const changed = await client.changeInvisibleTime(messages[0]!, 200);
    expect(changed.code).toBe(0);
    expect(await client.popAll(1, { order: true, queueId: 0 })).toHaveLength(1);
  });

  test('what is popped in order is known after a restart', async () => {
    await send(3);
    const { messages } = await client.pop({ order: true, queueId: 0, maxMsgNums: 2 });
    await client.ack(messages[0]!);
    await restart();
    expect((await inOrder()).messages).toEqual([]);
    await client.ack(messages[1]!);
    expect(bodies((await inOrder()).messages as never)).toEqual(['m-0-2']);
  });
});

describe('assignment by the broker', () => {
  beforeEach(() => start());

  const setMode = (topic: string, popShareQueueNum = 0): Promise<{ code: number }> =>
    broker.request(
      RequestCode.SET_MESSAGE_REQUEST_MODE,
      {},
      encodeSetMessageRequestModeRequestBody({ topic, consumerGroup: 'G', mode: 'POP', popShareQueueNum }),
    );
  const query = async (clientId: string): Promise<[string, number][]> => {
    const body = encodeQueryAssignmentRequestBody({
      topic: 'T',
      consumerGroup: 'G',
      clientId,
      strategyName: 'AVG',
      messageModel: 'CLUSTERING',
    });
    const response = await broker.request(RequestCode.QUERY_ASSIGNMENT, {}, body);
    const { messageQueueAssignments = [] } = decodeQueryAssignmentResponseBody(response.body);
    return messageQueueAssignments.map(({ mode, messageQueue }) => [mode, messageQueue.queueId]);
  };

  test('shares queues to pull, and lets all pop from any queue once it was told to', async () => {
    await send(1);
    await broker.heartbeat('c1', 'G', ['T'], broker.newClient());
    await broker.heartbeat('c2', 'G', ['T'], broker.newClient());
    expect(await query('c1')).toEqual([
      ['PULL', 0],
      ['PULL', 1],
    ]);
    expect(await query('c2')).toEqual([
      ['PULL', 2],
      ['PULL', 3],
    ]);
    expect((await setMode('T')).code).toBe(0);
    expect(await query('c1')).toEqual([['POP', -1]]);
    await restart();
    await broker.heartbeat('c1', 'G', ['T'], broker.newClient());
    expect(await query('c1')).toEqual([['POP', -1]]);
  });

  test('refuses retry topics and unknown names', async () => {
    expect((await setMode('%RETRY%G')).code).toBe(ResponseCode.NO_PERMISSION);
    expect((await setMode('NO')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });
});
