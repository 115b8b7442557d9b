// The JSON header (codec byte 0): one object, keys sorted, absent members left out. Upstream: RemotingSerializable.
//
//   {"code":310,"extFields":{"a":"group"},"flag":0,"language":"JAVA","opaque":7,"remark":"...",
//    "serializeTypeCurrentRPC":"JSON","version":479}
//
// Reading takes one pass over the bytes: the fixed fields are read, the ext object is only delimited and parsed on
// first use (JSON.parse of a whole send header costs three times as much as this pass). Any byte the pass does not
// expect sends the header to the tolerant reader in json-header-tolerant.ts, which accepts what Java accepts.
import { RemotingCommand } from '../command.js';
import { stringifyFastjson } from '../protocol/fastjson-writer.js';
import { LanguageCode, type LanguageName } from '../protocol/language.js';
import { writeBytes, writeDecimal, writeUtf8 } from './bytes.js';
import { readJsonExt } from './json-ext.js';
import { readTolerantJsonHeader } from './json-header-tolerant.js';

const backslash = 0x5c;
const closeBrace = 0x7d;
const colon = 0x3a;
const comma = 0x2c;
const minus = 0x2d;
const openBrace = 0x7b;
const quote = 0x22;
const apostrophe = 0x27;
const slash = 0x2f;

/** Bytes of a header beside its texts: the keys, and every number at its longest. */
const fixedBytes = 192;
/** A character becomes at most `\u0000`: six bytes. */
const textFactor = 6;

/** Upper bound of the bytes {@link writeJsonHeader} writes for `command`. */
export function jsonHeaderBound(command: RemotingCommand): number {
  let bytes = fixedBytes + textFactor * (command.language.length + (command.remark?.length ?? 0));
  const ext = command.extFieldsIfAny;
  if (ext !== undefined) {
    for (const key in ext) bytes += 6 + textFactor * (key.length + (ext[key]?.length ?? 0));
  }
  return bytes;
}

/** Writes the header of `command` at `at`; gives the end position. */
export function writeJsonHeader(command: RemotingCommand, target: Buffer, at: number): number {
  let end = writeDecimal(target, command.code, writeUtf8(target, '{"code":', at));
  const ext = command.extFieldsIfAny;
  if (ext !== undefined) {
    end = writeUtf8(target, ',"extFields":{', end);
    const first = end;
    for (const key in ext) {
      const value: string | undefined = ext[key];
      if (value === undefined) continue;
      if (end !== first) target[end++] = comma;
      end = writeJsonText(target, key, end);
      target[end++] = colon;
      end = writeJsonText(target, value, end);
    }
    target[end++] = closeBrace;
  }
  return writeJsonTail(command, target, end);
}

/** Writes everything behind the ext fields, the closing brace included; gives the end position. */
export function writeJsonTail(
  command: Pick<RemotingCommand, 'flag' | 'language' | 'opaque' | 'remark' | 'version'>,
  target: Buffer,
  at: number,
): number {
  let end = writeDecimal(target, command.flag, writeUtf8(target, ',"flag":', at));
  end = writeUtf8(target, command.language, writeUtf8(target, ',"language":"', end));
  end = writeDecimal(target, command.opaque, writeUtf8(target, '","opaque":', end));
  if (command.remark !== undefined) {
    end = writeJsonText(target, command.remark, writeUtf8(target, ',"remark":', end));
  }
  end = writeBytes(target, serializeTypeMember, end);
  end = writeDecimal(target, command.version, end);
  target[end++] = closeBrace;
  return end;
}

const serializeTypeMember = Buffer.from(',"serializeTypeCurrentRPC":"JSON","version":');

/** Writes `text` as a JSON string; gives the end position. */
export function writeJsonText(target: Buffer, text: string, at: number): number {
  const length = text.length;
  let end = at;
  target[end++] = quote;
  if (length > 48) return writeEscaped(target, text, at);
  for (let index = 0; index < length; index++) {
    const char = text.charCodeAt(index);
    if (char < 0x20 || char > 0x7e || char === quote || char === backslash)
      return writeEscaped(target, text, at);
    target[end++] = char;
  }
  target[end++] = quote;
  return end;
}

/** Where fastjson escapes and JSON.stringify does not, or in another spelling. */
const fastjsonOnly = /[\u000b\u000e-\u001f\u007f-\u009f\u2028\u2029]/;

function writeEscaped(target: Buffer, text: string, at: number): number {
  const quoted = fastjsonOnly.test(text) ? stringifyFastjson(text) : JSON.stringify(text);
  return at + target.write(quoted, at, 'utf8');
}

/**
 * Reads the header in `source` from `start` to `end` (exclusive) into a new command.
 * @throws RemotingError `BAD_FRAME` for what Java refuses too.
 */
export function readJsonHeader(source: Buffer, start: number, end: number): RemotingCommand {
  return readPlainHeader(source, start, end) ?? readTolerantJsonHeader(source.subarray(start, end));
}

/** Which integer fields were seen: 1 code, 2 flag, 4 opaque, 8 version; and the language. */
const languageBit = 16;
const everyField = 31;

