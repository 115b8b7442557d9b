// Polling with the offsets in the application's hands: a place is committed only when its messages are dealt with.
import { LitePullConsumer, Producer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleLitePull';

await using producer = new Producer({ nameServers, producerGroup: 'example-lite-pull' });
await producer.start();
for (let i = 1; i <= 3; i++) await producer.send({ topic, body: `report ${i}` });

await using consumer = new LitePullConsumer({
  nameServers,
  consumerGroup: 'example-lite-pull-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  autoCommit: false,
});
consumer.subscribe(topic);
await consumer.start();
for (let seen = 0; seen < 3;) {
  const messages = await consumer.poll();
  for (const message of messages) console.log(message.body.toString());
  seen += messages.length;
  await consumer.commit();
}
console.log(`committed in ${consumer.assignment().length} queues`);
