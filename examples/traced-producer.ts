// Message trace: what was sent, and what became of it, as `mqadmin queryMsgTraceById -i ID` shows it.
import { Producer, PullConsumer, decodeTraces } from '@mq/client';

const nameServers = process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
const traceTopic = 'ExampleTraceData'; // by default RMQ_SYS_TRACE_TOPIC, which brokers have with traceTopicEnable=true

const producer = new Producer({ nameServers, producerGroup: 'example-trace', enableTrace: true, traceTopic });
await producer.start();
const { msgId } = await producer.send({ topic: 'ExampleTrace', body: 'watched', keys: 'k1' });
await producer.close(); // trace goes out in the background; closing waits for it

await using reader = new PullConsumer({
  nameServers,
  consumerGroup: 'example-trace-reader',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
});
await reader.start();
reading: for await (const message of reader.messages(traceTopic)) {
  for (const trace of decodeTraces(message.body.toString())) {
    if (trace.type !== 'Pub' || trace.msgId !== msgId) continue;
    console.log(`${trace.group} sent ${trace.bodyLength} bytes to ${trace.topic}: success ${trace.success}`);
    break reading;
  }
}
