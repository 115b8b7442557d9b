// SQL92 subscriptions over real sockets and files: what is enabled, what is refused and how, and that readers get the same
// messages whether the queue entries carry bits or not.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { RemotingClient } from '@mq/remoting';
import { decodeRecords } from '@mq/remoting/message';
import {
  buildSubscriptionData,
  encodeCheckClientRequestBody,
  RequestCode,
  ResponseCode,
  type SubscriptionData,
} from '@mq/remoting/protocol';

import { SqlFilter } from '@mq/filter';
import { BrokerHarness, type PullOptions } from './broker-harness.js';
import { PopClient } from './pop-harness.js';

const ENABLED = { enablePropertyFilter: 'true' };
const WITH_BITS = {
  ...ENABLED,
  enableCalcFilterBitMap: 'true',
  enableConsumeQueueExt: 'true',
  mappedFileSizeConsumeQueueExt: '2000',
};
const EXPRESSION = "price > 10 AND region IN ('eu', 'us')";

let broker: BrokerHarness;
beforeEach(() => (broker = new BrokerHarness()));
afterEach(() => broker[Symbol.asyncDispose]());

const sql = (expression: string, version = 1, topic = 'T'): SubscriptionData =>
  buildSubscriptionData(topic, expression, 'SQL92', version);

/** 60 messages; a third of them matches EXPRESSION. */
async function sendMany(count = 60): Promise<void> {
  for (let i = 0; i < count; i++) {
    const properties = {
      UNIQ_KEY: `ID${i}`,
      TAGS: 'A',
      price: String(i),
      region: ['eu', 'us', 'asia'][i % 3]!,
    };
    await broker.send({ properties });
  }
}

/** UNIQ_KEYs of everything that a consumer gets, pulling from the beginning to the end. */
async function readAll(options: PullOptions): Promise<string[]> {
  const found: string[] = [];
  for (let offset = 0; ;) {
    const answer = await broker.pull({ ...options, offset });
    if (answer.body !== undefined)
      found.push(...decodeRecords(answer.body).map(({ properties }) => properties['UNIQ_KEY']!));
    if (answer.code === ResponseCode.PULL_NOT_FOUND) return found;
    expect([ResponseCode.SUCCESS, ResponseCode.PULL_RETRY_IMMEDIATELY]).toContain(answer.code);
    offset = Number(answer.extFields['nextBeginOffset']);
  }
}

function matching(expression: string, count = 60): string[] {
  const filter = SqlFilter.compile(expression);
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => {
      const values: Record<string, string> = { price: String(i), region: ['eu', 'us', 'asia'][i % 3]! };
      return filter.matches({ property: (name) => values[name] });
    })
    .map((i) => `ID${i}`);
}

