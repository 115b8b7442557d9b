// An orderly consumer handles each queue's messages one after the other; a failure holds up its queue, not the others.
import { Producer, PushConsumer } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const topic = 'ExampleOrderly';

await using producer = new Producer({ nameServers, producerGroup: 'example-orderly' });
await producer.start();
const awaited = new Set<string>();
for (const step of ['created', 'paid', 'shipped']) {
  for (const shardingKey of ['order-1', 'order-2']) {
    const { msgId } = await producer.send({ topic, body: `${shardingKey} ${step}` }, { shardingKey });
    awaited.add(msgId);
  }
}

await using consumer = new PushConsumer({
  nameServers,
  consumerGroup: 'example-orderly-consumer',
  consumeMode: 'ORDERLY',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  suspendCurrentQueueTimeMs: 100,
});
let failures = 1;
await new Promise<void>((resolve, reject) => {
  consumer.subscribe(topic, '*', ([message]) => {
    if (message === undefined || !awaited.has(message.msgId)) return 'SUCCESS';
    if (message.body.toString() === 'order-1 paid' && failures-- > 0) {
      console.log('order-1 paid: not now');
      return 'SUSPEND_CURRENT_QUEUE_A_MOMENT';
    }
    console.log(`${message.body.toString()} (queue ${message.queueId})`);
    awaited.delete(message.msgId);
    if (awaited.size === 0) resolve();
    return 'SUCCESS';
  });
  consumer.start().catch(reject);
});
