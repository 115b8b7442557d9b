// How much of what was read for pulls may wait to leave. A consumer that pulls on and on and never reads the answers would
// otherwise fill the memory: its connection stops being read only when the first answers are there, and by then hundreds
// of reads may be on their way.
import type { Connection } from '@mq/remoting';

/** What one connection may have on its way before it has to read. */
const PER_CONNECTION_BYTES = 1024 * 1024;
/** What a read counts for until it is known how much it found. */
export const ASSUMED_READ_BYTES = 256 * 1024;

/** What is on its way to one connection. */
export interface PullAccount {
  bytes: number;
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
    let account = connection.attributes.get(accountAttribute) as PullAccount | undefined;
    if (account === undefined) connection.attributes.set(accountAttribute, (account = { bytes: 0 }));
    if (account.bytes === 0) return this.#bytes < this.maxBytes() ? account : undefined;
    return account.bytes < PER_CONNECTION_BYTES && this.#bytes < this.maxBytes() / 2 ? account : undefined;
  }

  take(account: PullAccount, bytes: number): void {
    account.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Once for each `take`, with the same number. */
  give(account: PullAccount, bytes: number): void {
    account.bytes -= bytes;
    this.#bytes -= bytes;
  }
}
