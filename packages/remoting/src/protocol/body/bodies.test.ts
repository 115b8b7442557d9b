import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import fc from 'fast-check';
import {
  buildSubscriptionData,
  compareDataVersion,
  dataVersionEquals,
  decodeBatchAckMessageRequestBody,
  decodeClusterInfo,
  decodeConsumerOffsetSerializeWrapper,
  decodeHeartbeatData,
  decodeLockBatchRequestBody,
  decodeQueryCorrectionOffsetBody,
  decodeRegisterBrokerBody,
  decodeResetOffsetBody,
  decodeTimerCheckpoint,
  decodeSubscriptionGroupConfig,
  decodeTopicConfigLine,
  decodeTopicConfigSerializeWrapper,
  defaultSubscriptionGroupConfig,
  encodeBatchAckMessageRequestBody,
  encodeConsumerOffsetSerializeWrapper,
  encodeHeartbeatData,
  encodeQueryCorrectionOffsetBody,
  encodeRegisterBrokerBody,
  encodeResetOffsetBody,
  encodeTimerCheckpoint,
  encodeTopicConfigLine,
  encodeTopicRouteData,
  firstDataVersion,
  heartbeatFingerprint,
  nextDataVersion,
  type HeartbeatData,
  type RegisterBrokerBody,
  type TopicConfig,
  type TopicRouteData,
} from '../index.js';

const V5 = 479;
const V4 = 407;

function topic(topicName: string, changes: Partial<TopicConfig> = {}): TopicConfig {
  return {
    ...{
      topicName,
      readQueueNums: 4,
      writeQueueNums: 8,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
    },
    ...{ order: false, attributes: {} },
    ...changes,
  };
}

function registration(topics: readonly TopicConfig[]): RegisterBrokerBody {
  const topicConfigTable = Object.fromEntries(topics.map((config) => [config.topicName, config]));
  const dataVersion = { counter: 3, stateVersion: 0, timestamp: 1700000000000 };
  return { filterServerList: ['10.0.0.1:1'], topicConfigSerializeWrapper: { dataVersion, topicConfigTable } };
}

describe('a registration', () => {
  const mapping = {
    ...{ bname: 'b', dirty: false, epoch: 1, scope: '__global__', topic: 'T', totalQueues: 2 },
    currIdMap: new Map([[0, 1]]),
  };

  test('reads back, as JSON and compressed', () => {
    const body = registration([topic('T', { attributes: { 'message.type': 'FIFO' } }), topic('constructor')]);
    body.topicConfigSerializeWrapper.topicQueueMappingInfoMap = { T: mapping };
    for (const compressed of [false, true]) {
      expect(decodeRegisterBrokerBody(encodeRegisterBrokerBody(body, { compressed }), V5)).toEqual(body);
    }
  });

  test('is inflated when it is compressed, whatever the header says', () => {
    expect(encodeRegisterBrokerBody(registration([topic('T')]), { compressed: true })[0]).toBe(0x78);
    expect(encodeRegisterBrokerBody(registration([topic('T')]))[0]).toBe(0x7b);
  });

  test('of a 4.x broker has no mapping section', () => {
    const plain = Buffer.concat(
      ['{"counter":1,"timestamp":2}', undefined, 'T 4 4 6 SINGLE_TAG', '[]'].map((part) => {
        const length = Buffer.alloc(4);
        length.writeInt32BE(part === undefined ? 1 : part.length);
        return Buffer.concat([length, Buffer.from(part ?? '')]);
      }),
    );
    const { topicConfigSerializeWrapper: wrapper } = decodeRegisterBrokerBody(deflateSync(plain), V4);
    expect(wrapper.dataVersion).toEqual({ counter: 1, stateVersion: 0, timestamp: 2 });
    expect(wrapper.topicConfigTable).toMatchObject({ T: { readQueueNums: 4, perm: 6, attributes: {} } });
    expect(() => decodeRegisterBrokerBody(deflateSync(plain), V5)).toThrow(
      'RegisterBrokerBody: cut off at byte',
    );
  });

  test('without a body has no topics, and of an ancient broker is the topic table alone', () => {
    expect(decodeRegisterBrokerBody(undefined, V5).topicConfigSerializeWrapper.topicConfigTable).toEqual({});
    const table = Buffer.from('{"topicConfigTable":{"T":{"topicName":"T"}}}');
    expect(decodeRegisterBrokerBody(table, 36).topicConfigSerializeWrapper.topicConfigTable).toMatchObject({
      T: {},
    });
  });

  test('that is damaged throws a typed error', () => {
    const bytes = encodeRegisterBrokerBody(registration([topic('T')]), { compressed: true });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (position, byte, length) => {
        const damaged = Buffer.from(bytes.subarray(0, Math.max(1, length)));
        damaged[position % damaged.length] = byte;
        try {
          decodeRegisterBrokerBody(damaged, V5);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BAD_BODY' });
        }
      }),
    );
  });

  test('that would inflate beyond its bound is refused', () => {
    const bomb = deflateSync(Buffer.alloc(33 * 1024 * 1024));
    expect(() => decodeRegisterBrokerBody(bomb, V5)).toThrow('the zlib stream cannot be inflated');
  });
});

