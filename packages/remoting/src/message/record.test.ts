import fc from 'fast-check';
import { decodeRecord, decodeRecords } from './decode-record.js';
import { encodeHost } from './host.js';
import {
  BLANK_RECORD_BYTES,
  checkRecord,
  encodeRecord,
  MAX_PROPERTIES_BYTES,
  recordBytes,
  RecordLayout,
  recordPropertiesBytes,
  recordStoreTimestamp,
  writeBlankRecord,
  writeRecord,
  type RecordDefect,
  type RecordFields,
} from './record.js';
import { SysFlag } from './sys-flag.js';

const V4 = encodeHost('10.0.0.7', 10911);
const V6 = encodeHost('2001:db8::ff00:42:8329', 10911);

function record(overrides: Partial<RecordFields> = {}): RecordFields {
  return {
    topic: Buffer.from('TopicTest'),
    queueId: 3,
    flag: 7,
    queueOffset: 42,
    physicalOffset: 123_456_789,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_123,
    bornHost: V4,
    storeTimestamp: 1_700_000_000_456,
    storeHost: V4,
    reconsumeTimes: 2,
    preparedTransactionOffset: 5,
    body: Buffer.from('Hello RocketMQ'),
    properties: Buffer.from('TAGS\u0001TagA\u0002'),
    ...overrides,
  };
}

const int32 = fc.integer();
const long = fc.maxSafeInteger();
const host = fc
  .tuple(fc.constantFrom(8, 20), fc.uint8Array({ minLength: 20, maxLength: 20 }))
  .map(([length, bytes]) => Buffer.from(bytes.subarray(0, length)));
const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((b) => Buffer.from(b));
const anyRecord: fc.Arbitrary<RecordFields> = fc.record({
  topic: fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text)),
  queueId: int32,
  flag: int32,
  queueOffset: long,
  physicalOffset: long,
  sysFlag: fc.integer({ min: 0, max: 0xff }).map((flag) => flag & ~SysFlag.COMPRESSED),
  bornTimestamp: long,
  bornHost: host,
  storeTimestamp: long,
  storeHost: host,
  reconsumeTimes: int32,
  preparedTransactionOffset: long,
  body: bytes(400),
  properties: bytes(100),
  propertiesSuffix: fc.option(bytes(50), { nil: undefined }),
  appendPropertyCrc: fc.boolean(),
});

