import type { Clock } from '@mq/remoting';
import { MQClientError } from '../errors.js';
import { wholeNumber } from '../options.js';

/** Ends what it closes within the time left. `leftMs` is at least 1, so that nobody waits for ever for lack of time. */
export type CloseWork<Closed> = (leftMs: () => number, timeoutMs: number) => Promise<Closed>;

/**
 * How a consumer begins and ends: created → started → closing → closed, or created → closing → closed. Both calls may be made
 * again, and together, and then mean the same.
 */
export class Lifecycle<Closed = void> {
  #state: 'created' | 'started' | 'closing' | 'closed' = 'created';
  #starting: Promise<void> | undefined;
  #closing: Promise<Closed> | undefined;
  #startedAtMs = 0;

  /** @param closeTimeoutMs bound on closing where the caller gives none */
  constructor(
    private readonly clock: Clock,
    private readonly closeTimeoutMs: number,
  ) {}

  /** Not started yet, and not closed meanwhile: to be asked after whatever a start waits for. */
  get isCreated(): boolean {
    return this.#state === 'created';
  }

  get isStarted(): boolean {
    return this.#state === 'started';
  }

  /** Wall clock; 0 before the start. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Runs `work` once, and again after it failed. @throws MQClientError CLOSED after `close` */
  start(work: () => Promise<void>): Promise<void> {
    if (this.#closing !== undefined)
      return Promise.reject(new MQClientError('CLOSED', 'the consumer was closed'));
    this.#starting ??= work().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** To be said by the work of a start, when it `isCreated` still. */
  becomeStarted(): void {
    this.#startedAtMs = this.clock.now();
    this.#state = 'started';
  }

  /** @throws MQClientError NOT_STARTED, CLOSED */
  assertRunning(): void {
    if (this.#state === 'started') return;
    if (this.#state === 'created') throw new MQClientError('NOT_STARTED', 'call start() first');
    throw new MQClientError('CLOSED', 'the consumer was closed');
  }

  /** Runs `work` once. @throws MQClientError INVALID_ARGUMENT for a time-out out of range */
  close(options: { timeoutMs?: number }, work: CloseWork<Closed>): Promise<Closed> {
    this.#closing ??= this.#close(wholeNumber('timeoutMs', options.timeoutMs, this.closeTimeoutMs, 0), work);
    return this.#closing;
  }

  async #close(timeoutMs: number, work: CloseWork<Closed>): Promise<Closed> {
    const deadlineMs = this.clock.monotonic() + timeoutMs;
    this.#state = 'closing';
    const closed = await work(() => Math.max(1, deadlineMs - this.clock.monotonic()), timeoutMs);
    this.#state = 'closed';
    return closed;
  }
}
