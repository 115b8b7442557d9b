// A handler that fails gets its message again later, each time after a longer pause, and after maxReconsumeTimes the
// message goes to the dead letter queue %DLQ%group.
import { Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleRetry';

await using producer = new Producer({ nameServers, producerGroup: 'example-retry' });
await producer.start();
const { msgId } = await producer.send({ topic, body: 'difficult' });

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-retry-consumer',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  maxReconsumeTimes: 3,
});
await new Promise<void>((resolve, reject) => {
  consumer.subscribe(topic, '*', ([message], context) => {
    if (message?.msgId !== msgId) return 'CONSUME_SUCCESS';
    console.log(`attempt ${message.reconsumeTimes + 1}`);
    if (message.reconsumeTimes > 0) {
      resolve();
      return 'CONSUME_SUCCESS';
    }
    context.delayLevelWhenNextConsume = 1; // one second; leave it and the broker chooses
    return 'RECONSUME_LATER';
  });
  consumer.start().catch(reject);
});
