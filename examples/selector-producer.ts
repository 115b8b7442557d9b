// The application chooses the queue itself: here by the customer's number.
import { Producer, type MessageQueueSelector } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';

await using producer = new Producer({ nameServers, producerGroup: 'example-selector' });
await producer.start();

const byCustomer =
  (customer: number): MessageQueueSelector =>
  (queues) =>
    queues[customer % queues.length]!;

for (let customer = 1; customer <= 5; customer++) {
  const { messageQueue } = await producer.send(
    { topic: 'ExampleSelector', body: `hello customer ${customer}` },
    { queueSelector: byCustomer(customer) },
  );
  console.log(`customer ${customer}: queue ${messageQueue.queueId}`);
}
