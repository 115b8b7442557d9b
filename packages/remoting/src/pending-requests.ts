import { listenForAbort } from './abort-listener.js';
import type { RemotingCommand } from './command.js';
import type { DeadlineWheel, WheelEntry } from './deadline-wheel.js';
import { RemotingError } from './errors.js';
import type { LinkedNode } from './linked-list.js';

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

/** Slots at first; a power of two. */
const firstSlots = 64;

/**
 * Requests of one connection that wait for their response, each in the slot that the low bits of its opaque name. (In a Map
 * that changes so often every table is linked to the next: see `LinkedList`.)
 */
export class PendingRequests {
  readonly #address: string;
  readonly #wheel: DeadlineWheel;
  readonly #opaques: OpaqueCounter;
  readonly #maxInFlight: number;
  #slots: (PendingRequest | undefined)[] = emptySlots(firstSlots);
  #size = 0;

  constructor(address: string, wheel: DeadlineWheel, opaques: OpaqueCounter, maxInFlight: number) {
    this.#address = address;
    this.#wheel = wheel;
    this.#opaques = opaques;
    this.#maxInFlight = maxInFlight;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws RemotingError `TOO_MANY_REQUESTS` */
  assertRoom(): void {
    if (this.#size < this.#maxInFlight) return;
    throw new RemotingError(
      'TOO_MANY_REQUESTS',
      `${this.#maxInFlight} requests wait for ${this.#address} already`,
      {
        address: this.#address,
      },
    );
  }

  /** An opaque whose slot is free: no waiting request of this connection has it. */
  nextOpaque(): number {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    let opaque = this.#opaques.next();
    while (this.#slots[this.#slotOf(opaque)] !== undefined) opaque = this.#opaques.next();
    return opaque;
  }

  /** Enters a request under an opaque from `nextOpaque`; `onTimeout` runs when its time is over, right after it failed. */
  add(
    opaque: number,
    code: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    onTimeout: (() => void) | undefined,
  ): Promise<RemotingCommand> {
    return new Promise((resolve, reject) => {
      const pending = new PendingRequest(this, opaque, code, timeoutMs, resolve, reject, onTimeout);
      this.#slots[this.#slotOf(opaque)] = pending;
      this.#size++;
      this.#wheel.add(pending, timeoutMs);
      if (signal !== undefined) pending.listenTo(signal);
    });
  }

  /** Hands a response to its request; false when none waits (it timed out, or the peer invented it). */
  complete(response: RemotingCommand): boolean {
    const pending = this.#slots[this.#slotOf(response.opaque)];
    if (pending?.opaque !== response.opaque) return false;
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
    for (const pending of this.#slots) {
      if (pending === undefined) continue;
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
    const slot = this.#slotOf(pending.opaque);
    if (this.#slots[slot] !== pending) return;
    this.#slots[slot] = undefined;
    this.#size--;
    this.#wheel.remove(pending);
    pending.unlisten();
  }

  #slotOf(opaque: number): number {
    return opaque & (this.#slots.length - 1);
  }

  /** Who had a slot for itself has one among twice as many. */
  #grow(): void {
    const before = this.#slots;
    this.#slots = emptySlots(2 * before.length);
    for (const pending of before) {
      if (pending !== undefined) this.#slots[this.#slotOf(pending.opaque)] = pending;
    }
  }
}

function emptySlots(count: number): undefined[] {
  return new Array<undefined>(count).fill(undefined);
}

class PendingRequest implements WheelEntry {
  wheelTick = 0;
  wheelNode: LinkedNode<WheelEntry> | undefined = undefined;
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
