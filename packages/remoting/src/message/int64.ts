// Big-endian 64-bit integers as numbers: the one place where the format's longs meet JavaScript's 53 bits.

const TWO_32 = 0x1_0000_0000;

/**
 * Reads a signed 64-bit integer. Values outside ±(2^53−1) saturate to that bound: such a long is a sentinel
 * (Long.MAX_VALUE) or damage, never a position that exists, and a saturated value cannot be mistaken for one.
 */
export function readInt64(buf: Buffer, at: number): number {
  const high = (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
  const low = ((buf[at + 4]! << 24) | (buf[at + 5]! << 16) | (buf[at + 6]! << 8) | buf[at + 7]!) >>> 0;
  const value = high * TWO_32 + low;
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  if (value < Number.MIN_SAFE_INTEGER) return Number.MIN_SAFE_INTEGER;
  return value;
}

/** Writes a signed 64-bit integer. Throws RangeError unless `value` is a safe integer. */
export function writeInt64(buf: Buffer, at: number, value: number): void {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`not a 64-bit integer this program can hold exactly: ${value}`);
  writeInt32(buf, at, Math.floor(value / TWO_32));
  writeInt32(buf, at + 4, value | 0);
}

/** `writeInt64` through a view. */
export function setInt64(view: DataView, at: number, value: number): void {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`not a 64-bit integer this program can hold exactly: ${value}`);
  view.setInt32(at, Math.floor(value / TWO_32));
  view.setInt32(at + 4, value | 0);
}

/** Signed 32-bit read without the bounds check of Buffer's own (callers check whole records). */
export function readInt32(buf: Buffer, at: number): number {
  return (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
}

/** Writes the low 32 bits of `value`. */
export function writeInt32(buf: Buffer, at: number, value: number): void {
  buf[at] = value >>> 24;
  buf[at + 1] = value >>> 16;
  buf[at + 2] = value >>> 8;
  buf[at + 3] = value;
}

/** Writes the low 16 bits of `value`. */
export function writeInt16(buf: Buffer, at: number, value: number): void {
  buf[at] = value >>> 8;
  buf[at + 1] = value;
}

/** Signed 16-bit read. */
export function readInt16(buf: Buffer, at: number): number {
  return ((buf[at]! << 24) | (buf[at + 1]! << 16)) >> 16;
}
