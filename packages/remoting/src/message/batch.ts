// Body of SEND_BATCH_MESSAGE, and of a stored inner batch: blocks one after the other (upstream: MessageDecoder#encodeMessages).
//
//   0 totalSize:4  4 magic:4 = 0  8 bodyCRC:4 = 0  12 flag:4  16 bodyLength:4  body  propertiesLength:2  properties
//
// Topic, queue and hosts are those of the request (or of the record around it).
import { RemotingError } from '../errors.js';
import { readInt16, readInt32, writeInt16, writeInt32 } from './int64.js';
import type { Message, MessageExt } from './message.js';
import { MessageConst } from './message-const.js';
import { decodeProperties, encodeProperties } from './properties.js';
import { MAX_PROPERTIES_BYTES } from './record.js';
import { SysFlag } from './sys-flag.js';

const FLAG_AT = 12;
const BODY_LENGTH_AT = FLAG_AT + 4;
const BODY_AT = BODY_LENGTH_AT + 4;
const PROPERTIES_LENGTH_BYTES = 2;
/** Size of a block with nothing in it. */
export const MIN_BATCH_BLOCK_BYTES = BODY_AT + PROPERTIES_LENGTH_BYTES;

/** One message of a batch; body and properties are views into the batch's body. */
export interface BatchBlock {
  /** The message's own flag, signed 32 bit. */
  readonly flag: number;
  /** The payload alone. */
  readonly body: Buffer;
  /** Encoded properties text (`name 0x01 value 0x02 ...`). */
  readonly properties: Buffer;
}

/** What a batch keeps of a message; `flag` defaults to 0. */
export type BatchedMessage = Pick<Message, 'flag' | 'body' | 'properties'>;

/** Body of a batch request. Throws RangeError when the properties of a message are over 32,767 bytes. */
export function encodeBatch(messages: readonly BatchedMessage[]): Buffer {
  const properties = messages.map((message) => Buffer.from(encodeProperties(message.properties)));
  let bytes = 0;
  messages.forEach(
    (message, i) => (bytes += MIN_BATCH_BLOCK_BYTES + message.body.length + properties[i]!.length),
  );
  const batch = Buffer.alloc(bytes);
  let at = 0;
  messages.forEach(
    (message, i) => (at += writeBlock(batch, at, message.flag ?? 0, message.body, properties[i]!)),
  );
  return batch;
}

function writeBlock(target: Buffer, at: number, flag: number, body: Buffer, properties: Buffer): number {
  if (properties.length > MAX_PROPERTIES_BYTES) {
    throw new RangeError(
      `properties of ${properties.length} bytes, at most ${MAX_PROPERTIES_BYTES} can be sent`,
    );
  }
  const bytes = MIN_BATCH_BLOCK_BYTES + body.length + properties.length;
  writeInt32(target, at, bytes);
  writeInt32(target, at + FLAG_AT, flag);
  writeInt32(target, at + BODY_LENGTH_AT, body.length);
  target.set(body, at + BODY_AT);
  const propertiesAt = at + BODY_AT + body.length;
  writeInt16(target, propertiesAt, properties.length);
  target.set(properties, propertiesAt + PROPERTIES_LENGTH_BYTES);
  return bytes;
}

/** Where the messages of a batch body are; makes neither a view nor an object of each. */
export class BatchBlocks {
  /** Of `bytes`, to read four of them at once. */
  readonly view: DataView;
  readonly #starts: number[] = [];
  #longestProperties = 0;

  /** @throws RemotingError BAD_BODY, naming the position, for bytes that are no batch: half a batch is never accepted */
  constructor(
    /** The body; the positions below are in it. */
    readonly bytes: Buffer,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.length - at;
      const sizeBytes = rest < MIN_BATCH_BLOCK_BYTES ? 0 : readInt32(bytes, at);
      if (sizeBytes < MIN_BATCH_BLOCK_BYTES || sizeBytes > rest) throw badBlock(at, 'size');
      const end = at + sizeBytes;
      const bodyLength = readInt32(bytes, at + BODY_LENGTH_AT);
      if (bodyLength < 0 || bodyLength > sizeBytes - MIN_BATCH_BLOCK_BYTES) throw badBlock(at, 'body length');
      const propertiesAt = at + BODY_AT + bodyLength;
      const propertiesLength = readInt16(bytes, propertiesAt);
      if (propertiesAt + PROPERTIES_LENGTH_BYTES + propertiesLength !== end)
        throw badBlock(at, 'properties length');
      if (propertiesLength > this.#longestProperties) this.#longestProperties = propertiesLength;
      this.#starts.push(at);
      at = end;
    }
  }

  /** Messages. */
  get count(): number {
    return this.#starts.length;
  }

  /** Bytes of the longest properties text. */
  get longestProperties(): number {
    return this.#longestProperties;
  }

  /** The message's own flag, signed 32 bit. */
  flag(index: number): number {
    return readInt32(this.bytes, this.#starts[index]! + FLAG_AT);
  }

  /** First byte of the payload. */
  bodyStart(index: number): number {
    return this.#starts[index]! + BODY_AT;
  }

  /** Behind the last byte of the payload. */
  bodyEnd(index: number): number {
    const start = this.#starts[index]!;
    return start + BODY_AT + readInt32(this.bytes, start + BODY_LENGTH_AT);
  }

  /** First byte of the properties text. */
  propertiesStart(index: number): number {
    return this.bodyEnd(index) + PROPERTIES_LENGTH_BYTES;
  }

  /** Behind the last byte of the properties text. */
  propertiesEnd(index: number): number {
    return index + 1 < this.#starts.length ? this.#starts[index + 1]! : this.bytes.length;
  }
}

/** Messages of a batch body, in order, as views into it. @throws RemotingError BAD_BODY, as `BatchBlocks` */
export function decodeBatch(batch: Buffer): BatchBlock[] {
  const blocks = new BatchBlocks(batch);
  return Array.from({ length: blocks.count }, (_, index) => ({
    flag: blocks.flag(index),
    body: batch.subarray(blocks.bodyStart(index), blocks.bodyEnd(index)),
    properties: batch.subarray(blocks.propertiesStart(index), blocks.propertiesEnd(index)),
  }));
}

function badBlock(at: number, what: string): RemotingError {
  return new RemotingError('BAD_BODY', `batch message at byte ${at} has a wrong ${what}`);
}

/**
 * Messages inside a record that holds a whole batch (sysFlag INNER_BATCH and NEED_UNWRAP), each with its own queue
 * offset; any other message is answered alone (upstream: MessageDecoder.decodeMessage). Throws RemotingError BAD_BODY.
 */
export function unwrapInnerBatch(message: MessageExt): MessageExt[] {
  const wrapped = SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP;
  if ((message.sysFlag & wrapped) !== wrapped) return [message];
  return decodeBatch(message.body).map((block, i) => {
    const properties = decodeProperties(block.properties.toString('utf8'));
    return {
      ...message,
      flag: block.flag,
      body: block.body,
      properties,
      queueOffset: message.queueOffset + i,
      msgId: properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] ?? message.offsetMsgId,
    };
  });
}
