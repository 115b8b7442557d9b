// A put on its way from the encoder to its waiter, and the records it consists of on their way to the queues.
import type { DispatchRecord } from '../dispatch/dispatch-record.js';
import type { PutResult, PutStatus, PutWaiter } from '../message-store.js';
import type { TailSegment } from './tail-cache.js';

/** An encoded record; what dispatch needs of it is known already, the bytes stay where they are. */
export interface AppendedRecord extends DispatchRecord {
  readonly segment: TailSegment;
}

/** A put that waits for its end, and then what its waiter is told: one object for both. */
export class PendingPut implements PutResult {
  status: PutStatus = 'PUT_OK';
  commitLogOffsets: number[] | undefined = undefined;
  remark: string | undefined = undefined;
  /** Monotonic ms at which it began to wait for durability. */
  waitingSinceMs = 0;

  constructor(
    readonly waiter: PutWaiter,
    readonly commitLogOffset: number,
    readonly queueOffset: number,
    readonly sizeBytes: number,
    readonly storeTimestamp: number,
    /** Log offset behind its last record. */
    readonly endOffset: number,
    readonly messageCount: number,
    /** False: acknowledged once written. */
    readonly needsDurability: boolean,
  ) {}
}

/** Outcome of a put that stored nothing. */
export function refusal(status: PutStatus, remark: string): PutResult {
  return { status, remark, commitLogOffset: -1, queueOffset: -1, sizeBytes: 0, storeTimestamp: 0 };
}
