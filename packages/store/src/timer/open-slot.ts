import { NO_POSITION } from './timer-slot.js';

const FIRST_ROOM = 64;

/** A slot that is being delivered: the units that were not yet, and which messages were recalled. 12 bytes a unit. */
export class OpenSlot {
  /** The newest unit of the slot that was looked at. */
  newestPos = NO_POSITION;
  /** Keys of the messages that are not to be delivered. */
  readonly recalled = new Set<string>();
  #positions = new Float64Array(FIRST_ROOM);
  #dueMs = new Int32Array(FIRST_ROOM);
  #count = 0;
  #newFrom = 0;

  constructor(readonly timeMs: number) {}

  /** Units that were not delivered. */
  get count(): number {
    return this.#count;
  }

  /** When the next one is due, ms after the slot's time; undefined without one. */
  get nextDueMs(): number | undefined {
    if (this.#count === 0) return undefined;
    let next = Infinity;
    for (let at = 0; at < this.#count; at++) next = Math.min(next, this.#dueMs[at]!);
    return next;
  }

  /** Adds a unit; the newest first, as the chain of a slot leads. */
  push(position: number, dueMs: number): void {
    if (this.#count === this.#positions.length) this.#grow();
    this.#positions[this.#count] = position;
    this.#dueMs[this.#count++] = dueMs;
  }

  /** All units up to `newestPos` were pushed. */
  seal(newestPos: number): void {
    this.newestPos = newestPos;
    this.#positions.subarray(this.#newFrom, this.#count).reverse();
    this.#dueMs.subarray(this.#newFrom, this.#count).reverse();
    this.#newFrom = this.#count;
  }

  /** Takes out what is due by `dueMs` after the slot's time: positions, the oldest first. */
  take(dueMs: number): Float64Array {
    const due = new Float64Array(this.#countOf(dueMs));
    let taken = 0;
    let kept = 0;
    for (let at = 0; at < this.#count; at++) {
      if (this.#dueMs[at]! <= dueMs) due[taken++] = this.#positions[at]!;
      else {
        this.#positions[kept] = this.#positions[at]!;
        this.#dueMs[kept++] = this.#dueMs[at]!;
      }
    }
    this.#count = this.#newFrom = kept;
    return due;
  }

  #countOf(dueMs: number): number {
    let count = 0;
    for (let at = 0; at < this.#count; at++) if (this.#dueMs[at]! <= dueMs) count++;
    return count;
  }

  #grow(): void {
    const positions = new Float64Array(this.#positions.length * 2);
    const dueMs = new Int32Array(positions.length);
    positions.set(this.#positions);
    dueMs.set(this.#dueMs);
    this.#positions = positions;
    this.#dueMs = dueMs;
  }
}
