import fc from 'fast-check';
import { createExtFields, RemotingCommand, type SerializeType } from '../command.js';
import { LanguageCode } from '../protocol/language.js';
import { encodeFrame, decodeFrame, defaultMaxFrameBytes } from './frame.js';
import { FrameDecoder } from './frame-decoder.js';

interface Plain {
  code: number;
  language: string;
  version: number;
  opaque: number;
  flag: number;
  remark: string | undefined;
  ext: Record<string, string>;
  body: string;
}

const serializeTypes: readonly SerializeType[] = ['JSON', 'ROCKETMQ', 'MSGPACK'];
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
/** Text that survives UTF-8: no half of a surrogate pair. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).map((value) => Buffer.from(value).toString()),
);
/** Java reads an empty binary key or value as null, so neither travels. */
const nonEmpty = text.filter((value) => value !== '');
const plainCommand: fc.Arbitrary<Plain> = fc.record({
  code: fc.integer({ min: -0x8000, max: 0x7fff }),
  language: fc.constantFrom(...Object.keys(LanguageCode)),
  version: fc.integer({ min: 0, max: 0x7fff }),
  opaque: int32,
  flag: int32,
  remark: fc.option(nonEmpty, { nil: undefined }),
  ext: fc.dictionary(nonEmpty, nonEmpty, { maxKeys: 8 }),
  body: fc.oneof(fc.constant(''), fc.string(), fc.string({ minLength: 3000, maxLength: 9000 })),
});

function commandOf(plain: Plain, serializeType: SerializeType): RemotingCommand {
  const ext = createExtFields(plain.ext);
  const body = plain.body === '' ? undefined : Buffer.from(plain.body);
  const command = RemotingCommand.request(plain.code, ext, body);
  command.remark = plain.remark;
  command.serializeType = serializeType;
  return Object.assign(command, {
    language: plain.language,
    version: plain.version,
    opaque: plain.opaque,
    flag: plain.flag,
  });
}

function plainOf(command: RemotingCommand): Plain {
  const { code, language, version, opaque, flag, remark, extFields, body } = command;
  return {
    code,
    language,
    version,
    opaque,
    flag,
    remark,
    ext: { ...extFields },
    body: body?.toString() ?? '',
  };
}

function decodeChunks(chunks: readonly Buffer[]): Plain[] {
  const decoder = new FrameDecoder();
  decoder.acceptMsgpack = true;
  const commands: Plain[] = [];
  for (const chunk of chunks) {
    // A copy, so that a slice of a neighbour would be noticed.
    decoder.push(Buffer.from(chunk));
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) commands.push(plainOf(next));
  }
  expect(decoder.isInsideFrame).toBe(false);
  return commands;
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