/** `undefined`: something unusual, not necessarily wrong. */
function readPlainHeader(source: Buffer, start: number, end: number): RemotingCommand | undefined {
  if (source[start] !== openBrace) return undefined;
  const command = new RemotingCommand(0, undefined, undefined);
  let seen = 0;
  let at = start + 1;
  for (;;) {
    if (source[at] !== quote) return undefined;
    const keyStart = at + 1;
    const valueStart = endOfKey(source, keyStart, end);
    if (valueStart === 0) return undefined;
    const keyLength = valueStart - 2 - keyStart;
    const first = source[keyStart]!;
    if (first === 0x65 && keyLength === 9) {
      at = delimitExt(command, source, valueStart, end);
    } else if (first === 0x6c && keyLength === 8) {
      at = endOfText(source, valueStart, end);
      const name = at === 0 ? undefined : languageNameAt(source, valueStart + 1, at - 1);
      if (name === undefined) return undefined;
      command.language = name;
      seen |= languageBit;
    } else if (first === 0x72 && keyLength === 6) {
      at = endOfText(source, valueStart, end);
      command.remark = at === 0 ? undefined : textAt(source, valueStart, at);
      if (command.remark === undefined) return undefined;
    } else if (first === 0x73 && keyLength === 23) {
      at = endOfText(source, valueStart, end);
    } else {
      const bit = intFieldBit(first, keyLength);
      at = endOfInt(source, valueStart, end);
      if (bit === 0 || at === 0) return undefined;
      const value = intAt(source, valueStart, at);
      if (value !== (value | 0)) return undefined;
      if (bit === 1) command.code = value;
      else if (bit === 2) command.flag = value;
      else if (bit === 4) command.opaque = value;
      else command.version = value;
      seen |= bit;
    }
    if (at === 0 || at >= end) return undefined;
    if (!sameKey(source, keyStart, keyLength)) return undefined;
    const separator = source[at++];
    if (separator === comma) continue;
    if (separator !== closeBrace || at !== end) return undefined;
    break;
  }
  // A header without a language says JAVA, as in Java; the tolerant reader knows that and the other defaults.
  return seen === everyField ? command : undefined;
}

const keyTexts = [
  'code',
  'flag',
  'opaque',
  'remark',
  'version',
  'language',
  'extFields',
  'serializeTypeCurrentRPC',
];
const keysByLength: readonly (readonly Buffer[])[] = Array.from({ length: 24 }, (_, length) =>
  keyTexts.filter((key) => key.length === length).map((key) => Buffer.from(key)),
);

function sameKey(source: Buffer, keyStart: number, keyLength: number): boolean {
  const candidates = keysByLength[keyLength]!;
  for (let which = 0; which < candidates.length; which++) {
    if (sameBytes(source, keyStart, candidates[which]!)) return true;
  }
  return false;
}

function sameBytes(source: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index++)
    if (source[at + index] !== expected[index]) return false;
  return true;
}

/** Which integer field a key names, by first letter and length; 0 none. */
function intFieldBit(first: number, keyLength: number): number {
  if (keyLength === 4) return first === 0x63 ? 1 : first === 0x66 ? 2 : 0;
  if (keyLength === 6) return first === 0x6f ? 4 : 0;
  return keyLength === 7 && first === 0x76 ? 8 : 0;
}

/** Position of the value behind a key that starts at `at`; 0 when the key is longer than any we know or odd. */
function endOfKey(source: Buffer, at: number, end: number): number {
  const limit = Math.min(at + 24, end - 1);
  for (let position = at; position < limit; position++) {
    if (source[position] === quote) return source[position + 1] === colon ? position + 2 : 0;
  }
  return 0;
}

/** Position behind the string whose opening quote is at `at`; 0 when there is none. */
function endOfText(source: Buffer, at: number, end: number): number {
  if (source[at] !== quote) return 0;
  for (let position = at + 1; position < end; position++) {
    const byte = source[position]!;
    if (byte === quote) return position + 1;
    if (byte === backslash) position++;
    else if (byte < 0x20) return 0;
  }
  return 0;
}

/** The string whose quotes are at `start` and right before `end`; `undefined` for an escape JSON does not know. */
function textAt(source: Buffer, start: number, end: number): string | undefined {
  const quoted = source.toString('utf8', start, end);
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

function endOfInt(source: Buffer, at: number, end: number): number {
  let position = source[at] === minus ? at + 1 : at;
  const firstDigit = position;
  while (position < end && source[position]! >= 0x30 && source[position]! <= 0x39) position++;
  const digits = position - firstDigit;
  return digits === 0 || digits > 10 ? 0 : position;
}

function intAt(source: Buffer, start: number, end: number): number {
  const negative = source[start] === minus;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) value = value * 10 + (source[at]! - 0x30);
  return negative ? -value : value;
}

/** Finds the end of the ext object, remembers where its inside lies; 0 when it is unusual. */
function delimitExt(command: RemotingCommand, source: Buffer, start: number, end: number): number {
  if (source[start] !== openBrace) return 0;
  let depth = 1;
  for (let at = start + 1; at < end; at++) {
    const byte = source[at]!;
    if (byte === quote) {
      at++;
      while (at < end && source[at] !== quote) at += source[at] === backslash ? 2 : 1;
    } else if (byte === openBrace) {
      depth++;
    } else if (byte === closeBrace) {
      if (--depth > 0) continue;
      command.rawHeader = source;
      command.rawExtStart = start + 1;
      command.rawExtEnd = at;
      command.extFieldsReader = readJsonExt;
      return at + 1;
    } else if (byte === apostrophe || byte === slash) {
      return 0;
    }
  }
  return 0;
}

const languages = (Object.keys(LanguageCode) as LanguageName[]).map((name) => ({
  name,
  bytes: Buffer.from(name),
}));

function languageNameAt(source: Buffer, start: number, end: number): LanguageName | undefined {
  for (let which = 0; which < languages.length; which++) {
    const { name, bytes } = languages[which]!;
    if (bytes.length === end - start && sameBytes(source, start, bytes)) return name;
  }
  return undefined;
}
