// Every setting of a subscription group, by what it changes on the wire; those that change nothing in Apache's broker are kept.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { RemotingCommand, type RemotingClient } from '@mq/remoting';
import { decodeRecords, type MessageExt } from '@mq/remoting/message';
import {
  buildSubscriptionData,
  decodeSubscriptionGroupWrapper,
  defaultSubscriptionGroupConfig,
  encodeHeartbeatData,
  encodeSubscriptionGroupConfig,
  parseFastjson,
  RequestCode,
  ResponseCode,
  type SubscriptionGroupConfig,
} from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';

const LEVELS = { messageDelayLevel: '1s 1s 1s 1s 1s 1s' };

let broker: BrokerHarness;
beforeEach(() => (broker = new BrokerHarness()));
afterEach(() => broker[Symbol.asyncDispose]());

async function setGroup(changes: Partial<SubscriptionGroupConfig>): Promise<void> {
  const body = encodeSubscriptionGroupConfig({ ...defaultSubscriptionGroupConfig('G'), ...changes });
  const answer = await broker.request(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, body);
  expect(answer.code).toBe(ResponseCode.SUCCESS);
}

function heartbeat(
  clientID: string,
  client: RemotingClient,
  {
    messageModel = 'CLUSTERING',
    topics = ['T'],
  }: { messageModel?: 'CLUSTERING' | 'BROADCASTING'; topics?: string[] } = {},
): Promise<RemotingCommand> {
  const body = encodeHeartbeatData({
    ...{ clientID, producerDataSet: [], heartbeatFingerprint: 0, withoutSub: false },
    consumerDataSet: [
      {
        ...{ groupName: 'G', consumeType: 'CONSUME_PASSIVELY', messageModel, unitMode: false },
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        subscriptionDataSet: topics.map((topic) => buildSubscriptionData(topic, '*', 'TAG', 1)),
      },
    ],
  });
  return broker.request(RequestCode.HEART_BEAT, {}, body, client);
}

const pulled = async (options: Parameters<BrokerHarness['pull']>[0] = {}): Promise<MessageExt[]> =>
  decodeRecords((await broker.pull(options)).body ?? Buffer.alloc(0));

/** Sends a message and gives it back as a consumer whose client says nothing of a maximum. */
async function giveBack(changes: Record<string, string> = {}): Promise<RemotingCommand> {
  await broker.send();
  const offset = broker.controller.parts.store.maxOffsetInQueue('T', 0) - 1;
  const [message] = await pulled({ offset });
  const ext = { offset: String(message?.commitLogOffset), group: 'G', delayLevel: '1', originTopic: 'T' };
  return broker.request(RequestCode.CONSUMER_SEND_MSG_BACK, { ...ext, ...changes });
}

describe('consumeEnable', () => {
  test('false refuses pulls and pops of the group', async () => {
    await broker.start();
    await broker.send();
    await setGroup({ consumeEnable: false });
    expect((await broker.pull()).code).toBe(ResponseCode.NO_PERMISSION);
    const pop = { consumerGroup: 'G', topic: 'T', queueId: '0', maxMsgNums: '1', invisibleTime: '10000' };
    const more = { pollTime: '0', bornTime: String(Date.now()), initMode: '0' };
    const popped = await broker.request(RequestCode.POP_MESSAGE, { ...pop, ...more });
    expect(popped.code).toBe(ResponseCode.NO_PERMISSION);
    await setGroup({ consumeEnable: true });
    expect((await broker.pull()).code).toBe(ResponseCode.SUCCESS);
  });
});

describe('consumeBroadcastEnable', () => {
  test('false refuses pulls of a group that broadcasts, not those of one that does not', async () => {
    await broker.start();
    await broker.send();
    await setGroup({ consumeBroadcastEnable: false });
    const client = broker.newClient();
    await heartbeat('c1', client, { messageModel: 'BROADCASTING' });
    const refused = await broker.pull({ registered: true, subVersion: 1 }, client);
    expect([refused.code, refused.remark]).toEqual([
      ResponseCode.NO_PERMISSION,
      'the consumer group[G] can not consume by broadcast way',
    ]);
    await heartbeat('c1', client, { messageModel: 'CLUSTERING' });
    expect((await broker.pull({ registered: true, subVersion: 1 }, client)).code).toBe(ResponseCode.SUCCESS);
  });
});

