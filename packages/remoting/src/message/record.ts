// The stored message record: commit log, pull, query and view bodies all hold this (remoting.md §4.1, storage.md §2.1).
//
//   0 totalSize  4 magic  8 bodyCRC  12 queueId  16 flag  20 queueOffset:8  28 physicalOffset:8  36 sysFlag
//  40 bornTimestamp:8  48 bornHost:8|20  storeTimestamp:8  storeHost:8|20  reconsumeTimes  preparedTransactionOffset:8
//     bodyLength  body  topicLength:1|2  topic  propertiesLength:2  properties
//
// Big-endian; a host is 20 bytes when its sysFlag bit says IPv6; the topic length is 2 bytes in version 2 only.
import { bodyCrc } from './crc32.js';
import { HOST_BYTES_V4, HOST_BYTES_V6, hostText } from './host.js';
import { readInt32, readInt64, writeInt32, writeInt64 } from './int64.js';
import type { MessageExt } from './message.js';
import { encodeOffsetMsgIdAt } from './message-id.js';
import { MessageConst } from './message-const.js';
import { decodeProperties, PROPERTY_SEPARATOR } from './properties.js';
import { SysFlag } from './sys-flag.js';

export const MAGIC_V1 = 0xdaa320a7 | 0;
export const MAGIC_V2 = 0xdaa320ab | 0;
/** Marks the unused rest of a full commit log file; never on the wire. */
export const MAGIC_BLANK = 0xcbd43194 | 0;

/** Positions of the fields before the first host; the rest depends on the hosts' sizes. */
export const RecordOffset = {
  TOTAL_SIZE: 0,
  MAGIC: 4,
  BODY_CRC: 8,
  QUEUE_ID: 12,
  FLAG: 16,
  QUEUE_OFFSET: 20,
  PHYSICAL_OFFSET: 28,
  SYS_FLAG: 36,
  BORN_TIMESTAMP: 40,
  BORN_HOST: 48,
} as const;

const TIMESTAMP_BYTES = 8;
const RECONSUME_TIMES_BYTES = 4;
const PREPARED_OFFSET_BYTES = 8;
const LENGTH_BYTES = 4;
const PROPERTIES_LENGTH_BYTES = 2;

/** Longest topic a version 1 record can name. */
export const MAX_TOPIC_BYTES_V1 = 127;
export const MAX_PROPERTIES_BYTES = 32767;
/** Smallest record: version 1, IPv4 hosts, nothing in it. */
export const MIN_RECORD_BYTES = 91;
/** A blank record: remaining size and magic. */
export const BLANK_RECORD_BYTES = 8;

/** What the writer puts into a record. Hosts are 8 or 20 bytes (address, int32 port); their IPv6 bits are set from that. */
export interface RecordFields {
  topic: Buffer;
  queueId: number;
  flag: number;
  queueOffset: number;
  physicalOffset: number;
  sysFlag: number;
  bornTimestamp: number;
  bornHost: Buffer;
  storeTimestamp: number;
  storeHost: Buffer;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  body: Buffer;
  properties: Buffer;
  /** Appended to `properties`, 0x02 put between if missing. */
  propertiesSuffix?: Buffer | undefined;
}

/** What the size of a record depends on. */
export type RecordSizing = Pick<
  RecordFields,
  'topic' | 'bornHost' | 'storeHost' | 'body' | 'properties' | 'propertiesSuffix'
>;

/** Bytes of the stored properties text: properties, separator if needed, suffix. */
export function recordPropertiesBytes(properties: Buffer, suffix: Buffer | undefined): number {
  if (suffix === undefined || suffix.length === 0) return properties.length;
  return properties.length + suffix.length + (needsSeparator(properties) ? 1 : 0);
}

function needsSeparator(properties: Buffer): boolean {
  return properties.length > 0 && properties[properties.length - 1] !== PROPERTY_SEPARATOR;
}

/** Size in bytes `writeRecord` will need. */
export function recordBytes(fields: RecordSizing): number {
  const hosts = fields.bornHost.length + fields.storeHost.length - 2 * HOST_BYTES_V4;
  const topicLengthExtra = fields.topic.length > MAX_TOPIC_BYTES_V1 ? 1 : 0;
  const variable =
    fields.body.length +
    fields.topic.length +
    recordPropertiesBytes(fields.properties, fields.propertiesSuffix);
  return MIN_RECORD_BYTES + hosts + topicLengthExtra + variable;
}

/**
 * Writes one record at `at` and returns its size. Allocates nothing. The caller has made sure of the room
 * (`recordBytes`) and of the bounds: topic <= 32767, properties <= MAX_PROPERTIES_BYTES.
 */
