import type { HalfLedger } from './half-ledger.js';
import type { OpBatch } from './op-batch.js';
import type { TransactionMetrics } from './transaction-metrics.js';

/**
 * What ending and checking share. A transaction is in one hand at a time: it may be *ending* (its commit is on the way to
 * the log) or *moving* (a new copy of its half message is), never both. Keys are origins, see half-ledger.ts.
 */
export interface TransactionState {
  readonly ledger: HalfLedger;
  readonly ops: OpBatch;
  readonly metrics: TransactionMetrics;
  /** origin → end of the log when its commit was appended; in the order in which they were. */
  readonly ending: Map<number, number>;
  /** origin → settled once the new copy is stored, or is not. */
  readonly moving: Map<number, Promise<unknown>>;
}
