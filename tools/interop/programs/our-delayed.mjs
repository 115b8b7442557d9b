// Delayed messages with our client, the same arguments and lines as tools/interop/java/Delayed.java.
import { appendFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Producer, PushConsumer } from '@mq/client';

const [mode, nameServers, topic, group, output, ...rest] = process.argv.slice(2);
writeFileSync(output, '');
const line = (facts) => appendFileSync(output, `${JSON.stringify(facts)}\n`);

const delays = {
  level: (value) => ({ delayLevel: value }),
  sec: (value) => ({ delaySec: value }),
  ms: (value) => ({ delayMs: value }),
  recall: (value) => ({ delayMs: value }),
  at: (value, nowMs) => ({ deliverTimestampMs: nowMs + value }),
};

async function send() {
  const producer = new Producer({ nameServers, producerGroup: group, sendMsgTimeoutMs: 10_000 });
  await producer.start();
  for (const delay of rest) {
    const [id, kind, value] = delay.split(':');
    const sentMs = Date.now();
    const result = await producer.send({ topic, body: id, ...delays[kind](Number(value), sentMs) });
    if (kind === 'recall') {
      const recalled = await producer.recall(topic, result.recallHandle);
      if (recalled !== result.msgId) throw new Error(`recalled ${recalled} instead of ${result.msgId}`);
    }
    line({ id, status: result.status, sentMs, handle: result.recallHandle ?? '' });
  }
  await producer.close();
}

async function receive() {
  const [count, timeoutSeconds] = rest.map(Number);
  const seen = new Set();
  const consumer = new PushConsumer({
    nameServers,
    consumerGroup: group,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  });
  consumer.subscribe(topic, '*', (messages) => {
    for (const message of messages) {
      const id = message.body.toString();
      seen.add(id);
      line({ id, cameMs: Date.now() });
    }
  });
  await consumer.start();
  for (const deadline = Date.now() + timeoutSeconds * 1000; seen.size < count && Date.now() < deadline;)
    await sleep(50);
  // What must not come, and what would come twice, has the time to.
  await sleep(2_000);
  await consumer.close();
}

await (mode === 'send' ? send() : receive());