describe('a record', () => {
  test('reads back as it was written, whatever its fields', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(20), (fields, at) => {
        const size = recordBytes(fields);
        const target = Buffer.alloc(at + size + 3, 0xee);
        expect(writeRecord(target, at, fields)).toBe(size);
        expect(target.subarray(at + size)).toEqual(Buffer.alloc(3, 0xee));
        expect(checkRecord(target, at, at + size)).toEqual({ kind: 'record', sizeBytes: size });
        const message = decodeRecord(target, at)!;
        expect(message).toMatchObject({
          topic: fields.topic.toString(),
          queueId: fields.queueId,
          flag: fields.flag,
          queueOffset: fields.queueOffset,
          commitLogOffset: fields.physicalOffset,
          bornTimestamp: fields.bornTimestamp,
          storeTimestamp: fields.storeTimestamp,
          reconsumeTimes: fields.reconsumeTimes,
          preparedTransactionOffset: fields.preparedTransactionOffset,
          body: fields.body,
          storeSize: size,
        });
        expect(recordStoreTimestamp(target, at)).toBe(fields.storeTimestamp);
      }),
    );
  });

  test('is the same, whether body and properties are buffers of their own or parts of one', () => {
    fc.assert(
      fc.property(anyRecord, bytes(9), fc.nat(20), (fields, gap, at) => {
        const { body, properties } = fields;
        const whole = Buffer.concat([gap, body, gap, properties, gap]);
        const bodyStart = gap.length;
        const bodyEnd = bodyStart + body.length;
        const propertiesStart = bodyEnd + gap.length;
        const propertiesEnd = propertiesStart + properties.length;
        const parts = { bodyStart, bodyEnd, propertiesStart, propertiesEnd };
        const inParts = { ...fields, body: whole, properties: whole, ...parts };
        const size = recordBytes(fields);
        expect(recordBytes(inParts)).toBe(size);
        const target = Buffer.alloc(at + size + 3, 0xee);
        writeRecord(target, at, inParts);
        expect(target).toEqual(
          Buffer.concat([Buffer.alloc(at, 0xee), encodeRecord(fields), Buffer.alloc(3, 0xee)]),
        );
      }),
    );
  });

  test('takes the IPv6 bits of its sysFlag from the hosts it holds', () => {
    const v6Bits = SysFlag.BORNHOST_V6 | SysFlag.STOREHOST_V6;
    expect(decodeRecord(encodeRecord(record({ bornHost: V6, storeHost: V6 })))!.sysFlag).toBe(v6Bits);
    expect(decodeRecord(encodeRecord(record({ sysFlag: v6Bits })))!.sysFlag).toBe(0);
  });

  test('closes the client`s properties before it appends its own', () => {
    const suffix = Buffer.from('CLUSTER\u0001c\u0002');
    for (const text of ['a\u0001b', 'a\u0001b\u0002']) {
      const encoded = encodeRecord(record({ properties: Buffer.from(text), propertiesSuffix: suffix }));
      expect({ ...decodeRecord(encoded)!.properties }).toEqual({ a: 'b', CLUSTER: 'c' });
      expect(encoded.toString()).toContain('a\u0001b\u0002CLUSTER\u0001c\u0002');
    }
    expect(recordPropertiesBytes(Buffer.alloc(0), suffix)).toBe(suffix.length);
  });

  test('refuses properties and topics its length fields cannot say', () => {
    const properties = Buffer.alloc(MAX_PROPERTIES_BYTES + 1, 0x61);
    expect(() => encodeRecord(record({ properties }))).toThrow(RangeError);
    expect(() => encodeRecord(record({ topic: Buffer.alloc(32768, 0x61) }))).toThrow(RangeError);
    expect(encodeRecord(record({ properties: properties.subarray(1) })).length).toBeGreaterThan(
      MAX_PROPERTIES_BYTES,
    );
  });

  test('refuses positions that are no safe integer', () => {
    expect(() => encodeRecord(record({ physicalOffset: 2 ** 53 }))).toThrow(RangeError);
    expect(() => encodeRecord(record({ queueOffset: 1.5 }))).toThrow(RangeError);
  });
});

