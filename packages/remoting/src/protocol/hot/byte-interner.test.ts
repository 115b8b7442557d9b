import fc from 'fast-check';
import { ByteInterner } from './byte-interner.js';

const textOf = (interner: ByteInterner, text: string): string => {
  const bytes = Buffer.from(`<${text}>`);
  return interner.text(bytes, 1, bytes.length - 1);
};

describe('a byte interner', () => {
  test('gives the text of the bytes, whatever was asked for before', () => {
    const interner = new ByteInterner(8, 20);
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 30, unit: 'grapheme' }), { maxLength: 50 }), (texts) => {
        for (const text of texts) expect(textOf(interner, text)).toBe(Buffer.from(text).toString());
      }),
    );
  });

  test('decodes each of a thousand topics once, and few again', () => {
    const interner = new ByteInterner();
    const topics = Array.from({ length: 1000 }, (_, index) =>
      Buffer.from(`BenchTopic-${String(index).padStart(4, '0')}`),
    );
    let decoded = 0;
    for (const topic of topics) {
      const toString = topic.toString.bind(topic);
      topic.toString = (...args) => {
        decoded++;
        return toString(...args);
      };
    }
    const askAll = () => {
      decoded = 0;
      for (const topic of topics) interner.text(topic, 0, topic.length);
      return decoded;
    };
    expect(askAll()).toBe(topics.length);
    expect(askAll()).toBeLessThan(topics.length / 10);
  });
});
