import type { Clock, Logger } from '@mq/remoting';
import { type MessageQueue, messageQueueKey } from '@mq/remoting/protocol';

export interface RebalanceLockManagerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a lock lives after its owner asked last; ms, default 60 000 (upstream `lockMaxLiveTime`). */
  readonly lockMaxLiveTimeMs?: number;
  /** Locks held at once, all groups together; a request beyond it is refused. Default 1 000 000. */
  readonly maxLocks?: number;
}

interface Lock {
  clientId: string;
  /** Monotonic ms: leases never follow the wall clock. */
  refreshedAt: number;
}

/** Which client of an orderly group owns which queue (upstream `RebalanceLockManager`). Leases, kept in memory. */
export class RebalanceLockManager {
  readonly #locks = new Map<string, Map<string, Lock>>();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #maxLiveMs: number;
  readonly #maxLocks: number;
  #count = 0;

  constructor(options: RebalanceLockManagerOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#maxLiveMs = options.lockMaxLiveTimeMs ?? 60_000;
    this.#maxLocks = options.maxLocks ?? 1_000_000;
  }

  /** The queues of `queues` that `clientId` owns now: newly locked, refreshed, or taken over from an expired owner. */
  tryLockBatch(group: string, queues: readonly MessageQueue[], clientId: string): MessageQueue[] {
    return queues.filter((queue) => this.#tryLock(group, messageQueueKey(queue), clientId));
  }

  /** Gives up the queues `clientId` owns; queues of others stay locked. */
  unlockBatch(group: string, queues: readonly MessageQueue[], clientId: string): void {
    const locks = this.#locks.get(group);
    if (locks === undefined) return;
    for (const queue of queues) {
      const key = messageQueueKey(queue);
      if (locks.get(key)?.clientId === clientId) this.#drop(locks, key);
    }
    if (locks.size === 0) this.#locks.delete(group);
  }

  /** True when the group holds no live lock, that is, does not consume orderly at the moment. */
  isLockAllExpired(group: string): boolean {
    const locks = this.#locks.get(group);
    if (locks === undefined) return true;
    for (const lock of locks.values()) if (!this.#isExpired(lock)) return false;
    return true;
  }

  /** Forgets expired locks. Call now and then, so that groups that went away cost nothing. */
  removeExpired(): void {
    for (const [group, locks] of this.#locks) {
      for (const [key, lock] of locks) if (this.#isExpired(lock)) this.#drop(locks, key);
      if (locks.size === 0) this.#locks.delete(group);
    }
  }

  #tryLock(group: string, key: string, clientId: string): boolean {
    let locks = this.#locks.get(group);
    const lock = locks?.get(key);
    if (lock !== undefined) {
      if (lock.clientId !== clientId && !this.#isExpired(lock)) return false;
      if (lock.clientId !== clientId) {
        this.#logger.warn('queue lock expired and taken over', {
          group,
          key,
          from: lock.clientId,
          to: clientId,
        });
      }
      lock.clientId = clientId;
      lock.refreshedAt = this.#clock.monotonic();
      return true;
    }
    if (this.#count >= this.#maxLocks) {
      this.#logger.warn('queue lock refused: too many locks', { group, key, maxLocks: this.#maxLocks });
      return false;
    }
    if (locks === undefined) this.#locks.set(group, (locks = new Map()));
    locks.set(key, { clientId, refreshedAt: this.#clock.monotonic() });
    this.#count++;
    return true;
  }

  #drop(locks: Map<string, Lock>, key: string): void {
    if (locks.delete(key)) this.#count--;
  }

  #isExpired(lock: Lock): boolean {
    return this.#clock.monotonic() - lock.refreshedAt > this.#maxLiveMs;
  }
}
