// Recalls with our client, the same arguments and lines as tools/interop/java/RecallTrace.java.
import { Producer, PullConsumer, decodeTraces } from '@mq/client';

const [mode, nameServers, topic, group, brokerName] = process.argv.slice(2);

async function recall() {
  const producer = new Producer({
    ...{ nameServers, producerGroup: group, enableTrace: true, sendMsgTimeoutMs: 10_000 },
  });
  await producer.start();
  const { recallHandle } = await producer.send({ topic, body: 'x', delaySec: 3600 });
  console.log(`recalled ${await producer.recall(topic, recallHandle)}`);
  const other = Buffer.from(`v1 ${topic}-other ${brokerName} 1800000000000 refused-of-${group}`);
  try {
    await producer.recall(topic, other.toString('base64url'));
  } catch (error) {
    console.log(`refused ${error.responseCode}`);
  }
  await producer.close();
}

async function read() {
  const consumer = new PullConsumer({ nameServers, consumerGroup: 'trace-reader' });
  await consumer.start();
  for (const queue of await consumer.fetchMessageQueues('RMQ_SYS_TRACE_TOPIC')) {
    const end = await consumer.maxOffset(queue);
    for (let offset = await consumer.minOffset(queue); offset < end;) {
      const pulled = await consumer.pull(queue, offset);
      offset = pulled.nextBeginOffset;
      for (const { body, properties } of pulled.messages) {
        for (const trace of decodeTraces(body.toString())) {
          if (trace.type !== 'Recall') continue;
          const { regionId, msgId, success } = trace;
          console.log(
            ['trace', regionId, trace.group, trace.topic, msgId, success, properties.KEYS].join(' '),
          );
        }
      }
    }
  }
  await consumer.close();
}

await (mode === 'recall' ? recall() : read());
