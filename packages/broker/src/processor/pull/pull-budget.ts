// How much of what was read for pulls may wait to leave. A consumer that pulls on and on and never reads the answers would
// otherwise fill the memory: its connection stops being read only when the first answers are there, and by then hundreds
// of reads may be on their way.
import type { Connection } from '@mq/remoting';

/** What one connection may have on its way before it has to read. */
const PER_CONNECTION_BYTES = 1024 * 1024;
/** What a read counts for until it is known how much it found. */
export const ASSUMED_READ_BYTES = 256 * 1024;

/**
 * Pulls of one connection that wait for their turn. A consumer has one under way for each queue, and a hundred queues that
 * are behind need more reads than may run at once: told to pull again they would do nothing else.
 */
const MAX_WAITING = 1024;

/** What is on its way to one connection, and its pulls that wait until it is less. */
export interface PullAccount {
  bytes: number;
  readonly waiting: (() => void)[];
}

const accountAttribute: unique symbol = Symbol('bytes of pull answers on their way');

/**
 * Bytes of pull answers between read and socket, of all connections. Under half of `maxBytes` only a connection's own bound
 * counts; above it only connections get more that have nothing on its way; at `maxBytes` nobody does. So those who read
 * what they get are the last to notice those who do not.
 */
export class PullBudget {
  #bytes = 0;

  /** @param maxBytes read at each use, so that a changed setting counts at once */
  constructor(private readonly maxBytes: () => number) {}

  /** Bytes on their way now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The account of a connection if it may have another answer; undefined: it must read first. */
  accountFor(connection: Connection): PullAccount | undefined {
    const account = accountOf(connection);
    return this.#hasRoom(account) ? account : undefined;
  }

  /**
   * Runs `resume` once what is on its way to the connection has become less. False when nothing is on its way, so that
   * nothing would wake it, or when too many wait: the pull is to be answered now.
   */
  waitFor(connection: Connection, resume: () => void): boolean {
    const { bytes, waiting } = accountOf(connection);
    if (bytes === 0 || waiting.length >= MAX_WAITING) return false;
    waiting.push(() => {
      if (connection.isOpen) resume();
    });
    return true;
  }

  take(account: PullAccount, bytes: number): void {
    account.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Once for each `take`, with the same number. */
  give(account: PullAccount, bytes: number): void {
    account.bytes -= bytes;
    this.#bytes -= bytes;
    // Without anything on its way nobody would wake them later: then they are answered, whatever the answer.
    while (account.waiting.length > 0 && (account.bytes === 0 || this.#hasRoom(account))) {
      account.waiting.shift()!();
    }
  }

  #hasRoom({ bytes }: PullAccount): boolean {
    if (bytes === 0) return this.#bytes < this.maxBytes();
    return bytes < PER_CONNECTION_BYTES && this.#bytes < this.maxBytes() / 2;
  }
}

function accountOf(connection: Connection): PullAccount {
  let account = connection.attributes.get(accountAttribute) as PullAccount | undefined;
  if (account === undefined)
    connection.attributes.set(accountAttribute, (account = { bytes: 0, waiting: [] }));
  return account;
}
