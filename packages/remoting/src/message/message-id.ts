// offsetMsgId, which leads to a broker and a position in its log: upper-case hex of
//
//   storeHost: 4 | 16 address bytes, int32 port    physicalOffset int64        = 32 | 56 characters
import { HOST_BYTES_V4, HOST_BYTES_V6, ipText } from './host.js';
import { readInt32, readInt64, writeInt64 } from './int64.js';

const OFFSET_BYTES = 8;
const V4_CHARACTERS = 2 * (HOST_BYTES_V4 + OFFSET_BYTES);
const V6_CHARACTERS = 2 * (HOST_BYTES_V6 + OFFSET_BYTES);

/** Digits of the offset, with which every id ends. */
export const OFFSET_MSG_ID_OFFSET_DIGITS = 2 * OFFSET_BYTES;

const HEX_DIGITS = Buffer.from('0123456789ABCDEF', 'ascii');
const COMMA = 0x2c;

/** Writes the end of an offsetMsgId, the offset (a safe integer) as 16 upper-case hex digits. Allocates nothing. */
export function writeOffsetDigits(target: Buffer, at: number, physicalOffset: number): void {
  writeHex32(target, at, Math.floor(physicalOffset / 0x1_0000_0000));
  writeHex32(target, at + OFFSET_MSG_ID_OFFSET_DIGITS / 2, physicalOffset | 0);
}

/** 32 bits as 8 digits: in integers, which is several times cheaper than dividing the whole offset. */
function writeHex32(target: Buffer, at: number, bits: number): void {
  for (let index = 0; index < 8; index++) target[at + index] = HEX_DIGITS[(bits >>> (28 - index * 4)) & 15]!;
}

/** Ids of one broker: the host's part is made once, the rest is written digit by digit (answers to batches). */
export class OffsetMsgIdEncoder {
  readonly #host: Buffer;
  #scratch = Buffer.alloc(0);

  /** `storeHost` as records hold it, 8 or 20 bytes. */
  constructor(storeHost: Buffer) {
    this.#host = Buffer.from(storeHost.toString('hex').toUpperCase(), 'ascii');
  }

  /** The id of one record. */
  encode(physicalOffset: number): string {
    return this.encodeAll([physicalOffset]);
  }

  /** The ids of several records, with commas between them. */
  encodeAll(physicalOffsets: readonly number[]): string {
    const bytes = physicalOffsets.length * (this.#host.length + OFFSET_MSG_ID_OFFSET_DIGITS + 1);
    if (this.#scratch.length < bytes) this.#scratch = Buffer.alloc(bytes);
    const scratch = this.#scratch;
    let end = 0;
    for (let index = 0; index < physicalOffsets.length; index++) {
      if (index > 0) scratch[end++] = COMMA;
      // Too short for a call into the runtime.
      for (let digit = 0; digit < this.#host.length; digit++) scratch[end++] = this.#host[digit]!;
      writeOffsetDigits(scratch, end, physicalOffsets[index]!);
      end += OFFSET_MSG_ID_OFFSET_DIGITS;
    }
    return scratch.toString('latin1', 0, end);
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
