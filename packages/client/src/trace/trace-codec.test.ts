import fc from 'fast-check';
import { consumeReturnTypes, messageTypes } from '../hooks/message-hook.js';
import { batchTraces } from './trace-batch.js';
import { decodeTraces, encodeTrace } from './trace-codec.js';
import type { PubTrace, SubAfterTrace, Trace } from './trace-context.js';

const pub: PubTrace = {
  type: 'Pub',
  timestamp: 1700000000000,
  regionId: 'DefaultRegion',
  group: 'P',
  topic: 'T',
  msgId: 'ID',
  tags: 'A',
  keys: 'k1 k2',
  storeHost: '127.0.0.1:10911',
  bodyLength: 3,
  costTime: 7,
  messageType: 'DELAY',
  offsetMsgId: 'OFF',
  success: true,
};
const subAfter: SubAfterTrace = {
  type: 'SubAfter',
  timestamp: 5,
  regionId: '',
  group: 'G',
  topic: '',
  requestId: 'R',
  msgId: 'ID',
  costTime: 2,
  success: false,
  keys: undefined,
  returnType: 'EXCEPTION',
};
const words = (record: string): string => record.replaceAll('\u0001', '|').replaceAll('\u0002', ';');
const bytes = (record: string): string => record.replaceAll('|', '\u0001').replaceAll(';', '\u0002');

describe('trace data', () => {
  test.each<[string, Trace, string]>([
    ['a send', pub, 'Pub|1700000000000|DefaultRegion|P|T|ID|A|k1 k2|127.0.0.1:10911|3|7|3|OFF|true;'],
    [
      'what is not known as "null"',
      { ...pub, tags: undefined, keys: undefined },
      'Pub|1700000000000|DefaultRegion|P|T|ID|null|null|127.0.0.1:10911|3|7|3|OFF|true;',
    ],
    [
      'a delivery',
      {
        ...{ type: 'SubBefore', timestamp: 1, regionId: 'R1', group: 'G', topic: '' },
        ...{ requestId: 'R', msgId: 'ID', retryTimes: 2, keys: 'k' },
      },
      'SubBefore|1|R1|G|R|ID|2|k;',
    ],
    ['its end', subAfter, 'SubAfter|R|ID|2|false|null|2|5|G;'],
    [
      'the end of a transaction',
      {
        ...{ type: 'EndTransaction', timestamp: 1, regionId: 'R1', group: 'P', topic: 'T', msgId: 'ID' },
        ...{ tags: 'A', keys: 'k', storeHost: 'h:1', messageType: 'TRANS_COMMIT', transactionId: 'TX' },
        ...{ transactionState: 'COMMIT_MESSAGE', fromTransactionCheck: false },
      },
      'EndTransaction|1|R1|P|T|ID|A|k|h:1|2|TX|COMMIT_MESSAGE|false;',
    ],
    [
      'a recall',
      { type: 'Recall', timestamp: 1, regionId: 'R1', group: 'P', topic: 'T', msgId: 'ID', success: true },
      'Recall|1|R1|P|T|ID|true;',
    ],
  ])('holds %s as upstream writes it', (_name, trace, expected) => {
    expect(words(encodeTrace(trace))).toBe(expected);
    expect(decodeTraces(bytes(expected))).toEqual([trace]);
  });

  test("ends a delivery in the cloud's form without time and group", () =>
    expect(words(encodeTrace(subAfter, true))).toBe('SubAfter|R|ID|2|false|null|2|;'));

  test.each([
    ['Pub|1|R|P|T|ID|A|k|h|3|7|0|true;', { offsetMsgId: undefined, success: true }],
    ['Pub|1|R|P|T|ID|A|k|h|3|7|0|OFF|true|client;', { offsetMsgId: 'OFF', success: true }],
    ['SubAfter|R|ID|2|true|k;', { returnType: 'SUCCESS', group: '' }],
    ['SubAfter|R|ID|2|true|k|4;', { returnType: 'FAILED', timestamp: 0 }],
  ])('of other releases is read: %s', (data, expected) =>
    expect(decodeTraces(bytes(data))).toMatchObject([expected]),
  );

  test.each(['', ';', 'Pub|1;', 'SubBefore|1|2;', 'Nothing|1|2|3;', 'garbage'])(
    'leaves out what is no record: %j',
    (data) => expect(decodeTraces(bytes(data))).toEqual([]),
  );

  test('comes back as it was', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
    const number = fc.nat();
    const record = fc.record({
      ...{ type: fc.constant('Pub' as const), timestamp: number, regionId: name, group: name, topic: name },
      ...{
        msgId: name,
        tags: fc.option(name, { nil: undefined }),
        keys: fc.option(name, { nil: undefined }),
      },
      ...{ storeHost: name, bodyLength: number, costTime: number, success: fc.boolean() },
      ...{ messageType: fc.constantFrom(...messageTypes), offsetMsgId: fc.option(name, { nil: undefined }) },
    });
    const after = fc.record({
      ...{ type: fc.constant('SubAfter' as const), timestamp: number, group: name, requestId: name },
      ...{ msgId: name, costTime: number, success: fc.boolean(), keys: fc.option(name, { nil: undefined }) },
      ...{
        regionId: fc.constant(''),
        topic: fc.constant(''),
        returnType: fc.constantFrom(...consumeReturnTypes),
      },
    });
    const isNull = (trace: PubTrace | SubAfterTrace): boolean => trace.keys === 'null';
    fc.assert(
      fc.property(fc.array(fc.oneof(record, after)), (traces) => {
        fc.pre(!traces.some(isNull) && !traces.some((t) => t.type === 'Pub' && t.tags === 'null'));
        expect(decodeTraces(traces.map((trace) => encodeTrace(trace)).join(''))).toEqual(traces);
      }),
    );
  });
});

describe('trace messages', () => {
  test('hold the records of one topic each, in order, and every id and key', () => {
    const traces: Trace[] = [
      pub,
      { ...pub, topic: 'U', msgId: 'ID2' },
      { ...pub, msgId: 'ID3', keys: undefined },
    ];
    const messages = batchTraces(traces, false);
    expect(messages.map(({ data }) => decodeTraces(data).map(({ msgId }) => msgId))).toEqual([
      ['ID', 'ID3'],
      ['ID2'],
    ]);
    expect(messages.map(({ keys }) => keys)).toEqual([
      ['ID', 'k1', 'k2', 'ID3'],
      ['ID2', 'k1', 'k2'],
    ]);
  });

  test('keep below the largest body and the largest properties', () => {
    const traces = [...Array(3_000).keys()].map((i): Trace => ({
      ...pub,
      msgId: String(i).padStart(32, '0'),
    }));
    const messages = batchTraces(traces, false);
    expect(messages.flatMap(({ data }) => decodeTraces(data))).toHaveLength(3_000);
    for (const { data, keys } of messages) {
      expect(data.length).toBeLessThanOrEqual(128_000);
      expect(keys.join(' ').length).toBeLessThan(16_000);
    }
  });
});
