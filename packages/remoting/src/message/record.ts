// The stored message record: commit log, pull, query and view bodies all hold this (upstream: MessageDecoder).
//
//   0 totalSize  4 magic  8 bodyCRC  12 queueId  16 flag  20 queueOffset:8  28 physicalOffset:8  36 sysFlag
//  40 bornTimestamp:8  48 bornHost:8|20  storeTimestamp:8  storeHost:8|20  reconsumeTimes  preparedTransactionOffset:8
//     bodyLength  body  topicLength:1|2  topic  propertiesLength:2  properties
//
// Big-endian; a host is 20 bytes when its sysFlag bit says IPv6; the topic length is 2 bytes in version 2 only.
import { copyPart, copyPartWithCrc } from './copy-part.js';
import { bodyCrc } from './crc32.js';
import { HOST_BYTES_V4, HOST_BYTES_V6 } from './host.js';
import { readInt16, readInt32, readInt64, setInt64, writeInt32 } from './int64.js';
import { LastView } from './last-view.js';
import { PROPERTY_SEPARATOR } from './properties.js';
import { hasPropertyCrc, PROPERTY_CRC_BYTES, verifyPropertyCrc, writePropertyCrc } from './property-crc.js';
import { SysFlag } from './sys-flag.js';

/** Magic of records whose topic is at most 127 bytes long. */
export const MAGIC_V1 = 0xdaa320a7 | 0;
/** Magic of records with a two-byte topic length (5.x). */
export const MAGIC_V2 = 0xdaa320ab | 0;
/** Marks the unused rest of a full commit log file; never on the wire. */
export const MAGIC_BLANK = 0xcbd43194 | 0;

const INT32 = 4;
const INT64 = 8;

const TOTAL_SIZE = 0;
const MAGIC = TOTAL_SIZE + INT32;
const BODY_CRC = MAGIC + INT32;
const QUEUE_ID = BODY_CRC + INT32;
const FLAG = QUEUE_ID + INT32;
const QUEUE_OFFSET = FLAG + INT32;
const PHYSICAL_OFFSET = QUEUE_OFFSET + INT64;
const SYS_FLAG = PHYSICAL_OFFSET + INT64;
const BORN_TIMESTAMP = SYS_FLAG + INT32;
const BORN_HOST = BORN_TIMESTAMP + INT64;

/** Positions of the fields up to the first host; where the later ones are depends on the sysFlag (`storeTimestampAt` ...). */
export const RecordOffset = {
  TOTAL_SIZE,
  MAGIC,
  BODY_CRC,
  QUEUE_ID,
  FLAG,
  QUEUE_OFFSET,
  PHYSICAL_OFFSET,
  SYS_FLAG,
  BORN_TIMESTAMP,
  BORN_HOST,
} as const;

const PROPERTIES_LENGTH_BYTES = 2;

/** Longest topic a version 1 record can name. */
export const MAX_TOPIC_BYTES_V1 = 127;
/** Longest topic at all: the length of version 2 is a signed int16. */
export const MAX_TOPIC_BYTES_V2 = 32767;
/** Longest properties: their length is a signed int16. */
export const MAX_PROPERTIES_BYTES = 32767;
/** Smallest record: version 1, IPv4 hosts, nothing in it. */
export const MIN_RECORD_BYTES = 91;
/** A blank record: remaining size and magic. */
export const BLANK_RECORD_BYTES = 8;

