/**
 * Strings by their UTF-8 bytes, without decoding ones seen before: the few topics and groups that fill a broker's
 * headers give the same string object each time.
 *
 * A cache of fixed size with two slots for each hash: three texts that share them push each other out, which costs time,
 * never correctness. (With one slot a fifth of a thousand topics did.) Its content depends on nothing but the bytes, so
 * sharing one between brokers shares no state.
 */
export class ByteInterner {
  /** Of each slot the length of its key, then its bytes: what is compared lies together, and keeps no memory of others. */
  private readonly keys: Uint8Array;
  private readonly texts: string[];
  private readonly slotBytes: number;
  /** Of the first slot of a pair. */
  private readonly mask: number;

  /**
   * @param slots a power of two, at least 2
   * @param maxBytes texts longer than this (at most 255) are decoded each time, which bounds what the cache holds
   */
  constructor(
    slots = 4096,
    private readonly maxBytes = 255,
  ) {
    this.slotBytes = maxBytes + 1;
    this.keys = new Uint8Array(slots * this.slotBytes);
    this.texts = new Array<string>(slots).fill('');
    this.mask = slots - 2;
  }

  text(source: Buffer, start: number, end: number): string {
    if (end - start > this.maxBytes) return source.toString('utf8', start, end);
    const first = sampleHash(source, start, end) & this.mask;
    return this.holds(first, source, start, end)
      ? this.texts[first]!
      : this.secondText(first, source, start, end);
  }

  /** Looks into the other slot of the pair, which is where a text goes that gives way to a newer one. */
  private secondText(first: number, source: Buffer, start: number, end: number): string {
    const { keys, slotBytes } = this;
    const second = first + 1;
    if (this.holds(second, source, start, end)) return this.texts[second]!;
    keys.copyWithin(second * slotBytes, first * slotBytes, second * slotBytes);
    this.texts[second] = this.texts[first]!;
    keys[first * slotBytes] = end - start;
    for (let from = start, to = first * slotBytes + 1; from < end; from++, to++) keys[to] = source[from]!;
    return (this.texts[first] = source.toString('utf8', start, end));
  }

  /** An empty slot holds the empty text. */
  private holds(slot: number, source: Buffer, start: number, end: number): boolean {
    const { keys } = this;
    const at = slot * this.slotBytes;
    if (keys[at] !== end - start) return false;
    for (let from = start, to = at + 1; from < end; from++, to++) if (keys[to] !== source[from]) return false;
    return true;
  }
}

/**
 * Length, first, middle and last bytes: the bytes are all compared anyway, and names that differ mostly do so there
 * (numbered topics at the end, groups of one service at the start).
 */
function sampleHash(source: Buffer, start: number, end: number): number {
  if (end - start < 4) return start < end ? (source[start]! << 4) ^ source[end - 1]! : 0;
  const last =
    source[end - 1]! | (source[end - 2]! << 8) | (source[end - 3]! << 16) | (source[end - 4]! << 24);
  const others = (end - start) ^ (source[start]! << 8) ^ (source[(start + end) >>> 1]! << 16);
  const hash = Math.imul(last, 0x9e3779b1) ^ Math.imul(others, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** Whether `source` holds exactly `key` between `start` and `end`. */
export function sameBytes(key: Uint8Array, source: Buffer, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let index = 0; index < key.length; index++) if (key[index] !== source[start + index]) return false;
  return true;
}