export function writeRecord(target: Buffer, at: number, fields: RecordFields): number {
  const { body, topic, properties, propertiesSuffix, bornHost, storeHost } = fields;
  const version2 = topic.length > MAX_TOPIC_BYTES_V1;
  writeInt32(target, at + RecordOffset.MAGIC, version2 ? MAGIC_V2 : MAGIC_V1);
  writeInt32(target, at + RecordOffset.BODY_CRC, bodyCrc(body));
  writeInt32(target, at + RecordOffset.QUEUE_ID, fields.queueId);
  writeInt32(target, at + RecordOffset.FLAG, fields.flag);
  writeInt64(target, at + RecordOffset.QUEUE_OFFSET, fields.queueOffset);
  writeInt64(target, at + RecordOffset.PHYSICAL_OFFSET, fields.physicalOffset);
  writeInt32(target, at + RecordOffset.SYS_FLAG, sysFlagFor(fields.sysFlag, bornHost, storeHost));
  writeInt64(target, at + RecordOffset.BORN_TIMESTAMP, fields.bornTimestamp);
  let p = at + RecordOffset.BORN_HOST;
  target.set(bornHost, p);
  p += bornHost.length;
  writeInt64(target, p, fields.storeTimestamp);
  p += TIMESTAMP_BYTES;
  target.set(storeHost, p);
  p += storeHost.length;
  writeInt32(target, p, fields.reconsumeTimes);
  p += RECONSUME_TIMES_BYTES;
  writeInt64(target, p, fields.preparedTransactionOffset);
  p += PREPARED_OFFSET_BYTES;
  writeInt32(target, p, body.length);
  p += LENGTH_BYTES;
  target.set(body, p);
  p += body.length;
  if (version2) target[p++] = topic.length >>> 8;
  target[p++] = topic.length;
  target.set(topic, p);
  p += topic.length;
  const propertiesLength = recordPropertiesBytes(properties, propertiesSuffix);
  target[p++] = propertiesLength >>> 8;
  target[p++] = propertiesLength;
  target.set(properties, p);
  p += properties.length;
  if (propertiesSuffix !== undefined && propertiesSuffix.length > 0) {
    if (needsSeparator(properties)) target[p++] = PROPERTY_SEPARATOR;
    target.set(propertiesSuffix, p);
    p += propertiesSuffix.length;
  }
  writeInt32(target, at + RecordOffset.TOTAL_SIZE, p - at);
  return p - at;
}

function sysFlagFor(sysFlag: number, bornHost: Buffer, storeHost: Buffer): number {
  const born = bornHost.length === HOST_BYTES_V6 ? SysFlag.BORNHOST_V6 : 0;
  const store = storeHost.length === HOST_BYTES_V6 ? SysFlag.STOREHOST_V6 : 0;
  return (sysFlag & ~(SysFlag.BORNHOST_V6 | SysFlag.STOREHOST_V6)) | born | store;
}

/** A record in a buffer of its own (tests, tools; the store uses writeRecord). */
export function encodeRecord(fields: RecordFields): Buffer {
  const buf = Buffer.allocUnsafe(recordBytes(fields));
  writeRecord(buf, 0, fields);
  return buf;
}

/** Writes the 8-byte blank record that closes a commit log file with `remaining` bytes left. */
export function writeBlankRecord(target: Buffer, at: number, remaining: number): void {
  writeInt32(target, at, remaining);
  writeInt32(target, at + RecordOffset.MAGIC, MAGIC_BLANK);
}

// Cheap readers of single fields. `at` is the record's start; the caller knows that a whole record stands there.

export function recordSize(buf: Buffer, at: number): number {
  return readInt32(buf, at);
}
export function recordMagic(buf: Buffer, at: number): number {
  return readInt32(buf, at + RecordOffset.MAGIC);
}
export function recordBodyCrc(buf: Buffer, at: number): number {
  return readInt32(buf, at + RecordOffset.BODY_CRC);
}
export function recordQueueId(buf: Buffer, at: number): number {
  return readInt32(buf, at + RecordOffset.QUEUE_ID);
}
export function recordFlag(buf: Buffer, at: number): number {
  return readInt32(buf, at + RecordOffset.FLAG);
}
export function recordQueueOffset(buf: Buffer, at: number): number {
  return readInt64(buf, at + RecordOffset.QUEUE_OFFSET);
}
export function recordPhysicalOffset(buf: Buffer, at: number): number {
  return readInt64(buf, at + RecordOffset.PHYSICAL_OFFSET);
}
export function recordSysFlag(buf: Buffer, at: number): number {
  return readInt32(buf, at + RecordOffset.SYS_FLAG);
}
export function recordBornTimestamp(buf: Buffer, at: number): number {
  return readInt64(buf, at + RecordOffset.BORN_TIMESTAMP);
}
export function recordStoreTimestamp(buf: Buffer, at: number): number {
  return readInt64(buf, at + storeTimestampAt(recordSysFlag(buf, at)));
}
export function recordReconsumeTimes(buf: Buffer, at: number): number {
  return readInt32(buf, at + reconsumeTimesAt(recordSysFlag(buf, at)));
}
export function recordPreparedTransactionOffset(buf: Buffer, at: number): number {
  return readInt64(buf, at + reconsumeTimesAt(recordSysFlag(buf, at)) + RECONSUME_TIMES_BYTES);
}