describe('an SQL92 subscription', () => {
  test('of the request itself filters by the properties of each message', async () => {
    await broker.start(ENABLED);
    await sendMany();
    const expected = matching(EXPRESSION);
    expect(expected.length).toBeGreaterThan(20);
    expect(await readAll({ subscription: EXPRESSION, expressionType: 'SQL92' })).toEqual(expected);
    expect(await readAll({ subscription: 'nosuch = 1', expressionType: 'SQL92' })).toEqual([]);
    expect(await readAll({ subscription: '*' })).toHaveLength(60);
  });

  test('of a heartbeat filters likewise, after the messages and before them, with bits and without', async () => {
    for (const settings of [ENABLED, WITH_BITS]) {
      await broker.start(settings);
      await sendMany(30);
      await broker.heartbeat('c1', 'G', [sql(EXPRESSION)]);
      await sendMany(60);
      const both = [...matching(EXPRESSION, 30), ...matching(EXPRESSION, 60)];
      expect(await readAll({ registered: true })).toEqual(both);
      await broker[Symbol.asyncDispose]();
      broker = new BrokerHarness();
    }
  });

  test('finds the same after a restart, whose queue entries and expressions come from files', async () => {
    await broker.start(WITH_BITS);
    await broker.heartbeat('c1', 'G', [sql(EXPRESSION)]);
    await sendMany();
    await broker.stop();
    expect(readFileSync(join(broker.directory, 'config', 'consumerFilter.json'), 'utf8')).toContain(
      EXPRESSION,
    );
    expect(existsSync(join(broker.directory, 'consumequeue_ext', 'T', '0'))).toBe(true);
    await broker.start(WITH_BITS);
    await broker.heartbeat('c2', 'G', [sql(EXPRESSION)]);
    await sendMany();
    const once = matching(EXPRESSION);
    expect(await readAll({ registered: true })).toEqual([...once, ...once]);
    // Tags are found in the extended entries as well.
    expect(await readAll({ group: 'H', subscription: 'A' })).toHaveLength(120);
    expect(await readAll({ group: 'H', subscription: 'B' })).toEqual([]);
  });

  test('reads no record whose bits say that it is for others', async () => {
    await broker.start(WITH_BITS);
    await broker.heartbeat('c1', 'G', [sql(EXPRESSION)]);
    // The bits hold for what is stored later than this millisecond.
    const registeredMs = Date.now();
    while (Date.now() <= registeredMs) await new Promise(setImmediate);
    await sendMany(50);
    const { store, filters } = broker.controller.parts;
    const filter = filters.filterOfData(filters.get('T', 'G')!)!;
    const looked = { byBits: 0, byRecord: 0 };
    const counting = {
      matchesTagsCode: () => true,
      matchesBitMap: (bits: Buffer, storeTimestamp: number) => {
        looked.byBits++;
        return filter.matchesBitMap!(bits, storeTimestamp);
      },
      matchesRecord: (record: Buffer, at: number, length: number) => {
        looked.byRecord++;
        return filter.matchesRecord!(record, at, length);
      },
    };
    const request = { group: 'G', topic: 'T', queueId: 0, offset: 0, maxMsgNums: 100, filter: counting };
    const result = await store.getMessage(request);
    const expected = matching(EXPRESSION, 50).length;
    expect(result.messageCount).toBe(expected);
    result.release();
    expect(looked).toEqual({ byBits: 50, byRecord: expected });
  });

  test('wakes a waiting consumer for a message that matches, and lets it sleep for others', async () => {
    await broker.start(ENABLED);
    await broker.send({ properties: { UNIQ_KEY: 'first' } });
    const { pullHolds } = broker.controller.parts;
    const pulling = broker.pull({
      offset: 1,
      subscription: 'price > 10',
      expressionType: 'SQL92',
      suspendTimeoutMillis: 15_000,
    });
    while (pullHolds.size === 0) await new Promise(setImmediate);
    await broker.send({ properties: { UNIQ_KEY: 'cheap', price: '5' } });
    await new Promise(setImmediate);
    expect(pullHolds.size).toBe(1);
    await broker.send({ properties: { UNIQ_KEY: 'dear', price: '50' } });
    const answer = await pulling;
    expect(decodeRecords(answer.body!).map(({ properties }) => properties['UNIQ_KEY'])).toEqual(['dear']);
  });

  test('of a retry topic is that of the topic a message came from, with filterSupportRetry', async () => {
    const topic = '%RETRY%G';
    for (const [filterSupportRetry, expected] of [
      ['true', ['match', 'other topic']],
      ['false', ['match']],
    ] as const) {
      await broker.start({ ...ENABLED, filterSupportRetry });
      await broker.heartbeat('c1', 'G', [sql('price > 10'), sql('price > 10', 1, topic)]);
      await broker.send({ topic, properties: { UNIQ_KEY: 'match', price: '50', RETRY_TOPIC: 'T' } });
      await broker.send({ topic, properties: { UNIQ_KEY: 'no match', price: '5', RETRY_TOPIC: 'T' } });
      await broker.send({ topic, properties: { UNIQ_KEY: 'other topic', price: '5', RETRY_TOPIC: 'U' } });
      expect(await readAll({ topic, registered: true })).toEqual(expected);
      await broker[Symbol.asyncDispose]();
      broker = new BrokerHarness();
    }
  });
});

