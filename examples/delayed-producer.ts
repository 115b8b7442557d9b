// Sends a message that is delivered later: delay level 1 of the broker's list is one second.
import { Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleDelayed';

await using producer = new Producer({ nameServers, producerGroup: 'example-delayed' });
await producer.start();
const { msgId } = await producer.send({ topic, body: 'wake up', delayLevel: 1 });
const sentAtMs = Date.now();
console.log(`sent ${msgId}`);

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-delayed-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
await new Promise<void>((resolve, reject) => {
  consumer.subscribe(topic, '*', (messages) => {
    if (!messages.some((message) => message.msgId === msgId)) return;
    console.log(`received after ${Date.now() - sentAtMs} ms`);
    resolve();
  });
  consumer.start().catch(reject);
});