/** What the writer puts into a record. Hosts are 8 or 20 bytes (address, int32 port); their IPv6 bits are set from that. */
export interface RecordFields {
  /** UTF-8, at most `MAX_TOPIC_BYTES_V2` bytes; more than `MAX_TOPIC_BYTES_V1` make a version 2 record. */
  topic: Buffer;
  /** int32. */
  queueId: number;
  /** The application's own flag, int32. */
  flag: number;
  /** Place in the queue. */
  queueOffset: number;
  /** Place of the record in the log, bytes. */
  physicalOffset: number;
  /** Bits of `SysFlag`; those for IPv6 are set from the hosts. */
  sysFlag: number;
  /** ms, the producer's clock. */
  bornTimestamp: number;
  /** The producer: address, int32 port. */
  bornHost: Buffer;
  /** ms, the broker's clock. */
  storeTimestamp: number;
  /** The broker: address, int32 port. */
  storeHost: Buffer;
  /** Deliveries that failed before. */
  reconsumeTimes: number;
  /** Log offset of the half message a commit or rollback record belongs to, else 0. */
  preparedTransactionOffset: number;
  /** Holds the payload, as it travels, compressed or not. */
  body: Buffer;
  /** First byte of the payload in `body`. Default 0. */
  bodyStart?: number;
  /** Behind the last byte of the payload. Default: the end of `body`. */
  bodyEnd?: number;
  /** Holds the encoded properties text, at most `MAX_PROPERTIES_BYTES` with the suffix. */
  properties: Buffer;
  /** First byte of the text in `properties`. Default 0. */
  propertiesStart?: number;
  /** Behind the last byte of the text. Default: the end of `properties`. */
  propertiesEnd?: number;
  /** Appended to `properties`, 0x02 put between if missing. */
  propertiesSuffix?: Buffer | undefined;
  /** Close the properties with a checksum of the whole record (see property-crc.ts). Default false. */
  appendPropertyCrc?: boolean | undefined;
}

/** What the size of a record depends on. */
export type RecordSizing = Pick<
  RecordFields,
  | 'topic'
  | 'bornHost'
  | 'storeHost'
  | 'body'
  | 'bodyStart'
  | 'bodyEnd'
  | 'properties'
  | 'propertiesStart'
  | 'propertiesEnd'
  | 'propertiesSuffix'
  | 'appendPropertyCrc'
>;

/** Bytes of the properties `[start, end)` as stored: text, suffix, checksum and the separators put between them. */
export function recordPropertiesBytes(
  properties: Buffer,
  suffix?: Buffer,
  appendPropertyCrc = false,
  start = 0,
  end = properties.length,
): number {
  let bytes = end - start;
  let open = isOpen(properties, start, end);
  if (suffix !== undefined && suffix.length > 0) {
    bytes += suffix.length + (open ? 1 : 0);
    open = isOpen(suffix);
  }
  return appendPropertyCrc ? bytes + PROPERTY_CRC_BYTES + (open ? 1 : 0) : bytes;
}

/** `recordPropertiesBytes` of the record that these fields make. */
export function propertiesBytesOf(fields: RecordSizing): number {
  const { properties, propertiesSuffix, appendPropertyCrc, propertiesStart, propertiesEnd } = fields;
  return recordPropertiesBytes(
    properties,
    propertiesSuffix,
    appendPropertyCrc,
    propertiesStart,
    propertiesEnd,
  );
}

/** True for text whose last pair is not closed by 0x02. */
function isOpen(properties: Buffer, start = 0, end = properties.length): boolean {
  return end > start && properties[end - 1] !== PROPERTY_SEPARATOR;
}

/** Size in bytes `writeRecord` will need. */
export function recordBytes(fields: RecordSizing): number {
  const ipv6Extra = fields.bornHost.length + fields.storeHost.length - 2 * HOST_BYTES_V4;
  const version2Extra = fields.topic.length > MAX_TOPIC_BYTES_V1 ? 1 : 0;
  return (
    MIN_RECORD_BYTES +
    ipv6Extra +
    version2Extra +
    (fields.bodyEnd ?? fields.body.length) -
    (fields.bodyStart ?? 0) +
    fields.topic.length +
    propertiesBytesOf(fields)
  );
}

const targetView = new LastView();

/**
 * Writes one record at `at` and returns its size in bytes. Allocates nothing. The caller has made sure of the room
 * (`recordBytes`). Throws RangeError, with the target's bytes undefined, for a topic or properties longer than
 * their length fields can say, or a number that is no safe integer.
 */