describe('a topic line', () => {
  test('holds what it can', () => {
    const config = topic('T', { attributes: { '+a': 'b' }, topicSysFlag: 3, order: true });
    expect(encodeTopicConfigLine(config)).toBe('T 4 8 6 SINGLE_TAG {"+a":"b"}');
    expect(decodeTopicConfigLine(encodeTopicConfigLine(config))).toEqual({
      ...config,
      topicSysFlag: 0,
      order: false,
    });
  });

  test('is read without attributes, or with ones that cannot be read', () => {
    expect(decodeTopicConfigLine('T 1 2 6 MULTI_TAG')).toMatchObject({ writeQueueNums: 2, attributes: {} });
    expect(decodeTopicConfigLine('T 1 2 6 MULTI_TAG {broken')).toMatchObject({ attributes: {} });
    expect(() => decodeTopicConfigLine('T 1 2')).toThrow('has too few parts');
    expect(() => decodeTopicConfigLine('T x 2 6 SINGLE_TAG')).toThrow(
      'TopicConfig: readQueueNums must be an int, got "x"',
    );
  });
});

describe('route data', () => {
  const route: TopicRouteData = {
    brokerDatas: [{ cluster: 'C', brokerName: 'b/世', brokerAddrs: new Map([[0, '10.0.0.1:10911']]) }],
    queueDatas: [{ brokerName: 'b/世', readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 }],
    filterServerTable: {},
  };

  test('is real JSON in ASCII for those who read that, with bare keys for others', () => {
    const standard = encodeTopicRouteData(route, { standardJson: true }).toString();
    expect(JSON.parse(standard)).toMatchObject({ brokerDatas: [{ brokerAddrs: { 0: '10.0.0.1:10911' } }] });
    expect(standard).toContain('"brokerName":"b\\/\\u4E16"');
    expect(encodeTopicRouteData(route, { standardJson: false }).toString()).toContain('{0:"10.0.0.1:10911"}');
  });
});

describe('bodies are read as leniently as Java reads them', () => {
  test('missing members take their defaults, unknown ones are ignored, numbers may be quoted', () => {
    const { topicConfigTable } = decodeTopicConfigSerializeWrapper(
      '{"topicConfigTable":{"T":{"topicName":"T","perm":"4","x":1}}}',
    );
    expect(topicConfigTable['T']).toEqual(topic('T', { readQueueNums: 16, writeQueueNums: 16, perm: 4 }));
    const heartbeat = decodeHeartbeatData(
      '{"clientID":"c","consumerDataSet":null,"producerDataSet":[{"groupName":"P"}]}',
    );
    expect(heartbeat).toMatchObject({
      consumerDataSet: [],
      producerDataSet: [{ groupName: 'P' }],
      withoutSub: false,
    });
    expect(defaultSubscriptionGroupConfig('G')).toMatchObject({
      retryMaxTimes: 16,
      consumeEnable: true,
      brokerId: 0,
    });
  });

  test('keys that are objects where names belong are no members, and break nothing', () => {
    expect(decodeBatchAckMessageRequestBody(Buffer.from('{{}:1,"brokerName":"b"}')).brokerName).toBe('b');
    const { offsetTable } = decodeConsumerOffsetSerializeWrapper(
      Buffer.from('{"offsetTable":{{"a":1}:{0:7}}}'),
    );
    expect(Object.keys(offsetTable)).toEqual(['{"a":1}']);
  });

  test('integer keys may be bare or quoted', () => {
    for (const key of ['0', '"0"']) {
      const info = decodeClusterInfo(
        `{"brokerAddrTable":{"b":{"brokerName":"b","cluster":"C","brokerAddrs":{${key}:"a"}}}}`,
      );
      expect(info.brokerAddrTable['b']?.brokerAddrs).toEqual(new Map([[0, 'a']]));
    }
  });

  test.each<[problem: string, decode: () => unknown, message: string]>([
    ['missing', () => decodeLockBatchRequestBody(undefined), 'LockBatchRequestBody: the body is missing'],
    [
      'an object in place of a boolean',
      () => decodeSubscriptionGroupConfig('{"groupName":"G","consumeEnable":{"a":1}}'),
      'SubscriptionGroupConfig: consumeEnable must be a boolean, got {"a":1}',
    ],
    ['no object', () => decodeLockBatchRequestBody('[]'), 'LockBatchRequestBody must be an object, got []'],
    ['without a member', () => decodeHeartbeatData('{}'), 'HeartbeatData: clientID is required but missing'],
    [
      'wrong deep inside',
      () => decodeTopicConfigSerializeWrapper('{"topicConfigTable":{"T":{"topicName":"T","perm":"x"}}}'),
      'TopicConfigSerializeWrapper: topicConfigTable.T.perm must be an int, got "x"',
    ],
    [
      'wrong in a list',
      () => decodeHeartbeatData('{"clientID":"c","consumerDataSet":[{"groupName":"G","messageModel":"X"}]}'),
      'HeartbeatData: consumerDataSet.0.messageModel must be one of BROADCASTING, CLUSTERING, got "X"',
    ],
  ])('a body that is %s is refused in words', (_, decode, message) => {
    expect(decode).toThrow(expect.objectContaining({ code: 'BAD_BODY', message }) as Error);
  });
});

