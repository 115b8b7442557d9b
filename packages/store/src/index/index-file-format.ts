/**
 * The hash index file (upstream store/index/IndexFile, IndexHeader). Big-endian.
 *
 *   0            40                      40 + 4 * slots            + 20 * entries
 *   +------------+-----------------------+-------------------------+
 *   | header     | slot 0, 1, ...        | entry 0, 1, ...         |
 *   +------------+-----------------------+-------------------------+
 *
 *   header   0 beginTimestamp 8 | 8 endTimestamp 8 | 16 beginPhyOffset 8 | 24 endPhyOffset 8
 *            32 hashSlotCount 4 (slots in use) | 36 indexCount 4 (next entry number; the first is 1)
 *   slot     4: number of the newest entry of its chain, 0 = none; one at or above indexCount is not valid yet
 *   entry    0 keyHash 4 | 4 phyOffset 8 | 12 timeDiff 4 (whole seconds since beginTimestamp) | 16 previous entry 4
 *
 * A key is `topic#key`; its slot is keyHash modulo the number of slots.
 */
import { writeInt32, writeInt64 } from '@mq/remoting/message';

const BEGIN_TIMESTAMP_AT = 0;
const END_TIMESTAMP_AT = BEGIN_TIMESTAMP_AT + 8;
const BEGIN_PHY_OFFSET_AT = END_TIMESTAMP_AT + 8;
const END_PHY_OFFSET_AT = BEGIN_PHY_OFFSET_AT + 8;
const HASH_SLOT_COUNT_AT = END_PHY_OFFSET_AT + 8;
const INDEX_COUNT_AT = HASH_SLOT_COUNT_AT + 4;
export const HEADER_BYTES = INDEX_COUNT_AT + 4;

export const SLOT_BYTES = 4;

const KEY_HASH_AT = 0;
const PHY_OFFSET_AT = KEY_HASH_AT + 4;
const TIME_DIFF_AT = PHY_OFFSET_AT + 8;
const PREVIOUS_AT = TIME_DIFF_AT + 4;
export const INDEX_ENTRY_BYTES = PREVIOUS_AT + 4;

const TWO_32 = 4294967296;

export interface IndexHeader {
  beginTimestamp: number;
  endTimestamp: number;
  beginPhyOffset: number;
  endPhyOffset: number;
  hashSlotCount: number;
  indexCount: number;
}

/** How many slots and entries a file has room for: `maxHashSlotNum`, `maxIndexNum`. Entry 0 is never used. */
export interface IndexFileShape {
  readonly slots: number;
  readonly entries: number;
}

export function indexFileSize({ slots, entries }: IndexFileShape): number {
  return HEADER_BYTES + slots * SLOT_BYTES + entries * INDEX_ENTRY_BYTES;
}

export function slotPosition(slot: number): number {
  return HEADER_BYTES + slot * SLOT_BYTES;
}

export function entryPosition({ slots }: IndexFileShape, entry: number): number {
  return HEADER_BYTES + slots * SLOT_BYTES + entry * INDEX_ENTRY_BYTES;
}

export function encodeIndexHeader(header: IndexHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeBigInt64BE(BigInt(header.beginTimestamp), BEGIN_TIMESTAMP_AT);
  bytes.writeBigInt64BE(BigInt(header.endTimestamp), END_TIMESTAMP_AT);
  bytes.writeBigInt64BE(BigInt(header.beginPhyOffset), BEGIN_PHY_OFFSET_AT);
  bytes.writeBigInt64BE(BigInt(header.endPhyOffset), END_PHY_OFFSET_AT);
  bytes.writeInt32BE(header.hashSlotCount, HASH_SLOT_COUNT_AT);
  bytes.writeInt32BE(header.indexCount, INDEX_COUNT_AT);
  return bytes;
}

/** A count of 0 (a file that was created and never flushed) reads as 1, like upstream. */
export function decodeIndexHeader(bytes: Buffer): IndexHeader {
  return {
    beginTimestamp: Number(bytes.readBigInt64BE(BEGIN_TIMESTAMP_AT)),
    endTimestamp: Number(bytes.readBigInt64BE(END_TIMESTAMP_AT)),
    beginPhyOffset: Number(bytes.readBigInt64BE(BEGIN_PHY_OFFSET_AT)),
    endPhyOffset: Number(bytes.readBigInt64BE(END_PHY_OFFSET_AT)),
    hashSlotCount: bytes.readInt32BE(HASH_SLOT_COUNT_AT),
    indexCount: Math.max(1, bytes.readInt32BE(INDEX_COUNT_AT)),
  };
}

export function writeIndexEntry(
  target: Buffer,
  at: number,
  keyHash: number,
  phyOffset: number,
  timeDiff: number,
  previous: number,
): void {
  writeInt32(target, at + KEY_HASH_AT, keyHash);
  writeInt64(target, at + PHY_OFFSET_AT, phyOffset);
  writeInt32(target, at + TIME_DIFF_AT, timeDiff);
  writeInt32(target, at + PREVIOUS_AT, previous);
}

export interface IndexEntry {
  readonly keyHash: number;
  readonly phyOffset: number;
  /** Seconds. */
  readonly timeDiff: number;
  readonly previous: number;
}

export function readIndexEntry(source: Buffer, at = 0): IndexEntry {
  return {
    keyHash: source.readInt32BE(at + KEY_HASH_AT),
    phyOffset: source.readInt32BE(at + PHY_OFFSET_AT) * TWO_32 + source.readUInt32BE(at + PHY_OFFSET_AT + 4),
    timeDiff: source.readInt32BE(at + TIME_DIFF_AT),
    previous: source.readInt32BE(at + PREVIOUS_AT),
  };
}
