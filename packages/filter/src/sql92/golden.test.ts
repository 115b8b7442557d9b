// What Apache's SQL92 filters say about the same expressions and properties, of 5.3.3 and of 4.9.7.
import { readFileSync } from 'node:fs';

import { describeGolden, goldenPath } from '@mq-tools/testing';

import { type PropertySource, SqlResult } from './compile.js';
import type { SqlDialect } from './sql-dialect.js';
import { SqlFilter } from './sql-filter.js';
import { SqlSyntaxError } from './sql-syntax-error.js';

interface GoldenExpression {
  readonly expr: string;
  readonly parse: 'ok' | 'error';
  readonly compiled?: string;
  readonly results?: readonly (boolean | null | { throws: string })[];
  readonly matched?: readonly boolean[];
}

interface Golden {
  readonly count: number;
  readonly properties: readonly Record<string, string>[];
  readonly expressions: readonly GoldenExpression[];
}

const RESULTS = { [SqlResult.FALSE]: false, [SqlResult.TRUE]: true, [SqlResult.UNKNOWN]: null };

describeGolden('SQL92 as Apache evaluates it', () => {
  const files: readonly [file: string, dialect: SqlDialect][] = [
    ['misc/sql92.json', 'V5'],
    ['misc/sql92-4.9.7.json', 'V4'],
  ];
  for (const [file, dialect] of files) {
    const golden = JSON.parse(readFileSync(goldenPath(file), 'utf8')) as Golden;
    const sources = golden.properties.map(sourceOf);

    test(`${file} holds what it says`, () => {
      expect(golden.expressions).toHaveLength(golden.count);
      expect(golden.count).toBeGreaterThan(400);
    });

    test.each(golden.expressions.filter(({ parse }) => parse !== 'ok'))(
      `${dialect} refuses $expr`,
      ({ expr }) => {
        expect(() => SqlFilter.compile(expr, dialect)).toThrow(SqlSyntaxError);
      },
    );

    test.each(golden.expressions.filter(({ parse }) => parse === 'ok'))(
      `${dialect} evaluates $expr`,
      ({ expr, compiled, results, matched }) => {
        const filter = SqlFilter.compile(expr, dialect);
        expect(filter.toString()).toBe(compiled);
        expect(sources.map((source) => resultOf(filter.evaluate(source)))).toEqual(
          results!.map((result) => (typeof result === 'object' && result !== null ? 'throws' : result)),
        );
        expect(sources.map((source) => filter.matches(source))).toEqual(matched);
      },
    );
  }
});

function resultOf(result: SqlResult): boolean | null | 'throws' {
  return result === SqlResult.FAILED ? 'throws' : RESULTS[result];
}

function sourceOf(properties: Record<string, string>): PropertySource {
  const map = new Map(Object.entries(properties));
  return { property: (name) => map.get(name) };
}
