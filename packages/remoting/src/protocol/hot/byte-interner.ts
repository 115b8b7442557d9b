/**
 * Strings by their UTF-8 bytes, without decoding ones seen before: the few topics and groups that fill a broker's
 * headers give the same string object each time.
 *
 * A direct-mapped cache of fixed size: two texts that share a slot push each other out, which costs time, never
 * correctness. Its content depends on nothing but the bytes, so sharing one between brokers shares no state.
 */
export class ByteInterner {
  private readonly keys: (Buffer | undefined)[];
  private readonly texts: string[];
  private readonly mask: number;

  /**
   * @param slots a power of two
   * @param maxBytes texts longer than this are decoded each time, which bounds what the cache holds
   */
  constructor(
    slots = 4096,
    private readonly maxBytes = 255,
  ) {
    this.keys = new Array<Buffer | undefined>(slots).fill(undefined);
    this.texts = new Array<string>(slots).fill('');
    this.mask = slots - 1;
  }

  text(source: Buffer, start: number, end: number): string {
    if (end - start > this.maxBytes) return source.toString('utf8', start, end);
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + source[at]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & this.mask;
    const key = this.keys[slot];
    if (key !== undefined && sameBytes(key, source, start, end)) return this.texts[slot]!;
    this.keys[slot] = Buffer.from(source.subarray(start, end));
    return (this.texts[slot] = source.toString('utf8', start, end));
  }
}

/** Whether `source` holds exactly `key` between `start` and `end`. */
export function sameBytes(key: Buffer, source: Buffer, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let index = 0; index < key.length; index++) if (key[index] !== source[start + index]) return false;
  return true;
}
