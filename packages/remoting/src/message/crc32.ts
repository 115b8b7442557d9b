// CRC-32 (IEEE), as java.util.zip.CRC32, and the 31-bit form records carry.
//
// Two ways, chosen by size. Calling into zlib costs about 200 ns whatever the length (more with a subarray), a
// slice-by-8 table in JavaScript about 1.2 ns a byte: measured on Node 20 they cross between 128 and 200 bytes.
import { crc32 as zlibCrc32 } from 'node:zlib';

const ZLIB_FROM_BYTES = 160;
const POLYNOMIAL = 0xedb88320;
const [T0, T1, T2, T3, T4, T5, T6, T7] = slicingTables();

/** Unsigned CRC-32 of bytes `[start, end)`. */
export function crc32(bytes: Buffer, start = 0, end = bytes.length): number {
  if (end - start < ZLIB_FROM_BYTES) return crc32Sliced(bytes, start, end);
  return zlibCrc32(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
}

/** The CRC as a record holds it: lowest 31 bits (upstream: UtilAll.crc32); 0 for no bytes. */
export function bodyCrc(bytes: Buffer, start = 0, end = bytes.length): number {
  return crc32(bytes, start, end) & 0x7fffffff;
}

function crc32Sliced(bytes: Buffer, start: number, end: number): number {
  let crc = -1;
  let i = start;
  for (const lastEight = end - 8; i <= lastEight; i += 8) {
    const low = crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    crc =
      T7[low & 0xff]! ^
      T6[(low >>> 8) & 0xff]! ^
      T5[(low >>> 16) & 0xff]! ^
      T4[low >>> 24]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = T0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

type Tables = [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** Table k holds the CRC of a byte followed by k zero bytes. */
function slicingTables(): Tables {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256)) as Tables;
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[0][byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let k = 1; k < 8; k++) {
      const before = tables[k - 1]![byte]!;
      tables[k]![byte] = tables[0][before & 0xff]! ^ (before >>> 8);
    }
  }
  return tables;
}
