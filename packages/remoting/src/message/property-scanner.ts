// One pass over the properties bytes of a message remembers where the values of the well-known names are, so that
// send, dispatch and filters look at a message without making a string or an object of it.
import { javaHashBytes } from './java-hash.js';
import { NAME_VALUE_SEPARATOR, PROPERTY_SEPARATOR } from './properties.js';

const NAMES = [
  'KEYS',
  'TAGS',
  'UNIQ_KEY',
  'WAIT',
  'DELAY',
  'TRAN_MSG',
  'PGROUP',
  'RECONSUME_TIME',
  'MAX_RECONSUME_TIMES',
  'RETRY_TOPIC',
  'REAL_TOPIC',
  'REAL_QID',
  'CLUSTER',
  'MSG_REGION',
  'TRACE_ON',
  'INNER_NUM',
  'INNER_BASE',
  'INNER_MULTI_DISPATCH',
  'TIMER_DELAY_SEC',
  'TIMER_DELAY_MS',
  'TIMER_DELIVER_MS',
  'TIMER_DEL_UNIQKEY',
  'TIMER_OUT_MS',
  'TIMER_ROLL_TIMES',
  'POP_CK',
  'MSG_TYPE',
  'DUP_INFO',
  'TRAN_PREPARED_QUEUE_OFFSET',
  'CHECK_IMMUNITY_TIME_IN_SECONDS',
  '__CRC32#',
] as const;

/** A property the scanner remembers. */
export type ScannedProperty = (typeof NAMES)[number];

/** Number of a scanned property: `PropertySlot.TAGS`. */
export const PropertySlot = Object.freeze(
  Object.fromEntries(NAMES.map((name, slot) => [name, slot])),
) as Readonly<Record<ScannedProperty, number>>;

/** At most 31 names: `#found` has a bit for each. */
const NAME_BYTES = NAMES.map((name) => Buffer.from(name, 'ascii'));
const LONGEST = Math.max(...NAMES.map((name) => name.length));
/** First slot with a name of that length and first byte (letters and `_`), -1 none; then along NEXT. */
const FIRST = new Int8Array((LONGEST + 1) * 128).fill(-1);
const NEXT = new Int8Array(NAMES.length).fill(-1);
NAME_BYTES.forEach((name, slot) => {
  const bucket = name.length * 128 + name[0]!;
  NEXT[slot] = FIRST[bucket]!;
  FIRST[bucket] = slot;
});

/**
 * Positions of well-known properties in the last buffer scanned. One instance serves message after message; what it
 * answers is valid until the next `scan`, and as long as the buffer is. Same tolerance as `decodeProperties`.
 */
export class PropertyScanner {
  #buf: Buffer = Buffer.alloc(0);
  readonly #starts = new Int32Array(NAMES.length);
  readonly #ends = new Int32Array(NAMES.length);
  /** Slots that the last scan found, a bit each: what is not set here means nothing above. */
  #found = 0;

  /**
   * Looks through the properties bytes `[start, end)`. Never throws.
   * @param view of the same bytes, for many scans of one buffer: making one takes as long as a scan, and with it one takes half
   */
  scan(buf: Buffer, start = 0, end = buf.length, view?: DataView): void {
    this.#buf = buf;
    this.#found = 0;
    let nameStart = start;
    let split = -1;
    let at = start;
    for (;;) {
      at = view === undefined ? skipText(buf, at, end) : skipWords(buf, at, end, view);
      if (at >= end) break;
      const byte = buf[at]!;
      if (byte === PROPERTY_SEPARATOR) {
        if (split > nameStart && at > split + 1) this.#remember(nameStart, split, at);
        nameStart = at + 1;
        split = -1;
      } else if (byte === NAME_VALUE_SEPARATOR && split < 0) split = at;
      at++;
    }
    if (split > nameStart && end > split + 1) this.#remember(nameStart, split, end);
  }

  /** Whether the message has the property (a value is never empty). */
  has(slot: number): boolean {
    return (this.#found & (1 << slot)) !== 0;
  }

  /** First byte of the value. */
  start(slot: number): number {
    return this.has(slot) ? this.#starts[slot]! : 0;
  }

  /** Behind the last byte of the value; equal to `start` when absent. */
  end(slot: number): number {
    return this.has(slot) ? this.#ends[slot]! : 0;
  }

  /** Value as text, undefined when absent. Makes a string. */
  text(slot: number): string | undefined {
    return this.has(slot) ? this.#buf.toString('utf8', this.#starts[slot], this.#ends[slot]) : undefined;
  }

  /** Java hash of the value, 0 when absent: the tagsCode of a TAGS value. */
  hashCode(slot: number): number {
    return javaHashBytes(this.#buf, this.start(slot), this.end(slot));
  }

  /** Whether the value is `text`, ignoring ASCII case (Boolean.parseBoolean); `text` is lower-case ASCII. */
  equalsIgnoreCase(slot: number, text: string): boolean {
    const start = this.start(slot);
    if (this.end(slot) - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) {
      const byte = this.#buf[start + i]!;
      const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
      if (lower !== text.charCodeAt(i)) return false;
    }
    return text.length > 0;
  }

  /** Value as a decimal integer; `fallback` when absent or not one that fits 53 bits. */
  integer(slot: number, fallback: number): number {
    const end = this.end(slot);
    let at = this.start(slot);
    const negative = at < end && this.#buf[at] === 0x2d;
    if (negative) at++;
    if (at >= end) return fallback;
    let value = 0;
    for (; at < end; at++) {
      const digit = this.#buf[at]! - 0x30;
      if (digit < 0 || digit > 9) return fallback;
      value = value * 10 + digit;
    }
    if (value > Number.MAX_SAFE_INTEGER) return fallback;
    return negative ? -value : value;
  }

  #remember(nameStart: number, nameEnd: number, valueEnd: number): void {
    const length = nameEnd - nameStart;
    const first = this.#buf[nameStart]!;
    if (length > LONGEST || first > 127) return;
    let slot = FIRST[length * 128 + first]!;
    while (slot >= 0 && !matches(this.#buf, nameStart, NAME_BYTES[slot]!)) slot = NEXT[slot]!;
    if (slot < 0) return;
    this.#starts[slot] = nameEnd + 1;
    this.#ends[slot] = valueEnd;
    this.#found |= 1 << slot;
  }
}

/** The first byte from `at` on that may be a separator, or `end`. */
function skipText(buf: Buffer, at: number, end: number): number {
  while (at < end && buf[at]! > PROPERTY_SEPARATOR) at++;
  return at;
}

/** The same, four bytes at a time. */
function skipWords(buf: Buffer, at: number, end: number, view: DataView): number {
  while (at + 4 <= end && !hasSeparator(view.getInt32(at, true))) at += 4;
  return skipText(buf, at, end);
}

/** Whether one of the four bytes is less than 3: only there the subtraction borrows from a high bit that was not set. */
function hasSeparator(word: number): boolean {
  return ((word - 0x03030303) & ~word & 0x80808080) !== 0;
}

function matches(buf: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (buf[at + i] !== name[i]) return false;
  return true;
}
