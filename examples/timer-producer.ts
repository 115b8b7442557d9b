// Sends messages with a delivery time of their own (5.x): after a delay, and one that is taken back. A broker allows recalls
// with recallMessageEnable=true; here it may refuse.
import { isMQClientError, Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleTimer';

await using producer = new Producer({ nameServers, producerGroup: 'example-timer' });
await producer.start();
const sentAtMs = Date.now();
const reminder = await producer.send({ topic, body: 'pay within the hour', delaySec: 3600 });
const order = await producer.send({ topic, body: 'ship', deliverTimestampMs: sentAtMs + 1500 });
console.log(`${order.msgId} is to come in 1500 ms`);
try {
  await producer.recall(topic, reminder.recallHandle ?? '');
  console.log('paid: the reminder was taken back');
} catch (error) {
  if (!isMQClientError(error) || error.code !== 'NO_PERMISSION') throw error;
  console.log('this broker allows no recalls');
}

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-timer-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
await new Promise<void>((resolve, reject) => {
  consumer.subscribe(topic, '*', (messages) => {
    if (!messages.some(({ msgId }) => msgId === order.msgId)) return;
    console.log(`received after ${Date.now() - sentAtMs} ms`);
    resolve();
  });
  consumer.start().catch(reject);
});
