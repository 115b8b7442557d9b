import type { ExtFields, RemotingClient } from '@mq/remoting';
import {
  type MessageQueue,
  RequestCode,
  ResponseCode,
  decodeConsumeStats,
  decodeConsumeStatsList,
  decodeConsumerOffsetSerializeWrapper,
  decodeQueryConsumeQueueResponseBody,
  decodeQueryConsumeTimeSpanBody,
  decodeResetOffsetBody,
} from '@mq/remoting/protocol';
import { RunningBroker } from '../../testing/running-broker.js';

let broker: RunningBroker;

beforeAll(async () => {
  broker = await RunningBroker.start({ defaultTopicQueueNums: '2' });
  for (const text of ['a', 'b', 'c']) await broker.send('T', 0, text);
  broker.parts.subscriptionGroups.find('G');
  broker.parts.consumerOffsets.commit('test', 'G', 'T', 0, 2);
});

afterAll(() => broker.close());

const ask = (code: number, ext?: ExtFields) => broker.ask(code, ext);
const byQueue = <V>(table: Map<MessageQueue, V>) =>
  Object.fromEntries(Array.from(table, ([{ queueId }, v]) => [queueId, v]));

describe('GET_CONSUME_STATS', () => {
  const stats = async (ext: ExtFields) =>
    decodeConsumeStats((await ask(RequestCode.GET_CONSUME_STATS, ext)).body);

  test('tells where the group is in each queue', async () => {
    const { offsetTable } = await stats({ consumerGroup: 'G', topic: 'T' });
    expect(byQueue(offsetTable)).toEqual({
      0: { brokerOffset: 3, consumerOffset: 2, pullOffset: 2, lastTimestamp: expect.any(Number) },
      1: { brokerOffset: 0, consumerOffset: 0, pullOffset: 0, lastTimestamp: 0 },
    });
  });

  test('takes all topics of the group, a given list, or nothing for what is unknown', async () => {
    expect((await stats({ consumerGroup: 'G' })).offsetTable.size).toBe(2);
    expect((await stats({ consumerGroup: 'G', topicList: 'T;T;unknown' })).offsetTable.size).toBe(2);
    expect((await stats({ consumerGroup: 'nobody' })).offsetTable.size).toBe(0);
  });

  test('leaves out topics an online group does not subscribe to, unless they are listed', async () => {
    const member = broker.connect();
    await broker.heartbeat(member, 'c', { consumer: 'G', topics: ['Other'] });
    expect((await stats({ consumerGroup: 'G', topic: 'T' })).offsetTable.size).toBe(0);
    expect((await stats({ consumerGroup: 'G', topicList: 'T' })).offsetTable.size).toBe(2);
    await leave(member, 'c', 'G');
  });
});

describe('GET_BROKER_CONSUME_STATS', () => {
  const stats = async (isOrder: string) => {
    const answer = await ask(RequestCode.GET_BROKER_CONSUME_STATS, { isOrder });
    const { consumeStatsList, totalDiff, brokerAddr } = decodeConsumeStatsList(answer.body);
    const topics = consumeStatsList.flatMap((entry) => entry['G'] ?? []).length;
    return { topics, totalDiff, brokerAddr };
  };

  test('sums up what all groups are behind, ordered topics alone when asked', async () => {
    expect(await stats('false')).toEqual({ topics: 1, totalDiff: 1, brokerAddr: broker.controller.address });
    expect(await stats('true')).toMatchObject({ topics: 0, totalDiff: 0 });
  });
});

