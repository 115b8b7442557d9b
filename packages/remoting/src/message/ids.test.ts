import { ManualClock } from '../clock.js';
import { buildClientId, instanceNameOf } from './client-id.js';
import { encodeHost, hostText, ipBytes, ipText, parseHostText } from './host.js';
import { readInt64, writeInt64 } from './int64.js';
import { localAddress, type NetworkInterfaces } from './local-address.js';
import { decodeOffsetMsgId, encodeOffsetMsgId, OffsetMsgIdEncoder } from './message-id.js';
import { decodeUniqId, UniqIdGenerator, uniqIdTime } from './uniq-id.js';

describe('UNIQ_KEY', () => {
  const startMs = new Date(2026, 0, 31, 23, 59, 59, 999).getTime();
  const generatorAt = (clock: ManualClock): UniqIdGenerator =>
    new UniqIdGenerator({ ip: '192.168.1.5', pid: 70_000, processHash: -2, clock });

  test('says who made it and when', () => {
    const id = generatorAt(new ManualClock(startMs)).next();
    expect(id).toMatch(/^[0-9A-F]{32}$/);
    expect(decodeUniqId(id)).toEqual({
      ip: '192.168.1.5',
      pid: 70_000 & 0xffff,
      processHash: -2,
      millisSinceMonthStart: startMs - new Date(2026, 0, 1).getTime(),
      counter: 0,
    });
    expect(uniqIdTime(id, startMs + 5000)).toBe(startMs);
  });

  test('starts anew with the month', async () => {
    const clock = new ManualClock(startMs);
    const ids = generatorAt(clock);
    ids.next();
    await clock.advance(1);
    const next = decodeUniqId(ids.next())!;
    expect(next).toMatchObject({ millisSinceMonthStart: 0, counter: 1 });
    await clock.advance(5);
    expect(decodeUniqId(ids.next())!.millisSinceMonthStart).toBe(5);
  });

  test('of last month is placed in last month', () => {
    const id = generatorAt(new ManualClock(startMs)).next();
    expect(uniqIdTime(id, startMs + 60_000)).toBe(startMs);
  });

  test('is unique 65,536 times within a millisecond, then its counter wraps', () => {
    const ids = generatorAt(new ManualClock(startMs));
    const made = new Set(Array.from({ length: 65_536 }, () => ids.next()));
    expect(made.size).toBe(65_536);
    expect(made.has(ids.next())).toBe(true);
  });

  test('of an IPv6 machine has 56 characters', () => {
    const id = new UniqIdGenerator({ ip: '2001:db8::1' }).next();
    expect(id).toHaveLength(56);
    expect(decodeUniqId(id)!.ip).toBe('2001:db8:0:0:0:0:0:1');
  });

  test.each(['', 'xyz', 'Z'.repeat(32), '0'.repeat(31)])('%j is none', (text) => {
    expect(decodeUniqId(text)).toBeUndefined();
    expect(uniqIdTime(text, 0)).toBeUndefined();
    expect(decodeOffsetMsgId(text)).toBeUndefined();
  });
});

describe('offsetMsgId', () => {
  test.each([0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER])(
    'of offset %d is the same by every writer',
    (offset) => {
      for (const host of [encodeHost('127.0.0.1', 10911), encodeHost('::1', 65535)]) {
        const id = encodeOffsetMsgId(host, offset);
        const encoder = new OffsetMsgIdEncoder(host);
        expect(encoder.encode(offset)).toBe(id);
        expect(encoder.encodeAll([offset, 4711, offset])).toBe(
          `${id},${encodeOffsetMsgId(host, 4711)},${id}`,
        );
        expect(decodeOffsetMsgId(id.toLowerCase())!.physicalOffset).toBe(offset);
      }
    },
  );
});

