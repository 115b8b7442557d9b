// One frame: how long it is, where its header is. The only file that knows these offsets.
//
//   | total i32 | codec << 24 | header length   i32 | header | body |     total counts everything behind itself
import type { RemotingCommand } from '../command.js';
import { RemotingError } from '../errors.js';
import { writeInt32 } from './bytes.js';
import { HeaderWriter, readHeader, usableSerializeType } from './header.js';
import { codecByte } from './serialize-type.js';

const totalAt = 0;
const headerWordAt = totalAt + 4;

/** Bytes in front of the header. */
export const framePrefixBytes = headerWordAt + 4;
/** Bytes the `total` field does not count: itself. */
export const frameTotalBytes = 4;
/** Least `total`: the header word alone. */
export const frameMinTotal = framePrefixBytes - frameTotalBytes;
/** Largest whole frame, as upstream (`com.rocketmq.remoting.frameMaxLength`). */
export const defaultMaxFrameBytes = 16 * 1024 * 1024;

const headerLengthMask = 0xff_ffff;

/** Writes what stands in front of the header. */
export function writeFramePrefix(
  target: Buffer,
  at: number,
  codec: number,
  headerBytes: number,
  bodyBytes: number,
): void {
  writeInt32(target, frameMinTotal + headerBytes + bodyBytes, at + totalAt);
  writeInt32(target, (codec << 24) | headerBytes, at + headerWordAt);
}

/**
 * Decodes the whole frame in `source` from `start` (at its total) to `end` (exclusive). The body is a slice.
 * @throws RemotingError `BAD_FRAME`
 */
export function decodeFrame(
  source: Buffer,
  start: number,
  end: number,
  acceptMsgpack = true,
): RemotingCommand {
  const codec = source[start + headerWordAt]!;
  const headerBytes =
    (source[start + headerWordAt + 1]! << 16) |
    (source[start + headerWordAt + 2]! << 8) |
    source[start + headerWordAt + 3]!;
  const headerStart = start + framePrefixBytes;
  const headerEnd = headerStart + headerBytes;
  if (headerEnd > end) {
    throw new RemotingError('BAD_FRAME', `header of ${headerBytes} bytes in a frame of ${end - start}`);
  }
  if (codec === codecByte.MSGPACK && !acceptMsgpack) {
    throw new RemotingError('BAD_FRAME', `header codec ${codec} without having announced it`);
  }
  const command = readHeader(codec, source, headerStart, headerEnd);
  if (headerEnd < end) command.body = source.subarray(headerEnd, end);
  return command;
}

/** Bytes of a command's body, in either form. @throws RemotingError `BAD_ARGUMENT` when it has both. */
export function bodyLength(command: RemotingCommand): number {
  const parts = command.bodyParts;
  if (parts === undefined) return command.body?.length ?? 0;
  if (command.body !== undefined)
    throw new RemotingError('BAD_ARGUMENT', 'a command has either body or bodyParts');
  let bytes = 0;
  for (let index = 0; index < parts.length; index++) bytes += parts[index]!.length;
  return bytes;
}

const headerWriter = new HeaderWriter();

/** Upper bound of prefix and header of `command`; what {@link writeFrameHead} needs. Call right before it. */
export function frameHeadBound(command: RemotingCommand): number {
  return framePrefixBytes + headerWriter.bound(command);
}

/**
 * Writes prefix and header of `command` at `at`; gives the position the body belongs at.
 * @throws RemotingError `BAD_ARGUMENT` for a header or frame that cannot be expressed or is over `maxFrameBytes`.
 */
export function writeFrameHead(
  command: RemotingCommand,
  bodyBytes: number,
  target: Buffer,
  at: number,
  maxFrameBytes: number,
): number {
  const headerStart = at + framePrefixBytes;
  const end = headerWriter.write(command, target, headerStart);
  const headerBytes = end - headerStart;
  if (headerBytes > headerLengthMask || end - at + bodyBytes > maxFrameBytes) {
    throw new RemotingError(
      'BAD_ARGUMENT',
      `frame of ${end - at + bodyBytes} bytes, at most ${maxFrameBytes} fit`,
    );
  }
  writeFramePrefix(target, at, codecByte[usableSerializeType(command)], headerBytes, bodyBytes);
  return end;
}

/** One command as one buffer: for tools, tests and files. Connections write into their own buffers instead. */
export function encodeFrame(command: RemotingCommand, maxFrameBytes = defaultMaxFrameBytes): Buffer {
  const bodyBytes = bodyLength(command);
  const target = Buffer.allocUnsafe(frameHeadBound(command) + bodyBytes);
  let end = writeFrameHead(command, bodyBytes, target, 0, maxFrameBytes);
  if (command.body !== undefined) end += command.body.copy(target, end);
  for (const part of command.bodyParts ?? []) end += part.copy(target, end);
  return target.subarray(0, end);
}
