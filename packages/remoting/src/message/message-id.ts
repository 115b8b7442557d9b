// offsetMsgId, which leads to a broker and a position in its log: upper-case hex of
//
//   storeHost: 4 | 16 address bytes, int32 port    physicalOffset int64        = 32 | 56 characters
import { HOST_BYTES_V4, HOST_BYTES_V6, ipText } from './host.js';
import { readInt32, readInt64, writeInt64 } from './int64.js';

const OFFSET_BYTES = 8;
const V4_CHARACTERS = 2 * (HOST_BYTES_V4 + OFFSET_BYTES);
const V6_CHARACTERS = 2 * (HOST_BYTES_V6 + OFFSET_BYTES);

const HEX_DIGITS = Buffer.from('0123456789ABCDEF', 'ascii');

/** Ids of one broker: the host's part is made once, the rest is written digit by digit (the send response's hot path). */
export class OffsetMsgIdEncoder {
  /** Characters of every id this makes: 32 or 56. */
  readonly length: number;
  readonly #prefix: Buffer;
  readonly #scratch: Buffer;

  /** `storeHost` as records hold it, 8 or 20 bytes. */
  constructor(storeHost: Buffer) {
    this.#prefix = Buffer.from(storeHost.toString('hex').toUpperCase(), 'ascii');
    this.length = this.#prefix.length + 2 * OFFSET_BYTES;
    this.#scratch = Buffer.alloc(this.length);
  }

  /** Writes the id as ASCII and returns the position behind it. Allocates nothing. */
  write(target: Buffer, at: number, physicalOffset: number): number {
    target.set(this.#prefix, at);
    let high = Math.floor(physicalOffset / 0x1_0000_0000);
    let low = physicalOffset | 0;
    const end = at + this.length;
    for (let p = end - 1; p >= end - 8; p--, low >>>= 4) target[p] = HEX_DIGITS[low & 15]!;
    for (let p = end - 9; p >= end - 16; p--, high >>>= 4) target[p] = HEX_DIGITS[high & 15]!;
    return end;
  }

  /** The id as text. */
  encode(physicalOffset: number): string {
    this.write(this.#scratch, 0, physicalOffset);
    return this.#scratch.toString('latin1', 0, this.length);
  }
}

/** Id of the record at `physicalOffset` (a safe integer, else RangeError) of the broker `storeHost` (8 or 20 bytes). */
export function encodeOffsetMsgId(storeHost: Buffer, physicalOffset: number): string {
  const bytes = Buffer.allocUnsafe(storeHost.length + OFFSET_BYTES);
  storeHost.copy(bytes);
  writeInt64(bytes, storeHost.length, physicalOffset);
  return bytes.toString('hex').toUpperCase();
}

/** The id made of the bytes of a record, exact for every 64-bit pattern. */
export function encodeOffsetMsgIdAt(
  buf: Buffer,
  storeHostAt: number,
  v6: boolean,
  physicalOffsetAt: number,
): string {
  const host = buf.toString('hex', storeHostAt, storeHostAt + (v6 ? HOST_BYTES_V6 : HOST_BYTES_V4));
  return (host + buf.toString('hex', physicalOffsetAt, physicalOffsetAt + OFFSET_BYTES)).toUpperCase();
}

/** What an offsetMsgId says: the broker that stored the message, and where in its log. */
export interface OffsetMsgId {
  /** IPv6 as eight groups, without brackets. */
  ip: string;
  /** The port the broker listens on. */
  port: number;
  /** Saturated to ±(2^53−1). */
  physicalOffset: number;
}

/** Parts of an offsetMsgId (either case of hex), or undefined when the text is none. */
export function decodeOffsetMsgId(id: string): OffsetMsgId | undefined {
  const v6 = id.length === V6_CHARACTERS;
  if ((!v6 && id.length !== V4_CHARACTERS) || !/^[0-9a-fA-F]+$/.test(id)) return undefined;
  const bytes = Buffer.from(id, 'hex');
  const portAt = v6 ? 16 : 4;
  return {
    ip: ipText(bytes, 0, v6),
    port: readInt32(bytes, portAt),
    physicalOffset: readInt64(bytes, portAt + 4),
  };
}
