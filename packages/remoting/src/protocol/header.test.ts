import fc from 'fast-check';
import type { ExtFields } from '../command.js';
import { boolean, defineHeader, int, long, oneOf, string, type HeaderOf } from './header.js';
import * as protocol from './index.js';

const Sample = defineHeader('Sample', {
  group: string(),
  queueId: int(),
  offset: long().wire('o'),
  force: boolean().optional(),
  boundary: oneOf('LOWER', 'UPPER').optional(),
});
type Sample = HeaderOf<typeof Sample>;

const samples: fc.Arbitrary<Sample> = fc.record(
  {
    group: fc.string({ unit: 'grapheme' }),
    queueId: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    offset: fc.maxSafeInteger(),
    force: fc.boolean(),
    boundary: fc.constantFrom('LOWER' as const, 'UPPER' as const),
  },
  { requiredKeys: ['group', 'queueId', 'offset'] },
);

test('a header decodes to what was encoded', () => {
  fc.assert(fc.property(samples, (header) => expect(Sample.decode(Sample.encode(header))).toEqual(header)));
});

test('fields travel as text under their wire names, undefined ones not at all', () => {
  const ext = Sample.encode({ group: 'G', queueId: -1, offset: 5, force: undefined });
  expect({ ...ext }).toEqual({ group: 'G', queueId: '-1', o: '5' });
});

test.each<[problem: string, changes: Record<string, string | undefined>, message: string]>([
  ['a required field is missing', { group: undefined }, 'Sample: group is required but missing'],
  ['an int is empty', { queueId: '' }, 'Sample: queueId must be an int, got ""'],
  ['an int has a fraction', { queueId: '1.5' }, 'Sample: queueId must be an int, got "1.5"'],
  ['an int is out of range', { queueId: '2147483648' }, 'Sample: queueId must be an int, got "2147483648"'],
  [
    'a long is not exact',
    { o: '9007199254740993' },
    'Sample: offset (o) must be a long, got "9007199254740993"',
  ],
  ['a boolean is a word', { force: 'perhaps' }, 'Sample: force must be a boolean, got "perhaps"'],
  [
    'an enum is unknown',
    { boundary: 'MIDDLE' },
    'Sample: boundary must be one of LOWER, UPPER, got "MIDDLE"',
  ],
  [
    'a value is huge',
    { queueId: 'x'.repeat(500) },
    `Sample: queueId must be an int, got "${'x'.repeat(64)}..."`,
  ],
])('decoding says what is wrong when %s', (_, changes, message) => {
  const ext = { group: 'G', queueId: '1', o: '2', ...changes } as ExtFields;
  expect(() => Sample.decode(ext)).toThrow(expect.objectContaining({ code: 'BAD_HEADER', message }) as Error);
});

test('what Java means by unlimited becomes the greatest exact number', () => {
  const decode = (o: string): number => Sample.decode({ group: '', queueId: '+0', o }).offset;
  expect(decode('9223372036854775807')).toBe(Number.MAX_SAFE_INTEGER);
  expect(decode('-9223372036854775808')).toBe(Number.MIN_SAFE_INTEGER);
});

test('an empty optional field counts as absent, and case does not matter to booleans and enums', () => {
  expect(Sample.decode({ group: '', queueId: '1', o: '1', force: '' })).toEqual({
    group: '',
    queueId: 1,
    offset: 1,
  });
  expect(Sample.decode({ group: '', queueId: '1', o: '1', force: 'True', boundary: 'upper' })).toMatchObject({
    force: true,
    boundary: 'UPPER',
  });
});

test('scalars that a JSON client left unquoted count as their text', () => {
  const ext = { group: 12, queueId: 3, o: 4, force: true } as unknown as ExtFields;
  expect(Sample.decode(ext)).toEqual({ group: '12', queueId: 3, offset: 4, force: true });
});

test('encoding refuses what cannot be represented', () => {
  const header = { group: 'G', queueId: 1, offset: 2 };
  expect(() => Sample.encode({ ...header, queueId: 2 ** 31 })).toThrow(
    'Sample: queueId must be an int, got 2147483648',
  );
  expect(() => Sample.encode({ ...header, offset: NaN })).toThrow(
    'Sample: offset (o) must be a long, got NaN',
  );
  expect(() => Sample.encode({ ...header, group: undefined as unknown as string })).toThrow(
    'group is required',
  );
});

test('every header of the protocol is exported under its own name', () => {
  const headers = Object.entries(protocol).filter(
    ([name]) => /Header(V2)?$/.test(name) && /^[A-Z]/.test(name),
  );
  expect(headers.length).toBeGreaterThan(120);
  for (const [name, codec] of headers) {
    if (name !== 'HotSendHeader') expect((codec as { name: string }).name).toBe(name);
  }
});
