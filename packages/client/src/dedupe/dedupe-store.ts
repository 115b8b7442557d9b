/**
 * What a claim finds. CLAIMED: nobody has handled the message nor is at it; it is the caller's until the lease ends. DONE: it
 * was handled. BUSY: somebody holds the lease.
 */
export type DedupeClaim = 'CLAIMED' | 'DONE' | 'BUSY';

/**
 * Where `dedupe` remembers what was handled. Shared by all consumers of the group unless each of them handles for itself.
 * A claim that rejects makes the message come again. What cannot be remembered was handled all the same: that is reported, and
 * the claim is left to end by itself.
 */
export interface DedupeStore {
  /** Atomically takes the message for `leaseMs` milliseconds, unless it is done or taken. */
  claim(key: string, leaseMs: number): Promise<DedupeClaim>;
  /** Remembers for `ttlMs` milliseconds that the message was handled. */
  done(key: string, ttlMs: number): Promise<void>;
  /** Gives a claim back: the message was not handled. What is done stays done. */
  release(key: string): Promise<void>;
}