describe('retryQueueNums', () => {
  test('is how many queues the retry topic gets', async () => {
    await broker.start();
    await setGroup({ retryQueueNums: 3 });
    await heartbeat('c1', broker.newClient());
    expect(broker.controller.parts.topicConfig.select('%RETRY%G')).toMatchObject({
      ...{ readQueueNums: 3, writeQueueNums: 3 },
    });
  });

  test('0 counts what is given back as consumed', async () => {
    await broker.start();
    await setGroup({ retryQueueNums: 0 });
    expect((await giveBack()).code).toBe(ResponseCode.SUCCESS);
    expect([...broker.controller.parts.store.topics()]).not.toContain('%RETRY%G');
  });

  test('raised later uses no queue that the topic has not', async () => {
    await broker.start(LEVELS);
    await setGroup({ retryQueueNums: 1 });
    await heartbeat('c1', broker.newClient());
    await setGroup({ retryQueueNums: 1000 });
    expect((await giveBack()).code).toBe(ResponseCode.SUCCESS);
    const [again] = await broker.consume({ topic: '%RETRY%G' });
    expect(again?.reconsumeTimes).toBe(1);
  });

  test('the retry topic is one of orders while the group subscribes to one', async () => {
    await broker.start(LEVELS);
    await broker.request(RequestCode.UPDATE_AND_CREATE_TOPIC, {
      ...{ topic: 'Ordered', defaultTopic: 'TBW102', readQueueNums: '1', writeQueueNums: '1', perm: '6' },
      ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'true' },
    });
    const isOrder = () => broker.controller.parts.topicConfig.select('%RETRY%G')?.order;
    const client = broker.newClient();
    await heartbeat('c1', client, { topics: ['Ordered'] });
    expect(isOrder()).toBe(true);
    // Upstream's send-back says it is none, and the next heartbeat that it is.
    await giveBack();
    expect(isOrder()).toBe(true);
    await heartbeat('c1', client, { topics: ['T'] });
    expect(isOrder()).toBe(false);
  });
});

describe('retryMaxTimes', () => {
  test('is how often a message comes again before it is a dead letter, unless its client says', async () => {
    await broker.start(LEVELS);
    await setGroup({ retryMaxTimes: 0 });
    await giveBack();
    expect((await broker.consume({ topic: '%DLQ%G' })).length).toBe(1);
    await giveBack({ maxReconsumeTimes: '1' });
    expect((await broker.consume({ topic: '%RETRY%G' })).length).toBe(1);
    await setGroup({ retryMaxTimes: 1 });
    await giveBack();
    expect((await broker.consume({ topic: '%RETRY%G', offset: 1 })).length).toBe(1);
  });
});

describe('brokerId and whichBrokerWhenConsumeSlowly', () => {
  const suggested = async (options = {}): Promise<string | undefined> =>
    (await broker.pull(options)).extFields['suggestWhichBrokerId'];

  test('are where a consumer is sent: by how far it is behind, if slaves may be read', async () => {
    await broker.start({ slaveReadEnable: 'true' });
    await setGroup({ brokerId: 0, whichBrokerWhenConsumeSlowly: 7 });
    await broker.send();
    expect(await suggested()).toBe('0');
    // Whatever is in memory, all of it is too far back.
    broker.controller.settings.update({ accessMessageInMemoryMaxRatio: '0' });
    expect(await suggested()).toBe('7');
    broker.controller.settings.update({ slaveReadEnable: 'false' });
    expect(await suggested()).toBe('0');
  });

  test('another brokerId is where consumers that keep up are sent', async () => {
    await broker.start({ slaveReadEnable: 'true' });
    await setGroup({ brokerId: 2 });
    await broker.send();
    expect(await suggested()).toBe('2');
  });
});

