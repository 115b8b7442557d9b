// From a stored record to the message a consumer, a query or a tool sees (upstream: MessageDecoder.decode).
import { isRemotingError } from '../errors.js';
import { decompress } from './compression.js';
import { bodyCrc } from './crc32.js';
import { hostText } from './host.js';
import type { MessageExt } from './message.js';
import { MessageConst } from './message-const.js';
import { encodeOffsetMsgIdAt } from './message-id.js';
import { decodeProperties } from './properties.js';
import {
  MIN_RECORD_BYTES,
  recordBodyCrc,
  recordBornTimestamp,
  recordFlag,
  RecordLayout,
  RecordOffset,
  recordPhysicalOffset,
  recordPreparedTransactionOffset,
  recordQueueId,
  recordQueueOffset,
  recordReconsumeTimes,
  recordSize,
  recordStoreTimestamp,
  recordSysFlag,
  storeHostAt,
} from './record.js';
import { compressionTypeOf, SysFlag } from './sys-flag.js';

/** How much of a record is read. */
export interface DecodeRecordOptions {
  /** Default true; false leaves the body empty. */
  readBody?: boolean;
  /** Decompress a compressed body. Default true. */
  decompress?: boolean;
  /** Largest decompressed body in bytes; a larger one stays compressed. Default as `decompress`. */
  maxBodyBytes?: number;
  /** Refuse a record whose body does not match its CRC (upstream's client does not look). Default false. */
  checkCrc?: boolean;
}

/** How records that follow each other are read. */
export interface DecodeRecordsOptions extends DecodeRecordOptions {
  /** Told the position of the record at which reading had to stop; what follows it is not delivered. */
  onUnreadable?: (at: number) => void;
}

/**
 * Message of the record at `offset`, or undefined when none can be read there. An uncompressed body is a view into
 * `buf`. Longs beyond ±(2^53−1) saturate; the offsetMsgId is exact.
 *
 * A body that cannot be decompressed is delivered compressed, its COMPRESSED bit still set: Java 5.x drops such a
 * message and with it the rest of the batch, which loses messages.
 */
export function decodeRecord(
  buf: Buffer,
  offset = 0,
  options: DecodeRecordOptions = {},
): MessageExt | undefined {
  if (buf.length - offset < MIN_RECORD_BYTES) return undefined;
  const storeSize = recordSize(buf, offset);
  if (storeSize < MIN_RECORD_BYTES || storeSize > buf.length - offset) return undefined;
  const layout = new RecordLayout();
  if (!layout.locate(buf, offset, offset + storeSize)) return undefined;
  const bodyCRC = recordBodyCrc(buf, offset);
  if (options.checkCrc && bodyCrc(buf, layout.bodyStart, layout.bodyEnd) !== bodyCRC) return undefined;

  const sysFlag = recordSysFlag(buf, offset);
  const properties = decodeProperties(buf.toString('utf8', layout.propertiesStart, layout.propertiesEnd));
  const storeHost = offset + storeHostAt(sysFlag);
  const storeV6 = (sysFlag & SysFlag.STOREHOST_V6) !== 0;
  const offsetMsgId = encodeOffsetMsgIdAt(buf, storeHost, storeV6, offset + RecordOffset.PHYSICAL_OFFSET);
  const message: MessageExt = {
    topic: buf.toString('utf8', layout.topicStart, layout.topicEnd),
    body: options.readBody === false ? NO_BYTES : buf.subarray(layout.bodyStart, layout.bodyEnd),
    flag: recordFlag(buf, offset),
    properties,
    queueId: recordQueueId(buf, offset),
    storeSize,
    queueOffset: recordQueueOffset(buf, offset),
    sysFlag,
    bornTimestamp: recordBornTimestamp(buf, offset),
    bornHost: hostText(buf, offset + RecordOffset.BORN_HOST, (sysFlag & SysFlag.BORNHOST_V6) !== 0),
    storeTimestamp: recordStoreTimestamp(buf, offset),
    storeHost: hostText(buf, storeHost, storeV6),
    msgId: properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] ?? offsetMsgId,
    offsetMsgId,
    commitLogOffset: recordPhysicalOffset(buf, offset),
    bodyCRC,
    reconsumeTimes: recordReconsumeTimes(buf, offset),
    preparedTransactionOffset: recordPreparedTransactionOffset(buf, offset),
  };
  if (options.decompress !== false && message.body.length > 0) decompressBody(message, options.maxBodyBytes);
  return message;
}

const NO_BYTES = Buffer.alloc(0);

/** Replaces a compressed body by its content where that is possible, and clears the COMPRESSED bit (the type bits stay, as upstream). */
export function decompressBody(message: MessageExt, maxBytes?: number): void {
  if ((message.sysFlag & SysFlag.COMPRESSED) === 0) return;
  const type = compressionTypeOf(message.sysFlag);
  if (type === undefined) return;
  try {
    message.body = decompress(type, message.body, maxBytes);
    message.sysFlag &= ~SysFlag.COMPRESSED;
  } catch (error) {
    if (!isRemotingError(error)) throw error;
  }
}

/**
 * All messages of a body that is records one after the other (pull, query, view responses). Stops at the first
 * that cannot be read, as upstream, and says so through `onUnreadable`.
 */
export function decodeRecords(buf: Buffer, options: DecodeRecordsOptions = {}): MessageExt[] {
  const messages: MessageExt[] = [];
  for (let at = 0; at < buf.length;) {
    const message = decodeRecord(buf, at, options);
    if (message === undefined) {
      options.onUnreadable?.(at);
      break;
    }
    messages.push(message);
    at += message.storeSize;
  }
  return messages;
}
