import { systemClock, type Clock } from '@mq/remoting';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { MQClientError } from '../errors.js';
import { wholeNumber } from '../options.js';
import type { LocalTransaction, LocalTransactionState } from '../producer/local-transaction.js';
import type { OutgoingMessage } from '../producer/outgoing-message.js';
import type { SendOptions } from '../producer/send-options.js';
import type { TransactionSendResult } from '../producer/transaction-producer.js';
import { sqlText, tableName, type SqlQuery, type SqlTransactionalDatabase } from '../sql/sql-database.js';

const DEFAULT_UNDECIDED_MS = 30_000;

/** Where and how; see {@link SqlOutbox}. */
export interface SqlOutboxOptions {
  /** The one the work is done in. */
  readonly database: SqlTransactionalDatabase;
  /** Default `mq_outbox`. */
  readonly table?: string;
  /**
   * How long a database transaction is left alone before a check by the broker declares it dead, milliseconds. One that takes
   * longer then fails to commit, and its message is rolled back with it. Default 30 seconds.
   */
  readonly undecidedMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A `TransactionProducer`. */
export interface TransactionSink {
  /** As `TransactionProducer.sendInTransaction`. */
  sendInTransaction(
    message: OutgoingMessage,
    local: LocalTransaction,
    options?: SendOptions,
  ): Promise<TransactionSendResult>;
}

/** What `SqlOutbox.send` gives. */
export interface OutboxResult<T> {
  /** What the work returned. */
  readonly value: T;
  /** The send, and what the broker was told. */
  readonly sent: TransactionSendResult;
}

/**
 * Sends a message if, and only if, a database transaction commits, without polling a table: the message waits at the broker,
 * the transaction leaves one row, and the row is what the broker is told, now or when it asks after a crash.
 *
 *     const outbox = new SqlOutbox({ database });
 *     const producer = new TransactionProducer({ nameServers, producerGroup: 'shop', checkTransaction: outbox.check });
 *     await producer.start();
 *     await outbox.send(producer, { topic: 'Orders', body: 'order 1' }, async (query) => {
 *       await query('INSERT INTO orders (id) VALUES (?)', [1]);
 *     });
 *
 * The table, in the same database as the work:
 *
 *     CREATE TABLE mq_outbox (
 *       transaction_id VARCHAR(64) PRIMARY KEY,
 *       state VARCHAR(8) NOT NULL,        -- COMMIT, or ROLLBACK where a check declared the transaction dead
 *       created_at BIGINT NOT NULL        -- milliseconds since 1970
 *     );
 *
 * Rows are needed as long as brokers may ask: `deleteOlderThan(24 * 3_600_000)` now and then is safe with their defaults.
 */
export class SqlOutbox {
  readonly #database: SqlTransactionalDatabase;
  readonly #table: string;
  readonly #undecidedMs: number;
  readonly #clock: Clock;

  /** @throws MQClientError INVALID_ARGUMENT */
  constructor(options: SqlOutboxOptions) {
    this.#database = options.database;
    this.#table = tableName(options.table ?? 'mq_outbox');
    this.#undecidedMs = wholeNumber('undecidedMs', options.undecidedMs, DEFAULT_UNDECIDED_MS, 0);
    this.#clock = options.clock ?? systemClock;
  }

  /** Creates the table unless it exists. */
  async createTable(): Promise<void> {
    await this.#run(
      this.#database.query,
      `CREATE TABLE IF NOT EXISTS ${this.#table} (transaction_id VARCHAR(64) PRIMARY KEY, state VARCHAR(8) NOT NULL, created_at BIGINT NOT NULL)`,
    );
  }

