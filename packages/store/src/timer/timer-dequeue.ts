// Slots whose time has come: the chain of a slot is followed through the timer log, recalls are read first, then the messages
// are delivered, those due together from the oldest on (upstream TimerMessageStore#dequeue).
//
// Deliberate difference: upstream delivers a slot when it is over, so its messages are late by half a second in the median. Here
// a slot is opened when its time begins, and each message leaves within 10 ms of when it is due. What upstream's broker put
// into the wheel does not say when that is, and waits until its slot is over.
import { PropertySlot } from '@mq/remoting/message';
import type { RecordPlace } from '../message-store.js';
import { StoredRecord } from '../redelivery/stored-record.js';
import { OpenSlot } from './open-slot.js';
import { SlotProgress, type SlotReach } from './slot-progress.js';
import type { DueMessage, TimerDelivery } from './timer-delivery.js';
import type { TimerParts } from './timer-parts.js';
import { NO_POSITION, type TimerSlot } from './timer-slot.js';
import { isRecall, type TimerUnit, UnitMagic } from './timer-unit.js';

/** Messages delivered together; also what may come twice when the process is killed. */
const BATCH_MESSAGES = 256;
/** Units of a chain followed before other work gets its turn. */
const UNITS_A_TURN = 4096;
/** Parts of a slot at the end of which its messages are delivered: all that is due by then together. */
const PARTS_OF_A_SLOT = 100;

export class TimerDequeue {
  readonly #record = new StoredRecord();
  readonly #partMs: number;
  #open: OpenSlot | undefined;
  /** Whose slot is open: another progress is that of another slot, or of the same one under another master. */
  #openProgress: SlotProgress | undefined;

  constructor(
    private readonly parts: TimerParts,
    private readonly delivery: TimerDelivery,
  ) {
    this.#partMs = Math.max(1, parts.wheel.precisionMs / PARTS_OF_A_SLOT);
  }

  /** When `run` has something to do, ms since the epoch; undefined while nothing waits. */
  get dueMs(): number | undefined {
    const { positions, wheel, clock } = this.parts;
    const slotMs = positions.nextDueMs;
    if (slotMs === undefined || slotMs > clock.now()) return slotMs;
    const newestPos = wheel.get(slotMs)?.lastPos ?? NO_POSITION;
    const open = this.#openOf(slotMs);
    if ((open?.newestPos ?? NO_POSITION) !== newestPos) return slotMs;
    const dueInSlotMs = open?.nextDueMs ?? wheel.precisionMs;
    return slotMs + Math.min(Math.ceil(dueInSlotMs / this.#partMs) * this.#partMs, wheel.precisionMs);
  }

  /**
   * Delivers every slot before the write time, in order, and what is due of the slot of that time; ends early when delivery is
   * forbidden. @throws DiskError
   */
  async run(): Promise<void> {
    const { wheel, positions, mayDeliver, clock } = this.parts;
    while (mayDeliver()) {
      const nextMs = this.#next();
      if (nextMs === undefined || nextMs > positions.writeTimeMs) {
        this.#readUpTo(positions.writeTimeMs);
        return;
      }
      this.#readUpTo(nextMs);
      const isOver = nextMs < positions.writeTimeMs;
      const slot = wheel.get(nextMs);
      const dueInSlotMs = isOver ? wheel.precisionMs : Math.min(clock.now() - nextMs, wheel.precisionMs);
      if (slot !== undefined && !(await this.#deliver(slot, dueInSlotMs))) return;
      if (!isOver) return;
      positions.pending -= slot?.num ?? 0;
      this.#readUpTo(nextMs + wheel.precisionMs);
      positions.nextDueMs = undefined;
    }
  }

  /**
   * Before a stop: files can only tell that a slot was delivered, or not. What is left of one that was begun goes back to the
   * timer topic, as messages do that are rolled, and is late when the next process finds it there.
   */
  async putOff(): Promise<void> {
    const { positions, wheel } = this.parts;
    const slot = positions.progress.isEmpty ? undefined : wheel.get(positions.readTimeMs);
    if (slot === undefined) return;
    const open = await this.#look(slot);
    const left = open.take(wheel.precisionMs);
    for (let at = 0; at < left.length; at += BATCH_MESSAGES) {
      const messages = this.#messages(left.subarray(at, at + BATCH_MESSAGES), slot.timeMs).map((message) => ({
        ...message,
        magic: message.magic | UnitMagic.ROLL,
      }));
      if (!(await this.delivery.deliver(messages, open.recalled, 1))) return;
    }
    this.#readUpTo(slot.timeMs + wheel.precisionMs);
  }

  /** The earliest occupied slot, searched for only after the last one was delivered. */
  #next(): number | undefined {
    const { wheel, positions } = this.parts;
    positions.nextDueMs ??= wheel.nextOccupied(positions.readTimeMs, positions.horizonMs + wheel.precisionMs);
    return positions.nextDueMs;
  }

