// Sends three messages and prints where the broker stored them.
import { Producer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';

await using producer = new Producer({ nameServers, producerGroup: 'example-producer' });
await producer.start();

for (let i = 1; i <= 3; i++) {
  const { status, msgId, messageQueue, queueOffset } = await producer.send({
    topic: 'ExampleSimple',
    body: `hello ${i}`,
    tags: 'greeting',
    keys: [`hello-${i}`],
    properties: { language: 'en' },
  });
  console.log(
    `${status} ${msgId} in queue ${messageQueue.queueId} of ${messageQueue.brokerName} at ${queueOffset}`,
  );
}
