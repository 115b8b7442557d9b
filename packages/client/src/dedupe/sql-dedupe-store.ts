import { createHash, randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '@mq/remoting';
import type { SqlDatabase } from '../sql/sql-database.js';
import { sqlText, tableName } from '../sql/sql-database.js';
import type { DedupeClaim, DedupeStore } from './dedupe-store.js';

/** So much of a key can be read in its row. */
const READABLE_LENGTH = 190;
const HASH_LENGTH = 32;

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
    const row = rowOf(key);
    // What has expired is as good as not there; whoever's update changes the row has it.
    const takeOver = `UPDATE ${this.#table} SET owner = ?, expires_at = ? WHERE message_key = ? AND expires_at <= ?`;
    const { rowCount } = await this.#run(takeOver, this.#owner, now + leaseMs, row, now);
    if (rowCount === 1) return 'CLAIMED';
    try {
      await this.#run(
        `INSERT INTO ${this.#table} (message_key, owner, expires_at) VALUES (?, ?, ?)`,
        row,
        this.#owner,
        now + leaseMs,
      );
      return 'CLAIMED';
    } catch (error) {
      const { rows } = await this.#run(`SELECT owner FROM ${this.#table} WHERE message_key = ?`, row);
      // Not the row that is there already, but something else kept us from inserting.
      if (rows.length === 0) throw error;
      return rows[0]?.['owner'] === '' ? 'DONE' : 'BUSY';
    }
  }

  async done(key: string, ttlMs: number): Promise<void> {
    const row = rowOf(key);
    const expiresAt = this.#clock.now() + ttlMs;
    if ((await this.#markDone(row, expiresAt)) > 0) return;
    // The handler outlasted its lease, and `deleteExpired` removed the row.
    const insert = `INSERT INTO ${this.#table} (message_key, owner, expires_at) VALUES (?, '', ?)`;
    try {
      await this.#run(insert, row, expiresAt);
    } catch (error) {
      // Another has begun with it meanwhile; or something else kept us from inserting.
      if ((await this.#markDone(row, expiresAt)) === 0) throw error;
    }
  }

  async release(key: string): Promise<void> {
    await this.#run(
      `DELETE FROM ${this.#table} WHERE message_key = ? AND owner = ?`,
      rowOf(key),
      this.#owner,
    );
  }

  /** Removes what has expired; returns how many rows. */
  async deleteExpired(): Promise<number> {
    const { rowCount } = await this.#run(
      `DELETE FROM ${this.#table} WHERE expires_at <= ?`,
      this.#clock.now(),
    );
    return rowCount;
  }

  /** Returns how many rows that changed: 0 or 1. */
  async #markDone(row: string, expiresAt: number): Promise<number> {
    const sql = `UPDATE ${this.#table} SET owner = '', expires_at = ? WHERE message_key = ?`;
    return (await this.#run(sql, expiresAt, row)).rowCount;
  }

  #run(sql: string, ...values: (string | number)[]): ReturnType<SqlDatabase['query']> {
    return this.#database.query(sqlText(this.#database, sql), values);
  }
}

/**
 * The row of a key. With a hash at its end, because the beginning alone may not tell two keys apart: it is cut to what the column
 * holds, and MySQL compares without regard to case unless told otherwise.
 */
function rowOf(key: string): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, HASH_LENGTH);
  return `${key.slice(0, READABLE_LENGTH)}#${hash}`;
}
