// The outbox over a real broker and a real SQL database (SQLite, compiled to WebAssembly).
import { SqlOutbox, TransactionProducer, type SqlQuery, type SqlTransactionalDatabase } from '@mq/client';
import initSqlJs, { type Database } from 'sql.js';

import { startTestBroker, type TestBroker } from '../src/index.js';

const MINUTE_MS = 60_000;

let broker: TestBroker;
let producer: TransactionProducer;
let outbox: SqlOutbox;
let orders: Database;
/** Set by a test to make the commit itself fail, before or after it took effect. */
let failCommit: 'before' | 'after' | undefined;

beforeEach(async () => {
  failCommit = undefined;
  const { Database } = await initSqlJs();
  orders = new Database();
  orders.run('CREATE TABLE orders (id INTEGER PRIMARY KEY)');
  broker = await startTestBroker({
    topics: ['orders'],
    settings: { transactionTimeOut: 1_000, transactionCheckInterval: 1_000 },
  });
  outbox = new SqlOutbox({ database: databaseOf(orders), undecidedMs: 0 });
  await outbox.createTable();
  producer = new TransactionProducer({
    nameServers: broker.nameServers,
    producerGroup: 'shop',
    checkTransaction: outbox.check,
  });
  await producer.start();
});

afterEach(async () => {
  await producer.close();
  await broker[Symbol.asyncDispose]();
});

function databaseOf(database: Database): SqlTransactionalDatabase {
  const query: SqlQuery = async (sql, values) => {
    const statement = database.prepare(sql, [...values]);
    const rows: Record<string, unknown>[] = [];
    while (statement.step()) rows.push(statement.getAsObject());
    statement.free();
    return { rows, rowCount: database.getRowsModified() };
  };
  return {
    query,
    transaction: async (work) => {
      database.run('BEGIN');
      try {
        const result = await work(query);
        if (failCommit === 'before') throw new Error('connection lost');
        database.run('COMMIT');
        if (failCommit === 'after') throw new Error('connection lost');
        return result;
      } catch (error) {
        if (failCommit !== 'after') database.run('ROLLBACK');
        throw error;
      }
    },
  };
}

const insertOrder = async (query: SqlQuery): Promise<string> => {
  await query('INSERT INTO orders (id) VALUES (?)', [1]);
  return 'inserted';
};

const orderCount = (): unknown => orders.exec('SELECT COUNT(*) FROM orders')[0]?.values[0]?.[0];
const sentCount = async (): Promise<number> => (await broker.messages('orders')).length;

/** Moves the broker's time on until it has asked and been answered. */
async function untilSent(count: number): Promise<void> {
  while ((await sentCount()) < count) await broker.advance(2_000);
}

test('the message is there when the transaction is', async () => {
  const { value, sent } = await outbox.send(producer, { topic: 'orders', body: 'order 1' }, insertOrder);
  expect(value).toBe('inserted');
  expect(sent.localTransactionState).toBe('COMMIT');
  await untilSent(1);
  expect(orderCount()).toBe(1);
});

test('neither is when the work fails', async () => {
  const failing = outbox.send(producer, { topic: 'orders', body: 'order 1' }, async (query) => {
    await insertOrder(query);
    throw new Error('out of stock');
  });
  await expect(failing).rejects.toThrow('out of stock');
  await outbox.send(producer, { topic: 'orders', body: 'order 2' }, insertOrder);
  await untilSent(1);
  expect((await broker.messages('orders')).map(({ body }) => body.toString())).toEqual(['order 2']);
  expect(orderCount()).toBe(1);
});

test('the broker asks when the word about the end got lost, and is told from the table', async () => {
  broker.faults.refuse({ request: 'END_TRANSACTION', times: 1 });
  await outbox.send(producer, { topic: 'orders', body: 'order 1' }, insertOrder);
  expect(await sentCount()).toBe(0);
  await untilSent(1);
});

test('a commit that failed on the way back still counts', async () => {
  failCommit = 'after';
  const lost = outbox.send(producer, { topic: 'orders', body: 'order 1' }, insertOrder);
  await expect(lost).rejects.toThrow('connection lost');
  expect(orderCount()).toBe(1);
  await untilSent(1);
});

test('a commit that failed on the way there does not', async () => {
  failCommit = 'before';
  const lost = outbox.send(producer, { topic: 'orders', body: 'order 1' }, insertOrder);
  await expect(lost).rejects.toThrow('connection lost');
  failCommit = undefined;
  await outbox.send(producer, { topic: 'orders', body: 'order 2' }, insertOrder);
  await untilSent(1);
  await broker.advance(5 * MINUTE_MS);
  expect((await broker.messages('orders')).map(({ body }) => body.toString())).toEqual(['order 2']);
  expect(orderCount()).toBe(1);
});

