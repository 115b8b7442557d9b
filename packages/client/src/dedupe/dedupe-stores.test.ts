// What every store must do, and what sets each apart.
import { ManualClock } from '@mq/remoting';
import initSqlJs, { type Database } from 'sql.js';

import type { SqlDatabase } from '../sql/sql-database.js';
import type { DedupeStore } from './dedupe-store.js';
import { MemoryDedupeStore } from './memory-dedupe-store.js';
import { RedisDedupeStore, type RedisCommand } from './redis-dedupe-store.js';
import { SqlDedupeStore } from './sql-dedupe-store.js';

const LEASE_MS = 1_000;
const TTL_MS = 60_000;

/** Two stores of one memory, as two consumers of a group have them. */
interface Pair {
  readonly mine: DedupeStore;
  readonly theirs: DedupeStore;
  readonly clock: ManualClock;
}

/** The commands that the store uses, as Redis documents them. */
function redisCommands(clock: ManualClock): RedisCommand {
  const keys = new Map<string, { value: string; untilMs: number }>();
  const get = (key: string): string | null => {
    const entry = keys.get(key);
    return entry !== undefined && entry.untilMs > clock.now() ? entry.value : null;
  };
  return async (name, ...args) => {
    if (name === 'GET') return get(args[0] as string);
    if (name === 'SET') {
      const [key, value] = args as [string, string];
      if (args.includes('NX') && get(key) !== null) return null;
      keys.set(key, { value, untilMs: clock.now() + Number(args.at(-1)) });
      return 'OK';
    }
    if (name === 'EVAL') {
      const [, , key, owner] = args as [string, string, string, string];
      return get(key) === owner ? Number(keys.delete(key)) : 0;
    }
    throw new Error(`unknown command ${name}`);
  };
}

/** SQLite itself, compiled to WebAssembly. */
function sqliteOf(database: Database): SqlDatabase {
  return {
    query: async (sql, values) => {
      const statement = database.prepare(sql, [...values]);
      const rows: Record<string, unknown>[] = [];
      while (statement.step()) rows.push(statement.getAsObject());
      statement.free();
      return { rows, rowCount: database.getRowsModified() };
    },
  };
}

const pairs: Record<string, () => Promise<Pair>> = {
  memory: async () => {
    const clock = new ManualClock();
    const store = new MemoryDedupeStore({ clock });
    return { mine: store, theirs: store, clock };
  },
  Redis: async () => {
    const clock = new ManualClock();
    const command = redisCommands(clock);
    return { mine: new RedisDedupeStore({ command }), theirs: new RedisDedupeStore({ command }), clock };
  },
  SQL: sqlPair,
};

async function sqlPair(): Promise<Pair & { rows(): string[] }> {
  const clock = new ManualClock();
  const { Database } = await initSqlJs();
  const sqlite = new Database();
  const database = sqliteOf(sqlite);
  const mine = new SqlDedupeStore({ database, clock });
  await mine.createTable();
  const rows = (): string[] =>
    sqlite.exec('SELECT message_key FROM mq_dedupe ORDER BY rowid')[0]?.values.map(String) ?? [];
  return { mine, theirs: new SqlDedupeStore({ database, clock }), clock, rows };
}

describe.each(Object.keys(pairs))('in %s', (name) => {
  let mine: DedupeStore;
  let theirs: DedupeStore;
  let clock: ManualClock;

  beforeEach(async () => {
    ({ mine, theirs, clock } = await (pairs[name] as () => Promise<Pair>)());
  });

  test('a message is claimed once', async () => {
    expect(await mine.claim('a', LEASE_MS)).toBe('CLAIMED');
    expect(await theirs.claim('a', LEASE_MS)).toBe('BUSY');
    expect(await theirs.claim('b', LEASE_MS)).toBe('CLAIMED');
  });

  test('what is done stays done until it is forgotten', async () => {
    await mine.claim('a', LEASE_MS);
    await mine.done('a', TTL_MS);
    await clock.advance(LEASE_MS + 1);
    expect(await theirs.claim('a', LEASE_MS)).toBe('DONE');
    await clock.advance(TTL_MS);
    expect(await theirs.claim('a', LEASE_MS)).toBe('CLAIMED');
  });

  test('what is given back may be claimed by another', async () => {
    await mine.claim('a', LEASE_MS);
    await mine.release('a');
    expect(await theirs.claim('a', LEASE_MS)).toBe('CLAIMED');
  });

  test('what is done is not given back by whoever was late', async () => {
    await mine.claim('a', LEASE_MS);
    await clock.advance(LEASE_MS + 1);
    await theirs.claim('a', LEASE_MS);
    await theirs.done('a', TTL_MS);
    await mine.release('a');
    expect(await mine.claim('a', LEASE_MS)).toBe('DONE');
  });

  test('of many claims at the same time one gets it', async () => {
    const claims = await Promise.all([mine, theirs, mine, theirs].map((store) => store.claim('a', LEASE_MS)));
    expect(claims.filter((claim) => claim === 'CLAIMED')).toHaveLength(1);
  });

  test('a lease that was not renewed falls to another', async () => {
    await mine.claim('a', LEASE_MS);
    await clock.advance(LEASE_MS + 1);
    expect(await theirs.claim('a', LEASE_MS)).toBe('CLAIMED');
    expect(await mine.claim('a', LEASE_MS)).toBe('BUSY');
  });
});

