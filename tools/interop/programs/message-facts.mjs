// What every program of the suite sends and reports, so that deliveries can be compared whoever sent them.
import { crc32 } from 'node:zlib';

/** Body of the message with this number; the big ones are compressed by clients that compress. */
export function bodyText(seq, mode) {
  const text = `m${seq};\u00fc\u4e2d`;
  return mode === 'big' ? text + '0123456789 '.repeat(Math.ceil((6000 - text.length) / 11)) : text;
}

/** The text, or, when it is long, its length and its check sum. */
export const reportedBody = (text) =>
  text.length > 40 ? `#${text.length}:${crcOf(Buffer.from(text))}` : text;

/** CRC-32, as java.util.zip computes it. */
export const crcOf = (bytes) => crc32(bytes);
