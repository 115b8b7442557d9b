// Small writers the header codecs share. Texts in headers are mostly short ASCII, where a loop beats the call into
// the runtime (measured: under about 24 characters); anything else takes the call.

const longestLoopedText = 24;

/** Upper bound of the UTF-8 bytes of `text`, without looking at it. */
export function utf8Bound(text: string): number {
  return text.length * 3;
}

/** Writes `text` as UTF-8 at `at` and gives the end position. The caller has checked the room ({@link utf8Bound}). */
export function writeUtf8(target: Buffer, text: string, at: number): number {
  const length = text.length;
  if (length > longestLoopedText) return at + target.write(text, at, 'utf8');
  for (let index = 0; index < length; index++) {
    const char = text.charCodeAt(index);
    if (char > 0x7f) return at + target.write(text, at, 'utf8');
    target[at + index] = char;
  }
  return at + length;
}

/** Writes a few constant bytes; gives the end position. A loop, since a call into the runtime costs more. */
export function writeBytes(target: Buffer, bytes: Uint8Array, at: number): number {
  const length = bytes.length;
  for (let index = 0; index < length; index++) target[at + index] = bytes[index]!;
  return at + length;
}

/** Writes an int32, big-endian; gives the end position. */
export function writeInt32(target: Buffer, value: number, at: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}

/** Writes the low 16 bits of `value`, big-endian; gives the end position. */
export function writeInt16(target: Buffer, value: number, at: number): number {
  target[at] = value >>> 8;
  target[at + 1] = value;
  return at + 2;
}

/** Writes an integer of at most 2^53 in decimal digits; gives the end position. */
export function writeDecimal(target: Buffer, value: number, at: number): number {
  if (value < 0) {
    target[at] = 0x2d;
    return writeDecimal(target, -value, at + 1);
  }
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  let rest = value;
  for (let index = at + digits - 1; index >= at; index--) {
    const next = rest < 0x8000_0000 ? ((rest | 0) / 10) | 0 : Math.floor(rest / 10);
    target[index] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

/** Reads an int32, big-endian, signed. */
export function readInt32(source: Uint8Array, at: number): number {
  return (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!;
}

/** Reads an int16, big-endian, signed. */
export function readInt16(source: Uint8Array, at: number): number {
  return ((source[at]! << 24) >> 16) | source[at + 1]!;
}
