import { assertArgument } from '../errors.js';

/** What a statement gave. */
export interface SqlResult {
  /** Values by column name; empty for a statement that selects nothing. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows that the statement changed. */
  readonly rowCount: number;
}

/** Runs one statement. */
export type SqlQuery = (sql: string, values: readonly (string | number)[]) => Promise<SqlResult>;

/**
 * The application's own database, as the helpers use it. With `pg`:
 *
 *     const database: SqlDatabase = {
 *       placeholders: 'numbered',
 *       query: async (sql, values) => {
 *         const { rows, rowCount } = await pool.query(sql, [...values]);
 *         return { rows, rowCount: rowCount ?? 0 };
 *       },
 *     };
 */
export interface SqlDatabase {
  /** Runs a statement outside of any transaction, so not on the connection of one that is open. */
  readonly query: SqlQuery;
  /** `question` (default): `?`, as MySQL and SQLite have them. `numbered`: `$1`, `$2`, as PostgreSQL does. */
  readonly placeholders?: 'question' | 'numbered';
}

/** A database that runs several statements as one. */
export interface SqlTransactionalDatabase extends SqlDatabase {
  /**
   * Begins a transaction, gives `work` a way to run statements in it, commits when `work` resolves and rolls back when it
   * rejects. With `pg`: take a client, `BEGIN`, `work(query of that client)`, `COMMIT` or `ROLLBACK`, release the client.
   * Calls overlap. Where there is but one connection, as with SQLite, let them, and `query`, wait for each other.
   */
  transaction<T>(work: (query: SqlQuery) => Promise<T>): Promise<T>;
}

/** A statement written with `?`, with the placeholders of that database. It must hold no `?` of another meaning. */
export function sqlText({ placeholders }: Pick<SqlDatabase, 'placeholders'>, sql: string): string {
  if (placeholders !== 'numbered') return sql;
  let count = 0;
  return sql.replaceAll('?', () => `$${++count}`);
}

/** Refuses what could not stand unquoted in a statement. @throws MQClientError INVALID_ARGUMENT */
export function tableName(name: string): string {
  assertArgument(
    /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/.test(name),
    `"${name}" is no plain table name`,
  );
  return name;
}