describe('hosts', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['64:ff9b::1.2.3.4', '64:ff9b:0:0:0:0:102:304'],
  ])('%s is read back as %s', (ip, text) => {
    const bytes = ipBytes(ip);
    expect(ipText(bytes, 0, bytes.length === 16)).toBe(text);
  });

  test.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '256.0.0.1', '1..2.3', ':::'])(
    '%j is no address',
    (ip) => {
      expect(() => ipBytes(ip)).toThrow(TypeError);
    },
  );

  test('keep IPv6 in brackets, and read Java`s form without them', () => {
    const host = encodeHost('fe80::1:2:3:4', 1234);
    expect(hostText(host, 0, true)).toBe('[fe80:0:0:0:1:2:3:4]:1234');
    expect(parseHostText('[fe80:0:0:0:1:2:3:4]:1234')).toEqual(parseHostText('fe80:0:0:0:1:2:3:4:1234'));
    expect(() => parseHostText('10.0.0.7')).toThrow(TypeError);
  });
});

test('64-bit integers read back within ±(2^53−1) and saturate beyond', () => {
  const buf = Buffer.alloc(8);
  for (const value of [
    0,
    -1,
    1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    -(2 ** 32),
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]) {
    writeInt64(buf, 0, value);
    expect(buf.readBigInt64BE()).toBe(BigInt(value));
    expect(readInt64(buf, 0)).toBe(value);
  }
  buf.writeBigInt64BE(2n ** 63n - 1n);
  expect(readInt64(buf, 0)).toBe(Number.MAX_SAFE_INTEGER);
  buf.writeBigInt64BE(-(2n ** 63n));
  expect(readInt64(buf, 0)).toBe(Number.MIN_SAFE_INTEGER);
  expect(() => writeInt64(buf, 0, 2 ** 53)).toThrow(RangeError);
});

describe('clientId', () => {
  test.each([
    [{ clientIp: '10.0.0.7', instanceName: 'a' }, '10.0.0.7@a'],
    [{ clientIp: '10.0.0.7', instanceName: 'a', unitName: ' ' }, '10.0.0.7@a'],
    [{ clientIp: '10.0.0.7', instanceName: 'a', unitName: 'u', stream: true }, '10.0.0.7@a@u@STREAM'],
  ])('of %j is %s', (parts, id) => {
    expect(buildClientId(parts)).toBe(id);
  });

  test('has an instance of its own where none was named', () => {
    expect(instanceNameOf('DEFAULT', 12, 345n)).toBe('12#345');
    expect(instanceNameOf('mine', 12, 345n)).toBe('mine');
  });
});

describe('the local address', () => {
  const on = (addresses: Record<string, string[]>): NetworkInterfaces =>
    Object.fromEntries(
      Object.entries(addresses).map(([name, ips]) => [
        name,
        ips.map((address) => ({
          address,
          netmask: '',
          mac: '',
          cidr: null,
          internal: name === 'lo',
          ...(address.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const }),
        })),
      ]),
    );

  test.each([
    [
      'a public IPv4 address',
      { lo: ['127.0.0.1'], eth0: ['10.0.0.7'], eth1: ['203.0.113.5'] },
      '203.0.113.5',
    ],
    [
      'the last private IPv4 address',
      { eth0: ['10.0.0.7', '2001:db8::1'], eth1: ['192.168.1.5'] },
      '192.168.1.5',
    ],
    ['no bridge', { docker0: ['172.17.0.1'], eth0: ['10.0.0.7'], 'br-1': ['172.18.0.1'] }, '10.0.0.7'],
    ['a global IPv6 address', { eth0: ['fe80::1', '2001:db8::1'] }, '2001:db8::1'],
    ['a local IPv6 address', { eth0: ['fe80::1'] }, 'fe80::1'],
    ['loopback where there is nothing else', { lo: ['127.0.0.1'] }, '127.0.0.1'],
  ])('is %s', (_, interfaces, address) => {
    expect(localAddress(on(interfaces))).toBe(address);
  });
});
