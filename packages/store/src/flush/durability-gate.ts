// "Durable up to offset X": the one mechanism behind every acknowledgement. A put waits here until every voter has
// passed its end. The local disk is a voter with SYNC_FLUSH; a replica is one with SYNC_MASTER.
import type { Clock, Timer } from '@mq/remoting';
import type { PendingPut } from '../commit-log/pending-put.js';
import type { PutStatus } from '../message-store.js';

/** Someone whose word a put needs. */
export interface DurabilityVoter {
  /** Who it is, for a person. */
  readonly name: string;
  /** The log up to here is as durable as this voter promises. Never decreases. */
  readonly durableOffset: number;
  /** What a put ends with when this voter's word does not come in time. */
  readonly timeoutStatus: PutStatus;
  /** How long a put waits for this voter; with several, the longest of theirs counts for all. */
  readonly timeoutMs: number;
}

/** Puts in log order; all of them wait for the same voters. */
export class DurabilityGate {
  readonly #voters: DurabilityVoter[] = [];
  #waiting: PendingPut[] = [];
  /** Puts before this index are settled. */
  #head = 0;
  #timer: Timer | undefined;

  /** @param settle ends a put; called in log order */
  constructor(
    private readonly clock: Clock,
    private readonly settle: (put: PendingPut, status: PutStatus) => void,
  ) {}

  /** How many puts wait. */
  get waitingCount(): number {
    return this.#waiting.length - this.#head;
  }

  addVoter(voter: DurabilityVoter): void {
    this.#voters.push(voter);
  }

  /** Settles a written put now, or keeps it until the voters have passed it. Call in log order. */
  enter(put: PendingPut): void {
    if (!put.needsDurability || this.#voters.length === 0 || this.#missing(put) === undefined) {
      this.settle(put, 'PUT_OK');
      return;
    }
    put.waitingSinceMs = this.clock.monotonic();
    this.#waiting.push(put);
    if (this.#timer === undefined) this.#armTimer();
  }

  /** A voter's position moved: settles the puts it completes. */
  advance(): void {
    while (this.waitingCount > 0 && this.#missing(this.#waiting[this.#head]!) === undefined) {
      this.settle(this.#take(), 'PUT_OK');
    }
  }

  /** A voter will never move again (failed disk, closing store): nobody waits for it any longer. */
  failAll(): void {
    while (this.waitingCount > 0) {
      const put = this.#take();
      this.settle(put, this.#missing(put)?.timeoutStatus ?? 'PUT_OK');
    }
  }

  #take(): PendingPut {
    const put = this.#waiting[this.#head++]!;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
      this.#timer?.cancel();
      this.#timer = undefined;
    } else if (this.#head >= 1024) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    return put;
  }

  #missing(put: PendingPut): DurabilityVoter | undefined {
    const voters = this.#voters;
    for (let index = 0; index < voters.length; index++) {
      if (voters[index]!.durableOffset < put.endOffset) return voters[index];
    }
    return undefined;
  }

  #timeoutMs(): number {
    let longest = 0;
    for (const voter of this.#voters) longest = Math.max(longest, voter.timeoutMs);
    return longest;
  }

  #armTimer(): void {
    const head = this.#waiting[this.#head]!;
    const dueMs = head.waitingSinceMs + this.#timeoutMs() - this.clock.monotonic();
    this.#timer = this.clock.setTimeout(() => this.#onTimer(), Math.max(1, Math.ceil(dueMs)));
  }

  /** Puts entered in order, so the overdue ones are at the head. */
  #onTimer(): void {
    this.#timer = undefined;
    const overdueSinceMs = this.clock.monotonic() - this.#timeoutMs();
    while (this.waitingCount > 0 && this.#waiting[this.#head]!.waitingSinceMs <= overdueSinceMs) {
      const put = this.#take();
      this.settle(put, this.#missing(put)?.timeoutStatus ?? 'PUT_OK');
    }
    if (this.waitingCount > 0 && this.#timer === undefined) this.#armTimer();
  }
}
