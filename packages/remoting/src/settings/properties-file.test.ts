import { readFileSync } from 'node:fs';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import fc from 'fast-check';
import { formatProperties, parseProperties, parsePropertiesFile } from './properties-file.js';

interface Sample {
  input: string;
  properties: Record<string, string>;
}

describeGolden('properties text as Java reads it', () => {
  const golden = JSON.parse(readFileSync(goldenPath('misc/properties.json'), 'utf8')) as {
    string2Properties: Sample[];
  };

  test.each(golden.string2Properties)('$input', ({ input, properties }) => {
    // Java reads every byte as one ISO-8859-1 character.
    const asJava = Buffer.from(input, 'utf8').toString('latin1');
    expect(Object.fromEntries(parseProperties(asJava))).toEqual(properties);
  });
});

describe('a properties file', () => {
  test('reads back as it was written, in ASCII and in order', () => {
    const word = fc.string({ unit: 'binary', maxLength: 12 });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(word, word), { selector: ([name]) => name }), (pairs) => {
        const text = formatProperties(pairs);
        expect(text).toMatch(/^[\x20-\x7e\n]*$/);
        expect([...parseProperties(text)]).toEqual(pairs);
      }),
    );
  });

  test('cannot be given a second line through a value', () => {
    expect(parseProperties(formatProperties([['a', 'x\nb=y']]))).toEqual(new Map([['a', 'x\nb=y']]));
  });

  test('continues lines, also over comments that then are none', () => {
    expect([...parseProperties('a=1,\\\n  # 2,\\\n  3\n\\\nb=4\nc=5\\')]).toEqual([
      ['a', '1,# 2,3'],
      ['b', '4'],
      ['c', '5'],
    ]);
  });

  test('takes two backslashes at the end for one, not for a continuation', () => {
    expect([...parseProperties('a=1\\\\\nb=2')]).toEqual([
      ['a', '1\\'],
      ['b', '2'],
    ]);
  });

  test('a line full of backslashes is read in one pass', () => {
    const startedAt = performance.now();
    expect(parseProperties(`a=${'\\'.repeat(400_000)}x`).get('a')).toHaveLength(200_001);
    // One pass takes some 50 ms; looking anew from each backslash took minutes.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('is refused for half a unicode escape', () => {
    expect(() => parseProperties('a=\\u12x4')).toThrow(SyntaxError);
    expect(() => parseProperties('a=\\u12')).toThrow(SyntaxError);
  });

  test('in UTF-8 is read as such, in ISO-8859-1 otherwise', () => {
    expect(parsePropertiesFile(Buffer.from('a=中文')).get('a')).toBe('中文');
    expect(parsePropertiesFile(Buffer.from('a=é', 'latin1')).get('a')).toBe('é');
  });
});