export function writeRecord(target: Buffer, at: number, fields: RecordFields): number {
  const { body, bodyStart = 0, bodyEnd = body.length, topic, propertiesSuffix, bornHost, storeHost } = fields;
  const { properties, propertiesStart = 0, propertiesEnd = properties.length } = fields;
  const propertiesLength = propertiesBytesOf(fields);
  if (propertiesLength > MAX_PROPERTIES_BYTES || topic.length > MAX_TOPIC_BYTES_V2) {
    throw new RangeError(
      `record cannot hold a topic of ${topic.length} and properties of ${propertiesLength} bytes`,
    );
  }
  const view = targetView.of(target);
  const version2 = topic.length > MAX_TOPIC_BYTES_V1;
  view.setInt32(at + MAGIC, version2 ? MAGIC_V2 : MAGIC_V1);
  view.setInt32(at + QUEUE_ID, fields.queueId);
  view.setInt32(at + FLAG, fields.flag);
  setInt64(view, at + QUEUE_OFFSET, fields.queueOffset);
  setInt64(view, at + PHYSICAL_OFFSET, fields.physicalOffset);
  view.setInt32(at + SYS_FLAG, sysFlagFor(fields.sysFlag, bornHost, storeHost));
  setInt64(view, at + BORN_TIMESTAMP, fields.bornTimestamp);
  let p = copyBytes(target, at + BORN_HOST, bornHost);
  setInt64(view, p, fields.storeTimestamp);
  p = copyBytes(target, p + INT64, storeHost);
  view.setInt32(p, fields.reconsumeTimes);
  setInt64(view, p + INT32, fields.preparedTransactionOffset);
  p += INT32 + INT64;
  const bodyLength = bodyEnd - bodyStart;
  view.setInt32(p, bodyLength);
  p += INT32;
  if (bodyLength === body.length) {
    target.set(body, p);
    view.setInt32(at + BODY_CRC, bodyCrc(body));
  } else view.setInt32(at + BODY_CRC, copyPartWithCrc(target, p, body, bodyStart, bodyEnd));
  p += bodyLength;
  if (version2) target[p++] = topic.length >>> 8;
  target[p++] = topic.length;
  p = copyBytes(target, p, topic);
  view.setInt16(p, propertiesLength);
  p = copyBytes(target, p + PROPERTIES_LENGTH_BYTES, properties, propertiesStart, propertiesEnd);
  let open = isOpen(properties, propertiesStart, propertiesEnd);
  if (propertiesSuffix !== undefined && propertiesSuffix.length > 0) {
    if (open) target[p++] = PROPERTY_SEPARATOR;
    p = copyBytes(target, p, propertiesSuffix);
    open = isOpen(propertiesSuffix);
  }
  if (fields.appendPropertyCrc) {
    if (open) target[p++] = PROPERTY_SEPARATOR;
    p += PROPERTY_CRC_BYTES;
  }
  const sizeBytes = p - at;
  view.setInt32(at + TOTAL_SIZE, sizeBytes);
  if (fields.appendPropertyCrc) writePropertyCrc(target, at, p);
  return sizeBytes;
}

function sysFlagFor(sysFlag: number, bornHost: Buffer, storeHost: Buffer): number {
  const born = bornHost.length === HOST_BYTES_V6 ? SysFlag.BORNHOST_V6 : 0;
  const store = storeHost.length === HOST_BYTES_V6 ? SysFlag.STOREHOST_V6 : 0;
  return (sysFlag & ~(SysFlag.BORNHOST_V6 | SysFlag.STOREHOST_V6)) | born | store;
}

/** Copies a part of `source` and returns the position behind it. Up to a host's size a loop beats the call into `set`. */
function copyBytes(target: Buffer, at: number, source: Buffer, start = 0, end = source.length): number {
  const length = end - start;
  if (length <= HOST_BYTES_V4) for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
  else if (length === source.length) target.set(source, at);
  else copyPart(target, at, source, start, end);
  return at + length;
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
  writeInt32(target, at + MAGIC, MAGIC_BLANK);
}

// Cheap readers of single fields. `at` is the record's start; the caller knows that a whole record stands there.

