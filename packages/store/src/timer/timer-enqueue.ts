// The timer topic's way into the wheel: entry by entry, each message gets a unit in the timer log and a place in the chain of
// its slot (upstream TimerMessageStore#enqueue, #doEnqueue). The topic is the only truth: what is not in the timer log yet
// when the process dies is put there by the next start.
import { PropertySlot } from '@mq/remoting/message';
import { TIMER_TOPIC } from '@mq/remoting/protocol';
import type { ConsumeQueueEntry } from '../message-store.js';
import { StoredRecord } from '../redelivery/stored-record.js';
import { deliveryTime } from './delivery-time.js';
import type { DueMessage, TimerDelivery } from './timer-delivery.js';
import type { TimerParts } from './timer-parts.js';
import { NO_POSITION } from './timer-slot.js';
import { UnitMagic } from './timer-unit.js';
import { SLOTS_TOTAL } from './timer-wheel.js';

/** Entries looked at together; their units reach the file with one write. */
const BATCH_ENTRIES = 1024;
/** Slots that the roll window leaves free before the end of the ring's future half. */
const BLANK_SLOTS = 60;

/** A message of the batch that gets a unit. */
interface Incoming {
  readonly entry: ConsumeQueueEntry;
  readonly outMs: number;
  /** When it is due to the millisecond; undefined where its record does not tell. */
  readonly dueMs: number | undefined;
  readonly isRecall: boolean;
  readonly topic: string;
  readonly topicHash: number;
}

export class TimerEnqueue {
  readonly #record = new StoredRecord();
  #incoming: Incoming[] = [];
  #late: DueMessage[] = [];

  constructor(
    private readonly parts: TimerParts,
    private readonly delivery: TimerDelivery,
  ) {}

  /**
   * Puts entries of the timer topic up to `untilOffset` into the wheel.
   * @returns false when it had to stop before, because delivery of a late message was forbidden
   * @throws DiskError; what was put there stays
   */
  async run(untilOffset: number): Promise<boolean> {
    const { store, positions, marks } = this.parts;
    for (;;) {
      const from = Math.max(positions.queueOffset, store.minOffsetInQueue(TIMER_TOPIC, 0));
      if (from >= untilOffset) return true;
      const count = Math.min(BATCH_ENTRIES, untilOffset - from);
      const entries = await store.consumeQueueEntries(TIMER_TOPIC, 0, from, count);
      const last = entries[entries.length - 1];
      if (last === undefined) return true;
      if (!(await this.#takeBatch(entries))) return false;
      positions.queueOffset = last.queueOffset + 1;
      marks?.markTimer(positions);
    }
  }

  async #takeBatch(entries: readonly ConsumeQueueEntry[]): Promise<boolean> {
    this.#incoming = [];
    this.#late = [];
    await this.parts.store.visitRecords(entries, (index, buffer, at) => {
      const isSound = buffer !== undefined && this.#record.read(buffer, at);
      this.#take(entries[index]!, isSound ? this.#record : undefined);
    });
    // Late ones first: once the units stand in the log, a restart takes everything before them as done.
    if (!(await this.delivery.deliver(this.#late))) return false;
    for (const incoming of this.#incoming) this.#put(incoming);
    this.parts.log.write();
    return true;
  }

  #take(entry: ConsumeQueueEntry, record: StoredRecord | undefined): void {
    const { positions, logger, isDelivering } = this.parts;
    const topic = record?.realTopic;
    const outMs = record?.properties.integer(PropertySlot.TIMER_OUT_MS, -1) ?? -1;
    if (record === undefined || topic === undefined || outMs < 0) {
      logger.error('entry of the timer topic skipped: its record is gone or damaged', { ...entry });
      return;
    }
    const { commitLogOffset, sizeBytes } = entry;
    if (outMs < positions.writeTimeMs && isDelivering()) {
      const magic = UnitMagic.DEFAULT;
      this.#late.push({ commitLogOffset, sizeBytes, magic, enqueuedMs: undefined, dueMs: Infinity });
      return;
    }
    const isRecall = record.properties.has(PropertySlot.TIMER_DEL_UNIQKEY);
    const topicHash = record.properties.hashCode(PropertySlot.REAL_TOPIC);
    const dueMs = deliveryTime(record.properties, record.storeTimestamp);
    this.#incoming.push({ entry, outMs, dueMs, isRecall, topic, topicHash });
  }

  #put({ entry, outMs, dueMs, isRecall, topic, topicHash }: Incoming): void {
    const { wheel, log, positions, counts, isDelivering } = this.parts;
    const writeTimeMs = positions.writeTimeMs;
    const rollAtMs = this.#rolledTime(outMs, writeTimeMs);
    // Time may have gone on while late messages were delivered.
    const earliestMs = isDelivering() ? writeTimeMs : 0;
    const slotMs = wheel.floor(Math.max(rollAtMs ?? outMs, earliestMs));
    const slot = wheel.get(slotMs);
    const magic =
      UnitMagic.DEFAULT | (rollAtMs === undefined ? 0 : UnitMagic.ROLL) | (isRecall ? UnitMagic.DELETE : 0);
    const { commitLogOffset, sizeBytes } = entry;
    const prevPos = slot?.lastPos ?? NO_POSITION;
    const delayMs = slotMs - writeTimeMs;
    const position = log.append({
      prevPos,
      magic,
      writeTimeMs,
      delayMs,
      commitLogOffset,
      sizeBytes,
      topicHash,
      dueInSlotMs: dueMs === undefined ? 0 : withinSlot(dueMs - slotMs, wheel.precisionMs),
    });
    const change = isRecall ? -1 : 1;
    const isFirst = slot === undefined || slot.firstPos === NO_POSITION;
    const firstPos = isFirst ? position : slot.firstPos;
    wheel.put({ timeMs: slotMs, firstPos, lastPos: position, num: (slot?.num ?? 0) + change });
    counts.add(topic, change);
    positions.pending += change;
    if (positions.nextDueMs === undefined || slotMs < positions.nextDueMs) positions.nextDueMs = slotMs;
    if (slotMs > positions.horizonMs) positions.horizonMs = slotMs;
  }

  /** Where a message waits that is due later than the wheel looks ahead; it goes on from there. undefined: in its slot. */
  #rolledTime(outMs: number, writeTimeMs: number): number | undefined {
    const { precisionMs } = this.parts.wheel;
    const { timerRollWindowSlot } = this.parts.settings();
    const most = SLOTS_TOTAL - BLANK_SLOTS;
    const slots = timerRollWindowSlot > most || timerRollWindowSlot < 2 ? most : timerRollWindowSlot;
    const windowMs = slots * precisionMs;
    const beyondMs = outMs - writeTimeMs - windowMs;
    if (beyondMs < 0) return undefined;
    // Enough time for the next roll.
    const isNear = beyondMs < Math.floor(slots / 3) * precisionMs;
    return writeTimeMs + (isNear ? Math.floor(slots / 2) * precisionMs : windowMs);
  }
}

/** At once where it is late already; 0, the end of the slot, for a message that only waits there to be rolled. */
function withinSlot(ms: number, precisionMs: number): number {
  return ms > precisionMs ? 0 : Math.max(1, ms);
}
