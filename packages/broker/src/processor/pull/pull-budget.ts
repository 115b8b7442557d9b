// How much of what was read for pulls may wait to leave. A consumer that pulls on and on and never reads the answers would
// otherwise fill the memory: its connection stops being read only when the first answers are there, and by then hundreds
// of reads may be on their way.
import { TurnScheduler, type Connection, type TurnTask } from '@mq/remoting';

/** What one connection may have on its way before it has to read. */
const PER_CONNECTION_BYTES = 1024 * 1024;
/**
 * Bytes of answers that one turn of the event loop may make, and again those that waited: the rest is for the next turn.
 * Copying a MiB to a peer that does not read takes the kernel some 4 ms, and hundreds of peers may ask in one turn.
 */
const PER_TURN_BYTES = 2 * 1024 * 1024;
/** What a read counts for until it is known how much it found. */
export const ASSUMED_READ_BYTES = 256 * 1024;

/**
 * Pulls of one connection that wait for their turn. A consumer has one under way for each queue, and a hundred queues that
 * are behind need more reads than may run at once: told to pull again they would do nothing else.
 */
const MAX_WAITING = 1024;

/** Pulls that wait of one connection, from which on no more requests are taken from it until they are served. */
const PAUSE_WAITING = 8;

/** What is on its way to one connection, and its pulls that wait until it is less. */
export interface PullAccount {
  bytes: number;
  readonly waiting: (() => void)[];
  /** Whether it is among those who go on at the end of the turn. */
  isReady: boolean;
}

const accountAttribute: unique symbol = Symbol('bytes of pull answers on their way');

/**
 * Bytes of pull answers between read and socket, of all connections. Under half of `maxBytes` only a connection's own bound
 * counts; above it only connections get more that have nothing on its way; at `maxBytes` nobody does. So those who read
 * what they get are the last to notice those who do not.
 */
export class PullBudget implements TurnTask {
  queued = false;
  #bytes = 0;
  #turnBytes = 0;
  /** Whose pulls may go on, each one in its turn. */
  readonly #ready: PullAccount[] = [];

  /** @param maxBytes read at each use, so that a changed setting counts at once */
  constructor(
    private readonly maxBytes: () => number,
    private readonly turn = new TurnScheduler(),
  ) {}

  /** Bytes on their way now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The account of a connection if it may have another answer now; undefined: it must read first, or let others. */
  accountFor(connection: Connection): PullAccount | undefined {
    const account = accountOf(connection);
    return this.#turnBytes < PER_TURN_BYTES && this.#hasRoom(account) ? account : undefined;
  }

  /**
   * Runs `resume` in a later turn, once what is on its way to the connection has become less. False when nothing would
   * wake it, or when too many wait: the pull is to be answered now.
   */
  waitFor(connection: Connection, resume: () => void): boolean {
    const account = accountOf(connection);
    if (account.waiting.length >= MAX_WAITING) return false;
    const waitsForTurn = this.#turnBytes >= PER_TURN_BYTES && this.#hasRoom(account);
    if (account.bytes === 0 && !waitsForTurn) return false;
    account.waiting.push(() => {
      if (!connection.isOpen) return;
      resume();
      if (account.waiting.length === 0) connection.resumeReading?.();
    });
    if (account.waiting.length === PAUSE_WAITING) connection.pauseReading?.();
    if (waitsForTurn) this.#makeReady(account);
    return true;
  }

  take(account: PullAccount, bytes: number): void {
    account.bytes += bytes;
    this.#bytes += bytes;
    this.#turnBytes += bytes;
    this.turn.atTurnEnd(0, this);
  }

  /** Once for each `take`, with the same number. */
  give(account: PullAccount, bytes: number): void {
    account.bytes -= bytes;
    this.#bytes -= bytes;
    if (account.waiting.length > 0 && this.#mayGoOn(account)) this.#makeReady(account);
  }

  /** The connections that may go on do, one pull after the other in turn, as far as the bytes of a turn reach. */
  runAtTurnEnd(): void {
    this.#turnBytes = 0;
    const ready = this.#ready;
    while (ready.length > 0 && this.#turnBytes < PER_TURN_BYTES) {
      const account = ready.shift()!;
      account.isReady = false;
      account.waiting.shift()?.();
      if (account.waiting.length > 0 && this.#mayGoOn(account)) this.#makeReady(account);
    }
    this.#turnBytes = 0;
    if (ready.length > 0) this.turn.atTurnEnd(0, this);
  }

  #makeReady(account: PullAccount): void {
    if (account.isReady) return;
    account.isReady = true;
    this.#ready.push(account);
    this.turn.atTurnEnd(0, this);
  }

  /** Without anything on its way nobody would wake its pulls later: then they are answered, whatever the answer. */
  #mayGoOn(account: PullAccount): boolean {
    return account.bytes === 0 || this.#hasRoom(account);
  }

  #hasRoom({ bytes }: PullAccount): boolean {
    if (bytes === 0) return this.#bytes < this.maxBytes();
    return bytes < PER_CONNECTION_BYTES && this.#bytes < this.maxBytes() / 2;
  }
}

function accountOf(connection: Connection): PullAccount {
  let account = connection.attributes.get(accountAttribute) as PullAccount | undefined;
  if (account === undefined)
    connection.attributes.set(accountAttribute, (account = { bytes: 0, waiting: [], isReady: false }));
  return account;
}
