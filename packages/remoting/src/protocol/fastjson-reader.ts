// Reads the JSON dialect of fastjson 1.x, which Java peers write and which is not JSON: map keys may be bare integers
// (`{0:"a"}`) or whole objects (`{{"queueId":0}:{...}}`). What fastjson itself tolerates is tolerated: single quotes,
// bare names, comments, spare commas, a BOM, suffixed numbers.
//
// It works on bytes, so that no decoded name keeps the text of a whole body alive, in one pass, in linear time.
import { RemotingError } from '../errors.js';

/** An object with at least one key that is not a string: keys are `number | bigint`, `FastjsonObject` or `string`. */
export type FastjsonMap = Map<unknown, unknown>;
/** An object with string keys only. It has no prototype, so `constructor` and `__proto__` are keys like any other. */
export type FastjsonObject = Record<string, unknown>;

/** Deepest nesting of arrays and objects that is read; bodies of the protocol need less than ten. */
export const MAX_JSON_DEPTH = 100;

/**
 * Parses one value; nothing may follow it but space, comments and commas.
 *
 * - An integer that a `number` cannot hold exactly (`Long.MAX_VALUE`) becomes a `bigint`.
 * - An object becomes a `FastjsonObject`, or a `FastjsonMap` as soon as one key is not a string. The last of equal
 *   string or number keys wins.
 *
 * @throws RemotingError `BAD_BODY`, naming the byte position, for anything else, `$ref` included: fastjson writes it
 * for an object met twice, and no peer's body depends on it.
 */
export function parseFastjson(text: string | Buffer): unknown {
  return new Reader(typeof text === 'string' ? Buffer.from(text) : text).readDocument();
}

const TAB = 0x09;
const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const STAR = 0x2a;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '"': '"', "'": "'", '\\': '\\', '/': '/' },
  ...{ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...Object.fromEntries([...'01234567'].map((digit) => [digit, String.fromCharCode(Number(digit))])),
};

