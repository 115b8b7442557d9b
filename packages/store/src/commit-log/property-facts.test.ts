import { decodeProperties, encodeProperties, javaHashCode } from '@mq/remoting/message';
import fc from 'fast-check';
import { PropertyFacts } from './property-facts.js';

const name = fc.constantFrom('TAGS', 'KEYS', 'DELAY', 'UNIQ_KEY', 'TAGX', 'T', 'WAIT', 'UNIQ_KEYS');
const value = fc.stringMatching(/^[a-zA-Z0-9äß ]{1,12}$/);

function at(buffer: Buffer, start: number, end: number): string | undefined {
  return start < 0 ? undefined : buffer.toString('utf8', start, end);
}

describe('property facts', () => {
  test('are what the tolerant reader finds, in any order, repeated, with or without the last separator', () => {
    const property = fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 8 }),
      fc.boolean(),
      (pairs, cut) => {
        let text = pairs.map(([key, one]) => encodeProperties({ [key]: one })).join('');
        if (cut) text = text.slice(0, -1);
        const buffer = Buffer.from(`##${text}##`);
        const facts = new PropertyFacts();
        facts.scan(buffer, 2, buffer.length - 2);
        const expected = decodeProperties(text);
        expect(at(buffer, facts.tagsStart, facts.tagsEnd)).toBe(expected['TAGS']);
        expect(at(buffer, facts.keysStart, facts.keysEnd)).toBe(expected['KEYS']);
        expect(at(buffer, facts.delayStart, facts.delayEnd)).toBe(expected['DELAY']);
        expect(at(buffer, facts.uniqKeyStart, facts.uniqKeyEnd)).toBe(expected['UNIQ_KEY']);
        expect(facts.tagsCode(buffer)).toBe(javaHashCode(expected['TAGS'] ?? ''));
      },
    );
    fc.assert(property);
  });

  test('ignore pairs without a name or a value, and rubbish', () => {
    for (const text of [
      'TAGS\u0001\u0002',
      '\u0001x\u0002',
      'TAGS\u0002',
      '\u0002\u0002',
      'TAGS',
      '\u0001\u0001',
    ]) {
      const buffer = Buffer.from(text);
      const facts = new PropertyFacts();
      facts.scan(buffer, 0, buffer.length);
      expect([text, facts.tagsCode(buffer), facts.delayLevel(buffer)]).toEqual([text, 0, 0]);
    }
  });
});
