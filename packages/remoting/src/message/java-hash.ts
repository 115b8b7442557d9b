// Java's String.hashCode, which is on disk: tagsCode in the consume queue, key hashes in the index file.

/** Hash of the UTF-16 units of `text`, signed 32 bit; 0 for the empty string. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/**
 * Continues the hash over the UTF-8 bytes `[start, end)`; `seed` is the hash of what stands before.
 * Equal to `javaHashCode` of the text without making the string; other than ASCII costs a decode.
 */
export function javaHashBytes(bytes: Buffer, start: number, end: number, seed = 0): number {
  let hash = seed | 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > 0x7f) return continueHash(bytes.toString('utf8', i, end), hash);
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return hash;
}

function continueHash(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** Non-negative key hash of the index file: |hash|, and 0 where the absolute value overflows (upstream: IndexFile.indexKeyHashMethod). */
export function indexKeyHash(hash: number): number {
  return hash === -0x80000000 ? 0 : Math.abs(hash);
}
