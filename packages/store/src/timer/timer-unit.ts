/**
 * One unit of the timer log, 52 bytes (upstream store/timer/TimerLog): a message of the timer topic and when it is due.
 *
 *    0    4         12    16          24    28       36   40     44        52
 *    +----+---------+-----+-----------+-----+--------+----+------+---------+
 *    | 52 | prevPos |magic| writeTime |delay| phy    |size| hash | due     |   all big-endian, signed
 *    +----+---------+-----+-----------+-----+--------+----+------+---------+
 *
 *  - prevPos    position of the unit before it in its slot, -1 for the first
 *  - magic      bits: 1 always, 2 to be rolled (due later than the wheel looks ahead), 4 a recall
 *  - writeTime  when it was written, ms, rounded down to the precision
 *  - delay      due time of its slot minus writeTime, ms
 *  - phy, size  the record in the commit log
 *  - hash       Java hash of the message's real topic
 *  - due        when the message is due, ms after the time of its slot: 1 to the precision. Reserved and 0 in upstream, which
 *               delivers a slot when it is over; so is a unit of upstream's
 *
 * A file ends with a blank where fewer than 52 + 16 bytes are left: int32 bytes left, int64 0, int32 magic. Files are
 * extended with zeros, so size 0 means "not written".
 */
import { readInt32, readInt64, writeInt32, writeInt64 } from '@mq/remoting/message';

export const UNIT_BYTES = 52;
export const BLANK_UNIT_BYTES = 16;

export const UnitMagic = { DEFAULT: 1, ROLL: 2, DELETE: 4 } as const;

const SIZE_AT = 0;
const PREV_AT = SIZE_AT + 4;
const MAGIC_AT = PREV_AT + 8;
const WRITE_TIME_AT = MAGIC_AT + 4;
const DELAY_AT = WRITE_TIME_AT + 8;
const PHYSICAL_AT = DELAY_AT + 4;
const RECORD_SIZE_AT = PHYSICAL_AT + 8;
const HASH_AT = RECORD_SIZE_AT + 4;
const DUE_AT = HASH_AT + 4;

const BLANK_MAGIC_AT = 12;
const BLANK_MAGIC = 0xcbd43194 | 0;
/** Bits a magic may have. */
const MAGIC_BITS = 0xf;

export interface TimerUnit {
  readonly prevPos: number;
  readonly magic: number;
  readonly writeTimeMs: number;
  /** Due time minus `writeTimeMs`, ms; below 2^31, about 24 days. */
  readonly delayMs: number;
  readonly commitLogOffset: number;
  readonly sizeBytes: number;
  readonly topicHash: number;
  /** When it is due, ms after the time of its slot; 0: when the slot is over. */
  readonly dueInSlotMs: number;
}

export type UnitKind = 'unit' | 'blank' | 'none';

/** What stands at `at`, where at least `BLANK_UNIT_BYTES` are left; `none`: nothing valid. */
export function unitKindAt(source: Buffer, at: number, end: number): UnitKind {
  const magic = readInt32(source, at + MAGIC_AT);
  if (magic === BLANK_MAGIC) return 'blank';
  const isUnit = (magic | MAGIC_BITS) === MAGIC_BITS && readInt32(source, at) === UNIT_BYTES;
  return isUnit && at + UNIT_BYTES <= end ? 'unit' : 'none';
}

export function readUnit(source: Buffer, at: number): TimerUnit {
  return {
    prevPos: readInt64(source, at + PREV_AT),
    magic: readInt32(source, at + MAGIC_AT),
    writeTimeMs: readInt64(source, at + WRITE_TIME_AT),
    delayMs: readInt32(source, at + DELAY_AT),
    commitLogOffset: readInt64(source, at + PHYSICAL_AT),
    sizeBytes: readInt32(source, at + RECORD_SIZE_AT),
    topicHash: readInt32(source, at + HASH_AT),
    dueInSlotMs: readInt64(source, at + DUE_AT),
  };
}

export function writeUnit(target: Buffer, at: number, unit: TimerUnit): void {
  writeInt32(target, at + SIZE_AT, UNIT_BYTES);
  writeInt64(target, at + PREV_AT, unit.prevPos);
  writeInt32(target, at + MAGIC_AT, unit.magic);
  writeInt64(target, at + WRITE_TIME_AT, unit.writeTimeMs);
  writeInt32(target, at + DELAY_AT, unit.delayMs);
  writeInt64(target, at + PHYSICAL_AT, unit.commitLogOffset);
  writeInt32(target, at + RECORD_SIZE_AT, unit.sizeBytes);
  writeInt32(target, at + HASH_AT, unit.topicHash);
  writeInt64(target, at + DUE_AT, unit.dueInSlotMs);
}

/** @param remaining bytes left in the file */
export function writeBlankUnit(target: Buffer, at: number, remaining: number): void {
  writeInt32(target, at, remaining);
  writeInt64(target, at + 4, 0);
  writeInt32(target, at + BLANK_MAGIC_AT, BLANK_MAGIC);
}

/** When the message of a unit leaves the wheel, ms. */
export function dueTimeOf(unit: TimerUnit): number {
  return unit.writeTimeMs + unit.delayMs;
}

export const isRolled = (magic: number): boolean => (magic & UnitMagic.ROLL) !== 0;
/** A recall that takes effect in this slot; one that is to be rolled first travels as a message does. */
export const isRecall = (magic: number): boolean => (magic & UnitMagic.DELETE) !== 0 && !isRolled(magic);