describe('a pop with an SQL92 expression', () => {
  test('gets what matches, and is refused one that does not compile', async () => {
    await broker.start(ENABLED);
    await sendMany(30);
    const popper = new PopClient(broker);
    const popped = await popper.pop({ exp: EXPRESSION, expType: 'SQL92', initMode: 0 });
    expect(popped.messages.map(({ properties }) => properties['UNIQ_KEY'])).toEqual(matching(EXPRESSION, 30));
    await expect(popper.pop({ exp: 'price >', expType: 'SQL92' })).rejects.toThrow(
      "pop answered 23: parse the consumer's subscription failed: line 1, column 8",
    );
  });
});

describe('an SQL92 subscription is refused', () => {
  test('where it is not enabled, which is the default', async () => {
    await broker.start();
    await broker.send();
    const remark = 'The broker does not support consumer to filter message by SQL92';
    for (const answer of [
      await broker.pull({ subscription: 'a = 1', expressionType: 'SQL92' }),
      await checkConfig(sql('a = 1')),
    ]) {
      expect([answer.code, answer.remark]).toEqual([ResponseCode.SYSTEM_ERROR, remark]);
    }
    expect((await checkConfig(buildSubscriptionData('T', 'A || B'))).code).toBe(ResponseCode.SUCCESS);
  });

  test('with the place in the expression that does not compile', async () => {
    await broker.start(ENABLED);
    await broker.send();
    const remark =
      "parse the consumer's subscription failed: line 1, column 5: unexpected end of the expression";
    for (const answer of [
      await broker.pull({ subscription: 'a = ', expressionType: 'SQL92' }),
      await checkConfig(sql('a = ')),
    ]) {
      expect([answer.code, answer.remark]).toEqual([ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark]);
    }
    const unknown = await broker.pull({ subscription: 'a', expressionType: 'LUA' });
    expect(unknown.code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED);
    expect((await checkConfig(sql('a = 1'))).code).toBe(ResponseCode.SUCCESS);
  });

  test('when the heartbeat did not bring a good one, or not yet the newest', async () => {
    await broker.start(ENABLED);
    await broker.send();
    await broker.heartbeat('c1', 'G', [sql('a = ')]);
    expect((await broker.pull({ registered: true })).code).toBe(ResponseCode.FILTER_DATA_NOT_EXIST);
    await broker.heartbeat('c1', 'G', [sql('a = 1', 5)]);
    expect((await broker.pull({ registered: true, subVersion: 5 })).code).toBe(
      ResponseCode.PULL_RETRY_IMMEDIATELY,
    );
    await broker.heartbeat('c1', 'G', [sql('a =', 6)]);
    expect((await broker.pull({ registered: true, subVersion: 6 })).code).toBe(
      ResponseCode.FILTER_DATA_NOT_EXIST,
    );
  });

  test('by its group once the last consumer has left: the expression is dead, and kept', async () => {
    await broker.start(ENABLED);
    await broker.send();
    const client: RemotingClient = broker.newClient();
    await broker.heartbeat('c1', 'G', [sql('a = 1')], client);
    const { filters } = broker.controller.parts;
    expect(filters.get('T', 'G')!.deadTime).toBe(0);
    await broker.request(
      RequestCode.UNREGISTER_CLIENT,
      { clientID: 'c1', consumerGroup: 'G' },
      undefined,
      client,
    );
    expect(filters.get('T', 'G')!.deadTime).toBeGreaterThan(0);
  });
});

function checkConfig(subscriptionData: SubscriptionData) {
  const body = encodeCheckClientRequestBody({ clientId: 'c1', group: 'G', subscriptionData });
  return broker.request(RequestCode.CHECK_CLIENT_CONFIG, {}, body);
}
