// A pull consumer asks for messages itself, queue by queue, and says how far it has come.
import { Producer, PullConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExamplePull';

await using producer = new Producer({ nameServers, producerGroup: 'example-pull' });
await producer.start();
for (let i = 1; i <= 5; i++) await producer.send({ topic, body: `row ${i}` });

await using consumer = new PullConsumer({ nameServers, consumerGroup: 'example-pull-consumer' });
await consumer.start();
for (const queue of await consumer.fetchMessageQueues(topic)) {
  let offset = Math.max(await consumer.committed(queue), await consumer.minOffset(queue));
  for (;;) {
    const result = await consumer.pull(queue, offset, { maxMsgNums: 2 });
    for (const message of result.messages) console.log(`queue ${queue.queueId}: ${message.body.toString()}`);
    offset = result.nextBeginOffset;
    if (result.status === 'NO_NEW_MSG') break;
  }
  await consumer.commit(queue, offset);
}
