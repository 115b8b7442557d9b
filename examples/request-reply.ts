// A message that asks for a reply: the consumer answers with createReply, the requester gets the answer from a broker.
import { Producer, PushConsumer, createReply } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleRequest';

await using producer = new Producer({ nameServers, producerGroup: 'example-request' });
await producer.start();

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-request-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
consumer.subscribe(topic, '*', async (requests) => {
  for (const request of requests) {
    // Any producer may send the reply; it reaches whoever asked.
    await producer.send(createReply(request, `you said "${request.body.toString()}"`));
  }
});
const asked = producer.request({ topic, body: 'hello' }, { timeoutMs: 20_000 });
await consumer.start();
console.log((await asked).body.toString());
