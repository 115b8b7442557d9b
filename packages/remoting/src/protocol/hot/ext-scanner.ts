import { readInt32 } from '../../codec/bytes.js';
import type { RemotingCommand } from '../../command.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Walks the ext entries of a decoded command in the bytes they came in, either codec, making no objects:
 * `while (scanner.next())` and read the cursors. Anything but plain `"key":"value"` or `"key":scalar` JSON stops the
 * walk with `isOdd` set; the general decoder is for that.
 */
export class ExtScanner {
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** JSON: the value contains escapes and is not yet what it means. */
  hasEscapes = false;
  /** The walk ended before the end of the entries. */
  isOdd = false;

  private at: number;
  private readonly end: number;
  private readonly isBinary: boolean;

  constructor(
    readonly source: Buffer,
    command: RemotingCommand,
  ) {
    this.at = command.rawExtStart;
    this.end = command.rawExtEnd;
    this.isBinary = command.serializeType === 'ROCKETMQ';
  }

  next(): boolean {
    if (this.at >= this.end) return false;
    const found = this.isBinary ? this.nextBinary() : this.nextJson();
    if (!found) this.isOdd = true;
    return found;
  }

  /** int16 key length, key, int32 value length, value. */
  private nextBinary(): boolean {
    const { source, at, end } = this;
    if (at + 2 > end) return false;
    this.keyStart = at + 2;
    this.keyEnd = this.keyStart + ((source[at]! << 8) | source[at + 1]!);
    this.valueStart = this.keyEnd + 4;
    if (this.valueStart > end) return false;
    this.valueEnd = this.valueStart + readInt32(source, this.keyEnd);
    this.at = this.valueEnd;
    return this.valueEnd >= this.valueStart && this.valueEnd <= end;
  }

  private nextJson(): boolean {
    const { source, end } = this;
    let at = this.at;
    if (source[at] !== QUOTE) return false;
    this.keyStart = ++at;
    while (at < end && source[at] !== QUOTE && source[at] !== BACKSLASH) at++;
    this.keyEnd = at;
    if (source[at] !== QUOTE || source[at + 1] !== COLON) return false;
    at += 2;
    at = source[at] === QUOTE ? this.scanText(at + 1) : this.scanBare(at);
    if (at < end && (source[at] !== COMMA || at + 1 === end)) return false;
    this.at = at + 1;
    return at >= 0;
  }

  /** From behind the opening quote to behind the closing one; -1 without one. */
  private scanText(start: number): number {
    const { source, end } = this;
    this.valueStart = start;
    this.hasEscapes = false;
    for (let at = start; at < end; at++) {
      const byte = source[at]!;
      if (byte === QUOTE) {
        this.valueEnd = at;
        return at + 1;
      }
      if (byte === BACKSLASH) {
        this.hasEscapes = true;
        at++;
      }
    }
    return -1;
  }

  /** A number or a boolean without quotes, as old JavaScript clients send. Anything else, null included, is odd. */
  private scanBare(start: number): number {
    const { source, end } = this;
    let at = start;
    while (at < end && isBareByte(source[at]!)) at++;
    this.valueStart = start;
    this.valueEnd = at;
    this.hasEscapes = false;
    return at > start && source[start] !== 0x6e ? at : -1;
  }
}

/** Letters in lower case, digits, minus. */
function isBareByte(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}
