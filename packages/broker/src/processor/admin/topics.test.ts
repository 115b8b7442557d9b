import { type ExtFields, RemotingCommand } from '@mq/remoting';
import {
  RequestCode,
  ResponseCode,
  decodeGroupList,
  decodeQuerySubscriptionResponseBody,
  decodeTopicConfigAndQueueMapping,
  decodeTopicList,
  decodeTopicStatsTable,
  encodeCreateTopicListRequestBody,
  newTopicConfig,
} from '@mq/remoting/protocol';
import { RunningBroker } from '../../testing/running-broker.js';

let broker: RunningBroker;

beforeAll(async () => {
  broker = await RunningBroker.start();
});

afterAll(() => broker.close());

const updateTopic = (topic: string, changes: ExtFields = {}): Promise<RemotingCommand> =>
  broker.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, {
    ...{ topic, defaultTopic: 'TBW102', readQueueNums: '4', writeQueueNums: '4', perm: '6' },
    ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'false' },
    ...changes,
  });

const deleteTopic = (topic: string) => broker.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic });
const topicConfig = async (topic: string) => {
  const answer = await broker.ask(RequestCode.GET_TOPIC_CONFIG, { topic, lo: 'true' });
  return decodeTopicConfigAndQueueMapping(answer.body);
};

describe('UPDATE_AND_CREATE_TOPIC', () => {
  test('creates a topic and changes it, attributes by request', async () => {
    expect((await updateTopic('T', { attributes: '+message.type=FIFO' })).code).toBe(0);
    expect((await updateTopic('T', { readQueueNums: '8', order: 'true' })).code).toBe(0);
    expect(await topicConfig('T')).toMatchObject({
      readQueueNums: 8,
      order: true,
      attributes: { 'message.type': 'FIFO' },
    });
  });

  test('changes nothing, not even the version, when the topic is as wanted', async () => {
    await updateTopic('same');
    const { counter } = broker.parts.topicConfig.dataVersion;
    expect((await updateTopic('same')).code).toBe(0);
    expect(broker.parts.topicConfig.dataVersion.counter).toBe(counter);
  });

  test.each<[string, string, ExtFields, number, string]>([
    ['a blank name', ' ', {}, ResponseCode.INVALID_PARAMETER, 'blank'],
    ['an illegal name', 'a/../b', {}, ResponseCode.INVALID_PARAMETER, 'illegal characters'],
    ['a long name', 'x'.repeat(128), {}, ResponseCode.INVALID_PARAMETER, 'longer than'],
    ['a system topic', 'TBW102', {}, ResponseCode.INVALID_PARAMETER, 'conflict with system topic'],
    [
      'its own cluster topic',
      'GoldenCluster',
      {},
      ResponseCode.INVALID_PARAMETER,
      'conflict with system topic',
    ],
    ['too many queues', 'U', { writeQueueNums: '70000' }, ResponseCode.INVALID_PARAMETER, 'writeQueueNums'],
    [
      'a negative queue number',
      'U',
      { readQueueNums: '-1' },
      ResponseCode.INVALID_PARAMETER,
      'readQueueNums',
    ],
    ['an unknown permission', 'U', { perm: '99' }, ResponseCode.INVALID_PARAMETER, 'perm'],
    [
      'an unknown filter type',
      'U',
      { topicFilterType: 'X' },
      ResponseCode.INVALID_PARAMETER,
      'topicFilterType',
    ],
    ['mixed messages', 'U', { attributes: '+message.type=MIXED' }, ResponseCode.INVALID_PARAMETER, 'MIXED'],
    ['an unknown attribute', 'U', { attributes: '+a=b' }, ResponseCode.SYSTEM_ERROR, 'unsupported key: a'],
    ['a number that is none', 'U', { perm: 'six' }, ResponseCode.SYSTEM_ERROR, 'perm'],
  ])('refuses %s', async (_name, topic, changes, code, remark) => {
    const answer = await updateTopic(topic, changes);
    expect([answer.code, answer.remark]).toEqual([code, expect.stringContaining(remark)]);
    expect(broker.parts.topicConfig.select('U')).toBeUndefined();
  });

  test('names the header field that is missing', async () => {
    const answer = await broker.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { topic: 'U' });
    expect([answer.code, answer.remark]).toEqual([1, expect.stringContaining('defaultTopic')]);
  });
});

describe('UPDATE_AND_CREATE_TOPIC_LIST', () => {
  const updateList = (...names: string[]) =>
    broker.ask(
      RequestCode.UPDATE_AND_CREATE_TOPIC_LIST,
      {},
      encodeCreateTopicListRequestBody({ topicConfigList: names.map((name) => newTopicConfig(name, 2)) }),
    );

  test('creates all topics of a list', async () => {
    expect((await updateList('L1', 'L2')).code).toBe(0);
    expect(await topicConfig('L2')).toMatchObject({ readQueueNums: 2 });
  });

  test('creates none when one of them is refused', async () => {
    expect((await updateList('L3', 'SELF_TEST_TOPIC')).code).toBe(ResponseCode.INVALID_PARAMETER);
    expect(broker.parts.topicConfig.select('L3')).toBeUndefined();
  });

  test.each([undefined, 'no json', '[]', '{"topicConfigList":7}', '{"topicConfigList":[{}]}'])(
    'refuses the body %s',
    async (body) => {
      const answer = await broker.ask(
        RequestCode.UPDATE_AND_CREATE_TOPIC_LIST,
        {},
        body === undefined ? undefined : Buffer.from(body),
      );
      expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR);
      expect(answer.remark).toBeTruthy();
    },
  );
});