describe('notifyConsumerIdsChangedEnable', () => {
  /** What a first member hears while a second one joins and leaves in order; the last of it is that the other group has one. */
  async function heardOf(changes: Partial<SubscriptionGroupConfig>): Promise<string[]> {
    await setGroup(changes);
    const heard: string[] = [];
    let hear = (): void => undefined;
    const wanted = new Promise<void>((resolve) => (hear = resolve));
    const first = broker.newClient();
    first.register(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, (request) => {
      heard.push(request.extFields['consumerGroup'] ?? '');
      if (heard.at(-1) === 'Other') hear();
      return undefined;
    });
    await heartbeat('c1', first);
    const second = broker.newClient();
    await heartbeat('c2', second);
    const leaving = { clientID: 'c2', consumerGroup: 'G' };
    await broker.request(RequestCode.UNREGISTER_CLIENT, leaving, undefined, second);
    broker.controller.settings.update({ notifyConsumerIdsChangedEnable: 'true' });
    await broker.heartbeat('c1', 'Other', ['T'], first);
    await wanted;
    return heard;
  }

  test('true tells the members that one joined or left', async () => {
    await broker.start();
    expect(await heardOf({ notifyConsumerIdsChangedEnable: true })).toEqual(['G', 'G', 'G', 'Other']);
  });

  test('false tells them nothing', async () => {
    await broker.start();
    expect(await heardOf({ notifyConsumerIdsChangedEnable: false })).toEqual(['Other']);
  });

  test('false of the broker tells nobody anything', async () => {
    await broker.start({ notifyConsumerIdsChangedEnable: 'false' });
    expect(await heardOf({ notifyConsumerIdsChangedEnable: true })).toEqual(['Other']);
  });
});

describe('groupSysFlag', () => {
  test('is told with each pull, and with a message that is to be consumed directly', async () => {
    await broker.start();
    await setGroup({ groupSysFlag: 5 });
    await broker.send();
    expect((await broker.pull()).extFields['groupSysFlag']).toBe('5');
    expect((await broker.pull({ offset: 1 })).extFields['groupSysFlag']).toBe('5');

    const consumer = broker.newClient();
    let told: string | undefined;
    consumer.register(RequestCode.CONSUME_MESSAGE_DIRECTLY, (request) => {
      told = request.extFields['groupSysFlag'];
      return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {}, Buffer.from('{}'));
    });
    await heartbeat('c1', consumer);
    const [message] = await pulled();
    await broker.request(RequestCode.CONSUME_MESSAGE_DIRECTLY, {
      ...{ consumerGroup: 'G', clientId: 'c1', msgId: message?.offsetMsgId ?? '', brokerName: 'broker-t' },
    });
    expect(told).toBe('5');
  });
});

test('settings that only proxies and counters read are kept, in the form Apache reads, over a restart', async () => {
  await broker.start();
  const kept = {
    ...{ consumeFromMinEnable: false, consumeMessageOrderly: true, consumeTimeoutMinute: 30 },
    groupRetryPolicy: {
      type: 'EXPONENTIAL' as const,
      exponentialRetryPolicy: { initial: 5000, max: 7_200_000, multiplier: 2 },
    },
    subscriptionDataSet: [{ topic: 'T', expressionType: 'TAG', expression: 'a || b', version: 3 }],
  };
  await setGroup(kept);
  await broker.stop();
  await broker.start();
  const answer = await broker.request(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
  expect(decodeSubscriptionGroupWrapper(answer.body).subscriptionGroupTable['G']).toMatchObject(kept);
  const file = readFileSync(join(broker.directory, 'config', 'subscriptionGroup.json'), 'utf8');
  const written = parseFastjson(file) as { subscriptionGroupTable: Record<string, unknown> };
  expect(written.subscriptionGroupTable['G']).toMatchObject(kept);
});
