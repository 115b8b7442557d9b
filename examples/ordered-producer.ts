// Messages with the same sharding key go to the same queue, in the order they were sent: the base of ordered processing.
import { Producer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';

await using producer = new Producer({ nameServers, producerGroup: 'example-ordered' });
await producer.start();

for (const step of ['created', 'paid', 'shipped']) {
  for (const order of ['order-1', 'order-2', 'order-3']) {
    const { messageQueue, queueOffset } = await producer.send(
      { topic: 'ExampleOrdered', body: `${order} ${step}`, tags: step },
      { shardingKey: order },
    );
    console.log(`${order} ${step}: queue ${messageQueue.queueId}, offset ${queueOffset}`);
  }
}
