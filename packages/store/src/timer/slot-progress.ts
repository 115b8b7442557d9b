import { NO_POSITION } from './timer-slot.js';

/** The units of a slot up to a position of the timer log that are due by so many ms after the slot's time. */
export interface SlotReach {
  readonly position: number;
  readonly dueMs: number;
}

const NOTHING: SlotReach = { position: NO_POSITION, dueMs: 0 };

/**
 * What of a slot was delivered. A slot is delivered in rounds, each of what is due by then, in the order of the timer log;
 * units that come while it is being delivered stand behind all others.
 *
 *    due ▲                ┌──────────┐
 *        │                │          │ part: the round under way, up to a position
 *        ├────────────────┴──┐       │
 *        │ whole: the rounds │       │
 *        │ that are over     │       │
 *        └───────────────────┴───────┴──► position
 */
export class SlotProgress {
  constructor(
    readonly whole: SlotReach = NOTHING,
    readonly part: SlotReach = NOTHING,
  ) {}

  /** Nothing of the slot was delivered. */
  get isEmpty(): boolean {
    return this.whole.position === NO_POSITION && this.part.position === NO_POSITION;
  }

  /** Whether the unit at a position was delivered, or recalled. */
  covers(position: number, dueMs: number): boolean {
    return isWithin(this.whole, position, dueMs) || isWithin(this.part, position, dueMs);
  }
}

function isWithin(reach: SlotReach, position: number, dueMs: number): boolean {
  return position <= reach.position && dueMs <= reach.dueMs;
}
