/**
 * Strings by their UTF-8 bytes, without decoding ones seen before: the few topics and groups that fill a broker's
 * headers give the same string object each time.
 *
 * A cache of fixed size with two slots for each hash: three texts that share them push each other out, which costs time,
 * never correctness. (With one slot a fifth of a thousand topics did.) Its content depends on nothing but the bytes, so
 * sharing one between brokers shares no state.
 */
export class ByteInterner {
  private readonly keys: (Uint8Array | undefined)[];
  private readonly texts: string[];
  /** Of the first slot of a pair. */
  private readonly mask: number;

  /**
   * @param slots a power of two, at least 2
   * @param maxBytes texts longer than this are decoded each time, which bounds what the cache holds
   */
  constructor(
    slots = 4096,
    private readonly maxBytes = 255,
  ) {
    this.keys = new Array<Uint8Array | undefined>(slots).fill(undefined);
    this.texts = new Array<string>(slots).fill('');
    this.mask = slots - 2;
  }

  text(source: Buffer, start: number, end: number): string {
    if (end - start > this.maxBytes) return source.toString('utf8', start, end);
    const first = sampleHash(source, start, end) & this.mask;
    const key = this.keys[first];
    if (key !== undefined && sameBytes(key, source, start, end)) return this.texts[first]!;
    return this.secondText(first, source, start, end);
  }

  /** Looks into the other slot of the pair, which is where a text goes that gives way to a newer one. */
  private secondText(first: number, source: Buffer, start: number, end: number): string {
    const second = first + 1;
    const key = this.keys[second];
    if (key !== undefined && sameBytes(key, source, start, end)) return this.texts[second]!;
    this.keys[second] = this.keys[first];
    this.texts[second] = this.texts[first]!;
    // Memory of its own: a copy in Node's pool would keep 8 KiB of what others wrote there.
    this.keys[first] = new Uint8Array(source.subarray(start, end));
    return (this.texts[first] = source.toString('utf8', start, end));
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
