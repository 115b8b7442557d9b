import { sameBytes } from './byte-interner.js';

const MAX_KEY_BYTES = 31;

/** Finds which of a few ASCII keys some bytes are: by length and first byte, then by comparing. */
export class KeyTable {
  private readonly keys: readonly Buffer[];
  /** By length and first byte, the first slot to try; -1 none. */
  private readonly first = new Int8Array((MAX_KEY_BYTES + 1) * 128).fill(-1);
  /** By slot, the next with the same length and first byte; -1 none. */
  private readonly next: Int8Array;

  /** The slot of a key is its index. */
  constructor(keys: readonly string[]) {
    this.keys = keys.map((key) => Buffer.from(key));
    this.next = new Int8Array(keys.length).fill(-1);
    this.keys.forEach((key, slot) => {
      const bucket = key.length * 128 + key[0]!;
      this.next[slot] = this.first[bucket]!;
      this.first[bucket] = slot;
    });
  }

  /** -1 for a key that is none of ours. */
  slotOf(source: Buffer, start: number, end: number): number {
    const length = end - start;
    const byte = source[start]!;
    if (length < 1 || length > MAX_KEY_BYTES || byte > 127) return -1;
    let slot = this.first[length * 128 + byte]!;
    while (slot >= 0 && !sameBytes(this.keys[slot]!, source, start, end)) slot = this.next[slot]!;
    return slot;
  }
}
