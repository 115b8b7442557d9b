import fc from 'fast-check';
import { decodeProperties, encodeProperties, findProperty } from './properties.js';
import { PropertyScanner, PropertySlot } from './property-scanner.js';

const text = fc.string({
  unit: fc.constantFrom('\u0001', '\u0002', 'a', 'TAGS', 'KEYS', '中', ' '),
  maxLength: 20,
});
const part = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !/[\u0001\u0002]/.test(s));
const slots = Object.entries(PropertySlot);

describe('properties text', () => {
  test('reads back as it was written', () => {
    fc.assert(
      fc.property(fc.dictionary(part, part), (properties) => {
        expect({ ...decodeProperties(encodeProperties(properties)) }).toEqual({ ...properties });
      }),
    );
  });

  test('leaves out pairs that no reader would see', () => {
    expect(encodeProperties({ a: '', '': 'b', c: 'd' })).toBe('c\u0001d\u0002');
  });

  test('refuses names and values that would corrupt their neighbours', () => {
    expect(() => encodeProperties({ a: 'b\u0002c' })).toThrow(/separator/);
    expect(() => encodeProperties({ 'a\u0001b': 'c' })).toThrow(/separator/);
    expect(() => encodeProperties({ 'a\u0002b': 'c' })).toThrow(/separator/);
  });

  test('takes a name like __proto__ for a name', () => {
    const properties = decodeProperties('__proto__\u0001polluted\u0002');
    expect(Object.keys(properties)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('gives the last value of a repeated name in every reader', () => {
    const twice = Buffer.from('TAGS\u0001a\u0002TAGS\u0001b\u0002');
    const scanner = new PropertyScanner();
    scanner.scan(twice);
    expect(scanner.text(PropertySlot.TAGS)).toBe('b');
    expect(findProperty(twice, 0, twice.length, Buffer.from('TAGS'))).toBe('b');
    expect(decodeProperties(twice.toString())['TAGS']).toBe('b');
  });
});

describe('the property scanner', () => {
  test.each(['alone', 'with a view of the buffer'])(
    'finds what decoding the text finds, whatever the bytes, %s',
    (how) => {
      const scanner = new PropertyScanner();
      fc.assert(
        fc.property(text, fc.nat(4), (properties, behind) => {
          const buf = Buffer.from(`TAGS\u0001x\u0002${properties}\u0002KEYS\u0001`);
          const start = 7;
          const end = buf.length - behind;
          const decoded = decodeProperties(buf.toString('utf8', start, end));
          const view = new DataView(buf.buffer, buf.byteOffset, buf.length);
          scanner.scan(buf, start, end, how === 'alone' ? undefined : view);
          for (const [name, slot] of slots) expect(scanner.text(slot)).toBe(decoded[name]);
        }),
        { numRuns: 500 },
      );
    },
  );

  test('reads numbers, booleans and hashes without making strings', () => {
    const scanner = new PropertyScanner();
    scanner.scan(
      Buffer.from(
        'DELAY\u00013\u0002WAIT\u0001False\u0002TAGS\u0001TagA\u0002REAL_QID\u0001x1\u0002TRAN_MSG\u0001true',
      ),
    );
    expect(scanner.integer(PropertySlot.DELAY, 0)).toBe(3);
    expect(scanner.integer(PropertySlot.REAL_QID, -1)).toBe(-1);
    expect(scanner.integer(PropertySlot.INNER_NUM, -1)).toBe(-1);
    expect(scanner.equalsIgnoreCase(PropertySlot.WAIT, 'false')).toBe(true);
    expect(scanner.equalsIgnoreCase(PropertySlot.TRAN_MSG, 'true')).toBe(true);
    expect(scanner.equalsIgnoreCase(PropertySlot.TRAN_MSG, 'tru')).toBe(false);
    expect(scanner.hashCode(PropertySlot.TAGS)).toBe(2598919);
    expect(scanner.hashCode(PropertySlot.KEYS)).toBe(0);
  });
});