  #readUpTo(timeMs: number): void {
    const { positions } = this.parts;
    if (timeMs <= positions.readTimeMs) return;
    positions.readTimeMs = timeMs;
    this.#progress(new SlotProgress());
  }

  #progress(progress: SlotProgress): void {
    const { positions, marks } = this.parts;
    positions.progress = progress;
    marks?.markTimer(positions);
  }

  /** One round: what is due of a slot by `dueInSlotMs` after its time. False when delivery was forbidden. */
  async #deliver(slot: TimerSlot, dueInSlotMs: number): Promise<boolean> {
    const open = await this.#look(slot);
    const due = open.take(dueInSlotMs);
    if (due.length === 0) return true;
    // What was taken out is found again by the next look, should this one fail.
    this.#open = undefined;
    const { positions } = this.parts;
    const { whole } = positions.progress;
    for (let at = 0; at < due.length; at += BATCH_MESSAGES) {
      const batch = due.subarray(at, at + BATCH_MESSAGES);
      if (!(await this.delivery.deliver(this.#messages(batch, slot.timeMs), open.recalled))) return false;
      const isLast = at + batch.length === due.length;
      const reach: SlotReach = {
        position: isLast ? open.newestPos : batch[batch.length - 1]!,
        dueMs: dueInSlotMs,
      };
      this.#progress(new SlotProgress(isLast ? reach : whole, reach));
    }
    this.#keepOpen(open);
    return true;
  }

  #openOf(slotMs: number): OpenSlot | undefined {
    const isOpen = this.#open?.timeMs === slotMs && this.#openProgress === this.parts.positions.progress;
    return isOpen ? this.#open : undefined;
  }

  #keepOpen(open: OpenSlot): void {
    this.#open = open;
    this.#openProgress = this.parts.positions.progress;
  }

  /** Follows the chain of a slot to where it was followed to before. What was delivered is left out; recalls never are. */
  async #look(slot: TimerSlot): Promise<OpenSlot> {
    const { log, positions, wheel, logger } = this.parts;
    const { progress } = positions;
    const open = this.#openOf(slot.timeMs) ?? new OpenSlot(slot.timeMs);
    if (slot.lastPos === open.newestPos) return open;
    const recalls: RecordPlace[] = [];
    let followed = 0;
    for (let position = slot.lastPos; position > open.newestPos;) {
      const unit: TimerUnit | undefined = log.unitAt(position);
      if (unit === undefined || unit.prevPos >= position) {
        logger.error('the timer log is damaged: the rest of a slot is lost', {
          position,
          slotMs: slot.timeMs,
        });
        break;
      }
      const dueMs = dueInSlot(unit, wheel.precisionMs);
      if (isRecall(unit.magic)) recalls.push(unit);
      else if (!progress.covers(position, dueMs)) open.push(position, dueMs);
      position = unit.prevPos;
      if (++followed % UNITS_A_TURN === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    open.seal(slot.lastPos);
    await this.#addRecalled(recalls.reverse(), open.recalled);
    this.#keepOpen(open);
    return open;
  }

  /** Adds the keys of the messages that are recalled. */
  async #addRecalled(recalls: readonly RecordPlace[], keys: Set<string>): Promise<void> {
    await this.parts.store.visitRecords(recalls, (_, buffer, at) => {
      if (buffer === undefined || !this.#record.read(buffer, at)) return;
      const key = this.#record.properties.text(PropertySlot.TIMER_DEL_UNIQKEY);
      const topic = this.#record.realTopic;
      if (key === undefined || topic === undefined) return;
      keys.add(key);
      // It took a message off the count when it came. The message itself does so now, delivered or not.
      this.parts.counts.add(topic, 1);
    });
  }

  #messages(positions: Float64Array, slotMs: number): DueMessage[] {
    const messages: DueMessage[] = [];
    for (const position of positions) {
      const unit = this.parts.log.unitAt(position);
      if (unit === undefined) continue;
      const { commitLogOffset, sizeBytes, magic, writeTimeMs } = unit;
      messages.push({ commitLogOffset, sizeBytes, magic, enqueuedMs: writeTimeMs, dueMs: slotMs });
    }
    return messages;
  }
}

function dueInSlot({ dueInSlotMs }: TimerUnit, precisionMs: number): number {
  return dueInSlotMs >= 1 && dueInSlotMs <= precisionMs ? dueInSlotMs : precisionMs;
}
