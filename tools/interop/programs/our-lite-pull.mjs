// Our client reads at its own pace; arguments and lines as of LitePull.java. And: resend nameServer topic group count, of dead
// letters, to where they came from.
import { setTimeout as sleep } from 'node:timers/promises';
import { LitePullConsumer, Producer, resendable } from '@mq/client';
import { crcOf } from './message-facts.mjs';

const WAIT_MS = 30_000;
/** How long nothing comes where nothing should. */
const SILENCE_MS = 1_500;

const [mode, nameServers, topic, consumerGroup, count] = process.argv.slice(2);
const say = (facts) => console.log(JSON.stringify(facts));
const step = (name, values) => say({ step: name, values });

const consumer = new LitePullConsumer({
  ...{ nameServers, consumerGroup, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', pollTimeoutMs: 200 },
  ...{ autoCommit: mode === 'subscribed', autoCommitIntervalMs: 1_000 },
});
const modes = { assigned, subscribed, read, resend };
await modes[mode]();
await consumer.close();

async function assigned() {
  await consumer.start();
  const [first, second] = await consumer.fetchMessageQueues(topic);
  consumer.assign([first, second]);
  const committed = async () => [await consumer.committed(first), await consumer.committed(second)];
  step('assigned', places(await poll(20)));
  await consumer.seek(first, 5);
  step('sought', places(await poll(5)));
  consumer.pause([first]);
  await consumer.seek(first, 0);
  step('paused', places(await silence()));
  consumer.resume([first]);
  step('resumed', places(await poll(10)));
  await consumer.seekToBegin(second);
  step('begun', places(await poll(10)));
  await consumer.seekToEnd(second);
  step('ended', places(await silence()));
  await consumer.commit();
  step('committed', await committed());
  await consumer.commit([
    [first, 3],
    [second, 7],
  ]);
  step('left', await committed());
}

async function subscribed() {
  consumer.subscribe(topic);
  await consumer.start();
  const messages = await poll(Number(count));
  messages.push(...(await silence()));
  step('subscribed', places(messages));
}

async function all() {
  await consumer.start();
  const queues = await consumer.fetchMessageQueues(topic);
  consumer.assign(queues);
  for (const queue of queues) await consumer.seekToBegin(queue);
  return poll(Number(count));
}

async function read() {
  for (const message of await all()) {
    const { body, msgId, flag, sysFlag, reconsumeTimes, properties } = message;
    const text = body.length > 100 ? '' : body.toString();
    const facts = { msgId, flag, sysFlag, reconsumeTimes, properties };
    say({ topic: message.topic, body: text, size: body.length, crc: crcOf(body), ...facts });
  }
}

async function resend() {
  const producer = new Producer({ nameServers, producerGroup: consumerGroup });
  await producer.start();
  for (const letter of await all()) {
    const { status, msgId } = await producer.send(resendable(letter));
    say({ resent: letter.body.toString(), status, msgId });
  }
  await producer.close();
}

/** Polls until so many messages came, or too long. */
async function poll(wanted) {
  const messages = [];
  for (const deadline = Date.now() + WAIT_MS; messages.length < wanted && Date.now() < deadline;)
    messages.push(...(await consumer.poll()));
  return messages;
}

async function silence() {
  const messages = [];
  for (const deadline = Date.now() + SILENCE_MS; Date.now() < deadline; await sleep(0))
    messages.push(...(await consumer.poll()));
  return messages;
}

/** "queue:offset" of each, in that order. */
function places(messages) {
  return messages.map(({ queueId, queueOffset }) => `${queueId}:${queueOffset}`).sort();
}
