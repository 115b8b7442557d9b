import { formatAddress, hostBytes, parseAddress, plainIp, isLoopback } from './addresses.js';

describe('addresses', () => {
  test.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['broker-a.example:10911', 'broker-a.example', 10911],
    ['[::1]:80', '::1', 80],
    ['fe80::1:80', 'fe80::1', 80],
  ])('%s is host %s and port %d', (address, host, port) => {
    expect(parseAddress(address)).toEqual({ host, port });
  });

  test.each(['', 'host', 'host:', ':1', 'host:x', 'host:65536'])('%p is refused', (address) => {
    expect(() => parseAddress(address)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }));
  });

  test('IPv6 is written in brackets, mapped IPv4 as IPv4, a scope is left off', () => {
    expect(formatAddress('fe80::1', 80)).toBe('[fe80::1]:80');
    expect(formatAddress('10.0.0.1', 80)).toBe('10.0.0.1:80');
    expect([plainIp('::ffff:10.0.0.1'), plainIp('fe80::1%eth0'), plainIp('::1')]).toEqual([
      '10.0.0.1',
      'fe80::1',
      '::1',
    ]);
  });

  test.each([
    ['10.1.2.3', '0a010203'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['fe80::a:b', 'fe8000000000000000000000000a000b'],
    ['64:ff9b::10.1.2.3', '0064ff9b00000000000000000a010203'],
  ])('%s as a record holds it', (ip, hex) => {
    expect(hostBytes(ip, 0x1234).toString('hex')).toBe(`${hex}00001234`);
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.example.org', false],
])('%s is loopback: %s', (host, expected) => expect(isLoopback(host)).toBe(expected));
