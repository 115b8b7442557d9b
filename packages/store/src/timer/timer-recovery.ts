// Where the timer service goes on after a start (upstream TimerMessageStore#recover): the timer log is read from the last
// checkpoint on, the wheel is brought up to it, and the timer topic has what the log has not got yet.
//
//   timer topic (truth) ──► timer log ──► wheel          each may be behind what stands left of it
//
// Differences from upstream: a unit whose record the commit log lost in a power cut ends the log (another record may stand
// there later), a slot counts a unit once, and after a mere kill the marks tell what was delivered to the message.
import { TIMER_TOPIC, type TimerCheckpoint } from '@mq/remoting/protocol';
import { StoredRecord } from '../redelivery/stored-record.js';
import { SlotProgress } from './slot-progress.js';
import type { TimerParts } from './timer-parts.js';
import { NO_POSITION, type TimerSlot } from './timer-slot.js';
import { dueTimeOf, type TimerUnit, UnitMagic } from './timer-unit.js';
import { SLOTS_TOTAL } from './timer-wheel.js';

/** Slots of the ring's past half that are not looked at any more. */
const BLANK_SLOTS = 60;

/** Fills `positions`, ends the timer log and completes the wheel. @throws DiskError */
export async function recoverTimers(parts: TimerParts, checkpoint: TimerCheckpoint): Promise<void> {
  const { log, wheel, positions, store, clock, marks, logger } = parts;
  const nowMs = wheel.floor(clock.now());
  const mark = marks?.timer;
  const oldestMs = nowMs - (SLOTS_TOTAL - BLANK_SLOTS) * wheel.precisionMs;
  const knownMs = Math.max(checkpoint.lastReadTimeMs, mark?.readTimeMs ?? 0);
  const isFirstStart = knownMs === 0 && log.end === log.start;
  positions.readTimeMs = isFirstStart ? nowMs : Math.max(wheel.floor(knownMs), oldestMs);
  if (mark?.readTimeMs === positions.readTimeMs) positions.progress = mark.progress;

  const last = endLog(parts, checkpoint.lastTimerLogFlushPos);
  rewind(parts, nowMs);
  positions.writeTimeMs = nowMs;

  const isLogWhole = log.end >= checkpoint.lastTimerLogFlushPos;
  const fromLog = last === undefined ? 0 : await nextQueueOffset(parts, last);
  const fromFiles = isLogWhole ? Math.max(checkpoint.lastTimerQueueOffset, mark?.queueOffset ?? 0) : 0;
  const wanted = Math.max(fromLog, fromFiles);
  const min = store.minOffsetInQueue(TIMER_TOPIC, 0);
  positions.queueOffset = Math.max(min, Math.min(wanted, store.maxOffsetInQueue(TIMER_TOPIC, 0)));
  const broken = sumUp(parts);
  if (broken.length > 0) {
    repair(parts, broken);
    sumUp(parts);
  }
  logger.info('timers recovered', { ...positions, timerLogEnd: log.end });
}

/** Finds the end of the timer log and brings the wheel up to it; returns the last unit. */
function endLog(parts: TimerParts, flushedPos: number): TimerUnit | undefined {
  const { log, wheel, store } = parts;
  const maxPhyOffset = store.maxPhyOffset;
  const beginPos = wheel.isNew ? 0 : Math.max(0, flushedPos - log.fileSizeBytes);
  const from = Math.min(Math.max(log.start, log.fileStart(beginPos)), Math.max(log.start, log.end - 1));
  let last: TimerUnit | undefined;
  const end = log.scan(log.fileStart(from), (unit, position) => {
    if (unit.commitLogOffset + unit.sizeBytes > maxPhyOffset) return false;
    link(parts, unit, position);
    last = unit;
    return true;
  });
  log.endAt(end);
  return last;
}

/** Puts a unit at the head of its slot's chain, unless it is in the chain already or was delivered. */
function link({ wheel, positions }: TimerParts, unit: TimerUnit, position: number): void {
  const timeMs = wheel.floor(dueTimeOf(unit));
  if (timeMs < positions.readTimeMs) return;
  const change = (unit.magic & UnitMagic.DELETE) === 0 ? 1 : -1;
  const slot = wheel.get(timeMs);
  if (slot === undefined || slot.lastPos === NO_POSITION) {
    // What stands there for a later time was put there after this unit.
    if (wheel.raw(timeMs).timeMs > timeMs) return;
    wheel.put({ timeMs, firstPos: position, lastPos: position, num: change });
  } else if (position > slot.lastPos) {
    wheel.put({ timeMs, firstPos: slot.firstPos, lastPos: position, num: slot.num + change });
  }
}

/** What waits in the wheel, by one look at all of it; returns the slots that lead behind the end of the log. */
function sumUp({ wheel, log, positions }: TimerParts): TimerSlot[] {
  const broken: TimerSlot[] = [];
  positions.pending = 0;
  positions.nextDueMs = undefined;
  positions.horizonMs = positions.readTimeMs;
  wheel.forEach(positions.readTimeMs, (slot) => {
    if (slot.lastPos >= log.end) broken.push(slot);
    positions.pending += slot.num;
    positions.nextDueMs = Math.min(positions.nextDueMs ?? Infinity, slot.timeMs);
    positions.horizonMs = Math.max(positions.horizonMs, slot.timeMs);
  });
  return broken;
}

/** Slots that a power cut left leading behind the end of the log are built from the log again. */
function repair(parts: TimerParts, broken: readonly TimerSlot[]): void {
  const { wheel, log, logger } = parts;
  logger.warn('slots of the timer wheel led behind the end of the timer log', { count: broken.length });
  const times = new Set(broken.map(({ timeMs }) => timeMs));
  const from = Math.min(...broken.map(({ firstPos }) => Math.max(firstPos, log.start)));
  for (const timeMs of times) wheel.clear(timeMs);
  if (from >= log.end) return;
  log.scan(from, (unit, position) => {
    if (times.has(wheel.floor(dueTimeOf(unit)))) link(parts, unit, position);
  });
}

/**
 * The wall clock may stand before the read time, at a start or because somebody set it: the slots in between were delivered
 * and are given to new messages.
 */
export function rewind({ wheel, positions, logger }: TimerParts, nowMs: number): void {
  if (positions.readTimeMs <= nowMs) return;
  // A stop has put off what was left of its slot.
  if (positions.readTimeMs > nowMs + wheel.precisionMs)
    logger.warn('the clock was set back behind the timers that were delivered', {
      nowMs,
      readTimeMs: positions.readTimeMs,
    });
  const until = Math.min(positions.readTimeMs, nowMs + SLOTS_TOTAL * wheel.precisionMs);
  for (let timeMs = nowMs; timeMs < until; timeMs += wheel.precisionMs) {
    if (wheel.get(timeMs) !== undefined) wheel.clear(timeMs);
  }
  positions.readTimeMs = nowMs;
  positions.progress = new SlotProgress();
}

/** The entry of the timer topic behind the one that a unit was made of. */
async function nextQueueOffset({ store }: TimerParts, unit: TimerUnit): Promise<number> {
  const record = new StoredRecord();
  let next = 0;
  await store.visitRecords([unit], (_, buffer, at) => {
    if (buffer !== undefined && record.read(buffer, at) && record.topic === TIMER_TOPIC)
      next = record.queueOffset + 1;
  });
  return next;
}
