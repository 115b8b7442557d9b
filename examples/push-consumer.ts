// Handlers of a push consumer run at the same time. A message counts as consumed when its handler returned.
import { Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExamplePush';

await using producer = new Producer({ nameServers, producerGroup: 'example-push' });
await producer.start();
const awaited = new Set<string>();
for (let i = 1; i <= 5; i++) awaited.add((await producer.send({ topic, body: `task ${i}` })).msgId);

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-push-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  maxConcurrency: 3,
});
await new Promise<void>((resolve, reject) => {
  consumer.subscribe(topic, '*', async (messages, { signal }) => {
    for (const message of messages) {
      signal.throwIfAborted(); // the consumer closes, or the queue went elsewhere: the message comes again
      console.log(`${message.body.toString()} from queue ${message.queueId}`);
      awaited.delete(message.msgId);
    }
    if (awaited.size === 0) resolve();
  });
  consumer.start().catch(reject);
});
console.log('left behind:', await consumer.close());
