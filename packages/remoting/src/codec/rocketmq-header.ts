// The ROCKETMQ binary header (codec byte 1). Upstream: RocketMQSerializable. All integers big-endian.
//
//   | code i16 | language u8 | version i16 | opaque i32 | flag i32 | remark length i32 | remark | ext length i32 | ext |
//   ext, until its length is used up:  | key length i16 | key | value length i32 | value |
//
// Only the fixed fields are read when a frame is decoded; ext entries are read from the bytes, by the hot decoders in
// place or into an object on first use. Java writes `code` and `version` as int16: codes above 32767 do not survive.
import { createExtFields, RemotingCommand, type ExtFields } from '../command.js';
import { RemotingError } from '../errors.js';
import { languageCode, languageName } from '../protocol/language.js';
import { readInt16, readInt32, utf8Bound, writeInt16, writeInt32, writeUtf8 } from './bytes.js';

const codeAt = 0;
const languageAt = codeAt + 2;
const versionAt = languageAt + 1;
const opaqueAt = versionAt + 2;
const flagAt = opaqueAt + 4;
const remarkLengthAt = flagAt + 4;
const remarkAt = remarkLengthAt + 4;

/** Bytes of a header without remark and ext. */
export const rocketmqHeaderMinBytes = remarkAt + 4;
const entryOverheadBytes = 2 + 4;
const longestKey = 0x7fff;

/** Largest code this header can carry. */
export const rocketmqHeaderMaxCode = 0x7fff;

/** Upper bound of the bytes {@link writeRocketmqHeader} writes for `command`. */
export function rocketmqHeaderBound(command: RemotingCommand): number {
  let bytes = rocketmqHeaderMinBytes + utf8Bound(command.remark ?? '');
  const ext = command.extFieldsIfAny;
  if (ext !== undefined) {
    for (const key in ext) bytes += entryOverheadBytes + utf8Bound(key) + utf8Bound(ext[key] ?? '');
  }
  return bytes;
}

/** Writes the header of `command` at `at`; gives the end position. */
export function writeRocketmqHeader(command: RemotingCommand, target: Buffer, at: number): number {
  writeRocketmqFixed(command, target, at);
  let end = writeCountedUtf8(target, command.remark ?? '', at + remarkLengthAt);
  const extLengthAt = end;
  end += 4;
  const ext = command.extFieldsIfAny;
  if (ext !== undefined) {
    for (const key in ext) {
      const value: string | undefined = ext[key];
      if (value !== undefined) end = writeRocketmqEntry(target, key, value, end);
    }
  }
  writeInt32(target, end - extLengthAt - 4, extLengthAt);
  return end;
}

/** Writes what every header starts with, up to and without the remark's length. */
export function writeRocketmqFixed(
  command: Pick<RemotingCommand, 'code' | 'language' | 'version' | 'opaque' | 'flag'>,
  target: Buffer,
  at: number,
): number {
  writeInt16(target, command.code, at + codeAt);
  target[at + languageAt] = languageCode(command.language);
  writeInt16(target, command.version, at + versionAt);
  writeInt32(target, command.opaque, at + opaqueAt);
  writeInt32(target, command.flag, at + flagAt);
  return at + remarkLengthAt;
}

/** Writes one ext entry; gives the end position. */
export function writeRocketmqEntry(target: Buffer, key: string, value: string, at: number): number {
  const keyEnd = writeUtf8(target, key, at + 2);
  if (keyEnd - at - 2 > longestKey) {
    throw new RemotingError(
      'BAD_ARGUMENT',
      `ext field name of ${keyEnd - at - 2} bytes, at most ${longestKey} fit`,
    );
  }
  writeInt16(target, keyEnd - at - 2, at);
  return writeCountedUtf8(target, value, keyEnd);
}

function writeCountedUtf8(target: Buffer, text: string, at: number): number {
  const end = writeUtf8(target, text, at + 4);
  writeInt32(target, end - at - 4, at);
  return end;
}

/**
 * Reads the fixed fields of the header in `source` from `start` to `end` (exclusive) into a new command.
 * @throws RemotingError `BAD_FRAME`
 */
export function readRocketmqHeader(source: Buffer, start: number, end: number): RemotingCommand {
  if (end - start < rocketmqHeaderMinBytes) {
    throw badHeader(`header of ${end - start} bytes, at least ${rocketmqHeaderMinBytes} needed`);
  }
  const remarkLength = readInt32(source, start + remarkLengthAt);
  const remarkEnd = start + remarkAt + remarkLength;
  if (remarkLength < 0 || remarkEnd + 4 > end) throw badHeader(`remark of ${remarkLength} bytes`);
  const extLength = readInt32(source, remarkEnd);
  const extStart = remarkEnd + 4;
  if (extStart + extLength > end)
    throw badHeader(`ext fields of ${extLength} bytes, ${end - extStart} are left`);

  const remark = remarkLength === 0 ? undefined : source.toString('utf8', start + remarkAt, remarkEnd);
  const command = new RemotingCommand(readInt16(source, start + codeAt), remark, undefined);
  command.language = languageName(source[start + languageAt]!) ?? 'UNKNOWN';
  command.version = readInt16(source, start + versionAt);
  command.opaque = readInt32(source, start + opaqueAt);
  command.flag = readInt32(source, start + flagAt);
  command.serializeType = 'ROCKETMQ';
  command.rawHeader = source;
  command.rawExtStart = extStart;
  // A negative length means no ext, as in Java.
  command.rawExtEnd = extLength > 0 ? extStart + extLength : extStart;
  if (extLength > 0) command.extFieldsReader = readRocketmqExt;
  return command;
}

/**
 * All ext entries of a decoded command as an object. As in Java an empty value counts as absent; an entry with an
 * empty key, which Java files under null, is dropped.
 * @throws RemotingError `BAD_HEADER` when a length leaves the ext block.
 */
export function readRocketmqExt(command: RemotingCommand): ExtFields {
  const ext = createExtFields();
  const source = command.rawHeader;
  if (source === undefined) return ext;
  const end = command.rawExtEnd;
  let at = command.rawExtStart;
  while (at < end) {
    const keyStart = at + 2;
    const keyLength = keyStart <= end ? readInt16(source, at) : -1;
    const valueStart = keyStart + keyLength + 4;
    if (keyLength < 0 || valueStart > end) throw badExt(at - command.rawExtStart);
    const valueLength = readInt32(source, valueStart - 4);
    if (valueLength < 0 || valueStart + valueLength > end) throw badExt(at - command.rawExtStart);
    if (keyLength > 0 && valueLength > 0) {
      const key = source.toString('utf8', keyStart, keyStart + keyLength);
      ext[key] = source.toString('utf8', valueStart, valueStart + valueLength);
    }
    at = valueStart + valueLength;
  }
  return ext;
}

function badHeader(problem: string): RemotingError {
  return new RemotingError('BAD_FRAME', `ROCKETMQ header: ${problem}`);
}

function badExt(offset: number): RemotingError {
  return new RemotingError('BAD_HEADER', `ext fields: the entry at byte ${offset} is longer than the block`);
}
