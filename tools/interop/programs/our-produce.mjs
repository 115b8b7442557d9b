// Our client sends numbered messages. Arguments: nameServer topic group from count output mode, as of Produce.java, and how
// big ones are compressed.
import { writeFileSync } from 'node:fs';
import { Producer } from '@mq/client';
import { bodyText } from './message-facts.mjs';

const [nameServer, topic, producerGroup, fromText, countText, output, mode, compressType] =
  process.argv.slice(2);
const from = Number(fromText);
const count = Number(countText);

const message = (seq) => ({
  topic,
  body: bodyText(seq, mode),
  tags: `tag${seq % 3}`,
  keys: `key${seq}`,
  flag: seq % 7,
  properties: { seq: String(seq) },
});

const producer = new Producer({
  ...{ nameServers: nameServer, producerGroup, sendMsgTimeoutMs: 10_000, compressType },
});
await producer.start();
const queues = await producer.fetchPublishMessageQueues(topic);
const lines = [];

/** Each queue has its own chain of sends: order within a queue, many queues at a time. */
async function sendToQueue(index) {
  const messageQueue = queues[index];
  // Inner: to a topic of type BatchCQ, where Apache's broker wants to be told.
  const innerBatch = mode === 'inner';
  const step = mode === 'batch' || innerBatch ? 10 : 1;
  for (let seq = from + index * step; seq < from + count; seq += queues.length * step) {
    if (mode === 'oneway') {
      await producer.sendOneway(message(seq), { messageQueue });
    } else if (step > 1) {
      const batch = Array.from({ length: Math.min(step, from + count - seq) }, (_, i) => message(seq + i));
      let first = seq;
      for (const result of await producer.sendBatch(batch, { messageQueue, innerBatch })) {
        const size = result.msgId.split(',').length;
        report(first, size, result);
        first += size;
      }
    } else {
      report(seq, 1, await producer.send(message(seq), { messageQueue }));
    }
  }
}

function report(seq, size, { status, msgId, offsetMsgId, messageQueue, queueOffset }) {
  lines.push({
    seq,
    size,
    status,
    msgId,
    offsetMsgId,
    brokerName: messageQueue.brokerName,
    queueId: messageQueue.queueId,
    queueOffset,
  });
}

await Promise.all(queues.map((_, index) => sendToQueue(index)));
lines.sort((a, b) => a.seq - b.seq);
writeFileSync(output, lines.map((line) => JSON.stringify(line)).join('\n'));
await producer.close();
