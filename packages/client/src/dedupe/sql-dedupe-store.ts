import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '@mq/remoting';
import type { SqlDatabase } from '../sql/sql-database.js';
import { sqlText, tableName } from '../sql/sql-database.js';
import type { DedupeClaim, DedupeStore } from './dedupe-store.js';

/** Where and how; see {@link SqlDedupeStore}. */
export interface SqlDedupeStoreOptions {
  /** The application's own. */
  readonly database: SqlDatabase;
  /** Default `mq_dedupe`. */
  readonly table?: string;
  /** Clocks of all consumers of a group should agree to within a part of the lease. */
  readonly clock?: Clock;
}

/**
 * Remembers in a table of a SQL database, in statements that PostgreSQL, MySQL and SQLite understand:
 *
 *     CREATE TABLE mq_dedupe (
 *       message_key VARCHAR(255) PRIMARY KEY,
 *       owner VARCHAR(36) NOT NULL,       -- empty: handled
 *       expires_at BIGINT NOT NULL        -- milliseconds since 1970
 *     );
 *
 * `deleteExpired()` keeps it small; call it now and then.
 */
export class SqlDedupeStore implements DedupeStore {
  readonly #database: SqlDatabase;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #owner = randomUUID();

  /** @throws MQClientError INVALID_ARGUMENT for a table name that would need quotes */
  constructor(options: SqlDedupeStoreOptions) {
    this.#database = options.database;
    this.#table = tableName(options.table ?? 'mq_dedupe');
    this.#clock = options.clock ?? systemClock;
  }

  /** Creates the table unless it exists. */
  async createTable(): Promise<void> {
    await this.#run(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (message_key VARCHAR(255) PRIMARY KEY, owner VARCHAR(36) NOT NULL, expires_at BIGINT NOT NULL)`,
    );
  }

  async claim(key: string, leaseMs: number): Promise<DedupeClaim> {
    const now = this.#clock.now();
    // What has expired is as good as not there; whoever's update changes the row has it.
    const takeOver = `UPDATE ${this.#table} SET owner = ?, expires_at = ? WHERE message_key = ? AND expires_at <= ?`;
    const { rowCount } = await this.#run(takeOver, this.#owner, now + leaseMs, key, now);
    if (rowCount === 1) return 'CLAIMED';
    try {
      await this.#run(
        `INSERT INTO ${this.#table} (message_key, owner, expires_at) VALUES (?, ?, ?)`,
        key,
        this.#owner,
        now + leaseMs,
      );
      return 'CLAIMED';
    } catch (error) {
      const { rows } = await this.#run(`SELECT owner FROM ${this.#table} WHERE message_key = ?`, key);
      // Not the row that is there already, but something else kept us from inserting.
      if (rows.length === 0) throw error;
      return rows[0]?.['owner'] === '' ? 'DONE' : 'BUSY';
    }
  }

  async done(key: string, ttlMs: number): Promise<void> {
    await this.#run(
      `UPDATE ${this.#table} SET owner = '', expires_at = ? WHERE message_key = ?`,
      this.#clock.now() + ttlMs,
      key,
    );
  }

  async release(key: string): Promise<void> {
    await this.#run(`DELETE FROM ${this.#table} WHERE message_key = ? AND owner = ?`, key, this.#owner);
  }

  /** Removes what has expired; returns how many rows. */
  async deleteExpired(): Promise<number> {
    const { rowCount } = await this.#run(
      `DELETE FROM ${this.#table} WHERE expires_at <= ?`,
      this.#clock.now(),
    );
    return rowCount;
  }

  #run(sql: string, ...values: (string | number)[]): ReturnType<SqlDatabase['query']> {
    return this.#database.query(sqlText(this.#database, sql), values);
  }
}
