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

const PHYSICAL_OFFSET_AT = 0;
const SIZE_AT = PHYSICAL_OFFSET_AT + 8;
const TAGS_CODE_AT = SIZE_AT + 4;
const STORE_TIME_AT = TAGS_CODE_AT + 8;
const BASE_OFFSET_AT = STORE_TIME_AT + 8;
const BATCH_SIZE_AT = BASE_OFFSET_AT + 8;
const COMPACTED_OFFSET_AT = BATCH_SIZE_AT + 2;
const RESERVED_AT = COMPACTED_OFFSET_AT + 4;
export const BATCH_ENTRY_BYTES = RESERVED_AT + 4;

export interface BatchConsumeQueueEntry {
  readonly physicalOffset: number;
  readonly sizeBytes: number;
  readonly tagsCode: number;
  readonly storeTimestamp: number;
  readonly baseOffset: number;
  readonly batchSize: number;
  readonly compactedOffset: number;
}

export function writeBatchEntry(target: Buffer, at: number, entry: BatchConsumeQueueEntry): void {
  target.writeBigInt64BE(BigInt(entry.physicalOffset), at + PHYSICAL_OFFSET_AT);
  target.writeInt32BE(entry.sizeBytes, at + SIZE_AT);
  target.writeBigInt64BE(BigInt(entry.tagsCode), at + TAGS_CODE_AT);
  target.writeBigInt64BE(BigInt(entry.storeTimestamp), at + STORE_TIME_AT);
  target.writeBigInt64BE(BigInt(entry.baseOffset), at + BASE_OFFSET_AT);
  target.writeInt16BE(entry.batchSize, at + BATCH_SIZE_AT);
  target.writeInt32BE(entry.compactedOffset, at + COMPACTED_OFFSET_AT);
  target.writeInt32BE(0, at + RESERVED_AT);
}

/** Undefined where no entry was written. */
export function readBatchEntry(source: Buffer, at = 0): BatchConsumeQueueEntry | undefined {
  const physicalOffset = Number(source.readBigInt64BE(at + PHYSICAL_OFFSET_AT));
  const sizeBytes = source.readInt32BE(at + SIZE_AT);
  const baseOffset = Number(source.readBigInt64BE(at + BASE_OFFSET_AT));
  const batchSize = source.readInt16BE(at + BATCH_SIZE_AT);
  if (physicalOffset < 0 || sizeBytes <= 0 || baseOffset < 0 || batchSize <= 0) return undefined;
  return {
    physicalOffset,
    sizeBytes,
    tagsCode: Number(source.readBigInt64BE(at + TAGS_CODE_AT)),
    storeTimestamp: Number(source.readBigInt64BE(at + STORE_TIME_AT)),
    baseOffset,
    batchSize,
    compactedOffset: source.readInt32BE(at + COMPACTED_OFFSET_AT),
  };
}
