// Values of hot headers straight from the bytes they came in.

const BACKSLASH = 0x5c;
const EMPTY = Buffer.alloc(0);

/** The integer in ASCII digits, at most 15 of them; `NaN` for anything else. */
export function integerAt(source: Buffer, start: number, end: number): number {
  const isNegative = source[start] === 0x2d;
  const first = isNegative ? start + 1 : start;
  if (end <= first || end - first > 15) return NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = source[at]! - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return isNegative && value !== 0 ? -value : value;
}

/** 1 for `true`, 0 for `false`, -1 for anything else. */
export function booleanAt(source: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length === 4) return source.readUInt32BE(start) === 0x74727565 ? 1 : -1;
  return length === 5 && source.readUInt32BE(start) === 0x66616c73 && source[end - 1] === 0x65 ? 0 : -1;
}

/** The bytes a JSON string between its quotes stands for, in UTF-8; `undefined` when an escape is not for an ASCII character. */
export function unescapeJson(source: Buffer, start: number, end: number): Buffer | undefined {
  const target = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = source[at]!;
    if (byte !== BACKSLASH) {
      target[length++] = byte;
      continue;
    }
    const char = asciiEscape(source, at + 1);
    if (char < 0) return undefined;
    target[length++] = char;
    at += source[at + 1] === 0x75 ? 5 : 1;
  }
  return length === 0 ? EMPTY : target.subarray(0, length);
}

/** The ASCII character an escape stands for; -1 for one that is not ASCII or not known. */
function asciiEscape(source: Buffer, at: number): number {
  switch (source[at]) {
    case 0x75: {
      const code = parseInt4(source, at + 1);
      return code < 0x80 ? code : -1;
    }
    case 0x22:
    case 0x2f:
    case BACKSLASH:
      return source[at]!;
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
    default:
      return -1;
  }
}

/** Four hexadecimal digits; -1 when they are not. */
function parseInt4(source: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = source[index]! | 0x20;
    const digit = byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : source[index]! - 0x30;
    if (digit < 0 || digit > 15 || (digit > 9 && byte < 0x61)) return -1;
    value = value * 16 + digit;
  }
  return value;
}
