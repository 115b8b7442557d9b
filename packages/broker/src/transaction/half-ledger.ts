// Which half messages wait for a decision. Pure state: reads no clock, does no I/O.
//
//   half queue   ... settled ...|progress ... [decided | waiting | moved away] ...|max
//
// A half message that was checked, or is immune for now, is appended again at the end of the queue (upstream does this to
// let the queue's progress move on). All copies of one transaction share its *origin*: the queue offset of the first one,
// which the copies carry as TRAN_PREPARED_QUEUE_OFFSET. Only the newest copy waits. Upstream forgets how copies belong
// together, so that an answer to an older copy and the check of a newer one both commit; here a transaction ends once.
import { OffsetSet } from './offset-set.js';

/** In place of an offset: the transaction has ended. */
const ENDED = -1;

/** Origins remembered of transactions that were moved; above it the oldest is forgotten, which upstream does with all. */
const MAX_MOVED = 500_000;

export class HalfLedger {
  #progress = 0;
  /** Offsets at or above `progress` that need no check any more. */
  readonly #decided = new OffsetSet();
  /** origin → offset of the newest copy, or ENDED; only transactions that have been moved. */
  readonly #moved = new Map<number, number>();

  constructor(private readonly maxMoved = MAX_MOVED) {}

  /** Every half message below this queue offset is settled: ended, moved up, or given up. */
  get progress(): number {
    return this.#progress;
  }

  /** Forgets everything and begins at a queue offset. */
  reset(progress: number): void {
    this.#progress = progress;
    this.#decided.clear();
    this.#moved.clear();
  }

  /**
   * Where the transaction waits of which the half message at `offset` is a copy; undefined when it has ended. One that is
   * below the progress and not known to have moved was given up, or has ended long ago: it counts as waiting, since a late
   * commit delivers it, as upstream's does.
   */
  waitingAt(origin: number, offset: number): number | undefined {
    const moved = this.#moved.get(origin);
    if (moved !== undefined) return moved === ENDED ? undefined : moved;
    return this.isDecided(offset) ? undefined : offset;
  }

  isDecided(offset: number): boolean {
    return offset >= this.#progress && this.#decided.has(offset);
  }

  /** The half message needs no check any more. */
  decide(offset: number): void {
    if (offset >= this.#progress) this.#decided.add(offset);
  }

  /** The transaction that waits at `offset` has ended. */
  end(origin: number, offset: number): void {
    this.decide(offset);
    if (this.#moved.has(origin)) this.#moved.set(origin, ENDED);
  }

  /** The transaction was at `from`, if known, and waits at `to` from now on. */
  move(origin: number, from: number, to: number): void {
    const before = this.#moved.get(origin);
    if (before !== undefined && before !== ENDED) this.decide(before);
    this.decide(from);
    this.#moved.delete(origin);
    this.#moved.set(origin, to);
    if (this.#moved.size <= this.maxMoved) return;
    const [oldest] = this.#moved.keys();
    if (oldest !== undefined) this.#moved.delete(oldest);
  }

  /** Gives up the transaction that waits at `offset`. Once the progress is past it, a late commit finds it waiting. */
  giveUp(origin: number, offset: number): void {
    this.decide(offset);
    this.#moved.delete(origin);
  }

  /** All below is settled. Never moves back. */
  advanceTo(progress: number): void {
    if (progress <= this.#progress) return;
    this.#progress = progress;
    this.#decided.dropBelow(progress);
  }
}