  /**
   * Runs `work` in a database transaction; consumers get the message when it commits, and never when it does not. Rejects with
   * what the work or the commit threw. After a commit that failed on the way, only the database knows; the broker will ask.
   * @throws MQClientError as `TransactionProducer.sendInTransaction`, with `work` not run; TIMEOUT, with `work` not run, when it
   *   was the turn of `work` only after a check had declared it dead
   */
  async send<T>(
    producer: TransactionSink,
    message: OutgoingMessage,
    work: (query: SqlQuery) => Promise<T>,
    options?: SendOptions,
  ): Promise<OutboxResult<T>> {
    const local = new LocalWork(work);
    const sent = await producer.sendInTransaction(
      message,
      ({ transactionId }) =>
        local.run((inner) =>
          this.#database.transaction(async (query) => {
            // First of all: from here on a check waits for this transaction, or has declared it dead, and this fails.
            await this.#insert(query, transactionId, 'COMMIT');
            return inner(query);
          }),
        ),
      options,
    );
    if (local.hasNotBegun) await this.#assertNotDead(sent.transactionId, local.error);
    return { value: local.value(sent), sent };
  }

  /** For `checkTransaction` of the producer: what became of the transaction that a message belongs to. */
  readonly check = async ({ msgId, bornTimestamp }: ReceivedMessage): Promise<LocalTransactionState> => {
    const known = await this.#stateOf(msgId);
    if (known !== undefined) return known;
    if (this.#clock.now() - bornTimestamp < this.#undecidedMs) return 'UNKNOWN';
    try {
      // Takes the place of the row that a transaction still under way would leave: it cannot commit any more.
      await this.#insert(this.#database.query, msgId, 'ROLLBACK');
      return 'ROLLBACK';
    } catch (error) {
      const state = await this.#stateOf(msgId);
      if (state === undefined) throw error;
      return state;
    }
  };

  /** Removes rows that nobody will ask for any more; returns how many. */
  async deleteOlderThan(ms: number): Promise<number> {
    const { rowCount } = await this.#run(
      this.#database.query,
      `DELETE FROM ${this.#table} WHERE created_at < ?`,
      this.#clock.now() - ms,
    );
    return rowCount;
  }

  /** The row of a check keeps that of the transaction out: what the database says then would say nothing to the caller. */
  async #assertNotDead(transactionId: string, cause: unknown): Promise<void> {
    const state = await this.#stateOf(transactionId).catch(() => undefined);
    if (state !== 'ROLLBACK') return;
    const reason = `the transaction of message ${transactionId} had not begun after undecidedMs (${this.#undecidedMs} ms), so a check declared it dead: the work was not run and the message is rolled back`;
    throw new MQClientError('TIMEOUT', reason, { cause });
  }

  async #stateOf(transactionId: string): Promise<'COMMIT' | 'ROLLBACK' | undefined> {
    const { rows } = await this.#run(
      this.#database.query,
      `SELECT state FROM ${this.#table} WHERE transaction_id = ?`,
      transactionId,
    );
    if (rows.length === 0) return undefined;
    return rows[0]?.['state'] === 'COMMIT' ? 'COMMIT' : 'ROLLBACK';
  }

  async #insert(query: SqlQuery, transactionId: string, state: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await this.#run(
      query,
      `INSERT INTO ${this.#table} (transaction_id, state, created_at) VALUES (?, ?, ?)`,
      transactionId,
      state,
      this.#clock.now(),
    );
  }

  #run(query: SqlQuery, sql: string, ...values: (string | number)[]): ReturnType<SqlQuery> {
    return query(sqlText(this.#database, sql), values);
  }
}

/** Runs the work once and keeps how it went. */
class LocalWork<T> {
  #outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  #hasBegun = false;
  #isWorkDone = false;

  constructor(private readonly work: (query: SqlQuery) => Promise<T>) {}

  async run(
    inTransaction: (work: (query: SqlQuery) => Promise<T>) => Promise<T>,
  ): Promise<LocalTransactionState> {
    try {
      const value = await inTransaction(async (query) => {
        this.#hasBegun = true;
        const result = await this.work(query);
        this.#isWorkDone = true;
        return result;
      });
      this.#outcome = { value };
      return 'COMMIT';
    } catch (error) {
      this.#outcome = { error };
      // A commit that failed may have reached the database all the same.
      return this.#isWorkDone ? 'UNKNOWN' : 'ROLLBACK';
    }
  }

  /** The database transaction failed before the work. */
  get hasNotBegun(): boolean {
    return !this.#hasBegun && this.error !== undefined;
  }

  /** What the work, or the database transaction around it, threw. */
  get error(): unknown {
    return this.#outcome !== undefined && 'error' in this.#outcome ? this.#outcome.error : undefined;
  }

  /** @throws what the work threw */
  value(sent: TransactionSendResult): T {
    if (this.#outcome === undefined) {
      const reason = `the half message was stored with ${sent.status}, so the work was not run and the message is rolled back`;
      throw new MQClientError('BROKER_BUSY', reason, { brokerName: sent.messageQueue.brokerName });
    }
    if ('error' in this.#outcome) throw this.#outcome.error;
    return this.#outcome.value;
  }
}
