// An order and the message that tells of it: both happen, or neither. The message waits at the broker until the order is saved;
// should this process die in between, the broker asks checkTransaction of any producer of the group, and again until it knows.
import { PushConsumer, TransactionProducer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';

/** In place of a database: what is written under the transaction's id, in the transaction of the order itself. */
const savedOrders = new Map<string, string>();

async function saveOrder(transactionId: string, order: string, stock: number): Promise<boolean> {
  await Promise.resolve();
  if (stock < 1) return false;
  savedOrders.set(transactionId, order);
  return true;
}

await using producer = new TransactionProducer({
  nameServers,
  producerGroup: 'example-transaction',
  // Not there yet may also mean that it is still being saved; the broker asks again, 15 times, half a minute apart.
  checkTransaction: ({ msgId }) => (savedOrders.has(msgId) ? 'COMMIT' : 'UNKNOWN'),
});
await producer.start();

for (const [order, stock] of [
  ['order-1', 3],
  ['order-2', 0],
  ['order-3', 1],
] as const) {
  const { localTransactionState } = await producer.sendInTransaction(
    { topic: 'ExampleTransaction', body: order },
    async ({ transactionId }) => ((await saveOrder(transactionId, order, stock)) ? 'COMMIT' : 'ROLLBACK'),
  );
  console.log(`${order}: ${localTransactionState}`);
}

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-transaction-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
const seen: string[] = [];
await new Promise<void>((resolve, reject) => {
  consumer.subscribe('ExampleTransaction', '*', (messages) => {
    for (const message of messages) seen.push(message.body.toString());
    if (seen.length >= savedOrders.size) resolve();
  });
  consumer.start().catch(reject);
});
console.log(`consumers see ${seen.sort().join(' and ')}`);
