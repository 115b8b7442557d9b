import fc from 'fast-check';

import { SqlResult } from './compile.js';
import { parseJavaDouble, parseJavaInt, parseJavaLong } from './java-number.js';
import { MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH } from './parser.js';
import { SqlFilter } from './sql-filter.js';
import { SqlFilterCache } from './sql-filter-cache.js';
import { SqlSyntaxError } from './sql-syntax-error.js';

const noProperties = { property: () => undefined };

function matches(expression: string, properties: Record<string, string>): boolean {
  return SqlFilter.compile(expression).matches({ property: (name) => properties[name] });
}

describe('an SQL92 filter', () => {
  test('lets through what its expression is true for', () => {
    const expression = "price BETWEEN 10 AND 20 AND (region IN ('eu', 'us') OR vip IS NOT NULL)";
    expect(matches(expression, { price: '15', region: 'eu' })).toBe(true);
    expect(matches(expression, { price: '15', vip: 'x' })).toBe(true);
    expect(matches(expression, { price: '15', region: 'asia' })).toBe(false);
    expect(matches(expression, { region: 'eu' })).toBe(false);
    expect(matches(expression, { price: 'cheap', region: 'eu' })).toBe(false);
  });

  test.each([
    ['a = ', 'line 1, column 5: unexpected end of the expression'],
    ['a = 1 AND\n  b ! 2', 'line 2, column 5: unexpected character "!"'],
    ["a > 'x'", "line 1, column 3: 'x' cannot be ordered: > takes properties and numbers"],
    ["a IN ('x' 'y')", 'line 1, column 11: unexpected "y", expected ")"'],
    ['a IN (1)', `line 1, column 7: unexpected "1", expected a text in '...'`],
    ['a BETWEEN 5 AND 1', 'line 1, column 3: BETWEEN 5 AND 1 is empty: the lower bound comes first'],
    ['a = NULL', 'line 1, column 3: NULL cannot be compared, use IS NULL'],
    ["a = 'x", 'line 1, column 5: the string does not end'],
    ['a = 99999999999999999999', 'line 1, column 5: 99999999999999999999 does not fit in 64 bits'],
    ['5', 'line 1, column 1: 5 is not a condition'],
  ])('says where and why it refuses %j', (expression, message) => {
    expect(() => SqlFilter.compile(expression)).toThrow(new Error(message));
  });

  test.each([
    ['parentheses', '('.repeat(MAX_EXPRESSION_DEPTH + 1)],
    ['signs', `a = ${'- '.repeat(MAX_EXPRESSION_DEPTH + 1)}1`],
    ['tests of tests', `a${' IS NULL'.repeat(MAX_EXPRESSION_DEPTH + 1)}`],
  ])('refuses endless %s', (_what, expression) => {
    expect(() => SqlFilter.compile(expression)).toThrow('nested too deeply');
  });

  test('refuses an expression that is too long', () => {
    expect(() => SqlFilter.compile(' '.repeat(MAX_EXPRESSION_LENGTH + 1))).toThrow('longer than');
  });

  test('takes thousands of alternatives', () => {
    const expression = Array.from({ length: 5_000 }, (_, i) => `a=${i}`).join(' OR ');
    expect(matches(expression, { a: '4999' })).toBe(true);
    expect(matches(expression, { a: '5000' })).toBe(false);
  });

  test('reads a text of thousands of digits in no time', () => {
    const started = performance.now();
    expect(matches('a > 1.5', { a: `${'1'.repeat(1_000_000)}x` })).toBe(false);
    expect(matches('a > 1', { a: '0'.repeat(1_000_000) + '5' })).toBe(true);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('answers any text with a filter or a SqlSyntaxError', () => {
    const words = fc.constantFrom(
      ...'a b NOT AND OR BETWEEN IN TRUE FALSE NULL IS CONTAINS STARTSWITH ENDSWITH'.split(' '),
      ...[
        "'x'",
        "''",
        "'",
        '1',
        '2.5',
        '1L',
        '-',
        '--',
        '/*',
        '*/',
        '\n',
        '(',
        ')',
        ',',
        '=',
        '<>',
        '<',
        '>=',
        '+',
      ],
    );
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(words).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          SqlFilter.compile(text).evaluate({ property: () => '1' });
        } catch (error) {
          expect(error).toBeInstanceOf(SqlSyntaxError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('knows three truth values, as Kleene has them', () => {
    // A text with all its parentheses beside what it must be worth.
    const { tree } = fc.letrec<{ tree: Twin }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.constantFrom<Twin>(['TRUE', 1], ['FALSE', 0], ['(missing = 1)', 0.5]),
        tie('tree').map<Twin>(([text, value]) => [`(NOT ${text})`, 1 - value]),
        fc
          .tuple(tie('tree'), tie('tree'))
          .map<Twin>(([l, r]) => [`(${l[0]} AND ${r[0]})`, Math.min(l[1], r[1])]),
        fc
          .tuple(tie('tree'), tie('tree'))
          .map<Twin>(([l, r]) => [`(${l[0]} OR ${r[0]})`, Math.max(l[1], r[1])]),
        fc
          .array(tie('tree'), { minLength: 2, maxLength: 4 })
          .map<Twin>((all) => [
            `(${all.map(([text]) => text).join(' OR ')})`,
            Math.max(...all.map(([, value]) => value)),
          ]),
      ),
    }));
    const worth = {
      [SqlResult.TRUE]: 1,
      [SqlResult.FALSE]: 0,
      [SqlResult.UNKNOWN]: 0.5,
      [SqlResult.FAILED]: -1,
    };
    fc.assert(
      fc.property(tree, ([text, value]) => {
        expect(worth[SqlFilter.compile(text).evaluate(noProperties)]).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  test('finds any text again that it is quoted for', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(matches(`a = '${value.replaceAll("'", "''")}'`, { a: value })).toBe(true);
      }),
    );
  });
});

describe('numbers as Java reads them', () => {
  test('are longs whatever their size', () => {
    const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(long, fc.constantFrom('', '0', '000000000000000000000'), (value, zeros) => {
        const sign = value < 0n ? '-' : '';
        const text = `${sign}${zeros}${value < 0n ? -value : value}`;
        expect(BigInt(parseJavaLong(text)!)).toBe(value);
        expect(parseJavaInt(text)).toBe(value === BigInt.asIntN(32, value) ? Number(value) : undefined);
      }),
    );
  });

  test('are doubles as JavaScript prints them', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(parseJavaDouble(String(value))).toBe(Number(String(value)));
      }),
    );
  });

  test.each([
    ['٤٢', 42, undefined],
    ['４２', 42, undefined],
    ['+7', 7, 7],
    ['-0', 0, -0],
    [' 7 ', undefined, 7],
    ['1e3', undefined, 1000],
    ['1f', undefined, 1],
    ['0x1.8p1', undefined, 3],
    ['0x10', undefined, undefined],
    ['-Infinity', undefined, -Infinity],
    ['NaN', undefined, NaN],
    ['9223372036854775808', undefined, 9223372036854775808],
    ['', undefined, undefined],
    ['-', undefined, undefined],
    ['.', undefined, undefined],
    ['1_000', undefined, undefined],
  ])('%j is the long %p and the double %p', (text, long, double) => {
    expect(parseJavaLong(text)).toBe(long);
    expect(parseJavaDouble(text)).toBe(double);
  });
});

describe('the cache of expressions', () => {
  test('compiles an expression once, and remembers one that does not compile', () => {
    const cache = new SqlFilterCache();
    expect(cache.compile('a = 1')).toBe(cache.compile('a = 1'));
    const errors = [0, 1].map(() => {
      try {
        return cache.compile('a =');
      } catch (error) {
        return error;
      }
    });
    expect(errors[0]).toBeInstanceOf(SqlSyntaxError);
    expect(errors[1]).toBe(errors[0]);
  });

  test('is bounded', () => {
    const cache = new SqlFilterCache(2);
    const first = cache.compile('a = 1');
    cache.compile('a = 2');
    cache.compile('a = 3');
    expect(cache.compile('a = 1')).not.toBe(first);
  });
});

/** An expression and its truth value: 1, 0, or 0.5 for unknown. */
type Twin = [text: string, value: number];
