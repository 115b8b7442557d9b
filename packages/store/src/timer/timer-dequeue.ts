// Slots whose time has passed: the chain of a slot is followed through the timer log, recalls are read first, then the
// messages are delivered from the oldest on (upstream TimerMessageStore#dequeue).
import { PropertySlot } from '@mq/remoting/message';
import type { RecordPlace } from '../message-store.js';
import { StoredRecord } from '../redelivery/stored-record.js';
import type { DueMessage, TimerDelivery } from './timer-delivery.js';
import type { TimerParts } from './timer-parts.js';
import { NO_POSITION, type TimerSlot } from './timer-slot.js';
import { isRecall, type TimerUnit } from './timer-unit.js';

/** Messages delivered together; also what may come twice when the process is killed. */
const BATCH_MESSAGES = 256;
/** Units of a chain followed before other work gets its turn. */
const UNITS_A_TURN = 4096;

export class TimerDequeue {
  readonly #record = new StoredRecord();

  constructor(
    private readonly parts: TimerParts,
    private readonly delivery: TimerDelivery,
  ) {}

  /** Delivers every slot before the write time, in order; ends early when delivery is forbidden. @throws DiskError */
  async run(): Promise<void> {
    const { wheel, positions, mayDeliver } = this.parts;
    while (mayDeliver()) {
      const nextMs = this.#next();
      if (nextMs === undefined || nextMs >= positions.writeTimeMs) {
        this.#readUpTo(positions.writeTimeMs);
        return;
      }
      this.#readUpTo(nextMs);
      const slot = wheel.get(nextMs);
      if (slot !== undefined && !(await this.#deliverSlot(slot))) return;
      positions.pending -= slot?.num ?? 0;
      this.#readUpTo(nextMs + wheel.precisionMs);
      positions.nextDueMs = undefined;
    }
  }

  /** The earliest occupied slot, searched for only after the last one was delivered. */
  #next(): number | undefined {
    const { wheel, positions } = this.parts;
    positions.nextDueMs ??= wheel.nextOccupied(positions.readTimeMs, positions.horizonMs + wheel.precisionMs);
    return positions.nextDueMs;
  }

  #readUpTo(timeMs: number): void {
    const { positions, marks } = this.parts;
    if (timeMs <= positions.readTimeMs) return;
    positions.readTimeMs = timeMs;
    positions.deliveredPos = NO_POSITION;
    marks?.markTimer(timeMs, NO_POSITION, positions.queueOffset);
  }

  async #deliverSlot(slot: TimerSlot): Promise<boolean> {
    const { positions, marks } = this.parts;
    const { recalls, messages } = await this.#chain(slot);
    const keys = await this.#recallKeys(recalls);
    for (let at = 0; at < messages.count; at += BATCH_MESSAGES) {
      const batch = messages.slice(at, BATCH_MESSAGES);
      const due = batch.map((position) => this.#dueMessage(position, slot.timeMs));
      if (
        !(await this.delivery.deliver(
          due.filter((each) => each !== undefined),
          keys,
        ))
      )
        return false;
      positions.deliveredPos = batch[batch.length - 1]!;
      marks?.markTimer(slot.timeMs, positions.deliveredPos, positions.queueOffset);
    }
    return true;
  }

  /** Units of a slot. Messages that an earlier run delivered are left out; recalls never, for those that it did not. */
  async #chain(slot: TimerSlot): Promise<{ recalls: RecordPlace[]; messages: Positions }> {
    const { log, positions, logger } = this.parts;
    const recalls: RecordPlace[] = [];
    const messages = new Positions();
    let followed = 0;
    for (let position = slot.lastPos; position !== NO_POSITION;) {
      const unit: TimerUnit | undefined = log.unitAt(position);
      if (unit === undefined || unit.prevPos >= position) {
        logger.error('the timer log is damaged: the rest of a slot is lost', {
          position,
          slotMs: slot.timeMs,
        });
        break;
      }
      if (isRecall(unit.magic)) recalls.push(unit);
      else if (position > positions.deliveredPos) messages.push(position);
      position = unit.prevPos;
      if (++followed % UNITS_A_TURN === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    return { recalls: recalls.reverse(), messages };
  }

  /** Keys of the messages that are recalled. */
  async #recallKeys(recalls: readonly RecordPlace[]): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    await this.parts.store.visitRecords(recalls, (_, buffer, at) => {
      if (buffer === undefined || !this.#record.read(buffer, at)) return;
      const key = this.#record.properties.text(PropertySlot.TIMER_DEL_UNIQKEY);
      const topic = this.#record.realTopic;
      if (key === undefined || topic === undefined) return;
      keys.add(key);
      // It took a message off the count when it came. The message itself does so now, delivered or not.
      this.parts.counts.add(topic, 1);
    });
    return keys;
  }

  #dueMessage(position: number, slotMs: number): DueMessage | undefined {
    const unit = this.parts.log.unitAt(position);
    if (unit === undefined) return undefined;
    const { commitLogOffset, sizeBytes, magic, writeTimeMs } = unit;
    return { commitLogOffset, sizeBytes, magic, enqueuedMs: writeTimeMs, dueMs: slotMs };
  }
}

/** Timer log positions, pushed from the newest to the oldest and read from the oldest on; 8 bytes each. */
class Positions {
  count = 0;
  #values = new Float64Array(1024);

  push(position: number): void {
    if (this.count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.count++] = position;
  }

  /** At most `length` positions from the `from`th oldest on. */
  slice(from: number, length: number): number[] {
    const end = this.count - from;
    return Array.from(this.#values.subarray(Math.max(0, end - length), end)).reverse();
  }
}
