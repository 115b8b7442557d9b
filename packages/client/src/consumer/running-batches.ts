import { type Clock, LinkedList, type Timer } from '@mq/remoting';
import { MQClientError } from '../errors.js';
import type { ProcessQueue } from './process-queue.js';
import type { RunningBatch } from './running-batch.js';

/**
 * All batches with a handler now, oldest first. The time-out is the same for all, so one timer, set for the oldest,
 * watches them all.
 */
export class RunningBatches {
  readonly #batches = new LinkedList<RunningBatch>();
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    private readonly onTimeout: (batch: RunningBatch) => void,
  ) {}

  /** Messages with handlers now. */
  get messageCount(): number {
    let count = 0;
    for (const batch of this.#batches) count += batch.messages.length;
    return count;
  }

  begin(batch: RunningBatch): void {
    batch.processQueue.handlers.begin();
    batch.place = this.#batches.add(batch);
    if (this.#timer === undefined) this.#arm(this.timeoutMs);
  }

  end(batch: RunningBatch): void {
    batch.place?.leave();
    batch.processQueue.handlers.end();
    if (this.#batches.size === 0) this.#disarm();
  }

  /** Handlers that are over their time and have not ended. */
  get overdueCount(): number {
    let count = 0;
    for (const batch of this.#batches) if (batch.hasTimedOut) count++;
    return count;
  }

  /** Fires the signal of every batch, or of those of one queue. */
  abort(reason: MQClientError, processQueue?: ProcessQueue): void {
    for (const batch of this.#batches) {
      if (processQueue === undefined || batch.processQueue === processQueue) batch.abort(reason);
    }
  }

  #arm(ms: number): void {
    this.#timer = this.clock.setTimeout(() => this.#expire(), ms);
    this.#timer.unref?.();
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #expire(): void {
    this.#timer = undefined;
    for (const batch of this.#batches) {
      if (batch.hasTimedOut) continue;
      const leftMs = batch.startedAtMs + this.timeoutMs - this.clock.monotonic();
      if (leftMs > 0) return this.#arm(leftMs);
      batch.hasTimedOut = true;
      batch.abort(new MQClientError('TIMEOUT', `the handler took longer than ${this.timeoutMs} ms`));
      this.onTimeout(batch);
    }
  }
}
