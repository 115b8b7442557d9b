/**
 * One slot of the file `timerwheel` (upstream store/timer/Slot, TimerWheel).
 *
 *    0          8          16        24    28     32
 *    +----------+----------+---------+-----+------+
 *    | time     | firstPos | lastPos | num | magic|     all big-endian, signed
 *    +----------+----------+---------+-----+------+
 *
 *  - time      due time divided by the precision; the slot is empty for every other time
 *  - firstPos  timer log position of the oldest unit of this time, -1 none
 *  - lastPos   of the newest unit, from which the chain leads back; -1 none
 *  - num       messages minus recalls
 *  - magic     0
 */
import { readInt32, readInt64, writeInt32, writeInt64 } from '@mq/remoting/message';

export const SLOT_BYTES = 32;

const TIME_AT = 0;
const FIRST_AT = TIME_AT + 8;
const LAST_AT = FIRST_AT + 8;
const NUM_AT = LAST_AT + 8;
const MAGIC_AT = NUM_AT + 4;

/** No unit: the end of a chain. */
export const NO_POSITION = -1;

export interface TimerSlot {
  /** Due time, ms; a multiple of the precision. */
  readonly timeMs: number;
  readonly firstPos: number;
  readonly lastPos: number;
  readonly num: number;
}

/** Time of the slot at `at` in units of the precision, as it stands in the file. */
export function slotTime(source: Buffer, at: number): number {
  return readInt64(source, at + TIME_AT);
}

export function readSlot(source: Buffer, at: number, precisionMs: number): TimerSlot {
  return {
    timeMs: slotTime(source, at) * precisionMs,
    firstPos: readInt64(source, at + FIRST_AT),
    lastPos: readInt64(source, at + LAST_AT),
    num: readInt32(source, at + NUM_AT),
  };
}

export function writeSlot(target: Buffer, at: number, slot: TimerSlot, precisionMs: number): void {
  writeInt64(target, at + TIME_AT, Math.floor(slot.timeMs / precisionMs));
  writeInt64(target, at + FIRST_AT, slot.firstPos);
  writeInt64(target, at + LAST_AT, slot.lastPos);
  writeInt32(target, at + NUM_AT, slot.num);
  writeInt32(target, at + MAGIC_AT, 0);
}
