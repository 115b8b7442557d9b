import type { Logger } from '@mq/remoting';
import { resolvePullConsumerOptions } from './consumer/pull-consumer-options.js';
import { resolvePushConsumerOptions, type PushConsumerOptions } from './consumer/push-consumer-options.js';
import { ClientInstance } from './instance/client-instance.js';
import { parseNameServers } from './options.js';
import { resolveProducerOptions } from './producer/producer-options.js';

describe('options', () => {
  test.each([
    ['a list', ['a:1', 'b:2'], ['a:1', 'b:2']],
    ["upstream's form", 'a:1; b:2;', ['a:1', 'b:2']],
    ['IPv6', ['[::1]:9876'], ['[::1]:9876']],
  ])('take NameServers as %s', (_name, given, expected) => expect(parseNameServers(given)).toEqual(expected));

  test.each([['a'], ['a:b'], [':1'], ['a:1:2'], ['a:0'], ['a:99999']])(
    'refuse "%s" as a NameServer',
    (address) => {
      expect(() => parseNameServers(address)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );

  test.each([[5], [[5]], [{ host: 'a' }]])('refuse %j in place of NameServers', (nameServers) => {
    expect(() => new ClientInstance({ nameServers: nameServers as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  test.each([
    [
      'an unknown header codec',
      { serializeType: 'XML' },
      /serializeType must be JSON or ROCKETMQ or MSGPACK/,
    ],
    ['hooks that are no list', { hooks: {} }, /hooks must be a list, not object/],
  ])('refuse %s by name', (_name, options, reason) => {
    expect(() => new ClientInstance({ nameServers: 'a:1', ...(options as object) })).toThrow(reason);
  });

  test("default to upstream's values", () => {
    expect(resolveProducerOptions({ producerGroup: 'P' })).toMatchObject({
      sendMsgTimeoutMs: 3000,
      retryTimesWhenSendFailed: 2,
      compressMsgBodyOverHowmuch: 4096,
      compressLevel: 5,
      maxMessageSize: 4194304,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
    });
    expect(resolvePushConsumerOptions({ consumerGroup: 'G' })).toMatchObject({
      maxConcurrency: 20,
      pullBatchSize: 32,
      thresholds: {
        pullThresholdForQueue: 1000,
        pullThresholdSizeForQueue: 100,
        consumeConcurrentlyMaxSpan: 2000,
      },
      // The group's retryMaxTimes counts.
      maxReconsumeTimes: undefined,
      consumeTimeoutMs: 900_000,
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    });
    expect(resolvePushConsumerOptions({ consumerGroup: 'G', consumeMode: 'ORDERLY' }).maxReconsumeTimes).toBe(
      2 ** 31 - 1,
    );
  });

  test('take every level that a kind of compression has', () => {
    const zstd = { producerGroup: 'P', compressType: 'ZSTD', compressLevel: 22 } as const;
    expect(resolveProducerOptions(zstd)).toMatchObject({ compressLevel: 22 });
  });

  test.each<[string, () => unknown]>([
    ['a blank group', () => resolveProducerOptions({ producerGroup: ' ' })],
    ["upstream's placeholder group", () => resolveProducerOptions({ producerGroup: 'DEFAULT_PRODUCER' })],
    ['a placeholder consumer group', () => resolvePullConsumerOptions({ consumerGroup: 'DEFAULT_CONSUMER' })],
    ['a negative timeout', () => resolveProducerOptions({ producerGroup: 'P', sendMsgTimeoutMs: -1 })],
    ['a level ZLIB has not', () => resolveProducerOptions({ producerGroup: 'P', compressLevel: 10 })],
    [
      'a level ZSTD has not',
      () => resolveProducerOptions({ producerGroup: 'P', compressType: 'ZSTD', compressLevel: 23 }),
    ],
    ['a pull of nothing', () => resolvePushConsumerOptions({ consumerGroup: 'G', pullBatchSize: 0 })],
    [
      'a threshold of zero for a topic',
      () => resolvePushConsumerOptions({ consumerGroup: 'G', pullThresholdForTopic: 0 }),
    ],
    ['a time that is none', () => resolvePushConsumerOptions({ consumerGroup: 'G', consumeTimestamp: NaN })],
    [
      'a time that is none, for pulling',
      () => resolvePullConsumerOptions({ consumerGroup: 'G', consumeTimestamp: new Date('never') }),
    ],
  ])('refuse %s', (_name, resolve) =>
    expect(resolve).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' })),
  );

  // Who writes JavaScript gets no word from the types: a misspelt word must not be taken for another.
  test.each([
    ['consumeMode', 'orderly', /consumeMode must be CONCURRENTLY or ORDERLY, not orderly/],
    ['messageModel', 'BROADCAST', /messageModel must be CLUSTERING or BROADCASTING, not BROADCAST/],
    ['consumeFromWhere', 'FIRST', /consumeFromWhere must be .*CONSUME_FROM_FIRST_OFFSET.*, not FIRST/],
    ['consumeTimestamp', '20131223171201', /consumeTimestamp must be a Date or milliseconds since 1970/],
    ['handler', 'consume', /handler must be a function, not string/],
    ['allocateMessageQueueStrategy', 'AVG', /allocateMessageQueueStrategy must be a strategy/],
  ])('refuse a %s that is "%s"', (name, value, message) => {
    const options = JSON.parse(JSON.stringify({ consumerGroup: 'G', [name]: value })) as PushConsumerOptions;
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string };
    expect(() => resolvePushConsumerOptions(options)).toThrow(expect.objectContaining(refused));
  });

  test('refuse a logger that cannot be divided', () => {
    const logger = console as unknown as Logger;
    expect(() => new ClientInstance({ nameServers: 'a:1', logger })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
