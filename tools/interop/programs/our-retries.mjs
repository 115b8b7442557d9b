// Our client fails to handle messages; arguments, words and lines as of Retries.java.
import { setTimeout as sleep } from 'node:timers/promises';
import { Producer, PushConsumer } from '@mq/client';

const WAIT_MS = 60_000;
/** What should not come has this time. */
const MOMENT_MS = 2_500;

const [nameServers, topic, consumerGroup, mode, maxReconsumeTimes, deliveries, ...words] =
  process.argv.slice(2);
const say = (facts) => console.log(JSON.stringify(facts));

const producer = new Producer({
  nameServers,
  producerGroup: `${consumerGroup}-producer`,
  sendMsgTimeoutMs: 10_000,
});
await producer.start();
for (const word of words) {
  const facts = { tags: `Tag-${word}`, keys: `key-${word}`, flag: 7, properties: { colour: 'blue' } };
  const { msgId } = await producer.send({ topic, body: word, ...facts });
  say({ sent: word, msgId });
}
await producer.close();

let left = Number(deliveries);
const seen = new Set();
const consumer = new PushConsumer({
  ...{ nameServers, consumerGroup, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
  ...{ maxReconsumeTimes: Number(maxReconsumeTimes), routeRefreshIntervalMs: 1_000 },
  ...{ consumeMode: mode === 'orderly' ? 'ORDERLY' : 'CONCURRENTLY', suspendCurrentQueueTimeMs: 100 },
});
consumer.subscribe(topic, '*', async ([message], context) => {
  const word = message.body.toString();
  const { reconsumeTimes: times, msgId } = message;
  say({ word, times, topic: message.topic, msgId, cameMs: Date.now() });
  const isFirst = !seen.has(word);
  seen.add(word);
  const status = await judge(message, context, word, isFirst);
  left--;
  return status;
});
await consumer.start();
for (const deadline = Date.now() + WAIT_MS; left > 0 && Date.now() < deadline;) await sleep(50);
await sleep(MOMENT_MS);
await consumer.close();
process.exitCode = left > 0 ? 3 : 0;

async function judge(message, context, word, isFirst) {
  if (word === 'dead') return 'RECONSUME_LATER';
  if (word === 'refused' || word === 'late') context.delayLevelWhenNextConsume = word === 'refused' ? -1 : 2;
  if (word === 'refused' || (word === 'late' && isFirst)) return 'RECONSUME_LATER';
  if (word === 'back' && isFirst) await consumer.sendMessageBack(message, 1);
  return 'CONSUME_SUCCESS';
}
