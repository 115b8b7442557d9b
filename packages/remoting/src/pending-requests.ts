import { listenForAbort } from './abort-listener.js';
import type { RemotingCommand } from './command.js';
import type { DeadlineWheel, WheelEntry } from './deadline-wheel.js';
import { RemotingError } from './errors.js';

/** Signed int32 counter that pairs responses with requests; wraps through the negative numbers. */
export class OpaqueCounter {
  #next: number;

  constructor(first = 0) {
    this.#next = first | 0;
  }

  next(): number {
    const opaque = this.#next;
    this.#next = (opaque + 1) | 0;
    return opaque;
  }
}

/** Requests of one connection that wait for their response. */
export class PendingRequests {
  readonly #address: string;
  readonly #wheel: DeadlineWheel;
  readonly #opaques: OpaqueCounter;
  readonly #maxInFlight: number;
  readonly #byOpaque = new Map<number, PendingRequest>();

  constructor(address: string, wheel: DeadlineWheel, opaques: OpaqueCounter, maxInFlight: number) {
    this.#address = address;
    this.#wheel = wheel;
    this.#opaques = opaques;
    this.#maxInFlight = maxInFlight;
  }

  get size(): number {
    return this.#byOpaque.size;
  }

  /** @throws RemotingError `TOO_MANY_REQUESTS` */
  assertRoom(): void {
    if (this.#byOpaque.size < this.#maxInFlight) return;
    throw new RemotingError(
      'TOO_MANY_REQUESTS',
      `${this.#maxInFlight} requests wait for ${this.#address} already`,
      {
        address: this.#address,
      },
    );
  }

  /** An opaque that no waiting request of this connection has. */
  nextOpaque(): number {
    let opaque = this.#opaques.next();
    while (this.#byOpaque.has(opaque)) opaque = this.#opaques.next();
    return opaque;
  }

  /** Enters a request; `onTimeout` runs when its time is over, right after it failed. */
  add(
    opaque: number,
    code: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    onTimeout: (() => void) | undefined,
  ): Promise<RemotingCommand> {
    return new Promise((resolve, reject) => {
      const pending = new PendingRequest(this, opaque, code, timeoutMs, resolve, reject, onTimeout);
      this.#byOpaque.set(opaque, pending);
      this.#wheel.add(pending, timeoutMs);
      if (signal !== undefined) pending.listenTo(signal);
    });
  }

  /** Hands a response to its request; false when none waits (it timed out, or the peer invented it). */
  complete(response: RemotingCommand): boolean {
    const pending = this.#byOpaque.get(response.opaque);
    if (pending === undefined) return false;
    this.#take(pending);
    pending.resolve(response);
    return true;
  }

  fail(pending: PendingRequest, error: RemotingError): void {
    this.#take(pending);
    pending.reject(error);
  }

  /** Fails every request that waits. */
  failAll(reason: string): void {
    const message = `connection to ${this.#address} closed before the response: ${reason}`;
    for (const pending of [...this.#byOpaque.values()]) {
      this.fail(pending, new RemotingError('CLOSED', message, { address: this.#address }));
    }
  }

  timedOut(pending: PendingRequest): void {
    const message = `no response from ${this.#address} to request ${pending.code} in ${pending.timeoutMs} ms`;
    this.fail(pending, new RemotingError('TIMEOUT', message, { address: this.#address }));
    pending.onTimeout?.();
  }

  aborted(pending: PendingRequest, cause: unknown): void {
    this.fail(
      pending,
      new RemotingError('ABORTED', 'the request was aborted', { address: this.#address, cause }),
    );
  }

  #take(pending: PendingRequest): void {
    this.#byOpaque.delete(pending.opaque);
    this.#wheel.remove(pending);
    pending.unlisten();
  }
}

class PendingRequest implements WheelEntry {
  wheelTick: number | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelNext: WheelEntry | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  constructor(
    private readonly table: PendingRequests,
    readonly opaque: number,
    readonly code: number,
    readonly timeoutMs: number,
    readonly resolve: (response: RemotingCommand) => void,
    readonly reject: (error: RemotingError) => void,
    readonly onTimeout: (() => void) | undefined,
  ) {}

  onDeadline(): void {
    this.table.timedOut(this);
  }

  listenTo(signal: AbortSignal): void {
    const onAbort = (): void => this.table.aborted(this, signal.reason);
    // First, since it throws for what is no signal; nothing may be left to take off then.
    listenForAbort(signal, onAbort);
    this.#signal = signal;
    this.#onAbort = onAbort;
  }

  unlisten(): void {
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#onAbort = undefined;
  }
}
