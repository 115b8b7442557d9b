// The MSGPACK header (codec byte 2), spoken only between two ends of this implementation that both said so
// (docs/decisions/0003-msgpack-header.md). A flat array, so that nothing but a known shape is ever unpacked:
//
//   [ code, language number, version, opaque, flag, remark | nil, [ key, value, key, value, ... ] | nil ]
//
// MessagePack readers know extension types, records and maps that build other things than texts and numbers; a
// header with any of those is refused before the library sees it.
import { Packr, Unpackr } from 'msgpackr';
import { createExtFields, RemotingCommand, type ExtFields } from '../command.js';
import { RemotingError } from '../errors.js';
import { languageCode, languageName } from '../protocol/language.js';

const packr = new Packr({ useRecords: false, moreTypes: false });
const unpackr = new Unpackr({ useRecords: false, structuredClone: false });

const fieldCount = 7;

/** The encoded header of `command`. */
export function encodeMsgpackHeader(command: RemotingCommand): Buffer {
  const ext = command.extFieldsIfAny;
  let flat: string[] | null = null;
  if (ext !== undefined) {
    flat = [];
    for (const key in ext) {
      const value: string | undefined = ext[key];
      if (value !== undefined) flat.push(key, value);
    }
  }
  return packr.pack([
    command.code,
    languageCode(command.language),
    command.version,
    command.opaque,
    command.flag,
    command.remark ?? null,
    flat,
  ]);
}

/** Reads the header in `source` from `start` to `end` (exclusive). @throws RemotingError `BAD_FRAME` */
export function readMsgpackHeader(source: Buffer, start: number, end: number): RemotingCommand {
  assertPlain(source, start, end);
  let fields: unknown;
  try {
    fields = unpackr.unpack(source.subarray(start, end));
  } catch (cause) {
    throw new RemotingError('BAD_FRAME', 'MSGPACK header: not readable', { cause });
  }
  if (!Array.isArray(fields) || fields.length !== fieldCount)
    throw badHeader(`not an array of ${fieldCount}`);
  const [code, language, version, opaque, flag, remark, ext] = fields as unknown[];
  const command = new RemotingCommand(int32(code, 'code'), optionalText(remark, 'remark'), undefined);
  command.language = languageName(int32(language, 'language')) ?? 'UNKNOWN';
  command.version = int32(version, 'version');
  command.opaque = int32(opaque, 'opaque');
  command.flag = int32(flag, 'flag');
  command.serializeType = 'MSGPACK';
  if (ext !== null) command.extFields = extFromFlat(ext);
  return command;
}

function extFromFlat(flat: unknown): ExtFields {
  if (!Array.isArray(flat) || flat.length % 2 !== 0) throw badHeader('ext fields are not pairs');
  const ext = createExtFields();
  for (let index = 0; index < flat.length; index += 2) {
    const key: unknown = flat[index];
    const value: unknown = flat[index + 1];
    if (typeof key !== 'string' || typeof value !== 'string') throw badHeader('an ext field is not text');
    ext[key] = value;
  }
  return ext;
}

function int32(value: unknown, field: string): number {
  if (typeof value !== 'number' || (value | 0) !== value) throw badHeader(`${field} is not an int32`);
  return value;
}

function optionalText(value: unknown, field: string): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'string') throw badHeader(`${field} is not text`);
  return value === '' ? undefined : value;
}

/**
 * Walks the tokens: integers up to 32 bits, texts and nil; arrays only as the header itself and as its last field.
 * Every length is checked against the header.
 */
function assertPlain(source: Buffer, start: number, end: number): void {
  if (end - start < 1 || source[start] !== 0x90 + fieldCount)
    throw badHeader(`not an array of ${fieldCount}`);
  let at = start + 1;
  let left = fieldCount;
  let insideExt = false;
  while (left > 0) {
    if (at >= end) throw badHeader('cut off');
    const token = source[at]!;
    left--;
    const elements = arrayLength(source, at, end);
    if (elements !== undefined) {
      if (insideExt || left !== 0) throw badHeader('nested too deeply');
      insideExt = true;
      left = elements;
    }
    at += tokenBytes(source, at, end, token);
    if (at > end || left > end - at) throw badHeader('cut off');
  }
  if (at !== end) throw badHeader('bytes behind the header');
}

function arrayLength(source: Buffer, at: number, end: number): number | undefined {
  const token = source[at]!;
  if (token >= 0x90 && token <= 0x9f) return token - 0x90;
  if (token === 0xdc && at + 3 <= end) return source.readUInt16BE(at + 1);
  if (token === 0xdd && at + 5 <= end) return source.readUInt32BE(at + 1);
  return undefined;
}

function tokenBytes(source: Buffer, at: number, end: number, token: number): number {
  if (token <= 0x7f || token >= 0xe0 || token === 0xc0) return 1;
  if (token >= 0x90 && token <= 0x9f) return 1;
  if (token >= 0xa0 && token <= 0xbf) return 1 + token - 0xa0;
  switch (token) {
    case 0xcc: // uint8, int8
    case 0xd0:
      return 2;
    case 0xcd: // uint16, int16, array16
    case 0xd1:
    case 0xdc:
      return 3;
    case 0xce: // uint32, int32, array32
    case 0xd2:
    case 0xdd:
      return 5;
    case 0xd9: // str8, str16, str32
      return at + 2 <= end ? 2 + source[at + 1]! : Infinity;
    case 0xda:
      return at + 3 <= end ? 3 + source.readUInt16BE(at + 1) : Infinity;
    case 0xdb:
      return at + 5 <= end ? 5 + source.readUInt32BE(at + 1) : Infinity;
    default:
      throw badHeader(`token 0x${token.toString(16)} is not allowed`);
  }
}

function badHeader(problem: string): RemotingError {
  return new RemotingError('BAD_FRAME', `MSGPACK header: ${problem}`);
}