describe('checkRecord', () => {
  const encoded = encodeRecord(record({ appendPropertyCrc: true }));
  const end = encoded.length;
  const reasonOf = (buf: Buffer, options = {}): RecordDefect | undefined => {
    const check = checkRecord(buf, 0, buf.length, options);
    return check.kind === 'bad' ? check.reason : undefined;
  };
  const with_ = (change: (buf: Buffer) => void): Buffer => {
    const copy = Buffer.from(encoded);
    change(copy);
    return copy;
  };

  test('finds a record cut at any byte', () => {
    for (let length = 0; length < end; length++) {
      expect(checkRecord(encoded.subarray(0, length), 0, length).kind).toBe('bad');
      expect(checkRecord(encoded, 0, length).kind).toBe('bad');
      expect(decodeRecord(encoded.subarray(0, length))).toBeUndefined();
    }
  });

  test.each<[RecordDefect, string, (buf: Buffer) => void]>([
    ['SIZE', 'a size of zero', (buf) => buf.writeInt32BE(0, 0)],
    ['SIZE', 'a negative size', (buf) => buf.writeInt32BE(-1, 0)],
    ['SIZE', 'a size behind the end', (buf) => buf.writeInt32BE(end + 1, 0)],
    ['LENGTHS', 'a size one too small', (buf) => buf.writeInt32BE(end - 1, 0)],
    ['MAGIC', 'a magic that is none', (buf) => buf.writeUInt8(0, 4)],
    ['BODY_CRC', 'a CRC of something else', (buf) => buf.writeUInt8(buf[8]! ^ 1, 8)],
    ['BODY_CRC', 'a flipped bit in the body', (buf) => buf.writeUInt8(buf[90]! ^ 1, 90)],
    ['LENGTHS', 'a body length one too large', (buf) => buf.writeInt32BE(15, 84)],
    ['LENGTHS', 'a negative body length', (buf) => buf.writeInt32BE(-1, 84)],
    ['LENGTHS', 'a topic length one too large', (buf) => buf.writeInt8(10, 102)],
    ['LENGTHS', 'a negative topic length', (buf) => buf.writeInt8(-1, 102)],
    [
      'LENGTHS',
      'a properties length one too large',
      (buf) => buf.writeInt16BE(buf.readInt16BE(112) + 1, 112),
    ],
    ['LENGTHS', 'the host size of IPv6', (buf) => buf.writeInt32BE(SysFlag.BORNHOST_V6, 36)],
  ])('answers %s for %s', (reason, _, change) => {
    expect(reasonOf(with_(change))).toBe(reason);
  });

  test('finds every single flipped bit by the property CRC', () => {
    for (let at = 0; at < end; at++) {
      const damaged = with_((buf) => (buf[at] = buf[at]! ^ (1 << (at % 8))));
      expect(checkRecord(damaged, 0, end, { requirePropertyCrc: true }).kind).toBe('bad');
    }
    expect(reasonOf(encoded, { requirePropertyCrc: true })).toBeUndefined();
  });

  test('refuses a record without a property CRC where one is required', () => {
    expect(reasonOf(encodeRecord(record()), { requirePropertyCrc: true })).toBe('PROPERTY_CRC');
  });

  test('checks a property CRC that is there, and the body where there is none', () => {
    const checkPropertyCrc = { checkPropertyCrc: true };
    const flags = with_((buf) => (buf[19] = buf[19]! ^ 1));
    expect([reasonOf(flags), reasonOf(flags, checkPropertyCrc)]).toEqual([undefined, 'PROPERTY_CRC']);
    const without = encodeRecord(record());
    expect(reasonOf(without, checkPropertyCrc)).toBeUndefined();
    without[90] = without[90]! ^ 1;
    expect(reasonOf(without, checkPropertyCrc)).toBe('BODY_CRC');
  });

  test('refuses a good record of another place of the log', () => {
    expect(reasonOf(encoded, { physicalOffset: 123_456_789 })).toBeUndefined();
    expect(reasonOf(encoded, { physicalOffset: 123_456_790 })).toBe('PHYSICAL_OFFSET');
  });

  test('lets a wrong body pass where the CRC is not to be checked', () => {
    expect(
      reasonOf(
        with_((buf) => (buf[90] = 0)),
        { checkBodyCrc: false },
      ),
    ).toBeUndefined();
  });

  test('tells where the parts of a good record are', () => {
    const layout = new RecordLayout();
    checkRecord(encoded, 0, end, { layout });
    expect(encoded.toString('utf8', layout.topicStart, layout.topicEnd)).toBe('TopicTest');
    expect(encoded.toString('utf8', layout.bodyStart, layout.bodyEnd)).toBe('Hello RocketMQ');
    expect(encoded.toString('utf8', layout.propertiesStart, layout.propertiesEnd)).toMatch(
      /^TAGS\u0001TagA\u0002/,
    );
  });

  test('knows the blank that ends a file', () => {
    const file = Buffer.alloc(640);
    writeBlankRecord(file, 0, file.length);
    expect(checkRecord(file, 0, file.length)).toEqual({ kind: 'blank', sizeBytes: 640 });
    expect(checkRecord(file, 0, file.length - 1)).toEqual({ kind: 'bad', reason: 'SIZE' });
    writeBlankRecord(file, 632, BLANK_RECORD_BYTES);
    expect(checkRecord(file, 632, file.length)).toEqual({ kind: 'blank', sizeBytes: 8 });
  });

  test('sees space never written as the end of the log', () => {
    expect(reasonOf(Buffer.alloc(4096))).toBe('SIZE');
  });

  test('never throws and never reads outside, whatever the bytes are', () => {
    fc.assert(
      fc.property(bytes(300), fc.integer({ min: 0, max: 300 }), (noise, cut) => {
        encoded.copy(noise, 0, 0, Math.min(cut, noise.length));
        checkRecord(noise, 0, noise.length);
        decodeRecords(noise);
      }),
    );
  });
});
