import fc from 'fast-check';
import { type BatchedMessage, decodeBatch, encodeBatch, unwrapInnerBatch } from './batch.js';
import { decodeRecord } from './decode-record.js';
import { encodeHost } from './host.js';
import { decodeProperties } from './properties.js';
import { encodeRecord } from './record.js';
import { SysFlag } from './sys-flag.js';

const two: BatchedMessage[] = [
  { flag: 1, body: Buffer.from('one'), properties: { TAGS: 'a', UNIQ_KEY: 'u1' } },
  { flag: -2, body: Buffer.alloc(0), properties: {} },
];

describe('a batch body', () => {
  test('reads back as it was written', () => {
    const message = fc.record({
      flag: fc.integer(),
      body: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
      properties: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.stringMatching(/^[a-z]+$/)),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const read = decodeBatch(encodeBatch(messages)).map(({ flag, body, properties }) => ({
          flag,
          body,
          properties: { ...decodeProperties(properties.toString()) },
        }));
        expect(read).toEqual(messages.map((m) => ({ ...m, properties: { ...m.properties } })));
      }),
    );
  });

  test('is refused when cut anywhere but between two messages', () => {
    const whole = encodeBatch(two);
    const first = encodeBatch(two.slice(0, 1)).length;
    for (let length = 1; length < whole.length; length++) {
      if (length === first) continue;
      expect(() => decodeBatch(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'BAD_BODY' }),
      );
    }
  });

  test.each([
    ['size', 0],
    ['body length', 16],
    ['properties length', 23],
  ])('is refused for a wrong %s', (what, at) => {
    for (const delta of [1, -1, 0x40]) {
      const batch = encodeBatch(two.slice(0, 1));
      const width = at === 23 ? 2 : 4;
      batch.writeIntBE(batch.readIntBE(at, width) + delta, at, width);
      expect(() => decodeBatch(batch)).toThrow(/wrong/);
    }
  });

  test('refuses properties too long for their length field', () => {
    expect(() => encodeBatch([{ body: Buffer.alloc(0), properties: { a: 'x'.repeat(32767) } }])).toThrow(
      RangeError,
    );
  });
});

test('a record that holds a batch is unwrapped into messages with consecutive queue offsets', () => {
  const host = encodeHost('10.0.0.7', 10911);
  const wrapped = decodeRecord(
    encodeRecord({
      topic: Buffer.from('T'),
      queueId: 0,
      flag: 0,
      queueOffset: 100,
      physicalOffset: 0,
      sysFlag: SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP,
      bornTimestamp: 0,
      bornHost: host,
      storeTimestamp: 0,
      storeHost: host,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: encodeBatch(two),
      properties: Buffer.alloc(0),
    }),
  )!;
  expect(
    unwrapInnerBatch(wrapped).map(({ queueOffset, flag, msgId }) => ({ queueOffset, flag, msgId })),
  ).toEqual([
    { queueOffset: 100, flag: 1, msgId: 'u1' },
    { queueOffset: 101, flag: -2, msgId: wrapped.offsetMsgId },
  ]);
  const single = { ...wrapped, sysFlag: 0 };
  expect(unwrapInnerBatch(single)).toEqual([single]);
});
