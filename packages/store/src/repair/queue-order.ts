/**
 * Finds, on a walk along the log, the records whose queue offset cannot belong to their queue: one that leads further from
 * its neighbours than a queue may have a gap. No checksum covers a queue offset, and a start that dispatches such a
 * record again refuses (`GAP_TOO_LARGE`).
 */
import { MAX_GAP_ENTRIES } from '../consume-queue/consume-queue.js';

/** Where a record stands, and the queue offset it names. */
export interface OrderedRecord {
  readonly queueOffset: number;
  readonly logOffset: number;
  readonly sizeBytes: number;
}

interface QueueState {
  /** Behind the largest queue offset that was believed. */
  end: number;
  /** The one record that was believed so far; undefined as soon as there are more. */
  only: OrderedRecord | undefined;
  /** One that leads too far: the next record of the queue says whether it or what came before is wrong. */
  doubtful: OrderedRecord | undefined;
}

export class QueueOrder {
  readonly #queues = new Map<string, QueueState>();
  readonly #misplaced: OrderedRecord[] = [];

  /** Notes the next record, in the order of the log, of the queue with the name `queue`. */
  add(queue: string, record: OrderedRecord): void {
    const state = this.#queues.get(queue);
    const { queueOffset } = record;
    if (state === undefined) {
      this.#queues.set(queue, { end: queueOffset + 1, only: record, doubtful: undefined });
      return;
    }
    const { doubtful } = state;
    if (queueOffset - state.end <= MAX_GAP_ENTRIES) {
      if (doubtful !== undefined) this.#misplaced.push(doubtful);
      state.doubtful = undefined;
      state.end = Math.max(state.end, queueOffset + 1);
      state.only = undefined;
    } else if (doubtful === undefined) {
      state.doubtful = record;
    } else {
      this.#judgeDoubt(state, doubtful, record);
    }
  }

  /** A second record leads too far: where both agree, what came before them is wrong. */
  #judgeDoubt(state: QueueState, doubtful: OrderedRecord, record: OrderedRecord): void {
    const gap = record.queueOffset - doubtful.queueOffset;
    if (gap <= 0 || gap > MAX_GAP_ENTRIES) {
      this.#misplaced.push(doubtful);
      state.doubtful = record;
      return;
    }
    // A gap between many records on either side is no flipped bit, and no record is given up for it.
    if (state.only !== undefined) this.#misplaced.push(state.only);
    state.end = record.queueOffset + 1;
    state.only = undefined;
    state.doubtful = undefined;
  }

  /** The records that do not belong where they say, after the last record was added. */
  finish(): readonly OrderedRecord[] {
    for (const { doubtful } of this.#queues.values()) {
      if (doubtful !== undefined) this.#misplaced.push(doubtful);
    }
    return this.#misplaced;
  }
}