/** Position of the store timestamp inside a record with this sysFlag. */
export function storeTimestampAt(sysFlag: number): number {
  return RecordOffset.BORN_HOST + (sysFlag & SysFlag.BORNHOST_V6 ? HOST_BYTES_V6 : HOST_BYTES_V4);
}

/** Position of the store host inside a record with this sysFlag. */
export function storeHostAt(sysFlag: number): number {
  return storeTimestampAt(sysFlag) + TIMESTAMP_BYTES;
}

function reconsumeTimesAt(sysFlag: number): number {
  return storeHostAt(sysFlag) + (sysFlag & SysFlag.STOREHOST_V6 ? HOST_BYTES_V6 : HOST_BYTES_V4);
}

/** Position of the int32 body length inside a record with this sysFlag. */
export function bodyLengthAt(sysFlag: number): number {
  return reconsumeTimesAt(sysFlag) + RECONSUME_TIMES_BYTES + PREPARED_OFFSET_BYTES;
}

/**
 * Positions (absolute in the buffer) of a record's variable parts. Reusable: `locate` fills the same object again,
 * so that walking a log allocates nothing.
 */
export class RecordLayout {
  sizeBytes = 0;
  bodyStart = 0;
  bodyEnd = 0;
  topicStart = 0;
  topicEnd = 0;
  propertiesStart = 0;
  propertiesEnd = 0;

  /** False when the lengths inside the record at `at` do not fit before `end`, or the magic is not a record's. */
  locate(buf: Buffer, at: number, end: number = buf.length): boolean {
    if (end - at < MIN_RECORD_BYTES) return false;
    const magic = recordMagic(buf, at);
    if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return false;
    const lengthAt = at + bodyLengthAt(recordSysFlag(buf, at));
    if (lengthAt + LENGTH_BYTES > end) return false;
    const bodyLength = readInt32(buf, lengthAt);
    this.bodyStart = lengthAt + LENGTH_BYTES;
    this.bodyEnd = this.bodyStart + bodyLength;
    const topicLengthBytes = magic === MAGIC_V2 ? 2 : 1;
    if (bodyLength < 0 || this.bodyEnd + topicLengthBytes > end) return false;
    const topicLength = magic === MAGIC_V2 ? buf.readInt16BE(this.bodyEnd) : buf.readInt8(this.bodyEnd);
    this.topicStart = this.bodyEnd + topicLengthBytes;
    this.topicEnd = this.topicStart + topicLength;
    if (topicLength < 0 || this.topicEnd + PROPERTIES_LENGTH_BYTES > end) return false;
    const propertiesLength = buf.readInt16BE(this.topicEnd);
    this.propertiesStart = this.topicEnd + PROPERTIES_LENGTH_BYTES;
    this.propertiesEnd = this.propertiesStart + Math.max(0, propertiesLength);
    this.sizeBytes = recordSize(buf, at);
    return this.propertiesEnd <= end;
  }
}

/** Result of checkRecord. `blank` = the rest of this file is unused; `bad` carries what is wrong. */
export type RecordCheck =
  | { readonly kind: 'record'; readonly sizeBytes: number }
  | { readonly kind: 'blank'; readonly sizeBytes: number }
  | { readonly kind: 'bad'; readonly reason: RecordDefect };

export type RecordDefect =
  'TOO_SHORT' | 'SIZE' | 'MAGIC' | 'LENGTHS' | 'BODY_CRC' | 'PROPERTY_CRC' | 'PHYSICAL_OFFSET';

export interface RecordCheckOptions {
  /** Check the body CRC (upstream: checkCRCOnRecover). Default true. */
  checkBodyCrc?: boolean;
  /** Expected physical offset; a record that names another one is bad. */
  physicalOffset?: number;
}