/** Bytes of a bare word: letters, digits, `_`, `$`, `.`, `+`, `-`. */
const isWordByte: readonly boolean[] = Array.from({ length: 128 }, (_, byte) =>
  /[\w$.+-]/.test(String.fromCharCode(byte)),
);

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly bytes: Buffer) {}

  readDocument(): unknown {
    if (this.bytes[0] === 0xef && this.bytes[1] === 0xbb && this.bytes[2] === 0xbf) this.at = 3;
    const value = this.readValue();
    this.skipSpaceAndCommas();
    if (this.at < this.bytes.length) throw this.error('unexpected text after the value');
    return value;
  }

  private readValue(): unknown {
    this.skipSpace();
    switch (this.bytes[this.at]) {
      case OPEN_BRACE:
        return this.nested(() => this.readObject());
      case OPEN_BRACKET:
        return this.nested(() => this.readArray());
      case QUOTE:
      case APOSTROPHE:
        return this.readString();
      default:
        return this.readWord();
    }
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > MAX_JSON_DEPTH) throw this.error(`nested deeper than ${MAX_JSON_DEPTH}`);
    this.at++;
    const value = read();
    this.depth--;
    return value;
  }

  private readArray(): unknown[] {
    const items: unknown[] = [];
    for (;;) {
      this.skipSpaceAndCommas();
      if (this.bytes[this.at] === CLOSE_BRACKET) break;
      items.push(this.readValue());
      this.skipSpace();
      const next = this.bytes[this.at];
      if (next !== COMMA && next !== CLOSE_BRACKET) throw this.error('expected , or ] in an array');
    }
    this.at++;
    return items;
  }

  private readObject(): FastjsonObject | FastjsonMap {
    const object = Object.create(null) as FastjsonObject;
    let map: FastjsonMap | undefined;
    for (;;) {
      this.skipSpaceAndCommas();
      if (this.bytes[this.at] === CLOSE_BRACE) break;
      const key = this.readKey();
      this.skipSpace();
      if (this.bytes[this.at] !== COLON) throw this.error('expected : after a key');
      this.at++;
      const value = this.readValue();
      if (typeof key !== 'string') map ??= new Map<unknown, unknown>(Object.entries(object));
      if (map !== undefined) map.set(key, value);
      else object[key as string] = value;
      this.skipSpace();
      const next = this.bytes[this.at];
      if (next !== COMMA && next !== CLOSE_BRACE) throw this.error('expected , or } in an object');
    }
    this.at++;
    return map ?? object;
  }

  private readKey(): unknown {
    const first = this.bytes[this.at];
    if (first === OPEN_BRACE) return this.nested(() => this.readObject());
    if (first === OPEN_BRACKET) throw this.error('an array cannot be a key');
    const isQuoted = first === QUOTE || first === APOSTROPHE;
    const key = isQuoted ? this.readString() : this.readBareKey();
    if (key === '$ref') throw this.error('$ref (a repeated object of fastjson) is not supported');
    return key;
  }

  private readBareKey(): string | number | bigint {
    const word = this.takeWord();
    return /^-?\d+$/.test(word) ? integerOf(word) : word;
  }

  private readWord(): unknown {
    const start = this.at;
    const word = this.takeWord();
    switch (word) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
      case 'undefined':
        return null;
      case 'NaN':
        return NaN;
    }
    if (/^[+-]?\d+[LSB]?$/.test(word)) return integerOf(word.replace(/[LSB]$/, ''));
    // No two parts of it can take the same digit: a long row of digits is tried in one way only.
    if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[FD]?$/.test(word)) return Number(word.replace(/[FD]$/, ''));
    this.at = start;
    throw this.error(`unexpected word ${clip(word)}`);
  }

  private takeWord(): string {
    const start = this.at;
    while (this.at < this.bytes.length && isWordByte[this.bytes[this.at]!] === true) this.at++;
    if (this.at === start) {
      throw this.error(start < this.bytes.length ? `unexpected byte ${this.bytes[start]}` : 'unexpected end');
    }
    return this.bytes.toString('latin1', start, this.at);
  }

  private readString(): string {
    const { bytes } = this;
    const quote = bytes[this.at++];
    const start = this.at;
    let isAscii = true;
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === quote) {
        this.at = at + 1;
        return bytes.toString(isAscii ? 'latin1' : 'utf8', start, at);
      }
      if (byte === BACKSLASH) return this.readEscapedString(quote!, start, at);
      if (byte > 0x7f) isAscii = false;
    }
    throw this.error('unterminated string');
  }

  /** The rest of a string that has escapes: runs between them are decoded whole. */
  private readEscapedString(quote: number, start: number, firstEscape: number): string {
    const { bytes } = this;
    const parts: string[] = [];
    let runStart = start;
    for (let at = firstEscape; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte !== quote && byte !== BACKSLASH) continue;
      parts.push(bytes.toString('utf8', runStart, at));
      if (byte === quote) {
        this.at = at + 1;
        return parts.join('');
      }
      this.at = at;
      const [text, length] = this.readEscape(at + 1);
      parts.push(text);
      at += length;
      runStart = at + 1;
    }
    throw this.error('unterminated string');
  }

  /** The character an escape stands for, and how many bytes follow its backslash. */
  private readEscape(at: number): [text: string, length: number] {
    const letter = String.fromCharCode(this.bytes[at] ?? 0);
    const hexLength = letter === 'u' ? 4 : letter === 'x' ? 2 : 0;
    if (hexLength > 0) {
      const hex = this.bytes.toString('latin1', at + 1, at + 1 + hexLength);
      if (hex.length !== hexLength || !/^[0-9a-fA-F]+$/.test(hex)) throw this.error('malformed escape');
      return [String.fromCharCode(parseInt(hex, 16)), 1 + hexLength];
    }
    const text = ESCAPES[letter];
    if (text === undefined) throw this.error('unknown escape');
    return [text, 1];
  }

  private skipSpaceAndCommas(): void {
    this.skipSpace();
    while (this.bytes[this.at] === COMMA) {
      this.at++;
      this.skipSpace();
    }
  }

  private skipSpace(): void {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === undefined) return;
      if (byte === SPACE || (byte >= TAB && byte <= 0x0d)) this.at++;
      else if (byte === SLASH) this.skipComment();
      else return;
    }
  }

  private skipComment(): void {
    const kind = this.bytes[this.at + 1];
    if (kind !== SLASH && kind !== STAR) throw this.error('unexpected /');
    const end = kind === SLASH ? this.bytes.indexOf(LF, this.at + 2) : this.bytes.indexOf('*/', this.at + 2);
    if (end < 0 && kind === STAR) throw this.error('unterminated comment');
    this.at = end < 0 ? this.bytes.length : end + (kind === SLASH ? 1 : 2);
  }

  private error(problem: string): RemotingError {
    return new RemotingError('BAD_BODY', `JSON: ${problem} at byte ${this.at} of ${this.bytes.length}`);
  }
}

function integerOf(word: string): number | bigint {
  const value = Number(word);
  // `+ 0` turns -0 into 0: a Java integer has no negative zero.
  return Number.isSafeInteger(value) ? value + 0 : clampDigits(word);
}

/** Digits beyond any number of the protocol would make BigInt slow: they are a double then, as in fastjson. */
function clampDigits(word: string): number | bigint {
  return word.length <= 40 ? BigInt(word.replace('+', '')) : Number(word);
}

const clip = (word: string): string => (word.length > 32 ? `${word.slice(0, 32)}...` : word);