/** Bytes of the record, its size field included. */
export function recordSize(buf: Buffer, at: number): number {
  return readInt32(buf, at);
}
/** `MAGIC_V1`, `MAGIC_V2`, or that of a blank. */
export function recordMagic(buf: Buffer, at: number): number {
  return readInt32(buf, at + MAGIC);
}
/** CRC32 of the body as stored. */
export function recordBodyCrc(buf: Buffer, at: number): number {
  return readInt32(buf, at + BODY_CRC);
}
/** Queue within the topic. */
export function recordQueueId(buf: Buffer, at: number): number {
  return readInt32(buf, at + QUEUE_ID);
}
/** The application's own number. */
export function recordFlag(buf: Buffer, at: number): number {
  return readInt32(buf, at + FLAG);
}
/** Place in its queue; 0 for prepared and rolled-back messages. */
export function recordQueueOffset(buf: Buffer, at: number): number {
  return readInt64(buf, at + QUEUE_OFFSET);
}
/** Place in the commit log, of the record's first byte. */
export function recordPhysicalOffset(buf: Buffer, at: number): number {
  return readInt64(buf, at + PHYSICAL_OFFSET);
}
/** Bits of `SysFlag`. */
export function recordSysFlag(buf: Buffer, at: number): number {
  return readInt32(buf, at + SYS_FLAG);
}
/** When the producer made it, ms since 1970 by its clock. */
export function recordBornTimestamp(buf: Buffer, at: number): number {
  return readInt64(buf, at + BORN_TIMESTAMP);
}
/** When the broker stored it, ms since 1970 by its clock. */
export function recordStoreTimestamp(buf: Buffer, at: number): number {
  return readInt64(buf, at + storeTimestampAt(recordSysFlag(buf, at)));
}
/** How often it was given back. */
export function recordReconsumeTimes(buf: Buffer, at: number): number {
  return readInt32(buf, at + reconsumeTimesAt(recordSysFlag(buf, at)));
}
/** Place of the half message that a commit or rollback belongs to. */
export function recordPreparedTransactionOffset(buf: Buffer, at: number): number {
  return readInt64(buf, at + reconsumeTimesAt(recordSysFlag(buf, at)) + INT32);
}

/** Position of the store timestamp inside a record with this sysFlag. */
export function storeTimestampAt(sysFlag: number): number {
  return BORN_HOST + (sysFlag & SysFlag.BORNHOST_V6 ? HOST_BYTES_V6 : HOST_BYTES_V4);
}

/** Position of the store host inside a record with this sysFlag. */
export function storeHostAt(sysFlag: number): number {
  return storeTimestampAt(sysFlag) + INT64;
}

function reconsumeTimesAt(sysFlag: number): number {
  return storeHostAt(sysFlag) + (sysFlag & SysFlag.STOREHOST_V6 ? HOST_BYTES_V6 : HOST_BYTES_V4);
}

/** Position of the int32 body length inside a record with this sysFlag. */
export function bodyLengthAt(sysFlag: number): number {
  return reconsumeTimesAt(sysFlag) + INT32 + INT64;
}

/**
 * Positions (absolute in the buffer, half-open) of a record's variable parts. Reusable: `locate` fills the same
 * object again, so that walking a log allocates nothing.
 */
export class RecordLayout {
  /** First byte of the body. */
  bodyStart = 0;
  /** Behind the last byte of the body. */
  bodyEnd = 0;
  /** First byte of the topic. */
  topicStart = 0;
  /** Behind the last byte of the topic. */
  topicEnd = 0;
  /** First byte of the properties text. */
  propertiesStart = 0;
  /** Behind the last byte of the properties text. */
  propertiesEnd = 0;

  /**
   * Follows the lengths inside the record at `at`. False when its magic is not a record's or its parts reach
   * behind `end`. Negative properties lengths count as none (Java reads them so; a topic or body length must not be).
   */
  locate(buf: Buffer, at: number, end: number = buf.length): boolean {
    if (end - at < MIN_RECORD_BYTES) return false;
    const magic = recordMagic(buf, at);
    if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return false;
    const lengthAt = at + bodyLengthAt(recordSysFlag(buf, at));
    if (lengthAt + INT32 > end) return false;
    const bodyLength = readInt32(buf, lengthAt);
    this.bodyStart = lengthAt + INT32;
    this.bodyEnd = this.bodyStart + bodyLength;
    const topicLengthBytes = magic === MAGIC_V2 ? 2 : 1;
    if (bodyLength < 0 || this.bodyEnd + topicLengthBytes > end) return false;
    const topicLength = magic === MAGIC_V2 ? readInt16(buf, this.bodyEnd) : (buf[this.bodyEnd]! << 24) >> 24;
    this.topicStart = this.bodyEnd + topicLengthBytes;
    this.topicEnd = this.topicStart + topicLength;
    if (topicLength < 0 || this.topicEnd + PROPERTIES_LENGTH_BYTES > end) return false;
    const propertiesLength = readInt16(buf, this.topicEnd);
    this.propertiesStart = this.topicEnd + PROPERTIES_LENGTH_BYTES;
    this.propertiesEnd = this.propertiesStart + (propertiesLength > 0 ? propertiesLength : 0);
    return this.propertiesEnd <= end;
  }
}

