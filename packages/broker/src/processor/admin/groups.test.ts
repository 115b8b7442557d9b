import { type ExtFields, RemotingCommand } from '@mq/remoting';
import {
  RequestCode,
  ResponseCode,
  decodeConsumerConnection,
  decodeGetConsumerStatusBody,
  decodeGroupForbidden,
  decodeProducerConnection,
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupWrapper,
  defaultSubscriptionGroupConfig,
  encodeGetConsumerStatusBody,
  encodeSubscriptionGroupConfig,
  encodeSubscriptionGroupList,
} from '@mq/remoting/protocol';
import { RunningBroker } from '../../testing/running-broker.js';

let broker: RunningBroker;

beforeAll(async () => {
  broker = await RunningBroker.start();
});

afterAll(() => broker.close());

const ask = (code: number, ext?: ExtFields, body?: Buffer) => broker.ask(code, ext, body);
const updateGroup = (groupName: string, changes: object = {}) =>
  ask(
    RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
    {},
    encodeSubscriptionGroupConfig({ ...defaultSubscriptionGroupConfig(groupName), ...changes }),
  );

describe('consumer groups', () => {
  test('are created, changed, listed and shown', async () => {
    expect((await updateGroup('G', { retryMaxTimes: 3 })).code).toBe(0);
    expect((await updateGroup('G', { retryMaxTimes: 5, consumeEnable: false })).code).toBe(0);
    const one = await ask(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'G' });
    expect(decodeSubscriptionGroupConfig(one.body)).toMatchObject({ retryMaxTimes: 5, consumeEnable: false });
    const all = await ask(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
    expect(Object.keys(decodeSubscriptionGroupWrapper(all.body).subscriptionGroupTable)).toContain('G');
  });

  test('are created by a list, all or none', async () => {
    const updateList = (...names: string[]) =>
      ask(
        RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST,
        {},
        encodeSubscriptionGroupList({ groupConfigList: names.map(defaultSubscriptionGroupConfig) }),
      );
    expect((await updateList('L1', 'L2')).code).toBe(0);
    expect((await updateList('L3', 'not legal')).code).toBe(ResponseCode.INVALID_PARAMETER);
    expect(['L1', 'L2', 'L3'].map((group) => broker.parts.subscriptionGroups.has(group))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test.each<[string, string, object, number, string]>([
    ['a blank name', ' ', {}, ResponseCode.INVALID_PARAMETER, 'blank'],
    ['an illegal name', 'a b', {}, ResponseCode.INVALID_PARAMETER, 'illegal'],
    ['a long name', 'x'.repeat(256), {}, ResponseCode.INVALID_PARAMETER, 'longer'],
    [
      'too many retry queues',
      'R',
      { retryQueueNums: 5000 },
      ResponseCode.INVALID_PARAMETER,
      'retryQueueNums',
    ],
    [
      'an unknown attribute',
      'R',
      { attributes: { '+a': 'b' } },
      ResponseCode.SYSTEM_ERROR,
      'unsupported key: a',
    ],
  ])('are refused with %s', async (_name, group, changes, code, remark) => {
    const answer = await updateGroup(group, changes);
    expect([answer.code, answer.remark]).toEqual([code, expect.stringContaining(remark)]);
  });

  test('that are unknown are not created by asking', async () => {
    const answer = await ask(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'unknown' });
    expect(answer.code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
    expect(broker.parts.subscriptionGroups.has('unknown')).toBe(false);
  });

  test.each<[string, ExtFields, number]>([
    ['without their offsets', {}, 7],
    ['with their offsets, as 5.x asks', { cleanOffset: 'true' }, -1],
    ['with their offsets, as 4.9 asks', { removeOffset: 'true' }, -1],
  ])('are deleted %s', async (_name, ext, offsetLeft) => {
    await updateGroup('D');
    broker.parts.consumerOffsets.commit('test', 'D', 'T', 0, 7);
    expect((await ask(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: 'D', ...ext })).code).toBe(0);
    expect(broker.parts.subscriptionGroups.has('D')).toBe(false);
    expect(broker.parts.consumerOffsets.query('D', 'T', 0)).toBe(offsetLeft);
  });

  test('are forbidden to read a topic, and allowed again', async () => {
    const forbidden = async (ext: ExtFields = {}) => {
      const answer = await ask(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, {
        group: 'G',
        topic: 'T',
        ...ext,
      });
      return decodeGroupForbidden(answer.body).readable;
    };
    expect([await forbidden(), await forbidden({ readable: 'false' }), await forbidden()]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await forbidden({ readable: 'true' })).toBe(true);
  });
});

describe('clients online', () => {
  test('are listed by group, and gone with their connection', async () => {
    const member = broker.connect({ language: 'GO', version: 317 });
    await broker.heartbeat(member, 'c1', { producer: 'P', consumer: 'C', topics: ['T'] });
    const consumers = decodeConsumerConnection(
      (await ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: 'C' })).body,
    );
    expect(consumers).toMatchObject({
      connectionSet: [{ clientId: 'c1', language: 'GO', version: 317 }],
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      messageModel: 'CLUSTERING',
    });
    expect(Object.keys(consumers.subscriptionTable)).toEqual(['T']);
    const producers = await ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'P' });
    expect(decodeProducerConnection(producers.body).connectionSet).toEqual(consumers.connectionSet);
    await member.close();
    await until(() => broker.parts.consumers.groupInfo('C') === undefined);
    expect((await ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: 'C' })).code).toBe(
      ResponseCode.CONSUMER_NOT_ONLINE,
    );
    const noProducer = await ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'P' });
    expect([noProducer.code, noProducer.remark]).toEqual([1, 'the producer group[P] not exist']);
  });

  test('are asked what they do, and their answer is passed on', async () => {
    const member = broker.connect();
    member.register(RequestCode.GET_CONSUMER_RUNNING_INFO, (request) =>
      RemotingCommand.response(
        0,
        undefined,
        {},
        Buffer.from(`{"jstack":"${request.extFields['jstackEnable']}"}`),
      ),
    );
    await broker.heartbeat(member, 'c2', { consumer: 'C', topics: ['T'] });
    const ext = { consumerGroup: 'C', clientId: 'c2', jstackEnable: 'true' };
    expect((await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, ext)).body?.toString()).toBe(
      '{"jstack":"true"}',
    );
    const nobody = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, { ...ext, clientId: 'c9' });
    expect([nobody.code, nobody.remark]).toEqual([1, 'The Consumer <C> <c9> not online']);
    await member.close();
  });

  test('are not asked when they are too old to know', async () => {
    const member = broker.connect({ version: 40 });
    await broker.heartbeat(member, 'old', { consumer: 'Old', topics: ['T'] });
    const answer = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, {
      consumerGroup: 'Old',
      clientId: 'old',
    });
    expect([answer.code, answer.remark]).toEqual([1, expect.stringContaining('too low')]);
    await member.close();
  });

  test('consume a stored message when told to', async () => {
    const member = broker.connect();
    let received: RemotingCommand | undefined;
    member.register(RequestCode.CONSUME_MESSAGE_DIRECTLY, (request) => {
      received = request;
      return RemotingCommand.response(0, undefined, {}, Buffer.from('{"consumeResult":"CR_SUCCESS"}'));
    });
    const msgId = await broker.send('Direct', 0, 'the body');
    await broker.heartbeat(member, 'c3', { consumer: 'C3', topics: ['Direct'] });
    const ext = { consumerGroup: 'C3', clientId: 'c3', msgId, topic: 'Direct' };
    expect((await ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, ext)).body?.toString()).toContain('CR_SUCCESS');
    expect(received?.body?.includes('the body')).toBe(true);
    expect(received?.extFields).toMatchObject({
      brokerName: 'broker-a',
      topicSysFlag: '0',
      groupSysFlag: '0',
    });
    for (const wrong of ['', 'not hex', 'F'.repeat(32)]) {
      const answer = await ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, { ...ext, msgId: wrong });
      expect([answer.code === 0, answer.remark]).toEqual([false, expect.any(String)]);
    }
    await member.close();
  });

  test('tell how far they are, each under its id', async () => {
    const members = ['s1', 's2'].map((clientId, at) => {
      const client = broker.connect();
      const queue = { topic: 'T', brokerName: 'broker-a', queueId: at };
      const body = encodeGetConsumerStatusBody({
        consumerTable: {},
        messageQueueTable: new Map([[queue, at]]),
      });
      client.register(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, () =>
        RemotingCommand.response(0, undefined, {}, body),
      );
      return { clientId, client };
    });
    for (const { clientId, client } of members)
      await broker.heartbeat(client, clientId, { consumer: 'S', topics: ['T'] });
    const status = async (ext: ExtFields) => {
      const answer = await ask(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, {
        topic: 'T',
        group: 'S',
        ...ext,
      });
      return Object.keys(decodeGetConsumerStatusBody(answer.body).consumerTable);
    };
    expect(await status({})).toEqual(['s1', 's2']);
    expect(await status({ clientAddr: 's2' })).toEqual(['s2']);
    const nobody = await ask(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, {
      topic: 'T',
      group: 'nobody',
    });
    expect([nobody.code, nobody.remark]).toEqual([
      1,
      'No Any Consumer online in the consumer group: [nobody]',
    ]);
    for (const { client } of members) await client.close();
  });
});

/** Waits for something that other turns of the loop bring about; the test's time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setImmediate(resolve));
}
