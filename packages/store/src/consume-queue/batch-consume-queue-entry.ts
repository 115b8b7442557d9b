/**
 * One entry of a batch consume queue (upstream store/queue/BatchConsumeQueue): several messages that are one record.
 *
 *    0     8      12         20          28           36          38                42         46
 *    +-----+------+----------+-----------+------------+-----------+-----------------+----------+
 *    | phy | size | tagsCode | storeTime | baseOffset | batchSize | compactedOffset | reserved |
 *    +-----+------+----------+-----------+------------+-----------+-----------------+----------+
 *
 * baseOffset is the queue offset of the first message, batchSize how many there are; compactedOffset is -1 when unused.
 */
import { readInt16, readInt64 } from '@mq/remoting/message';
import { entrySize } from './consume-queue-entry.js';

const PHYSICAL_OFFSET_AT = 0;
const SIZE_AT = PHYSICAL_OFFSET_AT + 8;
const TAGS_CODE_AT = SIZE_AT + 4;
const STORE_TIME_AT = TAGS_CODE_AT + 8;
const BASE_OFFSET_AT = STORE_TIME_AT + 8;
const BATCH_SIZE_AT = BASE_OFFSET_AT + 8;
const COMPACTED_OFFSET_AT = BATCH_SIZE_AT + 2;
const RESERVED_AT = COMPACTED_OFFSET_AT + 4;
export const BATCH_ENTRY_BYTES = RESERVED_AT + 4;

/** Most messages that one entry can stand for: its field is a signed 16-bit number. */
export const MAX_BATCH_SIZE = 0x7fff;
/** compactedOffset of an entry that has none. */
const NOT_COMPACTED = -1;

export interface BatchConsumeQueueEntry {
  readonly physicalOffset: number;
  readonly sizeBytes: number;
  readonly tagsCode: number;
  readonly storeTimestamp: number;
  readonly baseOffset: number;
  readonly batchSize: number;
  readonly compactedOffset?: number;
}

export function writeBatchEntry(target: Buffer, at: number, entry: BatchConsumeQueueEntry): void {
  target.writeBigInt64BE(BigInt(entry.physicalOffset), at + PHYSICAL_OFFSET_AT);
  target.writeInt32BE(entry.sizeBytes, at + SIZE_AT);
  target.writeBigInt64BE(BigInt(entry.tagsCode), at + TAGS_CODE_AT);
  target.writeBigInt64BE(BigInt(entry.storeTimestamp), at + STORE_TIME_AT);
  target.writeBigInt64BE(BigInt(entry.baseOffset), at + BASE_OFFSET_AT);
  target.writeInt16BE(entry.batchSize, at + BATCH_SIZE_AT);
  target.writeInt32BE(entry.compactedOffset ?? NOT_COMPACTED, at + COMPACTED_OFFSET_AT);
  target.writeInt32BE(0, at + RESERVED_AT);
}

/** Undefined where no entry was written. */
export function readBatchEntry(source: Buffer, at = 0): BatchConsumeQueueEntry | undefined {
  if (!isBatchEntryWritten(source, at)) return undefined;
  return {
    physicalOffset: readInt64(source, at + PHYSICAL_OFFSET_AT),
    sizeBytes: entrySize(source, at),
    tagsCode: Number(source.readBigInt64BE(at + TAGS_CODE_AT)),
    storeTimestamp: batchStoreTimestamp(source, at),
    baseOffset: batchBaseOffset(source, at),
    batchSize: batchSize(source, at),
    compactedOffset: source.readInt32BE(at + COMPACTED_OFFSET_AT),
  };
}

/** Whether an entry was written here: what recovery goes by. */
export function isBatchEntryWritten(source: Buffer, at: number): boolean {
  return (
    source[at + PHYSICAL_OFFSET_AT]! < 0x80 &&
    entrySize(source, at) > 0 &&
    source[at + BASE_OFFSET_AT]! < 0x80 &&
    batchSize(source, at) > 0
  );
}

export function batchTagsCode(source: Buffer, at: number): number {
  return Number(source.readBigInt64BE(at + TAGS_CODE_AT));
}

export function batchStoreTimestamp(source: Buffer, at: number): number {
  return readInt64(source, at + STORE_TIME_AT);
}

/** Queue offset of the first message. */
export function batchBaseOffset(source: Buffer, at: number): number {
  return readInt64(source, at + BASE_OFFSET_AT);
}

export function batchSize(source: Buffer, at: number): number {
  return readInt16(source, at + BATCH_SIZE_AT);
}
