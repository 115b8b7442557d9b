import type { MessageQueue } from '@mq/remoting/protocol';
import type { ReceivedMessage } from '../consumer/received-message.js';

/**
 * What became of a local transaction. COMMIT: consumers may see the message. ROLLBACK: they never will. UNKNOWN: the broker
 * asks later, see `checkTransaction`. Upstream: LocalTransactionState (COMMIT_MESSAGE, ROLLBACK_MESSAGE, UNKNOW).
 */
export type LocalTransactionState = 'COMMIT' | 'ROLLBACK' | 'UNKNOWN';

/** A half message that a broker has stored: what a local transaction needs to know of it. */
export interface HalfSent {
  /** The id the message carries. Write it down with the local transaction: a check will name it. */
  readonly transactionId: string;
  /** Where the message will be once committed. */
  readonly messageQueue: MessageQueue;
  /** Fires when the producer closes and waits no longer; the end of the transaction is then left to a check. */
  readonly signal: AbortSignal;
}

/**
 * The work that belongs to a message: runs once the half message is stored. Throwing, or a promise that rejects, is UNKNOWN:
 * nobody can tell how far it came, so the check decides. In TypeScript an `async` function with but one answer must say
 * `return 'COMMIT' as const`: the compiler takes it for any text else.
 */
export type LocalTransaction = (half: HalfSent) => LocalTransactionState | Promise<LocalTransactionState>;

/**
 * Says what became of the local transaction of a message, because a broker asks: the sender said UNKNOWN, or died. It may ask
 * any producer of the group, several times, and before the local transaction has ended (say UNKNOWN then), so look it up where
 * all of them can see it, by `message.msgId`. Throwing is UNKNOWN.
 */
export type CheckTransaction = (
  message: ReceivedMessage,
) => LocalTransactionState | Promise<LocalTransactionState>;

const STATES: ReadonlySet<unknown> = new Set<LocalTransactionState>(['COMMIT', 'ROLLBACK', 'UNKNOWN']);

/** How a local transaction or a check went. */
export interface LocalOutcome {
  readonly state: LocalTransactionState;
  /** What it threw. */
  readonly error?: unknown;
}

/** Runs one of the application's functions. Never rejects; whatever is no state counts as UNKNOWN, as upstream's null. */
export async function runLocal(
  call: () => LocalTransactionState | Promise<LocalTransactionState>,
): Promise<LocalOutcome> {
  try {
    const state = await call();
    if (STATES.has(state)) return { state };
    return {
      state: 'UNKNOWN',
      error: new TypeError(`${String(state)} is none of COMMIT, ROLLBACK, UNKNOWN`),
    };
  } catch (error) {
    return { state: 'UNKNOWN', error };
  }
}
