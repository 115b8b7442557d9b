// The tables of CRC-32 for eight bytes at a time.

/** From here on a call into zlib is cheaper than the tables. */
export const ZLIB_FROM_BYTES = 160;

const POLYNOMIAL = 0xedb88320;

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

/** Table k holds the CRC of a byte followed by k zero bytes. */
export const CRC_TABLES: Readonly<Tables> = slicingTables();
