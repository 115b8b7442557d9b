import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import fc from 'fast-check';
import { RemotingCommand, type ExtFields, type SerializeType } from '../command.js';
import { decodeFrame, encodeFrame } from '../codec/frame.js';
import { UpdateConsumerOffsetRequestHeader } from './headers/offset.js';
import { PullMessageRequestHeader } from './headers/pull.js';
import { SendMessageRequestHeader, SendMessageRequestHeaderV2 } from './headers/send.js';
import { EndTransactionRequestHeader } from './headers/transaction.js';
import {
  decodeEndTransactionHeader,
  decodePullHeader,
  decodeSendHeader,
  decodeUpdateConsumerOffsetHeader,
  HotSendHeader,
} from './hot-headers.js';
import { RequestCode } from './request-code.js';

/** The command a peer would have decoded: encoded and read back in one codec. */
function received(code: number, ext: ExtFields, serializeType: SerializeType): RemotingCommand {
  const command = RemotingCommand.request(code, ext);
  command.serializeType = serializeType;
  const frame = encodeFrame(command);
  return decodeFrame(frame, 0, frame.length);
}

/** What the general codecs make of a send header. */
function slowSend(command: RemotingCommand): HotSendHeader {
  const isV1 = command.code === RequestCode.SEND_MESSAGE || command.code === RequestCode.SEND_REPLY_MESSAGE;
  const codec = isV1 ? SendMessageRequestHeader : SendMessageRequestHeaderV2;
  const { properties, bname, ns, nsd, oway, lo, ...fields } = codec.decode(command.extFields);
  void [ns, nsd, oway, lo];
  return Object.assign(new HotSendHeader(), fields, {
    propertiesBytes: Buffer.from(properties ?? ''),
    brokerName: bname,
  });
}

