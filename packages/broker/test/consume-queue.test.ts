// QUERY_CONSUME_QUEUE over real sockets and files: what it shows of extended entries, and what it says a group's filter lets through.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import {
  buildSubscriptionData,
  type ConsumeQueueData,
  decodeQueryConsumeQueueResponseBody,
  type QueryConsumeQueueResponseBody,
  RequestCode,
} from '@mq/remoting/protocol';
import { describeGolden, goldenPath } from '@mq-tools/testing';

import { BrokerHarness } from './broker-harness.js';

let broker: BrokerHarness;

async function query(
  topic: string,
  options: { queueId?: number; index?: number; count?: number; group?: string } = {},
): Promise<QueryConsumeQueueResponseBody> {
  const { queueId = 0, index = 0, count = 1000, group } = options;
  const answer = await broker.request(RequestCode.QUERY_CONSUME_QUEUE, {
    ...{ topic, queueId: String(queueId), index: String(index), count: String(count) },
    ...(group === undefined ? {} : { consumerGroup: group }),
  });
  return decodeQueryConsumeQueueResponseBody(answer.body);
}

const evaluated = ({ queueData }: QueryConsumeQueueResponseBody): boolean[] =>
  queueData.map((row) => row.eval);

const WITH_BITS = {
  enablePropertyFilter: 'true',
  enableCalcFilterBitMap: 'true',
  enableConsumeQueueExt: 'true',
  mappedFileSizeConsumeQueueExt: '2000',
};

describe('of a queue without extended entries', () => {
  beforeEach(() => (broker = new BrokerHarness()));
  afterEach(() => broker[Symbol.asyncDispose]());

  test('shows plain entries, which nobody judges', async () => {
    await broker.start();
    await broker.heartbeat('c1', 'G', [buildSubscriptionData('T', 'A', 'TAG', 1)]);
    await broker.send({ properties: { TAGS: 'A' } });
    const { queueData, filterData, subscriptionData } = await query('T', { group: 'G' });
    expect(queueData).toEqual([
      { eval: false, physicOffset: 0, physicSize: expect.any(Number) as number, tagsCode: 65 },
    ]);
    expect(filterData).toBe('null');
    expect(subscriptionData).toMatchObject({ topic: 'T', subString: 'A' });
  });

  test('counts a batch that is one record as the messages it holds', async () => {
    await broker.start();
    await broker.request(RequestCode.UPDATE_AND_CREATE_TOPIC, {
      ...{ topic: 'B', defaultTopic: 'TBW102', readQueueNums: '1', writeQueueNums: '1', perm: '6' },
      ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'false' },
      attributes: '+queue.type=BatchCQ',
    });
    for (let i = 0; i < 4; i++) await broker.send({ topic: 'B' });
    expect((await query('B', { index: 1, count: 2 })).queueData).toHaveLength(2);
  });
});

describe('of a queue with extended entries', () => {
  beforeEach(() => (broker = new BrokerHarness()));
  afterEach(() => broker[Symbol.asyncDispose]());

  test('shows them, and judges them by tags', async () => {
    await broker.start(WITH_BITS);
    await broker.heartbeat('c1', 'G', [buildSubscriptionData('T', 'A', 'TAG', 1)]);
    for (const TAGS of ['A', 'B', 'A']) await broker.send({ properties: { TAGS } });
    const body = await query('T', { group: 'G' });
    expect(evaluated(body)).toEqual([true, false, true]);
    expect(body.queueData.map(({ tagsCode }) => tagsCode)).toEqual([65, 66, 65]);
    const { msgStoreTime, ...extension } = JSON.parse(body.queueData[1]?.extendDataJson ?? '') as Record<
      string,
      number
    >;
    expect(extension).toEqual({ size: 20, tagsCode: 66 });
    expect(Math.abs(Date.now() - (msgStoreTime ?? 0))).toBeLessThan(60_000);
    // Nobody filters by SQL92: there are no bits.
    expect(body.queueData.map(({ bitMap }) => bitMap)).toEqual([undefined, undefined, undefined]);
  });

  test('says which of them are lost, by their addresses', async () => {
    await broker.start(WITH_BITS);
    for (let i = 0; i < 2; i++) await broker.send();
    await broker.stop();
    rmSync(join(broker.directory, 'consumequeue_ext'), { recursive: true });
    await broker.start();
    const { queueData } = await query('T');
    expect(queueData.map(({ tagsCode, msg, extendDataJson }) => [tagsCode, msg, extendDataJson])).toEqual([
      [-(2n ** 63n), 'Cq extend not exist!addr: -9223372036854775808', undefined],
      [-(2n ** 63n) + 20n, 'Cq extend not exist!addr: -9223372036854775788', undefined],
    ]);
  });
});