describe.each(['Redis', 'SQL'])('shared by several in %s', (name) => {
  test('a late release does not take the claim of another away', async () => {
    const { mine, theirs, clock } = await (pairs[name] as () => Promise<Pair>)();
    await mine.claim('a', LEASE_MS);
    await clock.advance(LEASE_MS + 1);
    await theirs.claim('a', LEASE_MS);
    await mine.release('a');
    expect(await mine.claim('a', LEASE_MS)).toBe('BUSY');
  });
});

test('memory forgets what it has remembered longest when it is full', async () => {
  const store = new MemoryDedupeStore({ maxKeys: 2 });
  for (const key of ['a', 'b', 'c']) {
    await store.claim(key, LEASE_MS);
    await store.done(key, TTL_MS);
  }
  expect(store.size).toBe(2);
  expect(await store.claim('c', LEASE_MS)).toBe('DONE');
  expect(await store.claim('a', LEASE_MS)).toBe('CLAIMED');
});

describe('a SQL store', () => {
  test('removes what has expired', async () => {
    const { mine, clock } = await (pairs['SQL'] as () => Promise<Pair>)();
    await mine.claim('a', LEASE_MS);
    await mine.done('a', TTL_MS);
    await mine.claim('b', LEASE_MS);
    await clock.advance(LEASE_MS + 1);
    expect(await (mine as SqlDedupeStore).deleteExpired()).toBe(1);
    expect(await mine.claim('a', LEASE_MS)).toBe('DONE');
  });

  test('remembers what was done after the lease was over and its row removed', async () => {
    const { mine, clock } = await (pairs['SQL'] as () => Promise<Pair>)();
    await mine.claim('a', LEASE_MS);
    await clock.advance(LEASE_MS + 1);
    await (mine as SqlDedupeStore).deleteExpired();
    await mine.done('a', TTL_MS);
    expect(await mine.claim('a', LEASE_MS)).toBe('DONE');
  });

  test('says why it could not remember', async () => {
    const query = jest.fn().mockResolvedValue({ rows: [], rowCount: 0 });
    query.mockResolvedValueOnce({ rows: [], rowCount: 0 }).mockRejectedValueOnce(new Error('disk full'));
    await expect(new SqlDedupeStore({ database: { query } }).done('a', TTL_MS)).rejects.toThrow('disk full');
  });

  test('tells keys apart that a column would not: by their case, or by what lies behind its length', async () => {
    const { mine, rows } = await sqlPair();
    const long = 'x'.repeat(300);
    const keys = ['order-a', 'order-A', 'order-A ', `${long}1`, `${long}2`];
    for (const key of keys) expect(await mine.claim(key, LEASE_MS)).toBe('CLAIMED');
    const names = rows().map((name) => name.toLowerCase().trimEnd());
    expect(new Set(names).size).toBe(keys.length);
    expect(Math.max(...names.map(({ length }) => length))).toBeLessThan(255);
    expect(names[0]).toMatch(/^order-a#[0-9a-f]{32}$/);
  });

  test('says why it could not claim when the row is not the reason', async () => {
    const query = jest
      .fn()
      .mockResolvedValueOnce({ rows: [], rowCount: 0 })
      .mockRejectedValueOnce(new Error('disk full'))
      .mockResolvedValueOnce({ rows: [], rowCount: 0 });
    await expect(new SqlDedupeStore({ database: { query } }).claim('a', LEASE_MS)).rejects.toThrow(
      'disk full',
    );
  });

  test('writes numbered placeholders where the database wants them', async () => {
    const query = jest.fn().mockResolvedValue({ rows: [], rowCount: 1 });
    await new SqlDedupeStore({ database: { query, placeholders: 'numbered' } }).claim('a', LEASE_MS);
    expect(query.mock.calls[0][0]).toContain(
      'owner = $1, expires_at = $2 WHERE message_key = $3 AND expires_at <= $4',
    );
  });

  test('takes no table name that could be more than that', () => {
    expect(() => new SqlDedupeStore({ database: { query: jest.fn() }, table: 'a; drop table b' })).toThrow(
      'no plain table name',
    );
  });
});
