import fc from 'fast-check';
import { readProxyHeader } from './haproxy.js';

const v2Start = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const v2 = (command: number, family: number, variable: number[]): Buffer =>
  Buffer.concat([
    v2Start,
    Buffer.from([command, family, variable.length >> 8, variable.length & 0xff, ...variable]),
  ]);

describe('a PROXY header', () => {
  test.each([
    ['frames', Buffer.from([0, 0, 0, 100, 0]), 'no'],
    ['a TLS hello', Buffer.from([0x16, 3, 1]), 'no'],
    ['its first letters', Buffer.from('PRO'), 'more'],
    ['a line without its end', Buffer.from('PROXY TCP4 1.2.3.4 '), 'more'],
    ['a part of the signature', v2Start.subarray(0, 5), 'more'],
    ['a signature alone', v2Start, 'more'],
  ] as const)('is told from %s', (_name, bytes, expected) => {
    expect(readProxyHeader(bytes)).toBe(expected);
  });

  test('may say that the proxy speaks for itself', () => {
    expect(readProxyHeader(Buffer.from('PROXY UNKNOWN\r\n'))).toMatchObject({ bytes: 15, source: undefined });
    expect(readProxyHeader(v2(0x20, 0, [1, 2, 3]))).toMatchObject({ bytes: 19, source: undefined });
  });

  test('carries values by type in version 2', () => {
    const addresses = [...Array<number>(15).fill(0), 1, ...Array<number>(15).fill(0), 2, 0, 80, 0, 90];
    const header = readProxyHeader(v2(0x21, 0x21, [...addresses, 0xea, 0, 2, 104, 105]));
    expect(header).toMatchObject({ source: { ip: '0:0:0:0:0:0:0:1', port: 80 }, destination: { port: 90 } });
    expect(header).toHaveProperty('tlvs', new Map([[0xea, Buffer.from('hi')]]));
  });

  test.each([
    ['a line without end', Buffer.alloc(200, 'PROXY ')],
    ['a port too large', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 70000 1\r\n')],
    ['IPv6 said to be IPv4', Buffer.from('PROXY TCP4 ::1 ::1 1 1\r\n')],
    ['another version', v2(0x31, 0x11, [])],
    ['too few address bytes', v2(0x21, 0x11, [1, 2, 3])],
    ['a value longer than the header', v2(0x21, 0x11, [...Array<number>(12).fill(1), 1, 0, 9])],
    ['more than any proxy sends', Buffer.concat([v2Start, Buffer.from([0x21, 0x11, 0xff, 0xff])])],
  ])('with %s is refused', (_name, bytes) => {
    expect(() => readProxyHeader(bytes)).toThrow(expect.objectContaining({ code: 'BAD_FRAME' }));
  });

  test('of random bytes is read or refused, never longer than what came', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(v2Start, Buffer.from('PROXY ')),
        fc.uint8Array({ maxLength: 80 }),
        (start, rest) => {
          const bytes = Buffer.concat([start, rest]);
          try {
            const header = readProxyHeader(bytes);
            if (typeof header === 'object') expect(header.bytes).toBeLessThanOrEqual(bytes.length);
          } catch (error) {
            expect(error).toMatchObject({ code: 'BAD_FRAME' });
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
