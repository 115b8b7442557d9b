// The property CRC: a checksum of the whole record in its last 20 bytes, as the last property (5.2 and newer,
// `enabledAppendPropCRC`).
//
//   "__CRC32#"  0x01  ten decimal digits, least significant first  0x02
import { bodyCrc } from './crc32.js';
import { MessageConst } from './message-const.js';
import { NAME_VALUE_SEPARATOR, PROPERTY_SEPARATOR } from './properties.js';

const NAME = Buffer.from(MessageConst.CRC32, 'ascii');
const NO_BYTES = Buffer.alloc(0);
const DIGITS = 10;
const ZERO = 0x30;

/** Bytes the property takes, always. */
export const PROPERTY_CRC_BYTES = NAME.length + 1 + DIGITS + 1;

/** Writes the property into the last bytes of the record `[start, end)`; everything before must be final. */
export function writePropertyCrc(buf: Buffer, start: number, end: number): void {
  let at = end - PROPERTY_CRC_BYTES;
  let rest = bodyCrc(buf, start, at);
  buf.set(NAME, at);
  at += NAME.length;
  buf[at++] = NAME_VALUE_SEPARATOR;
  for (let i = 0; i < DIGITS; i++) {
    buf[at++] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  buf[at] = PROPERTY_SEPARATOR;
}

/** True when the last property of the record `[start, end)` has the name of the property CRC, whatever its value. */
export function hasPropertyCrc(buf: Buffer, start: number, end: number): boolean {
  const nameAt = end - PROPERTY_CRC_BYTES;
  return nameAt >= start && buf.compare(NAME, 0, NAME.length, nameAt, nameAt + NAME.length) === 0;
}

/** True when the record `[start, end)` ends with a property CRC that matches its bytes; false also when it has none. */
export function verifyPropertyCrc(buf: Buffer, start: number, end: number): boolean {
  if (!hasPropertyCrc(buf, start, end)) return false;
  const nameAt = end - PROPERTY_CRC_BYTES;
  const firstDigit = nameAt + NAME.length + 1;
  if (buf[firstDigit - 1] !== NAME_VALUE_SEPARATOR || buf[end - 1] !== PROPERTY_SEPARATOR) return false;
  let expected = 0;
  for (let at = firstDigit + DIGITS - 1; at >= firstDigit; at--) {
    const digit = buf[at]! - ZERO;
    if (digit < 0 || digit > 9) return false;
    expected = expected * 10 + digit;
  }
  return bodyCrc(buf, start, nameAt) === expected;
}

/**
 * The properties without a property of that name: only the broker may say what a record's checksum is. The same buffer where
 * there is none.
 */
export function withoutPropertyCrc(properties: Buffer): Buffer {
  let rest = properties;
  let at = rest.indexOf(NAME);
  while (at >= 0) {
    const isName =
      (at === 0 || rest[at - 1] === PROPERTY_SEPARATOR) && rest[at + NAME.length] === NAME_VALUE_SEPARATOR;
    const end = rest.indexOf(PROPERTY_SEPARATOR, at);
    if (isName) rest = Buffer.concat([rest.subarray(0, at), end < 0 ? NO_BYTES : rest.subarray(end + 1)]);
    at = rest.indexOf(NAME, isName ? at : at + NAME.length);
  }
  return rest;
}
