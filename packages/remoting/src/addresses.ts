import { isIPv4, isIPv6 } from 'node:net';
import { RemotingError } from './errors.js';

/** A parsed address; IPv6 hosts without their brackets. */
export interface HostAndPort {
  /** IP address or host name. */
  host: string;
  /** 0..65535. */
  port: number;
}

/** `ip:port`, with an IPv6 address in brackets. An IPv4 address mapped into IPv6 is written as IPv4. */
export function formatAddress(ip: string, port: number): string {
  return isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Takes `::ffff:10.0.0.1` back to `10.0.0.1`, and a scope (`%eth0`) off; leaves the rest alone. */
export function plainIp(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped !== null) return mapped[1]!;
  const scope = ip.indexOf('%');
  return scope < 0 ? ip : ip.slice(0, scope);
}

/** Whether a server listening on `host` can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Splits `host:port`, `[v6]:port` or Java's `v6:port`. @throws RemotingError `BAD_ARGUMENT` */
export function parseAddress(address: string): HostAndPort {
  const colon = address.lastIndexOf(':');
  const digits = address.slice(colon + 1);
  const port = Number(digits);
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  if (host === '' || !/^\d{1,5}$/.test(digits) || port > 65535) {
    throw new RemotingError('BAD_ARGUMENT', `address ${JSON.stringify(address)} is not host:port`, {
      address,
    });
  }
  return { host, port };
}

/** Address bytes (4 or 16) and the port as int32, as message records hold a host. */
export function hostBytes(ip: string, port: number): Buffer {
  const address = isIPv6(ip) ? ipv6Bytes(ip) : Buffer.from(ip.split('.').map(Number));
  const bytes = Buffer.alloc(address.length + 4);
  address.copy(bytes);
  bytes.writeInt32BE(port, address.length);
  return bytes;
}

function ipv6Bytes(ip: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  const text =
    dotted === null
      ? ip
      : `${dotted[1]!}${hexPair(dotted[2]!, dotted[3]!)}:${hexPair(dotted[4]!, dotted[5]!)}`;
  const [head = '', tail] = text.split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - headGroups.length - tailGroups.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...headGroups, ...zeros, ...tailGroups].forEach((group, index) =>
    bytes.writeUInt16BE(parseInt(group, 16), index * 2),
  );
  return bytes;
}

function hexPair(high: string, low: string): string {
  return ((Number(high) << 8) | Number(low)).toString(16);
}