describe('numbers', () => {
  test('Long.MAX_VALUE survives where it means something, and saturates where only "unlimited" matters', () => {
    const text = '{"correctionOffsets":{0:9223372036854775807,1:5}}';
    const { correctionOffsets } = decodeQueryCorrectionOffsetBody(text);
    expect(correctionOffsets).toEqual(
      new Map<number, number | bigint>([
        [0, 2n ** 63n - 1n],
        [1, 5],
      ]),
    );
    expect(encodeQueryCorrectionOffsetBody({ correctionOffsets }).toString()).toBe(text);
    const { offsetTable } = decodeConsumerOffsetSerializeWrapper(
      '{"offsetTable":{"T@G":{0:9223372036854775807}}}',
    );
    expect(offsetTable['T@G']?.get(0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() =>
      decodeConsumerOffsetSerializeWrapper('{"offsetTable":{"T@G":{0:9223372036854775806}}}'),
    ).toThrow('offsetTable.T@G.0 must be a long, got 9223372036854775806');
  });

  test('offset tables print as Java has them, compact and as a file', () => {
    const wrapper = {
      offsetTable: {
        'T@G': new Map([
          [0, 1],
          [1, 2],
        ]),
      },
    };
    expect(encodeConsumerOffsetSerializeWrapper(wrapper).toString()).toBe(
      '{"offsetTable":{"T@G":{0:1,1:2}}}',
    );
    expect(encodeConsumerOffsetSerializeWrapper(wrapper, { pretty: true }).toString()).toBe(
      '{\n\t"offsetTable":{\n\t\t"T@G":{0:1,1:2\n\t\t}\n\t}\n}',
    );
    const mq = { topic: 'T', brokerName: 'b', queueId: 0 };
    const reset = encodeResetOffsetBody({ offsetTable: new Map([[mq, 12]]) });
    expect(reset.toString()).toBe('{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:12}}');
    expect(decodeResetOffsetBody(reset).offsetTable).toEqual(new Map([[mq, 12]]));
  });
});

test('a batch ack has short keys, and its long ones are understood', () => {
  const ack = {
    ...{
      consumerGroup: 'G',
      topic: 'T',
      retry: '0',
      startOffset: 5,
      queueId: 1,
      reviveQueueId: 2,
      popTime: 3,
    },
    ...{ invisibleTime: 4, bitSet: Buffer.from([5]) },
  };
  const encoded = encodeBatchAckMessageRequestBody({ brokerName: 'b', acks: [ack] });
  expect(encoded.toString()).toBe(
    '{"acks":[{"b":"BQ==","c":"G","it":4,"pt":3,"q":1,"r":"0","rq":2,"so":5,"t":"T"}],"brokerName":"b"}',
  );
  expect(decodeBatchAckMessageRequestBody(encoded).acks).toEqual([ack]);
  const long = '{"brokerName":"b","acks":[{"consumerGroup":"G","topic":"T","retry":"0","bitSet":"BQ=="}]}';
  expect(decodeBatchAckMessageRequestBody(long).acks[0]).toMatchObject({
    consumerGroup: 'G',
    bitSet: Buffer.from([5]),
  });
});

test('a timer checkpoint is seven int64', () => {
  const checkpoint = {
    ...{
      lastReadTimeMs: 1700000000000,
      lastTimerLogFlushPos: 2,
      lastTimerQueueOffset: 3,
      masterTimerQueueOffset: -1,
    },
    dataVersion: { stateVersion: 5, timestamp: 6, counter: 7 },
  };
  expect(encodeTimerCheckpoint(checkpoint)).toHaveLength(56);
  expect(decodeTimerCheckpoint(encodeTimerCheckpoint(checkpoint))).toEqual(checkpoint);
  expect(() => decodeTimerCheckpoint(Buffer.alloc(55))).toThrow('TimerCheckpoint: 55 of 56 bytes');
  expect(() => decodeTimerCheckpoint(Buffer.alloc(56, 0x7f))).toThrow('value 0 is out of range');
});

test('data versions advance, and are ordered by state, counter, time', () => {
  const first = firstDataVersion(10);
  const second = nextDataVersion(first, 20);
  expect(second).toEqual({ counter: 1, stateVersion: 0, timestamp: 20 });
  expect(compareDataVersion(first, second)).toBeLessThan(0);
  expect(compareDataVersion(nextDataVersion(first, 1, 1), second)).toBeGreaterThan(0);
  expect(dataVersionEquals(first, { ...first })).toBe(true);
  expect(dataVersionEquals(first, { ...first, timestamp: 11 })).toBe(false);
});

describe('subscriptions', () => {
  test('of any type but tags are kept as they are, and need an expression', () => {
    expect(buildSubscriptionData('T', 'a > 1', 'SQL92', 7)).toMatchObject({
      subString: 'a > 1',
      subVersion: 7,
    });
    expect(() => buildSubscriptionData('T', '', 'SQL92')).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', responseCode: 23 }) as Error,
    );
  });

  test('make a heartbeat that reads back, with a fingerprint of what is consumed only', () => {
    const heartbeat = (clientID: string, expression: string, subVersion: number): HeartbeatData => ({
      ...{ clientID, heartbeatFingerprint: 0, withoutSub: false, producerDataSet: [] },
      consumerDataSet: [
        {
          ...{
            groupName: 'G',
            consumeType: 'CONSUME_PASSIVELY',
            messageModel: 'CLUSTERING',
            unitMode: false,
          },
          consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
          subscriptionDataSet: [buildSubscriptionData('T', expression, 'TAG', subVersion)],
        },
      ],
    });
    const sent = heartbeat('c', 'A || B', 5);
    expect(decodeHeartbeatData(encodeHeartbeatData(sent))).toEqual(sent);
    expect(heartbeatFingerprint(sent)).toBe(heartbeatFingerprint(heartbeat('d', 'A || B', 6)));
    expect(heartbeatFingerprint(sent)).not.toBe(heartbeatFingerprint(heartbeat('c', 'A', 5)));
  });

  describeGolden('of tags', () => {
    interface Row {
      subExpression: string | null;
      subString?: string;
      tagsSet?: string[];
      codeSet?: number[];
      expressionType?: string;
      throws?: string;
      message?: string;
    }

    test('are split as Java splits them', () => {
      const { subscriptions } = JSON.parse(readFileSync(goldenPath('misc/hashcode.json'), 'utf8')) as {
        subscriptions: Row[];
      };
      for (const { subExpression, throws, message, ...expected } of subscriptions) {
        const build = () => buildSubscriptionData('T', subExpression ?? undefined);
        if (throws !== undefined) {
          expect(build).toThrow(message);
          continue;
        }
        const { subString, expressionType, tagsSet, codeSet } = build();
        const found = {
          subString,
          expressionType,
          tagsSet: [...tagsSet].sort(),
          codeSet: [...codeSet].sort(),
        };
        expect({ subExpression, ...found }).toEqual({
          subExpression,
          ...expected,
          tagsSet: expected.tagsSet?.toSorted(),
          codeSet: expected.codeSet?.toSorted(),
        });
      }
    });
  });
});
