// CRC-32 (IEEE), as java.util.zip.CRC32, and the 31-bit form records carry.
import { crc32 as zlibCrc32 } from 'node:zlib';

/** Unsigned CRC-32 of bytes `[start, end)`. */
export function crc32(bytes: Buffer, start = 0, end = bytes.length): number {
  return zlibCrc32(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
}

/** The CRC as a record holds it: lowest 31 bits (upstream: UtilAll.crc32); 0 for no bytes. */
export function bodyCrc(bytes: Buffer, start = 0, end = bytes.length): number {
  return crc32(bytes, start, end) & 0x7fffffff;
}