/** What stands at a position of the log. `blank`: the rest of this file (`sizeBytes`) is unused. */
export type RecordCheck =
  | { readonly kind: 'record'; readonly sizeBytes: number }
  | { readonly kind: 'blank'; readonly sizeBytes: number }
  | { readonly kind: 'bad'; readonly reason: RecordDefect };

/** Why there is no record: in the order of the checks. */
export type RecordDefect =
  /** Not even size and magic are there. */
  | 'TOO_SHORT'
  /** The size is below a record's minimum (0 in space never written) or reaches behind the end. */
  | 'SIZE'
  | 'MAGIC'
  /** It is a record of another place of the log: stale bytes. */
  | 'PHYSICAL_OFFSET'
  /** The lengths of its parts do not add up to its size. */
  | 'LENGTHS'
  | 'BODY_CRC'
  | 'PROPERTY_CRC';

/** How strictly a record is checked. */
export interface RecordCheckOptions {
  /** Check the body CRC (upstream: checkCRCOnRecover). Default true. */
  checkBodyCrc?: boolean;
  /** Check the property CRC of a record that has one, in place of the body's. */
  checkPropertyCrc?: boolean;
  /** Check the property CRC in place of the body's; a record without one is bad (upstream: forceVerifyPropCRC). */
  requirePropertyCrc?: boolean;
  /** The record must name this physical offset as its own (upstream does not check). */
  physicalOffset?: number;
  /** Filled with the parts of a good record, to save locating them again. */
  layout?: RecordLayout;
}

/**
 * Recovery-grade check of what stands at `at`; never reads at or behind `end`, never throws. Every defect upstream
 * sees is seen (CommitLog.checkMessageAndReturnSize); the lengths are checked before the CRC that depends on them.
 */
export function checkRecord(
  buf: Buffer,
  at: number,
  end: number,
  options: RecordCheckOptions = {},
): RecordCheck {
  const rest = Math.min(end, buf.length) - at;
  if (rest < BLANK_RECORD_BYTES) return DEFECTS.TOO_SHORT;
  const sizeBytes = recordSize(buf, at);
  const magic = recordMagic(buf, at);
  if (sizeBytes > rest) return DEFECTS.SIZE;
  if (magic === MAGIC_BLANK)
    return sizeBytes < BLANK_RECORD_BYTES ? DEFECTS.SIZE : { kind: 'blank', sizeBytes };
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return sizeBytes === 0 ? DEFECTS.SIZE : DEFECTS.MAGIC;
  if (sizeBytes < MIN_RECORD_BYTES) return DEFECTS.SIZE;
  if (options.physicalOffset !== undefined && options.physicalOffset !== recordPhysicalOffset(buf, at)) {
    return DEFECTS.PHYSICAL_OFFSET;
  }
  const layout = options.layout ?? new RecordLayout();
  if (!layout.locate(buf, at, at + sizeBytes) || layout.propertiesEnd !== at + sizeBytes)
    return DEFECTS.LENGTHS;
  const { requirePropertyCrc, checkPropertyCrc } = options;
  if (requirePropertyCrc || (checkPropertyCrc && hasPropertyCrc(buf, at, at + sizeBytes))) {
    if (!verifyPropertyCrc(buf, at, at + sizeBytes)) return DEFECTS.PROPERTY_CRC;
  } else if (options.checkBodyCrc !== false) {
    if (bodyCrc(buf, layout.bodyStart, layout.bodyEnd) !== recordBodyCrc(buf, at)) return DEFECTS.BODY_CRC;
  }
  return { kind: 'record', sizeBytes };
}

const DEFECTS = {
  TOO_SHORT: { kind: 'bad', reason: 'TOO_SHORT' },
  SIZE: { kind: 'bad', reason: 'SIZE' },
  MAGIC: { kind: 'bad', reason: 'MAGIC' },
  PHYSICAL_OFFSET: { kind: 'bad', reason: 'PHYSICAL_OFFSET' },
  LENGTHS: { kind: 'bad', reason: 'LENGTHS' },
  BODY_CRC: { kind: 'bad', reason: 'BODY_CRC' },
  PROPERTY_CRC: { kind: 'bad', reason: 'PROPERTY_CRC' },
} as const satisfies Record<RecordDefect, RecordCheck>;