test('a transaction that a check declared dead cannot commit any more', async () => {
  const { sendInTransaction } = producer;
  // The local transaction begins only after a check found no row.
  const slow: Pick<TransactionProducer, 'sendInTransaction'> = {
    sendInTransaction: (message, local, options) =>
      sendInTransaction.call(
        producer,
        message,
        async (half) => {
          const message = { msgId: half.transactionId, bornTimestamp: 0 } as Parameters<
            typeof outbox.check
          >[0];
          expect(await outbox.check(message)).toBe('ROLLBACK');
          return local(half);
        },
        options,
      ),
  };
  await expect(outbox.send(slow, { topic: 'orders', body: 'order 1' }, insertOrder)).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringMatching(
      /had not begun after undecidedMs \(0 ms\), so a check declared it dead/,
    ) as string,
    cause: expect.objectContaining({ message: expect.stringMatching(/UNIQUE/) as string }) as Error,
  });
  await broker.advance(5 * MINUTE_MS);
  expect([orderCount(), await sentCount()]).toEqual([0, 0]);
});

describe('a producer that dies', () => {
  const never = new Promise<never>(() => undefined);

  /** Its transactions do not come back from the step that is named; the database rolls back what was open. */
  function dyingIn(step: string): SqlTransactionalDatabase {
    const alive = databaseOf(orders);
    return {
      ...alive,
      transaction: async (work) => {
        if (step === 'before its transaction') return never;
        orders.run('BEGIN');
        await work(alive.query);
        orders.run(step === 'before its commit' ? 'ROLLBACK' : 'COMMIT');
        return never;
      },
    };
  }

  test.each([
    ['before its transaction', 0],
    ['before its commit', 0],
    ['after its commit', 1],
  ])('%s leaves the word to another of its group, which has the table', async (step, count) => {
    const dying = new SqlOutbox({ database: dyingIn(step), undecidedMs: 0 });
    const isStored = new Promise<void>((resolve) => {
      const sink: Pick<TransactionProducer, 'sendInTransaction'> = {
        sendInTransaction: (message, local) =>
          producer.sendInTransaction(message, (half) => {
            resolve();
            return local(half);
          }),
      };
      dying.send(sink, { topic: 'orders', body: 'order 1' }, insertOrder).catch(() => undefined);
    });
    await isStored;
    await producer.close({ timeoutMs: 1 });
    const other = new SqlOutbox({ database: databaseOf(orders), undecidedMs: 0 });
    producer = new TransactionProducer({
      nameServers: broker.nameServers,
      producerGroup: 'shop',
      checkTransaction: other.check,
    });
    await producer.start();
    const states = (): unknown[] =>
      orders.exec('SELECT state FROM mq_outbox')[0]?.values.map(([state]) => state) ?? [];
    while (states().length === 0) await broker.advance(2_000);
    expect(states()).toEqual([count === 1 ? 'COMMIT' : 'ROLLBACK']);
    await untilSent(count);
    await broker.advance(MINUTE_MS);
    expect([orderCount(), await sentCount()]).toEqual([count, count]);
  });
});

test('a database that fails before the work says so itself', async () => {
  orders.run('DROP TABLE mq_outbox');
  await expect(outbox.send(producer, { topic: 'orders', body: 'order 1' }, insertOrder)).rejects.toThrow(
    'no such table: mq_outbox',
  );
  expect(orderCount()).toBe(0);
});

test('a transaction that is still young is left alone', async () => {
  const patient = new SqlOutbox({ database: databaseOf(orders), undecidedMs: MINUTE_MS });
  const message = { msgId: 'M', bornTimestamp: Date.now() } as Parameters<typeof outbox.check>[0];
  expect(await patient.check(message)).toBe('UNKNOWN');
  expect(await patient.check({ ...message, bornTimestamp: Date.now() - MINUTE_MS })).toBe('ROLLBACK');
});

test('rows that nobody asks for any more are removed', async () => {
  await outbox.send(producer, { topic: 'orders', body: 'order 1' }, insertOrder);
  expect(await outbox.deleteOlderThan(MINUTE_MS)).toBe(0);
  expect(await outbox.deleteOlderThan(-MINUTE_MS)).toBe(1);
});