function withoutCommonFields<T extends object>(header: T): T {
  const { lo, ns, nsd, bname, oway, ...rest } = header as T & Record<string, unknown>;
  void [lo, ns, nsd, bname, oway];
  return rest as unknown as T;
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const long = fc.maxSafeInteger();
const codecs = fc.constantFrom<SerializeType>('JSON', 'ROCKETMQ');

const sendHeaders: fc.Arbitrary<SendMessageRequestHeader> = fc.record(
  {
    producerGroup: text,
    topic: text,
    defaultTopic: text,
    defaultTopicQueueNums: int,
    queueId: int,
    sysFlag: int,
    bornTimestamp: long,
    flag: int,
    properties: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
    reconsumeTimes: int,
    unitMode: fc.boolean(),
    maxReconsumeTimes: int,
    batch: fc.boolean(),
    bname: text,
  },
  {
    requiredKeys: [
      ...(['producerGroup', 'topic', 'defaultTopic', 'defaultTopicQueueNums', 'queueId', 'sysFlag'] as const),
      ...(['bornTimestamp', 'flag'] as const),
    ],
  },
);

describe('decodeSendHeader', () => {
  test.each([
    { code: RequestCode.SEND_MESSAGE, codec: SendMessageRequestHeader },
    { code: RequestCode.SEND_REPLY_MESSAGE, codec: SendMessageRequestHeader },
    { code: RequestCode.SEND_MESSAGE_V2, codec: SendMessageRequestHeaderV2 },
    { code: RequestCode.SEND_BATCH_MESSAGE, codec: SendMessageRequestHeaderV2 },
    { code: RequestCode.SEND_REPLY_MESSAGE_V2, codec: SendMessageRequestHeaderV2 },
  ])('reads any header of $code like the general codec, in both codecs', ({ code, codec }) => {
    fc.assert(
      fc.property(sendHeaders, codecs, (header, serializeType) => {
        const ext = codec.encode(header);
        const decoded = decodeSendHeader(received(code, ext, serializeType));
        expect(decoded).toEqual(slowSend(received(code, ext, serializeType)));
        expect(decoded.propertiesBytes.toString()).toBe(header.properties ?? '');
      }),
    );
  });

  test('reads numbers and booleans that a JSON client left unquoted', () => {
    const header =
      '{"code":310,"extFields":{"a":"G","b":"T","c":"TBW102","d":4,"e":1,"f":0,"g":1700000000000,"h":0,"k":false,' +
      '"m":true,"i":"KEYS\\u0001k\\u0002"},"flag":0,"language":"JAVA","opaque":1,"version":121}';
    const frame = Buffer.alloc(8 + Buffer.byteLength(header));
    frame.writeInt32BE(frame.length - 4, 0);
    frame.writeInt32BE(frame.length - 8, 4);
    frame.write(header, 8);
    const command = decodeFrame(frame, 0, frame.length);
    const decoded = decodeSendHeader(command);
    expect(command.hasExtObject).toBe(false);
    expect(decoded).toMatchObject({
      topic: 'T',
      queueId: 1,
      bornTimestamp: 1700000000000,
      batch: true,
      unitMode: false,
    });
    expect(decoded.propertiesBytes.toString()).toBe('KEYS\u0001k\u0002');
  });

  test('gives the same string object for the same topic', () => {
    const ext = { a: 'G', b: 'Topic-1', c: 'TBW102', d: '4', e: '0', f: '0', g: '1', h: '0' };
    const decode = (): string =>
      decodeSendHeader(received(RequestCode.SEND_MESSAGE_V2, ext, 'ROCKETMQ')).topic;
    expect(decode()).toBe(decode());
  });

  test('takes the ext object when a hook has made and changed it', () => {
    const ext = { a: 'G', b: 'T', c: 'TBW102', d: '4', e: '0', f: '0', g: '1', h: '0' };
    const command = received(RequestCode.SEND_MESSAGE_V2, ext, 'ROCKETMQ');
    command.extFields['b'] = 'ns%T';
    expect(decodeSendHeader(command).topic).toBe('ns%T');
  });

  test.each<[problem: string, changes: Record<string, string | undefined>, message: RegExp]>([
    [
      'a topic is missing',
      { b: undefined },
      /SendMessageRequestHeaderV2: topic \(b\) is required but missing/,
    ],
    ['a queue id is no int', { e: '2147483648' }, /queueId \(e\) must be an int, got "2147483648"/],
    ['a time is no number', { g: 'soon' }, /bornTimestamp \(g\) must be a long, got "soon"/],
    ['a flag is no boolean', { m: 'yes' }, /batch \(m\) must be a boolean, got "yes"/],
  ])('says what is wrong when %s', (_, changes, message) => {
    const ext = {
      a: 'G',
      b: 'T',
      c: 'TBW102',
      d: '4',
      e: '0',
      f: '0',
      g: '1',
      h: '0',
      ...changes,
    } as ExtFields;
    for (const serializeType of ['JSON', 'ROCKETMQ'] as const) {
      const decode = () => decodeSendHeader(received(RequestCode.SEND_MESSAGE_V2, ext, serializeType));
      expect(decode).toThrow(message);
      expect(decode).toThrow(expect.objectContaining({ code: 'BAD_HEADER' }) as Error);
    }
  });
});

describe('decodePullHeader and decodeUpdateConsumerOffsetHeader', () => {
  const pullHeaders: fc.Arbitrary<PullMessageRequestHeader> = fc.record(
    {
      consumerGroup: text,
      topic: text,
      queueId: int,
      queueOffset: long,
      maxMsgNums: int,
      sysFlag: int,
      commitOffset: long,
      suspendTimeoutMillis: long,
      subVersion: long,
      subscription: text,
      expressionType: text,
      maxMsgBytes: int,
      requestSource: int,
    },
    {
      requiredKeys: [
        ...(['consumerGroup', 'topic', 'queueId', 'queueOffset', 'maxMsgNums', 'sysFlag'] as const),
        ...(['commitOffset', 'suspendTimeoutMillis', 'subVersion'] as const),
      ],
    },
  );

  test('read any header like the general codec, in both codecs', () => {
    fc.assert(
      fc.property(pullHeaders, codecs, (header, serializeType) => {
        const ext = PullMessageRequestHeader.encode(header);
        expect(decodePullHeader(received(RequestCode.PULL_MESSAGE, ext, serializeType))).toEqual(header);
      }),
    );
    const offsets = fc.record({ consumerGroup: text, topic: text, queueId: int, commitOffset: long });
    fc.assert(
      fc.property(offsets, codecs, (header, serializeType) => {
        const ext = UpdateConsumerOffsetRequestHeader.encode(header);
        const command = received(RequestCode.UPDATE_CONSUMER_OFFSET, ext, serializeType);
        expect(decodeUpdateConsumerOffsetHeader(command)).toEqual(header);
      }),
    );
  });

  test('name the field that is missing', () => {
    const command = received(RequestCode.PULL_MESSAGE, { topic: 'T' }, 'ROCKETMQ');
    expect(() => decodePullHeader(command)).toThrow(
      'PullMessageRequestHeader: consumerGroup is required but missing',
    );
  });
});

describe('decodeEndTransactionHeader', () => {
  const headers: fc.Arbitrary<EndTransactionRequestHeader> = fc.record(
    {
      topic: text,
      producerGroup: text,
      tranStateTableOffset: long,
      commitLogOffset: long,
      commitOrRollback: int,
      fromTransactionCheck: fc.boolean(),
      msgId: text,
      transactionId: text,
    },
    {
      requiredKeys: [
        ...(['producerGroup', 'tranStateTableOffset', 'commitLogOffset', 'commitOrRollback'] as const),
        'msgId',
      ],
    },
  );

  test('reads any header like the general codec, in both codecs', () => {
    fc.assert(
      fc.property(headers, codecs, (header, serializeType) => {
        const ext = EndTransactionRequestHeader.encode(header);
        const command = received(RequestCode.END_TRANSACTION, ext, serializeType);
        const { topic, msgId, transactionId, ...needed } = header;
        void [topic, msgId, transactionId];
        expect({ ...decodeEndTransactionHeader(command) }).toEqual(expect.objectContaining(needed));
      }),
    );
  });

  test.each(['JSON', 'ROCKETMQ'] as const)('makes no object of what clients send, in %s', (serializeType) => {
    const ext = { producerGroup: 'G', tranStateTableOffset: '1', commitLogOffset: '2' };
    const command = received(
      RequestCode.END_TRANSACTION,
      { ...ext, commitOrRollback: '8', msgId: 'M', transactionId: 'M', fromTransactionCheck: 'false' },
      serializeType,
    );
    expect(decodeEndTransactionHeader(command).fromTransactionCheck).toBe(false);
    expect(command.hasExtObject).toBe(false);
  });

  test.each([
    'producerGroup',
    'tranStateTableOffset',
    'commitLogOffset',
    'commitOrRollback',
    'msgId',
  ] as const)('says that %s is missing', (field) => {
    const ext = EndTransactionRequestHeader.encode({
      producerGroup: 'G',
      tranStateTableOffset: 1,
      commitLogOffset: 2,
      commitOrRollback: 8,
      msgId: 'M',
    });
    delete ext[field];
    const command = received(RequestCode.END_TRANSACTION, ext, 'ROCKETMQ');
    expect(() => decodeEndTransactionHeader(command)).toThrow(`${field} is required but missing`);
  });
});

test('damaged ext bytes never make a hot decoder throw anything but a typed error', () => {
  const ext = SendMessageRequestHeaderV2.encode({
    ...{
      producerGroup: 'G',
      topic: 'T',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 1,
      sysFlag: 0,
    },
    ...{ bornTimestamp: 1700000000000, flag: 0, properties: 'KEYS\u0001k\u0002' },
  });
  fc.assert(
    fc.property(codecs, fc.nat(), fc.integer({ min: 0, max: 255 }), (serializeType, position, byte) => {
      const command = received(RequestCode.SEND_MESSAGE_V2, ext, serializeType);
      const length = command.rawExtEnd - command.rawExtStart;
      command.rawHeader![command.rawExtStart + (position % length)] = byte;
      try {
        decodeSendHeader(command);
      } catch (error) {
        expect(error).toMatchObject({ name: 'RemotingError', code: 'BAD_HEADER' });
      }
    }),
    { numRuns: 1000 },
  );
});

describeGolden('hot headers of every golden frame', () => {
  const sends: readonly number[] = [
    RequestCode.SEND_MESSAGE,
    RequestCode.SEND_MESSAGE_V2,
    RequestCode.SEND_BATCH_MESSAGE,
    RequestCode.SEND_REPLY_MESSAGE,
    RequestCode.SEND_REPLY_MESSAGE_V2,
  ];
  const pulls: readonly number[] = [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE];

  test('are what the general codecs make of them', () => {
    const directory = goldenPath('remoting/frames');
    const read = { sends: 0, pulls: 0, offsets: 0 };
    for (const name of readdirSync(directory).filter((file) => /^(cap|syn|raw)-/.test(file))) {
      const frame = readFileSync(join(directory, name));
      const decode = (): RemotingCommand => decodeFrame(frame, 0, frame.length);
      const { code, isResponse } = decode();
      if (isResponse || Object.keys(decode().extFields).length < 4) continue;
      if (sends.includes(code)) {
        expect(decodeSendHeader(decode())).toEqual(slowSend(decode()));
        read.sends++;
      } else if (pulls.includes(code)) {
        const general = withoutCommonFields(PullMessageRequestHeader.decode(decode().extFields));
        expect(decodePullHeader(decode())).toEqual(general);
        read.pulls++;
      } else if (code === RequestCode.UPDATE_CONSUMER_OFFSET) {
        const general = withoutCommonFields(UpdateConsumerOffsetRequestHeader.decode(decode().extFields));
        expect(decodeUpdateConsumerOffsetHeader(decode())).toEqual(general);
        read.offsets++;
      }
    }
    expect(Math.min(...Object.values(read))).toBeGreaterThan(1);
  });
});
