import type { Clock, Timer } from './clock.js';
import { LinkedList, type LinkedNode } from './linked-list.js';

/** Something that may time out. The marks belong to the wheel. */
export interface WheelEntry {
  /** Its time is over; it is no longer in the wheel. */
  onDeadline(): void;
  /** Where it is due. */
  wheelTick?: number;
  /** Its place while it waits. */
  wheelNode?: LinkedNode<WheelEntry> | undefined;
}

/** How late a deadline may be noticed, in milliseconds. */
const defaultTickMs = 20;
/** Entries that are due a whole round later wait in the same list, and are passed over. */
const slotCount = 1024;

/**
 * Deadlines of many entries on one timer: adding and removing cost a few assignments, entries of one tick form a
 * linked list. The timer runs only while there are entries, and does not keep the process alive.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: (LinkedList<WheelEntry> | undefined)[] = new Array(slotCount);
  #nextTick = 0;
  #size = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, tickMs = defaultTickMs) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** Entries that wait. */
  get size(): number {
    return this.#size;
  }

  /** `entry.onDeadline` runs once `timeoutMs` have passed, up to a tick later, unless it is removed before. */
  add(entry: WheelEntry, timeoutMs: number): void {
    const nowMs = this.#clock.monotonic();
    if (this.#timer === undefined) {
      this.#nextTick = Math.floor(nowMs / this.#tickMs);
      this.#timer = this.#clock.setInterval(() => this.#turn(), this.#tickMs);
      this.#timer.unref?.();
    }
    const tick = Math.max(this.#nextTick, Math.ceil((nowMs + Math.max(0, timeoutMs)) / this.#tickMs));
    entry.wheelTick = tick;
    entry.wheelNode = (this.#slots[tick % slotCount] ??= new LinkedList()).add(entry);
    this.#size++;
  }

  /** Takes an entry out; does nothing when it is not in. */
  remove(entry: WheelEntry): void {
    if (entry.wheelNode === undefined) return;
    entry.wheelNode.leave();
    entry.wheelNode = undefined;
    this.#size--;
  }

  /** Stops the timer; entries are forgotten without a call. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const slot of this.#slots) for (const entry of slot ?? []) this.remove(entry);
  }

  #turn(): void {
    const nowTick = Math.floor(this.#clock.monotonic() / this.#tickMs);
    // Behind a pause of more than a round each slot is looked at once.
    this.#nextTick = Math.max(this.#nextTick, nowTick - slotCount + 1);
    while (this.#nextTick <= nowTick) this.#runSlot(this.#nextTick++ % slotCount, nowTick);
    if (this.#size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
  }

  #runSlot(slot: number, nowTick: number): void {
    const due: WheelEntry[] = [];
    for (const entry of this.#slots[slot] ?? []) if (entry.wheelTick! <= nowTick) due.push(entry);
    for (const entry of due) {
      // One that ran before may have taken it out.
      if (entry.wheelNode === undefined) continue;
      this.remove(entry);
      entry.onDeadline();
    }
  }
}
