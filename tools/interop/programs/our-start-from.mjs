// Where new groups of our client begin; arguments and lines as of StartFrom.java.
import { setTimeout as sleep } from 'node:timers/promises';
import { Producer, PushConsumer } from '@mq/client';

const QUEUES = 2;
const EACH = 10;
const WAIT_MS = 40_000;
const MOMENT_MS = 1_000;

const [nameServers, topic, suffix, kinds] = process.argv.slice(2);
const producer = new Producer({
  ...{ nameServers, producerGroup: `start-from-${suffix}`, sendMsgTimeoutMs: 10_000 },
});
await producer.start();
const send = async (time) => {
  for (let i = 0; i < EACH; i++) await producer.send({ topic, body: time });
};

await send('old');
const second = Math.floor(Date.now() / 1000 + 1) * 1000;
await sleep(second + 20 - Date.now());
await send('mid');
const seen = [];
const consumers = [];
let expected = 0;
for (const kind of kinds.split(',')) {
  const [where, number] = kind.split('=');
  expected += Number(number);
  const counts = {};
  seen.push({ where, counts });
  const consumer = new PushConsumer({
    ...{ nameServers, consumerGroup: `from-${where}-${suffix}`, instanceName: `${where}-${process.pid}` },
    ...{ consumeTimestamp: second, rebalanceIntervalMs: 1_000 },
    consumeFromWhere: where === 'TIMESTAMP' ? 'CONSUME_FROM_TIMESTAMP' : `CONSUME_FROM_${where}_OFFSET`,
  });
  consumer.subscribe(topic, '*', (messages) => {
    for (const { body } of messages) counts[body] = (counts[body] ?? 0) + 1;
  });
  await consumer.start();
  consumers.push(consumer);
}
const deadline = Date.now() + WAIT_MS;
const until = async (isSo) => {
  while (!isSo() && Date.now() < deadline) await sleep(50);
};
const queuesOf = ({ assignment }) => assignment.filter((queue) => queue.topic === topic).length;
await until(() => consumers.every((consumer) => queuesOf(consumer) >= QUEUES));
await send('new');
const total = () => seen.flatMap(({ counts }) => Object.values(counts)).reduce((sum, n) => sum + n, 0);
await until(() => total() >= expected);
await sleep(MOMENT_MS);
for (const facts of seen) console.log(JSON.stringify(facts));
for (const consumer of consumers) await consumer.close();
await producer.close();