describe.each(serializeTypes)('a %s frame', (serializeType) => {
  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(plainCommand, (plain) => {
        const bytes = encodeFrame(commandOf(plain, serializeType));
        const command = decodeFrame(bytes, 0, bytes.length);
        expect(command.serializeType).toBe(serializeType);
        expect(plainOf(command)).toEqual(plain);
      }),
    );
  });

  test('is the same however the bytes are cut in two', () => {
    const plain: Plain = {
      code: 310,
      language: 'GO',
      version: 479,
      opaque: -5,
      flag: 2,
      remark: 'ré "mark"\n',
      ext: { topic: 'T', properties: 'KEYS\u0001k\u0002' },
      body: 'a body',
    };
    const bytes = Buffer.concat([1, 2].map(() => encodeFrame(commandOf(plain, serializeType))));
    for (let split = 0; split <= bytes.length; split++) {
      expect(decodeChunks([bytes.subarray(0, split), bytes.subarray(split)])).toEqual([plain, plain]);
    }
  });

  test('is the same in a stream cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(plainCommand, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (plains, cuts) => {
          const bytes = Buffer.concat(plains.map((plain) => encodeFrame(commandOf(plain, serializeType))));
          expect(decodeChunks(cut(bytes, cuts))).toEqual(plains);
        },
      ),
    );
  });

  test('with one byte changed decodes, or is refused as BAD_FRAME or BAD_HEADER', () => {
    const plain: Plain = {
      ...{ code: 10, language: 'JAVA', version: 407, opaque: 1, flag: 0, remark: 'remark' },
      ...{ ext: { a: 'b', constructor: 'c' }, body: 'xyz' },
    };
    const bytes = encodeFrame(commandOf(plain, serializeType));
    const refusals: unknown[] = [];
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff, 0x22, 0x7b, 0x5c]) {
        const broken = Buffer.from(bytes);
        broken[at] = value;
        try {
          const decoder = new FrameDecoder();
          decoder.acceptMsgpack = true;
          decoder.push(broken);
          void decoder.next()?.extFields;
        } catch (error) {
          refusals.push((error as { code?: string }).code ?? error);
        }
      }
    }
    expect(refusals.length).toBeGreaterThan(bytes.length);
    expect([...new Set(refusals)].filter((code) => code !== 'BAD_FRAME' && code !== 'BAD_HEADER')).toEqual(
      [],
    );
  });

  test('of random bytes behind a valid length never fails in another way', () => {
    const codec = serializeTypes.indexOf(serializeType);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (header) => {
        const bytes = Buffer.alloc(8 + header.length);
        bytes.writeInt32BE(4 + header.length, 0);
        bytes.writeUInt32BE((codec << 24) | header.length, 4);
        bytes.set(header, 8);
        try {
          void decodeFrame(bytes, 0, bytes.length).extFields;
        } catch (error) {
          expect(error).toMatchObject({ name: 'RemotingError' });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a frame', () => {
  const lengthOnly = (total: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(total);
    return bytes;
  };

  test.each([-1, 0, 3, defaultMaxFrameBytes - 3, 0x7fff_ffff])(
    'of length %d is refused by its length alone',
    (total) => {
      const decoder = new FrameDecoder();
      decoder.push(lengthOnly(total));
      expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'BAD_FRAME' }));
    },
  );

  test('of the largest size is taken', () => {
    const body = Buffer.alloc(1000);
    const frame = encodeFrame(RemotingCommand.request(1, undefined, body));
    const exact = new FrameDecoder(frame.length);
    exact.push(frame);
    expect(exact.next()?.body?.length).toBe(body.length);
    const smaller = new FrameDecoder(frame.length - 1);
    smaller.push(frame);
    expect(() => smaller.next()).toThrow(expect.objectContaining({ code: 'BAD_FRAME' }));
  });

  test('in MSGPACK is refused until it was announced', () => {
    const decoder = new FrameDecoder();
    const command = RemotingCommand.request(1);
    command.serializeType = 'MSGPACK';
    decoder.push(encodeFrame(command));
    expect(() => decoder.next()).toThrow(/announced/);
  });

  test('whose code does not fit the binary header goes out as JSON', () => {
    const command = RemotingCommand.request(200050, { topic: 'T' });
    command.serializeType = 'ROCKETMQ';
    const bytes = encodeFrame(command);
    expect(bytes[4]).toBe(0);
    expect(decodeFrame(bytes, 0, bytes.length).code).toBe(200050);
  });

  test('too large to send is refused before anything is written', () => {
    const command = RemotingCommand.request(1, undefined, Buffer.alloc(100));
    expect(() => encodeFrame(command, 100)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }));
  });

  test('cannot have a body and body parts', () => {
    const command = RemotingCommand.response(0, undefined, undefined, Buffer.from('a'));
    command.bodyParts = [Buffer.from('b')];
    expect(() => encodeFrame(command)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }));
  });

  test('with keys named after object members gives nothing but those keys', () => {
    for (const serializeType of serializeTypes) {
      const ext = createExtFields();
      for (const key of ['__proto__', 'constructor', 'toString']) ext[key] = 'v';
      const command = RemotingCommand.request(1, ext);
      command.serializeType = serializeType;
      const bytes = encodeFrame(command);
      const decoded = decodeFrame(bytes, 0, bytes.length).extFields;
      expect(Object.getPrototypeOf(decoded)).toBeNull();
      expect(Object.keys(decoded).sort()).toEqual(['__proto__', 'constructor', 'toString']);
      expect(decoded['hasOwnProperty']).toBeUndefined();
    }
  });
});

describe('a frame that comes in pieces', () => {
  test('takes memory as it comes, not as it is announced', () => {
    const start = Buffer.alloc(64 * 1024);
    start.writeInt32BE(defaultMaxFrameBytes - 4, 0);
    start.writeInt32BE(300, 4);
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 50 }, () => new FrameDecoder());
    for (const decoder of decoders) {
      decoder.push(start);
      expect(decoder.next()).toBeUndefined();
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 1024 * 1024);
    expect(decoders.every(({ isInsideFrame }) => isInsideFrame)).toBe(true);
  });

  test('is the same whatever its size, also where its buffer had to grow', () => {
    const body = Buffer.alloc(3 * 1024 * 1024, 'abc');
    const frame = encodeFrame(RemotingCommand.request(10, undefined, body));
    const decoder = new FrameDecoder();
    for (let at = 0; at < frame.length; at += 65_535) {
      decoder.push(frame.subarray(at, at + 65_535));
      const command = decoder.next();
      if (at + 65_535 < frame.length) expect(command).toBeUndefined();
      else expect(command?.body?.equals(body)).toBe(true);
    }
  });
});

test.each(serializeTypes)('a %s request that forgets its bytes is still one to answer', (serializeType) => {
  const ext = createExtFields({ topic: 'T' });
  const sent = RemotingCommand.request(11, ext, Buffer.from('body'));
  Object.assign(sent, { serializeType, opaque: 7 });
  const frame = encodeFrame(sent);
  const request = decodeFrame(frame, 0, frame.length);
  request.forgetBytes();
  const { rawHeader, body, opaque } = request;
  expect({ rawHeader, body, opaque }).toEqual({ rawHeader: undefined, body: undefined, opaque: 7 });
  expect(request.serializeType).toBe(serializeType);
  expect({ ...request.extFields }).toEqual({});
});
