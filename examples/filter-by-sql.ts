// A subscription names the properties it wants; the broker evaluates the expression and leaves the others out. A broker
// allows this with enablePropertyFilter=true.
import { Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleSql';

await using producer = new Producer({ nameServers, producerGroup: 'example-sql' });
await producer.start();
const awaited = new Set<string>();
for (const [amount, region] of [
  [5, 'eu'],
  [500, 'eu'],
  [700, 'us'],
  [900, 'asia'],
] as const) {
  const properties = { amount: String(amount), region };
  const { msgId } = await producer.send({ topic, body: `${amount} from ${region}`, properties });
  if (amount > 100 && region !== 'asia') awaited.add(msgId);
}

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-sql-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
await new Promise<void>((resolve, reject) => {
  consumer.subscribe(topic, { sql: "amount > 100 AND region IN ('eu', 'us')" }, (messages) => {
    for (const message of messages) {
      console.log(`large: ${message.body.toString()}`);
      awaited.delete(message.msgId);
    }
    if (awaited.size === 0) resolve();
  });
  consumer.start().catch(reject);
});