interface GoldenEntry {
  readonly ext?: {
    readonly filterBitMap: string | null;
    readonly size: number;
    readonly tagsCode: number;
    readonly msgStoreTime: number;
  };
}

describeGolden('of a store that Apache 5.3.3 wrote for SQL92 groups', () => {
  const folder = goldenPath('store-5.3.3');
  const { queues } = JSON.parse(readFileSync(join(folder, 'expected-ext.json'), 'utf8')) as {
    queues: Record<string, Record<string, { messages: GoldenEntry[] }>>;
  };
  /** Our broker delivers a delayed message of the store at once: behind these. */
  const byQueue = queues['TopicExt'] ?? {};

  beforeAll(async () => {
    broker = new BrokerHarness();
    const archive = join(folder, 'store-ext.tar.gz');
    const unpack = [
      'xzf',
      archive,
      '-C',
      broker.directory,
      '--strip-components=1',
      '--exclude=store/timerwheel',
    ];
    execFileSync('tar', unpack);
    await broker.start({
      ...WITH_BITS,
      ...{ mappedFileSizeCommitLog: '65536', mappedFileSizeConsumeQueue: '2000' },
      ...{ mappedFileSizeConsumeQueueExt: '4096', maxHashSlotNum: '1000', maxIndexNum: '600' },
      ...{ expectConsumerNumUseFilter: '4', maxErrorRateOfBloomFilter: '20', timerWheelEnable: 'false' },
      // The messages are older than any broker keeps them.
      fileReservedTime: '1000000',
    });
  });

  afterAll(() => broker[Symbol.asyncDispose]());

  test('shows every extended entry with its bits', async () => {
    for (const [queueId, { messages }] of Object.entries(byQueue)) {
      const { queueData } = await query('TopicExt', { queueId: Number(queueId), count: messages.length });
      expect(queueData.map(({ extendDataJson, bitMap }) => ({ extendDataJson, bitMap }))).toEqual(
        messages.map(({ ext }) => shownOf(ext)),
      );
    }
  });

  /** Positions of the groups' bits and since when messages have them, from the store's consumerFilter.json. */
  test.each([
    ['G_SQL_0', "color = 'red'", 1795264116538, [10, 10, 5], 1795264115893],
    ['G_SQL_1', 'price > 50 AND price < 200', 1795264116877, [0, 7, 1], 1795264115933],
    ['G_SQL_2', 'color IS NULL', 1795264116945, [8, 11, 1], 1795264115974],
  ])('judges by the bits of %s', async (group, expression, version, positions, bornTime) => {
    await broker.heartbeat('c1', group, [buildSubscriptionData('TopicExt', expression, 'SQL92', version)]);
    const verdicts: boolean[] = [];
    for (const [queueId, { messages }] of Object.entries(byQueue)) {
      const body = await query('TopicExt', { queueId: Number(queueId), group, count: messages.length });
      expect(JSON.parse(body.filterData ?? '')).toEqual({
        ...{ bloomFilterData: { bitNum: 16, bitPos: positions }, bornTime, clientVersion: version },
        ...{ consumerGroup: group, dead: false, deadTime: 0, expression, expressionType: 'SQL92' },
        topic: 'TopicExt',
      });
      const expected = messages.map(({ ext }) => {
        const bits = Buffer.from(ext?.filterBitMap ?? '', 'hex');
        const isSet = (position: number): boolean =>
          ((bits[position >> 3] ?? 0) & (1 << (position & 7))) !== 0;
        return (ext?.msgStoreTime ?? 0) <= bornTime || positions.every(isSet);
      });
      expect(evaluated(body)).toEqual(expected);
      verdicts.push(...expected);
    }
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });
});

/** The bits from the last to the first, as upstream prints them. */
function shownOf(ext: GoldenEntry['ext']): Pick<ConsumeQueueData, 'extendDataJson' | 'bitMap'> {
  if (ext === undefined || ext.filterBitMap === null) throw new Error('every message of the topic has bits');
  const bits = Buffer.from(ext.filterBitMap, 'hex');
  const [low, high] = [...bits].map((byte) => byte.toString(2).padStart(8, '0'));
  const { msgStoreTime, size, tagsCode } = ext;
  return {
    bitMap: `${high}${low}\n`,
    extendDataJson: JSON.stringify({ filterBitMap: bits.toString('base64'), msgStoreTime, size, tagsCode }),
  };
}
