// The PROXY protocol, by which a load balancer says whose bytes it forwards. Upstream: Netty's HAProxyMessageDecoder
// in NettyRemotingServer (5.1.4+). Version 1 is a text line, version 2 binary:
//
//   v1 | "PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n"   at most 107 bytes
//   v2 | 12 bytes signature | version << 4, command u8 | family << 4, transport u8 | length u16 | addresses | TLVs |
import { isIP } from 'node:net';
import { RemotingError } from './errors.js';

const v1Prefix = Buffer.from('PROXY');
const v1MaxBytes = 107;
const v2Signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const v2FixedBytes = 16;
/** Longest addresses and TLVs taken; balancers send some hundred bytes. */
const v2MaxVariableBytes = 4096;

/** What a proxy header says. */
export interface ProxyHeader {
  /** Bytes it took from the front of the stream. */
  bytes: number;
  /** `undefined`: the proxy speaks for itself (LOCAL, UNKNOWN). */
  source: { ip: string; port: number } | undefined;
  /** Where the client connected to at the proxy; `undefined` as for `source`. */
  destination: { ip: string; port: number } | undefined;
  /** Version 2 only: extra values by type. */
  tlvs: ReadonlyMap<number, Buffer>;
}

/** `no`: these bytes start something else. `more`: cannot be told, or is not whole, yet. */
export type ProxyHeaderResult = 'no' | 'more' | ProxyHeader;

/** Looks at the first bytes of a stream. @throws RemotingError `BAD_FRAME` for a broken header */
export function readProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (startsLike(bytes, v1Prefix)) return bytes.length < v1Prefix.length ? 'more' : readV1(bytes);
  if (startsLike(bytes, v2Signature)) return bytes.length < v2FixedBytes ? 'more' : readV2(bytes);
  return 'no';
}

/** True when `bytes` and `prefix` agree as far as both go. */
function startsLike(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length);
  return bytes.subarray(0, length).equals(prefix.subarray(0, length));
}

function readV1(bytes: Buffer): ProxyHeaderResult {
  const end = bytes.subarray(0, v1MaxBytes).indexOf('\r\n');
  if (end < 0) {
    if (bytes.length >= v1MaxBytes) throw badProxy('line too long');
    return 'more';
  }
  const [, family, sourceIp = '', destinationIp = '', sourcePort = '', destinationPort = ''] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  const none = { bytes: end + 2, source: undefined, destination: undefined, tlvs: new Map<number, Buffer>() };
  if (family === 'UNKNOWN') return none;
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  if (version === 0 || isIP(sourceIp) !== version || isIP(destinationIp) !== version)
    throw badProxy('addresses');
  return {
    ...none,
    source: { ip: sourceIp, port: portOf(sourcePort) },
    destination: { ip: destinationIp, port: portOf(destinationPort) },
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw badProxy('port');
  return port;
}

function readV2(bytes: Buffer): ProxyHeaderResult {
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 0xf;
  const family = bytes[13]! >> 4;
  const variableBytes = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1) throw badProxy(`version ${version}, command ${command}`);
  if (variableBytes > v2MaxVariableBytes) throw badProxy(`${variableBytes} bytes of addresses`);
  const total = v2FixedBytes + variableBytes;
  if (bytes.length < total) return 'more';
  const variable = bytes.subarray(v2FixedBytes, total);
  const ipBytes = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (command === 0 || ipBytes === 0) {
    return { bytes: total, source: undefined, destination: undefined, tlvs: new Map() };
  }
  const addressBytes = 2 * ipBytes + 4;
  if (variable.length < addressBytes) throw badProxy('addresses cut off');
  return {
    bytes: total,
    source: { ip: ipText(variable.subarray(0, ipBytes)), port: variable.readUInt16BE(2 * ipBytes) },
    destination: {
      ip: ipText(variable.subarray(ipBytes, 2 * ipBytes)),
      port: variable.readUInt16BE(2 * ipBytes + 2),
    },
    tlvs: readTlvs(variable.subarray(addressBytes)),
  };
}

function readTlvs(bytes: Buffer): Map<number, Buffer> {
  const tlvs = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const length = at + 3 <= bytes.length ? bytes.readUInt16BE(at + 1) : Infinity;
    if (at + 3 + length > bytes.length) throw badProxy('TLV cut off');
    tlvs.set(bytes[at]!, Buffer.from(bytes.subarray(at + 3, at + 3 + length)));
    at += 3 + length;
  }
  return tlvs;
}

function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return groups.join(':');
}

function badProxy(problem: string): RemotingError {
  return new RemotingError('BAD_FRAME', `PROXY header: ${problem}`);
}
