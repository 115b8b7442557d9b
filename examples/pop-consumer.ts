// A pop consumer receives messages as from a work queue: each goes to one consumer of the group, for a time in which it is
// acknowledged, kept longer, or comes again to somebody.
import { PopConsumer, Producer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExamplePop';

await using producer = new Producer({ nameServers, producerGroup: 'example-pop' });
await producer.start();
for (let i = 1; i <= 5; i++) await producer.send({ topic, body: `task ${i}` });

await using consumer = new PopConsumer({
  nameServers,
  consumerGroup: 'example-pop-consumer',
  startFrom: 'EARLIEST',
  invisibleTimeMs: 30_000,
});
await consumer.start();
for (let done = 0; done < 5;) {
  for (const message of await consumer.receive(topic, { maxMessages: 2 })) {
    // This one needs more time than 30 s: nobody else gets it for another minute.
    if (message.body.toString() === 'task 3') await consumer.changeInvisibleTime(message, 60_000);
    console.log(`done: ${message.body.toString()}`);
    await consumer.ack(message);
    done++;
  }
}