describe('DELETE_TOPIC_IN_BROKER', () => {
  test('removes a topic with its queues, offsets, statistics and pop retry topics', async () => {
    const { parts } = broker;
    for (const topic of ['D', '%RETRY%G_D', '%RETRY%G+D', '%RETRY%G']) {
      parts.topicConfig.createIfAbsent(newTopicConfig(topic, 1));
    }
    await broker.send('D', 0, 'body');
    parts.consumerOffsets.commit('test', 'G', 'D', 0, 1);
    expect((await deleteTopic('D')).code).toBe(0);
    const left = ['D', '%RETRY%G_D', '%RETRY%G+D', '%RETRY%G'].filter((topic) =>
      parts.topicConfig.select(topic),
    );
    expect(left).toEqual(['%RETRY%G']);
    expect([...parts.store.topics()]).not.toContain('D');
    expect(parts.consumerOffsets.query('G', 'D', 0)).toBe(-1);
    expect(parts.stats.item('TOPIC_PUT_NUMS', 'D')).toBeUndefined();
  });

  test('is no error for a topic that is not there', async () => {
    expect((await deleteTopic('%RETRY%nobody')).code).toBe(0);
  });

  test.each(['', ' ', '../x', 'x'.repeat(256), 'TBW102', 'RMQ_SYS_TRANS_HALF_TOPIC'])(
    'refuses %p',
    async (topic) => {
      expect((await deleteTopic(topic)).code).toBe(ResponseCode.INVALID_PARAMETER);
    },
  );
});

describe('asking about topics', () => {
  test('GET_TOPIC_CONFIG and GET_TOPIC_STATS_INFO know no unknown topic', async () => {
    for (const code of [RequestCode.GET_TOPIC_CONFIG, RequestCode.GET_TOPIC_STATS_INFO]) {
      const answer = await broker.ask(code, { topic: 'nothing' });
      expect([answer.code, answer.remark]).toEqual([
        ResponseCode.TOPIC_NOT_EXIST,
        expect.stringContaining('nothing'),
      ]);
    }
  });

  test('GET_TOPIC_STATS_INFO tells the ends of every queue', async () => {
    await updateTopic('Stats', { readQueueNums: '2', writeQueueNums: '1' });
    await broker.send('Stats', 0, 'a');
    await broker.send('Stats', 0, 'b');
    const answer = await broker.ask(RequestCode.GET_TOPIC_STATS_INFO, { topic: 'Stats' });
    const rows = Array.from(decodeTopicStatsTable(answer.body).offsetTable, ([{ queueId }, row]) => ({
      queueId,
      ...row,
    }));
    expect(rows).toEqual([
      { queueId: 0, minOffset: 0, maxOffset: 2, lastUpdateTimestamp: expect.any(Number) },
      { queueId: 1, minOffset: 0, maxOffset: 0, lastUpdateTimestamp: 0 },
    ]);
    expect(rows[0]?.lastUpdateTimestamp).toBeGreaterThan(1_600_000_000_000);
    expect(answer.body?.toString()).toMatch(
      /^\{"offsetTable":\{\{"brokerName":"broker-a","queueId":0,"topic":"Stats"\}:/,
    );
  });

  test('GET_SYSTEM_TOPIC_LIST_FROM_BROKER has upstream’s and this broker’s own', async () => {
    const answer = await broker.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER);
    const { topicList } = decodeTopicList(answer.body);
    expect(topicList).toEqual(
      expect.arrayContaining(['TBW102', 'SELF_TEST_TOPIC', 'GoldenCluster', 'broker-a']),
    );
  });

  test('who consumes what: from offsets and from those online', async () => {
    const member = broker.connect();
    await broker.heartbeat(member, 'c1', { consumer: 'Online', topics: ['Who'] });
    broker.parts.consumerOffsets.commit('test', 'Offline', 'Who', 0, 1);
    const byTopic = await broker.ask(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, { topic: 'Who' });
    expect(decodeGroupList(byTopic.body).groupList).toEqual(['Online', 'Offline']);
    const byGroup = await broker.ask(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: 'Offline' });
    expect(decodeTopicList(byGroup.body)).toEqual({
      brokerAddr: broker.controller.address,
      topicList: ['Who'],
    });
    const online = await broker.ask(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, {
      group: 'Online',
      topic: 'Who',
    });
    expect(decodeQuerySubscriptionResponseBody(online.body).subscriptionData?.subString).toBe('*');
    const offline = await broker.ask(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, {
      group: 'Offline',
      topic: 'Who',
    });
    expect(decodeQuerySubscriptionResponseBody(offline.body)).toEqual({ group: 'Offline', topic: 'Who' });
    await member.close();
  });
});

describe('cleaning the store', () => {
  test('CLEAN_UNUSED_TOPIC removes queues without a topic, and no others', async () => {
    for (const topic of ['Kept', 'Unused']) {
      await updateTopic(topic);
      await broker.send(topic, 0, 'body');
    }
    broker.parts.topicConfig.delete('Unused');
    expect((await broker.ask(RequestCode.CLEAN_UNUSED_TOPIC)).code).toBe(0);
    const topics = [...broker.parts.store.topics()];
    expect([topics.includes('Kept'), topics.includes('Unused')]).toEqual([true, false]);
  });

  test.each([RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, RequestCode.DELETE_EXPIRED_COMMITLOG])(
    '%i keeps what is not expired',
    async (code) => {
      await broker.send('Kept', 0, 'body');
      const before = broker.parts.store.minPhyOffset;
      expect((await broker.ask(code)).code).toBe(0);
      expect(broker.parts.store.minPhyOffset).toBe(before);
    },
  );
});
