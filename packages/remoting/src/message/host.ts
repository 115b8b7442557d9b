// Hosts as records hold them: 4 or 16 address bytes followed by the port as int32.
import { isIPv4, isIPv6 } from 'node:net';
import { readInt32, writeInt32 } from './int64.js';

/** Bytes of an IPv4 host in a record: address and port. */
export const HOST_BYTES_V4 = 8;
/** Bytes of an IPv6 host in a record: address and port. */
export const HOST_BYTES_V6 = 20;

/** Address bytes (4 or 16) of an IP literal. IPv4-mapped IPv6 (`::ffff:1.2.3.4`) becomes IPv4. Throws on anything else. */
export function ipBytes(ip: string): Buffer {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  const text = mapped ? mapped[1]! : ip;
  if (!isIPv6(text)) return ipv4Bytes(text);
  const zone = text.indexOf('%');
  return ipv6Bytes(zone < 0 ? text : text.slice(0, zone));
}

function ipv4Bytes(ip: string): Buffer {
  if (!isIPv4(ip)) throw new TypeError(`not an IP address: ${JSON.stringify(ip)}`);
  return Buffer.from(ip.split('.').map(Number));
}

function ipv6Bytes(ip: string): Buffer {
  let text = ip;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(ip);
  if (dotted) {
    const v4 = ipv4Bytes(dotted[2]!);
    text = `${dotted[1]}${v4.readUInt16BE(0).toString(16)}:${v4.readUInt16BE(2).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - headGroups.length - tailGroups.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...headGroups, ...zeros, ...tailGroups].forEach((group, i) =>
    bytes.writeUInt16BE(parseInt(group, 16), i * 2),
  );
  return bytes;
}

/** Record form of a host: 8 bytes for IPv4, 20 for IPv6. Throws TypeError when `ip` is no IP literal. */
export function encodeHost(ip: string, port: number): Buffer {
  const address = ipBytes(ip);
  const bytes = Buffer.allocUnsafe(address.length + 4);
  address.copy(bytes);
  writeInt32(bytes, address.length, port);
  return bytes;
}

/** IP text of address bytes at `at`; IPv6 as eight groups without `::`, the way Java prints it. */
export function ipText(buf: Buffer, at: number, v6: boolean): string {
  if (!v6) return `${buf[at]}.${buf[at + 1]}.${buf[at + 2]}.${buf[at + 3]}`;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(buf.readUInt16BE(at + i).toString(16));
  return groups.join(':');
}

/** `ip:port`, an IPv6 address in brackets, of a host in record form. */
export function hostText(buf: Buffer, at: number, v6: boolean): string {
  const ip = ipText(buf, at, v6);
  const port = readInt32(buf, at + (v6 ? 16 : 4));
  return v6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Splits `ip:port`, `[v6]:port` or Java's bracketless `v6:port`. Throws TypeError without a port. */
export function parseHostText(text: string): { ip: string; port: number } {
  const colon = text.lastIndexOf(':');
  const port = colon < 0 || colon === text.length - 1 ? NaN : Number(text.slice(colon + 1));
  if (!Number.isInteger(port)) throw new TypeError(`not an address with a port: ${JSON.stringify(text)}`);
  const ip = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { ip, port };
}
