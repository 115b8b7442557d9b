// Murmur3, the 128-bit hash for 64-bit machines, of which the bloom filter takes the first half (Guava: murmur3_128 with seed 0,
// `asLong`). Computed with bigints: it runs once for a subscription, not for a message.

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const BLOCK_BYTES = 16;

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint => wrap((value << bits) | (value >> (64n - bits)));

/** The first 64 bits, unsigned. */
export function murmur3First64(bytes: Buffer): bigint {
  let h1 = 0n;
  let h2 = 0n;
  const tail = bytes.length - (bytes.length % BLOCK_BYTES);
  for (let at = 0; at < tail; at += BLOCK_BYTES) {
    h1 ^= mixFirst(bytes.readBigUInt64LE(at));
    h1 = wrap((rotate(h1, 27n) + h2) * 5n + 0x52dce729n);
    h2 ^= mixSecond(bytes.readBigUInt64LE(at + 8));
    h2 = wrap((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n);
  }
  if (tail < bytes.length) {
    const rest = Buffer.alloc(BLOCK_BYTES);
    bytes.copy(rest, 0, tail);
    h1 ^= mixFirst(rest.readBigUInt64LE(0));
    h2 ^= mixSecond(rest.readBigUInt64LE(8));
  }
  const length = BigInt(bytes.length);
  h1 = wrap((h1 ^ length) + (h2 ^ length));
  h2 = wrap((h2 ^ length) + h1);
  return wrap(finish(h1) + finish(h2));
}

function mixFirst(k: bigint): bigint {
  return wrap(rotate(wrap(k * C1), 31n) * C2);
}

function mixSecond(k: bigint): bigint {
  return wrap(rotate(wrap(k * C2), 33n) * C1);
}

function finish(value: bigint): bigint {
  let k = value;
  k = wrap((k ^ (k >> 33n)) * 0xff51afd7ed558ccdn);
  k = wrap((k ^ (k >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return k ^ (k >> 33n);
}
