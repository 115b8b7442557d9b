// offsetMsgId: upper-case hex of the store host (4 or 16 address bytes, int32 port) and the int64 physical offset.
import { HOST_BYTES_V4, HOST_BYTES_V6, ipText } from './host.js';
import { readInt32, readInt64, writeInt64 } from './int64.js';

const OFFSET_BYTES = 8;

/** Id of the record at `physicalOffset` of the broker `storeHost` (8 or 20 bytes): 32 or 56 characters. */
export function encodeOffsetMsgId(storeHost: Buffer, physicalOffset: number): string {
  const bytes = Buffer.allocUnsafe(storeHost.length + OFFSET_BYTES);
  storeHost.copy(bytes);
  writeInt64(bytes, storeHost.length, physicalOffset);
  return bytes.toString('hex').toUpperCase();
}

/** The same taken from the bytes of a record, exact for every 64-bit pattern. */
export function encodeOffsetMsgIdAt(
  buf: Buffer,
  storeHostAt: number,
  v6: boolean,
  physicalOffsetAt: number,
): string {
  const host = buf.toString('hex', storeHostAt, storeHostAt + (v6 ? HOST_BYTES_V6 : HOST_BYTES_V4));
  return (host + buf.toString('hex', physicalOffsetAt, physicalOffsetAt + OFFSET_BYTES)).toUpperCase();
}

export interface OffsetMsgId {
  ip: string;
  port: number;
  physicalOffset: number;
}

/** Parts of an offsetMsgId, or undefined when the text is none. */
export function decodeOffsetMsgId(id: string): OffsetMsgId | undefined {
  const v6 = id.length === 2 * (HOST_BYTES_V6 + OFFSET_BYTES);
  if ((!v6 && id.length !== 2 * (HOST_BYTES_V4 + OFFSET_BYTES)) || !/^[0-9a-fA-F]+$/.test(id))
    return undefined;
  const bytes = Buffer.from(id, 'hex');
  const portAt = v6 ? 16 : 4;
  return {
    ip: ipText(bytes, 0, v6),
    port: readInt32(bytes, portAt),
    physicalOffset: readInt64(bytes, portAt + 4),
  };
}
