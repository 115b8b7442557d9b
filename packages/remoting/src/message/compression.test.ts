import fc from 'fast-check';
import { compress, decompress, isCompressionLoaded, loadCompression } from './compression.js';
import type { CompressionType } from './sys-flag.js';

const TYPES: readonly CompressionType[] = ['ZLIB', 'LZ4', 'ZSTD'];
const badBody = expect.objectContaining({ code: 'BAD_BODY' }) as Error;

describe('compression of bodies', () => {
  test('names the package to install where a library is not loaded', () => {
    expect(isCompressionLoaded('ZLIB')).toBe(true);
    expect(isCompressionLoaded('LZ4')).toBe(false);
    expect(() => decompress('LZ4', Buffer.alloc(8))).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_COMPRESSION',
        message: expect.stringContaining('lz4-napi'),
      }),
    );
  });

  describe.each(TYPES)('with %s', (type) => {
    beforeAll(loadCompression);

    test('gives back what it was given', () => {
      const body = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
      fc.assert(
        fc.property(body, fc.integer({ min: 1, max: 2000 }), (bytes, times) => {
          const long = Buffer.concat(Array.from({ length: Math.min(times, 100) }, () => bytes));
          expect(decompress(type, compress(type, long)).equals(long)).toBe(true);
        }),
        { numRuns: 30 },
      );
    });

    test('takes content of exactly the bound and refuses a byte more', () => {
      const compressed = compress(type, Buffer.alloc(100_000, 1));
      expect(decompress(type, compressed, 100_000)).toHaveLength(100_000);
      expect(() => decompress(type, compressed, 99_999)).toThrow(badBody);
    });

    test('refuses a small body that holds very much', () => {
      const bomb = compress(type, Buffer.alloc(64 * 1024 * 1024));
      expect(bomb.length).toBeLessThan(400_000);
      expect(() => decompress(type, bomb)).toThrow(badBody);
    });

    test('refuses bytes that are something else, or not whole', () => {
      const compressed = compress(type, Buffer.from('content '.repeat(50)));
      expect(() => decompress(type, Buffer.from('plain text, not compressed'))).toThrow(badBody);
      expect(() => decompress(type, Buffer.alloc(0))).toThrow(badBody);
      for (let length = 0; length < compressed.length; length++) {
        expect(() => decompress(type, compressed.subarray(0, length))).toThrow(badBody);
      }
    });
  });
});
