// A subscription names the tags it wants; the broker leaves the others out.
import { Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleTags';

await using producer = new Producer({ nameServers, producerGroup: 'example-tags' });
await producer.start();
const awaited = new Set<string>();
for (const tags of ['created', 'changed', 'viewed', 'deleted']) {
  const { msgId } = await producer.send({ topic, body: `a record was ${tags}`, tags });
  if (tags === 'created' || tags === 'deleted') awaited.add(msgId);
}

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-tags-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
await new Promise<void>((resolve, reject) => {
  consumer.subscribe(topic, 'created || deleted', (messages) => {
    for (const message of messages) {
      console.log(`${message.tags}: ${message.body.toString()}`);
      awaited.delete(message.msgId);
    }
    if (awaited.size === 0) resolve();
  });
  consumer.start().catch(reject);
});
