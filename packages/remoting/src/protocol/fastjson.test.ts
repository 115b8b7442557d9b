import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import fc from 'fast-check';
import { MAX_JSON_DEPTH, parseFastjson } from './fastjson-reader.js';
import { JavaDouble, stringifyFastjson } from './fastjson-writer.js';

describe('parseFastjson', () => {
  test('agrees with JSON.parse on every JSON document', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(stringifyFastjson(parseFastjson(text), { sort: false })).toBe(
          stringifyFastjson(JSON.parse(text), { sort: false }),
        );
      }),
      { numRuns: 200 },
    );
  });

  test.each<[dialect: string, text: string, value: unknown]>([
    [
      'integer keys',
      '{0:"a",-12:"b"}',
      new Map([
        [0, 'a'],
        [-12, 'b'],
      ]),
    ],
    ['object keys', '{{"queueId":0}:{"x":1}}', new Map([[{ queueId: 0 }, { x: 1 }]])],
    ['single quotes and bare names', "{a:'b\\'c',$d_1:null}", { a: "b'c", $d_1: null }],
    ['comments and spare commas', '/* a */[,1,,2,]// end', [1, 2]],
    ['a byte order mark', '\ufeff{"a":1}', { a: 1 }],
    ['number suffixes', '[1L,2.5D,3F,-4S,.5,1.]', [1, 2.5, 3, -4, 0.5, 1]],
    ['escapes', '"\\u4e16\\x41\\t\\/\\v\\0"', '世A\t/\v\0'],
    ['words', '[true,false,null,NaN]', [true, false, null, NaN]],
    [
      'keys mixed',
      '{"a":1,2:3}',
      new Map<unknown, unknown>([
        ['a', 1],
        [2, 3],
      ]),
    ],
    ['the last of equal keys', '{"a":1,"a":2}', { a: 2 }],
    [
      'longs beyond 2^53',
      '[9223372036854775807,-9007199254740992]',
      [9223372036854775807n, -9007199254740992n],
    ],
    ['longs up to 2^53', '[9007199254740991,-0]', [9007199254740991, 0]],
  ])('reads %s', (_, text, value) => {
    expect(parseFastjson(text)).toEqual(value);
  });

  test('keeps names that are special to JavaScript as ordinary members', () => {
    const parsed = parseFastjson('{"__proto__":{"x":1},"constructor":2}') as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual(['__proto__', 'constructor']);
    expect(parsed['x']).toBeUndefined();
    expect(parsed['toString']).toBeUndefined();
  });

  test.each<[problem: string, text: string, message: RegExp]>([
    ['ends early', '{"a":[1', /expected , or \]/],
    ['goes on', '{} {}', /unexpected text after the value at byte 3/],
    ['has a reference', '{"a":{"$ref":"$.b"}}', /\$ref .* is not supported/],
    ['has an unknown word', '[perhaps]', /unexpected word perhaps at byte 1/],
    ['has an unknown escape', '"\\q"', /unknown escape/],
    ['has a cut escape', '"\\u12"', /malformed escape/],
    ['has an open string', '"abc', /unterminated string/],
    ['has an open comment', '/* abc', /unterminated comment/],
    ['has no value', '', /unexpected end/],
    ['has an array for a key', '{[1]:2}', /an array cannot be a key/],
  ])('says where a text that %s is wrong', (_, text, message) => {
    expect(() => parseFastjson(text)).toThrow(message);
    expect(() => parseFastjson(text)).toThrow(expect.objectContaining({ code: 'BAD_BODY' }) as Error);
  });

  test('bounds nesting', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => parseFastjson(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => parseFastjson(nested(MAX_JSON_DEPTH + 1))).toThrow(/nested deeper than/);
    expect(() => parseFastjson('{'.repeat(100_000))).toThrow(/nested deeper than/);
  });

  test('refuses a number that ends in a letter in one pass, however many digits it has', () => {
    const digits = '9'.repeat(1_000_000);
    for (const word of [`${digits}x`, `${digits}.${digits}x`, `1e${digits}x`])
      expect(() => parseFastjson(`{"a":${word}}`)).toThrow(/unexpected word/);
  });

  test('never throws anything but its own error, whatever the bytes', () => {
    const fragments = fc.constantFrom(
      ...'{}[]",:\'\\/*0-9eE.+aL$ \n'.split(''),
      '"a"',
      '\\u',
      'true',
      '//',
      '/*',
      '1e999',
    );
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.array(fragments, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(garbage, (bytes) => {
        try {
          parseFastjson(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: 'RemotingError', code: 'BAD_BODY' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[what: string, text: string]>([
    ['digits', '1'.repeat(500_000)],
    ['an open string', `"${'a'.repeat(500_000)}`],
    ['commas', `[${','.repeat(500_000)}`],
    ['escapes', `"${'\\n'.repeat(250_000)}`],
    ['comments', '/**/'.repeat(125_000)],
  ])('takes linear time for half a megabyte of %s', (_, text) => {
    const started = performance.now();
    try {
      parseFastjson(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_BODY' });
    }
    // Quadratic time would be minutes.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('stringifyFastjson', () => {
  test('what it writes reads back the same', () => {
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.string({ unit: 'binary' }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((key) => key !== '$ref'),
          tie('value'),
          { maxKeys: 4 },
        ),
        fc
          .array(fc.tuple(fc.integer(), tie('value')), { minLength: 1, maxLength: 4 })
          .map((pairs) => new Map(pairs)),
      ),
    })).value;
    const options = fc.record({ pretty: fc.boolean(), ascii: fc.boolean(), sort: fc.boolean() });
    fc.assert(
      fc.property(values, options, (value, option) => {
        expect(parseFastjson(stringifyFastjson(value, option))).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });

  test.each<[what: string, value: unknown, text: string]>([
    ['members in order, undefined and null left out', { b: 1, a: undefined, c: null, A: 2 }, '{"A":2,"b":1}'],
    [
      'integer keys bare',
      new Map([
        [1, 'x'],
        [0, 'y'],
      ]),
      '{1:"x",0:"y"}',
    ],
    [
      'objects as keys',
      new Map([[{ queueId: 0, brokerName: 'b' }, 1]]),
      '{{"brokerName":"b","queueId":0}:1}',
    ],
    ['nothing in a list as null', [undefined, null, NaN], '[null,null,null]'],
    ['longs without loss', [2n ** 63n - 1n], '[9223372036854775807]'],
    ['control characters', '\u0001\u007f\u2028\n"\\/', '"\\u0001\\u007F\\u2028\\n\\"\\\\/"'],
  ])('writes %s', (_, value, text) => {
    expect(stringifyFastjson(value)).toBe(text);
  });

  test('writes standard JSON when asked to', () => {
    const value = { brokerAddrs: new Map([[0, '世/']]), offsets: new Map([[{ queueId: 0 }, 1]]) };
    const text = stringifyFastjson(value, { unquotedIntKeys: false, ascii: true });
    expect(text).toBe('{"brokerAddrs":{"0":"\\u4E16\\/"},"offsets":{"{\\"queueId\\":0}":1}}');
    expect(JSON.parse(text)).toEqual({ brokerAddrs: { 0: '世/' }, offsets: { '{"queueId":0}': 1 } });
  });

  test.each<[value: number, text: string]>([
    [0, '0.0'],
    [-0, '-0.0'],
    [2.3, '2.3'],
    [12, '12.0'],
    [0.001, '0.001'],
    [0.0001, '1.0E-4'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [-1.25e10, '-1.25E10'],
    [Infinity, 'null'],
  ])('writes the Java double %d as %s', (value, text) => {
    expect(stringifyFastjson(new JavaDouble(value))).toBe(text);
  });
});

describeGolden('configuration files of Apache brokers', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mq-config-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each(['5.3.3', '4.9.7'])('of %s print as they were', (version) => {
    const target = mkdtempSync(join(directory, version));
    execFileSync('tar', ['xzf', goldenPath(`store-${version}/store.tar.gz`), '-C', target, 'store/config']);
    const names = readdirSync(join(target, 'store/config')).filter((name) => name.endsWith('.json'));
    expect(names.length).toBeGreaterThanOrEqual(5);
    for (const name of names) {
      const text = readFileSync(join(target, 'store/config', name), 'utf8');
      const printed = stringifyFastjson(asJavaHasIt(parseFastjson(text)), { pretty: true, sort: false });
      expect({ name, printed }).toEqual({ name, printed: text });
    }
  });
});

/** Java's sets print on one line, lists do not; the values of `groupTopicMap` are the only sets in these files. */
function asJavaHasIt(value: unknown): unknown {
  const file = value as Record<string, unknown>;
  const groups = file['groupTopicMap'] as Record<string, string[]> | undefined;
  for (const group of Object.keys(groups ?? {}))
    (groups as Record<string, unknown>)[group] = new Set(groups![group]);
  return file;
}
