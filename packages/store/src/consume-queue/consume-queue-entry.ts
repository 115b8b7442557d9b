/**
 * One entry of a consume queue file (upstream store/ConsumeQueue).
 *
 *    0        8      12        20
 *    +--------+------+---------+
 *    | phy    | size | tagsCode|     all big-endian, signed
 *    +--------+------+---------+
 *
 *  - phy       physical offset of the record in the log
 *  - size      its length; > 0 in every entry that was written
 *  - tagsCode  Java hash of the tag, or deliver time (delay topic), or, at or below -2^31 - 1, the address of a unit
 *              in the consume-queue-ext files: -2^63 + byte offset there
 *
 * A blank (size 0x7FFFFFFF) stands for a queue offset that has no record: before the first entry of a queue that does
 * not begin at 0. Files are extended with zeros, so size 0 means "not written".
 */
import { readInt32, writeInt32, writeInt64 } from '@mq/remoting/message';

export const ENTRY_BYTES = 20;
export const PHYSICAL_OFFSET_AT = 0;
export const SIZE_AT = PHYSICAL_OFFSET_AT + 8;
export const TAGS_CODE_AT = SIZE_AT + 4;

/** Size of an entry that stands for no record. */
export const BLANK_SIZE = 0x7fffffff;

const TWO_32 = 4294967296;

/** Writes an entry whose tagsCode is given in two halves; both are taken modulo 2^32. */
export function writeEntry(
  target: Buffer,
  at: number,
  physicalOffset: number,
  sizeBytes: number,
  tagsHigh: number,
  tagsLow: number,
): void {
  writeInt64(target, at, physicalOffset);
  writeInt32(target, at + SIZE_AT, sizeBytes);
  writeInt32(target, at + TAGS_CODE_AT, tagsHigh);
  writeInt32(target, at + TAGS_CODE_AT + 4, tagsLow);
}

/** The upper half of a tagsCode in the range of safe integers; the lower one is `tagsCode | 0`. */
export function tagsCodeHigh(tagsCode: number): number {
  const low = tagsCode | 0;
  return low === tagsCode ? low >> 31 : Math.floor(tagsCode / TWO_32);
}

export function entryPhysicalOffset(source: Buffer, at: number): number {
  return readInt32(source, at) * TWO_32 + (readInt32(source, at + 4) >>> 0);
}

export function entrySize(source: Buffer, at: number): number {
  return readInt32(source, at + SIZE_AT);
}

/** The tagsCode; exact unless `isExtAddress`. */
export function entryTagsCode(source: Buffer, at: number): number {
  return readInt32(source, at + TAGS_CODE_AT) * TWO_32 + (readInt32(source, at + TAGS_CODE_AT + 4) >>> 0);
}

/** The tagsCode as all its 64 bits. */
export function entryTagsCodeBits(source: Buffer, at: number): bigint {
  return source.readBigInt64BE(at + TAGS_CODE_AT);
}

/** Whether the tagsCode is the address of a consume-queue-ext unit. */
export function isExtAddress(source: Buffer, at: number): boolean {
  const high = readInt32(source, at + TAGS_CODE_AT);
  return high < -1 || (high === -1 && readInt32(source, at + TAGS_CODE_AT + 4) >= 0);
}

/** Byte offset in the consume-queue-ext files that an ext address means. */
export function extOffset(source: Buffer, at: number): number {
  return (
    (readInt32(source, at + TAGS_CODE_AT) ^ 0x80000000) * TWO_32 +
    (readInt32(source, at + TAGS_CODE_AT + 4) >>> 0)
  );
}

/** The upper half of the address of a unit; the lower one is `extOffset | 0`. */
export function extAddressHigh(extOffset: number): number {
  return Math.floor(extOffset / TWO_32) ^ 0x80000000;
}

/** Whether an entry was written here: what recovery goes by. */
export function isWritten(source: Buffer, at: number): boolean {
  return readInt32(source, at) >= 0 && readInt32(source, at + SIZE_AT) > 0;
}

export function isBlank(source: Buffer, at: number): boolean {
  return readInt32(source, at + SIZE_AT) === BLANK_SIZE;
}