/** Recovery-grade check of what stands at `at`; never reads at or behind `end`. Order as storage.md §8. */
export function checkRecord(
  buf: Buffer,
  at: number,
  end: number,
  options: RecordCheckOptions = {},
): RecordCheck {
  const rest = end - at;
  if (rest < BLANK_RECORD_BYTES) return bad('TOO_SHORT');
  const sizeBytes = recordSize(buf, at);
  if (sizeBytes > rest) return bad('SIZE');
  const magic = recordMagic(buf, at);
  if (magic === MAGIC_BLANK)
    return sizeBytes < BLANK_RECORD_BYTES ? bad('SIZE') : { kind: 'blank', sizeBytes };
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return bad('MAGIC');
  if (sizeBytes < MIN_RECORD_BYTES) return bad('SIZE');
  const layout = checkLayout;
  if (!layout.locate(buf, at, at + sizeBytes) || layout.propertiesEnd !== at + sizeBytes)
    return bad('LENGTHS');
  if (
    options.checkBodyCrc !== false &&
    bodyCrc(buf, layout.bodyStart, layout.bodyEnd) !== recordBodyCrc(buf, at)
  ) {
    return bad('BODY_CRC');
  }
  if (options.physicalOffset !== undefined && options.physicalOffset !== recordPhysicalOffset(buf, at)) {
    return bad('PHYSICAL_OFFSET');
  }
  return { kind: 'record', sizeBytes };
}

const checkLayout = new RecordLayout();

function bad(reason: RecordDefect): RecordCheck {
  return { kind: 'bad', reason };
}

export interface DecodeRecordOptions {
  /** Default true; false leaves the body empty. */
  readBody?: boolean;
  /** Decompress a compressed body. Default true. */
  decompress?: boolean;
  /** Refuse a record whose body does not match its CRC (upstream's client does not). Default false. */
  checkCrc?: boolean;
}

/**
 * Message of the record at `offset`, or undefined when none can be read there (upstream: MessageDecoder.decode
 * answers null). The body is a view into `buf`.
 */
export function decodeRecord(
  buf: Buffer,
  offset = 0,
  options: DecodeRecordOptions = {},
): MessageExt | undefined {
  const layout = new RecordLayout();
  if (!layout.locate(buf, offset)) return undefined;
  if (options.checkCrc && bodyCrc(buf, layout.bodyStart, layout.bodyEnd) !== recordBodyCrc(buf, offset))
    return undefined;
  const sysFlag = recordSysFlag(buf, offset);
  const properties = decodeProperties(buf.toString('utf8', layout.propertiesStart, layout.propertiesEnd));
  const storeHost = offset + storeHostAt(sysFlag);
  const storeV6 = (sysFlag & SysFlag.STOREHOST_V6) !== 0;
  const offsetMsgId = encodeOffsetMsgIdAt(buf, storeHost, storeV6, offset + RecordOffset.PHYSICAL_OFFSET);
  return {
    topic: buf.toString('utf8', layout.topicStart, layout.topicEnd),
    body: options.readBody === false ? EMPTY : buf.subarray(layout.bodyStart, layout.bodyEnd),
    flag: recordFlag(buf, offset),
    properties,
    queueId: recordQueueId(buf, offset),
    storeSize: layout.sizeBytes,
    queueOffset: recordQueueOffset(buf, offset),
    sysFlag,
    bornTimestamp: recordBornTimestamp(buf, offset),
    bornHost: hostText(buf, offset + RecordOffset.BORN_HOST, (sysFlag & SysFlag.BORNHOST_V6) !== 0),
    storeTimestamp: recordStoreTimestamp(buf, offset),
    storeHost: hostText(buf, storeHost, storeV6),
    msgId: properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] ?? offsetMsgId,
    offsetMsgId,
    commitLogOffset: recordPhysicalOffset(buf, offset),
    bodyCRC: recordBodyCrc(buf, offset),
    reconsumeTimes: recordReconsumeTimes(buf, offset),
    preparedTransactionOffset: recordPreparedTransactionOffset(buf, offset),
  };
}

const EMPTY = Buffer.alloc(0);

/** All records of a body that is nothing but records; stops at the first that cannot be read, as upstream. */
export function decodeRecords(buf: Buffer, options: DecodeRecordOptions = {}): MessageExt[] {
  const messages: MessageExt[] = [];
  let at = 0;
  while (at < buf.length) {
    const message = decodeRecord(buf, at, options);
    if (message === undefined || message.storeSize <= 0) break;
    messages.push(message);
    at += message.storeSize;
  }
  return messages;
}