describe('QUERY_CONSUME_TIME_SPAN', () => {
  test('tells the times between which a group is', async () => {
    const answer = await ask(RequestCode.QUERY_CONSUME_TIME_SPAN, { group: 'G', topic: 'T' });
    const [busy, empty] = decodeQueryConsumeTimeSpanBody(answer.body).consumeTimeSpanSet;
    expect(busy?.minTimeStamp).toBeGreaterThan(1_600_000_000_000);
    expect(busy?.maxTimeStamp).toBeGreaterThanOrEqual(busy?.consumeTimeStamp ?? Infinity);
    expect(busy?.minTimeStampStr).toMatch(/^\d{4}-\d\d-\d\d#\d\d:\d\d:\d\d:\d{3}$/);
    expect(busy?.delayTime).toBeGreaterThanOrEqual(0);
    expect(empty).toMatchObject({ minTimeStamp: -1, maxTimeStamp: -1, consumeTimeStamp: -1, delayTime: 0 });
  });

  test('knows no unknown topic', async () => {
    const answer = await ask(RequestCode.QUERY_CONSUME_TIME_SPAN, { group: 'G', topic: 'unknown' });
    expect(answer.code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });
});

describe('offsets of groups', () => {
  test('are compared: Long.MAX where the group is behind the others', async () => {
    const { consumerOffsets } = broker.parts;
    consumerOffsets.commit('test', 'Ahead', 'Cmp', 0, 9);
    consumerOffsets.commit('test', 'Behind', 'Cmp', 0, 1);
    const correction = async (compareGroup: string, filterGroups: string) => {
      const ext = { topic: 'Cmp', compareGroup, filterGroups };
      return (await ask(RequestCode.QUERY_CORRECTION_OFFSET, ext)).body?.toString();
    };
    expect(await correction('Ahead', '')).toBe('{"correctionOffsets":{0:1}}');
    expect(await correction('Behind', 'Behind')).toBe('{"correctionOffsets":{0:9223372036854775807}}');
    expect(await correction('nobody', 'Ahead,Behind')).toBe('{"correctionOffsets":{}}');
    expect(consumerOffsets.query('Ahead', 'Cmp', 0)).toBe(9);
  });

  test('are cloned for one topic or for all', async () => {
    const { consumerOffsets } = broker.parts;
    await broker.send('T2', 0, 'x');
    consumerOffsets.commit('test', 'G', 'T2', 0, 1);
    const clone = (destGroup: string, ext: ExtFields) =>
      ask(RequestCode.CLONE_GROUP_OFFSET, { srcGroup: 'G', destGroup, ...ext });
    expect((await clone('One', { topic: 'T' })).code).toBe(0);
    expect((await clone('All', { topic: '' })).code).toBe(0);
    expect(consumerOffsets.whichTopicsByGroup('One')).toEqual(['T']);
    expect(consumerOffsets.whichTopicsByGroup('All')).toEqual(['T', 'T2']);
    expect((await clone('not legal', { topic: 'T' })).code).toBe(ResponseCode.INVALID_PARAMETER);
    consumerOffsets.removeByTopic('T2');
  });

  test('are copied by slaves in the form of the file', async () => {
    const answer = await ask(RequestCode.GET_ALL_CONSUMER_OFFSET);
    expect(decodeConsumerOffsetSerializeWrapper(answer.body).offsetTable['T@G']).toEqual(new Map([[0, 2]]));
    expect(answer.body?.toString()).toContain('"T@G":{0:2}');
  });
});

describe('INVOKE_BROKER_TO_RESET_OFFSET, in the broker', () => {
  const reset = (ext: ExtFields) =>
    ask(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
      topic: 'T',
      group: 'R',
      isForce: 'true',
      timestamp: '-1',
      ...ext,
    });
  const offsets = async (ext: ExtFields) =>
    byQueue(decodeResetOffsetBody((await reset(ext)).body).offsetTable);

  beforeAll(() => void broker.parts.subscriptionGroups.find('R'));

  test.each<[string, ExtFields, object]>([
    ['to the end', {}, { 0: 3, 1: 0 }],
    ['to a time before everything', { timestamp: '0' }, { 0: 0, 1: 0 }],
    ['to a time after everything', { timestamp: '9999999999999' }, { 0: 3, 1: 0 }],
    ['one queue to an offset', { queueId: '0', offset: '1' }, { 0: 1 }],
    ['one queue by time', { queueId: '0', offset: '-1', timestamp: '0' }, { 0: 0 }],
  ])('moves a group %s, whoever is online', async (_name, ext, expected) => {
    expect(await offsets(ext)).toEqual(expected);
    for (const [queueId, offset] of Object.entries(expected)) {
      expect(broker.parts.consumerOffsets.query('R', 'T', Number(queueId))).toBe(offset);
      expect(broker.parts.consumerOffsets.hasOffsetReset('T', 'R', Number(queueId))).toBe(true);
    }
  });

  test.each<[string, ExtFields, number, string]>([
    ['an unknown topic', { topic: 'unknown' }, ResponseCode.TOPIC_NOT_EXIST, 'unknown'],
    ['an unknown group', { group: 'nobody' }, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'nobody'],
    [
      'an offset past the end',
      { queueId: '0', offset: '5' },
      ResponseCode.SYSTEM_ERROR,
      'Target offset 5 not in',
    ],
    ['a queue the topic has not', { queueId: '9' }, ResponseCode.SYSTEM_ERROR, 'T has 2'],
  ])('refuses %s', async (_name, ext, code, remark) => {
    const answer = await reset(ext);
    expect([answer.code, answer.remark]).toEqual([code, expect.stringContaining(remark)]);
  });
});

describe('INVOKE_BROKER_TO_RESET_OFFSET, in the clients', () => {
  beforeAll(() => void broker.parts.settings.update({ useServerSideResetOffset: 'false' }));
  afterAll(() => void broker.parts.settings.update({ useServerSideResetOffset: 'true' }));

  const reset = (ext: ExtFields, from = broker.client) =>
    broker.ask(
      RequestCode.INVOKE_BROKER_TO_RESET_OFFSET,
      { topic: 'T', group: 'K', isForce: 'true', timestamp: '0', ...ext },
      undefined,
      from,
    );

  test('tells every member, forward only when forced', async () => {
    const { consumerOffsets } = broker.parts;
    for (const queueId of [0, 1]) consumerOffsets.commit('test', 'K', 'T', queueId, 2);
    const member = broker.connect();
    const told: string[] = [];
    member.register(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, (request) => {
      told.push(request.body?.toString() ?? '');
      return undefined;
    });
    await broker.heartbeat(member, 'k', { consumer: 'K', topics: ['T'] });
    const table = async (ext: ExtFields, from?: RemotingClient) =>
      byQueue(decodeResetOffsetBody((await reset(ext, from)).body).offsetTable);
    expect(await table({})).toEqual({ 0: 0, 1: 0 });
    expect(await table({ timestamp: '-1' })).toEqual({ 0: 3, 1: 0 });
    expect(await table({ timestamp: '-1', isForce: 'false' })).toEqual({ 0: 2, 1: 0 });
    const cpp = broker.connect({ language: 'CPP' });
    await table({}, cpp);
    while (told.length < 4) await new Promise((resolve) => void setImmediate(resolve));
    expect(told[0]).toBe(
      '{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:0,{"brokerName":"broker-a","queueId":1,"topic":"T"}:0}}',
    );
    expect(told[3]).toContain(
      '{"offsetTable":[{"brokerName":"broker-a","offset":0,"queueId":0,"topic":"T"},',
    );
    await cpp.close();
    await leave(member, 'k', 'K');
    expect((await reset({})).code).toBe(ResponseCode.CONSUMER_NOT_ONLINE);
  });

  test('refuses a group without offsets', async () => {
    const answer = await reset({ group: 'nobody' });
    expect([answer.code, answer.remark]).toEqual([1, 'THe consumer group <nobody> not exist']);
  });
});

describe('QUERY_CONSUME_QUEUE', () => {
  const query = async (ext: ExtFields) => {
    const answer = await ask(RequestCode.QUERY_CONSUME_QUEUE, {
      topic: 'T',
      queueId: '0',
      index: '0',
      count: '10',
      ...ext,
    });
    return { answer, body: answer.code === 0 ? decodeQueryConsumeQueueResponseBody(answer.body) : undefined };
  };

  test('shows the entries from an index', async () => {
    const { body } = await query({ index: '1' });
    expect(body).toMatchObject({ minQueueIndex: 0, maxQueueIndex: 3 });
    expect(body?.queueData.map(({ physicSize }) => physicSize > 0)).toEqual([true, true]);
    expect((await query({ count: '1' })).body?.queueData).toHaveLength(1);
    expect((await query({ count: '-1' })).body?.queueData).toHaveLength(0);
  });

  test('says when the index or the queue is not there, and who is not online', async () => {
    const past = await query({ index: '3' });
    expect([past.answer.code, past.answer.remark]).toEqual([0, 'Index 3 of 0@T is not exist!']);
    const unknown = await query({ queueId: '7' });
    expect([unknown.answer.code, unknown.answer.remark]).toEqual([1, '7@T is not exist!']);
    expect((await query({ consumerGroup: 'nobody' })).body?.filterData).toBe('nobody@T is not online!');
  });
});

async function leave(member: RemotingClient, clientID: string, consumerGroup: string): Promise<void> {
  await broker.ask(RequestCode.UNREGISTER_CLIENT, { clientID, consumerGroup }, undefined, member);
  await member.close();
}
