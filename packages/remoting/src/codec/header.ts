// One place that knows which codec reads and writes what.
import type { RemotingCommand } from '../command.js';
import { RemotingError } from '../errors.js';
import { jsonHeaderBound, readJsonHeader, writeJsonHeader } from './json-header.js';
import { encodeMsgpackHeader, readMsgpackHeader } from './msgpack-header.js';
import {
  readRocketmqHeader,
  rocketmqHeaderBound,
  rocketmqHeaderMaxCode,
  writeRocketmqHeader,
} from './rocketmq-header.js';
import { codecByte } from './serialize-type.js';

/**
 * Reads the header in `source` from `start` to `end` (exclusive) by its codec byte.
 * @throws RemotingError `BAD_FRAME`
 */
export function readHeader(codec: number, source: Buffer, start: number, end: number): RemotingCommand {
  switch (codec) {
    case codecByte.ROCKETMQ:
      return readRocketmqHeader(source, start, end);
    case codecByte.JSON:
      return readJsonHeader(source, start, end);
    case codecByte.MSGPACK:
      return readMsgpackHeader(source, start, end);
    default:
      throw new RemotingError('BAD_FRAME', `unknown header codec ${codec}`);
  }
}

/**
 * The codec a command really goes out in: a code that does not fit the ROCKETMQ header's int16 goes as JSON, which
 * every peer reads.
 */
export function usableSerializeType(command: RemotingCommand): RemotingCommand['serializeType'] {
  return command.serializeType === 'ROCKETMQ' && command.code > rocketmqHeaderMaxCode
    ? 'JSON'
    : command.serializeType;
}

/** A header about to be written: how much room it needs, then the writing. Not for use across turns. */
export class HeaderWriter {
  #packed: Buffer | undefined;

  /** Upper bound of the bytes {@link write} needs for `command`. */
  bound(command: RemotingCommand): number {
    switch (usableSerializeType(command)) {
      case 'ROCKETMQ':
        return rocketmqHeaderBound(command);
      case 'JSON':
        return jsonHeaderBound(command);
      case 'MSGPACK':
        this.#packed = encodeMsgpackHeader(command);
        return this.#packed.length;
    }
  }

  /** Writes the header whose {@link bound} was asked last; gives the end position. */
  write(command: RemotingCommand, target: Buffer, at: number): number {
    switch (usableSerializeType(command)) {
      case 'ROCKETMQ':
        return writeRocketmqHeader(command, target, at);
      case 'JSON':
        return writeJsonHeader(command, target, at);
      case 'MSGPACK': {
        const packed = this.#packed!;
        this.#packed = undefined;
        packed.copy(target, at);
        return at + packed.length;
      }
    }
  }
}
