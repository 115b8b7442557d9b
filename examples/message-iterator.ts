// Messages as an async iterator: the loop sets the pace, and a message is consumed when the next one is asked for.
import { Producer, PullConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleIterator';

await using producer = new Producer({ nameServers, producerGroup: 'example-iterator' });
await producer.start();
for (let i = 1; i <= 5; i++)
  await producer.send({ topic, body: `line ${i}`, tags: i % 2 === 0 ? 'even' : 'odd' });

await using consumer = new PullConsumer({
  nameServers,
  consumerGroup: 'example-iterator-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
await consumer.start();
for await (const message of consumer.messages(topic, { expression: 'odd', stopAtEnd: true })) {
  console.log(`queue ${message.queueId}: ${message.body.toString()}`);
}
