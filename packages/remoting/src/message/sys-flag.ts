// Bits of the record's sysFlag (upstream: MessageSysFlag).

/** Bits of a record's sysFlag, upstream's names. */
export const SysFlag = {
  COMPRESSED: 0x1,
  MULTI_TAGS: 0x2,
  TRANSACTION_NOT: 0x0,
  TRANSACTION_PREPARED: 0x4,
  TRANSACTION_COMMIT: 0x8,
  TRANSACTION_ROLLBACK: 0xc,
  BORNHOST_V6: 0x10,
  STOREHOST_V6: 0x20,
  NEED_UNWRAP: 0x40,
  INNER_BATCH: 0x80,
  COMPRESSION_LZ4: 0x100,
  COMPRESSION_ZSTD: 0x200,
  COMPRESSION_ZLIB: 0x300,
} as const;

/** Bits 2-3: one of the four TRANSACTION values. */
export const TRANSACTION_TYPE_MASK = 0xc;
/** Bits 8-10: compression type, meaningful only with COMPRESSED; 0 means ZLIB (clients older than 4.9.4). */
export const COMPRESSION_TYPE_MASK = 0x700;

/** How a body is compressed; 4.x knows ZLIB alone. */
export type CompressionType = 'LZ4' | 'ZSTD' | 'ZLIB';

/** One of the SysFlag.TRANSACTION_ values. */
export function transactionType(sysFlag: number): number {
  return sysFlag & TRANSACTION_TYPE_MASK;
}

/** `sysFlag` with its transaction type replaced. */
export function withTransactionType(sysFlag: number, type: number): number {
  return (sysFlag & ~TRANSACTION_TYPE_MASK) | type;
}

/** Undefined for type bits nobody has assigned. */
export function compressionTypeOf(sysFlag: number): CompressionType | undefined {
  switch (sysFlag & COMPRESSION_TYPE_MASK) {
    case 0:
    case SysFlag.COMPRESSION_ZLIB:
      return 'ZLIB';
    case SysFlag.COMPRESSION_LZ4:
      return 'LZ4';
    case SysFlag.COMPRESSION_ZSTD:
      return 'ZSTD';
    default:
      return undefined;
  }
}

/** `sysFlag` saying that the body is compressed with `type`. */
export function withCompression(sysFlag: number, type: CompressionType): number {
  return (sysFlag & ~COMPRESSION_TYPE_MASK) | SysFlag.COMPRESSED | SysFlag[`COMPRESSION_${type}`];
}
