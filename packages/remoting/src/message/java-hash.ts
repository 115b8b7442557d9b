// Java's String.hashCode, which is on disk: tagsCode in the consume queue, key hashes in the index file.

/** Hash of the UTF-16 units of `text`, signed 32 bit; `seed` is the hash of what stands before, 0 for nothing. */
export function javaHashCode(text: string, seed = 0): number {
  let hash = seed | 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/**
 * The same over the UTF-8 bytes `[start, end)` of a text. No string is made while the bytes are ASCII; the rest from
 * the first other byte on is decoded.
 */
export function javaHashBytes(bytes: Buffer, start: number, end: number, seed = 0): number {
  let hash = seed | 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > 0x7f) return javaHashCode(bytes.toString('utf8', i, end), hash);
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return hash;
}

/** Key hash of the index file: |hash|, and 0 where that overflows (upstream: IndexFile.indexKeyHashMethod). */
export function indexKeyHash(hash: number): number {
  return hash === -0x80000000 ? 0 : Math.abs(hash);
}
