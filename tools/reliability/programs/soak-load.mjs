// What a day of operation brings, in a process of its own: producers at a steady rate, push consumers that now and then want a
// message again, new topics, clients that are restarted. Arguments: nameServer perSecond newTopicEveryMs. Tells its parent each second
// `{ acked, consumed, behind, retried, restarts, topics, failures }`; `behind` is acknowledged and not yet consumed.
import { QUICK } from '../group-watch.mjs';
import { importSource } from '../sources.mjs';

const { Producer, PushConsumer } = await importSource('@mq/client');

const [nameServer, perSecond, newTopicEveryMs] = process.argv.slice(2);
const TICK_MS = 10;
const FIRST_TOPICS = 4;
const MOST_TOPICS = 40;
const RESTART_EVERY_MS = 15_000;
const RETRY_EVERY = 500;
const START_ATTEMPTS = 10;
const BODY = 'x'.repeat(200);
/** What was consumed before its acknowledgement came, or again, is remembered so long. */
const EARLY_MS = 30_000;

const topics = Array.from({ length: FIRST_TOPICS }, (_, i) => `Soak${i}`);
const facts = {
  acked: 0,
  consumed: 0,
  behind: 0,
  retried: 0,
  restarts: 0,
  topics: topics.length,
  failures: 0,
};
const outstanding = new Set();
let [early, older] = [new Set(), new Set()];
setInterval(() => ([early, older] = [new Set(), early]), EARLY_MS);

function acknowledged(id) {
  facts.acked++;
  if (!early.has(id) && !older.has(id)) outstanding.add(id);
}

function consumed(id) {
  facts.consumed++;
  if (!outstanding.delete(id)) early.add(id);
}

const common = { nameServers: [nameServer] };
let nextClient = 0;

async function startProducer() {
  const producer = new Producer({
    ...common,
    producerGroup: 'soak-producers',
    instanceName: `p${nextClient++}`,
  });
  await producer.start();
  return producer;
}

async function startConsumer() {
  const consumer = new PushConsumer({
    ...common,
    ...QUICK,
    consumerGroup: 'soak-consumers',
    instanceName: `c${nextClient++}`,
    consumeMessageBatchMaxSize: 16,
  });
  for (let i = 0; i < MOST_TOPICS; i++) {
    consumer.subscribe(`Soak${i}`, '*', (messages, context) => {
      for (const [index, message] of messages.entries()) {
        const id = message.body.toString().slice(0, 12);
        if (message.reconsumeTimes === 0 && Number(id) % RETRY_EVERY === 0) {
          facts.retried++;
          context.delayLevelWhenNextConsume = 1;
          context.ackIndex = index - 1;
          return 'CONSUME_SUCCESS';
        }
        consumed(id);
      }
    });
  }
  await consumer.start();
  return consumer;
}

const producers = [await startPatiently(startProducer), await startPatiently(startProducer)];
const consumers = [await startPatiently(startConsumer), await startPatiently(startConsumer)];

let [sent, due, tickedAt] = [0, 0, performance.now()];
const sending = setInterval(() => {
  const at = performance.now();
  due = Math.min(due + ((at - tickedAt) * Number(perSecond)) / 1000, Number(perSecond) / 10);
  tickedAt = at;
  for (; due >= 1; due--) {
    const id = String(sent++).padStart(12, '0');
    producers[sent % producers.length].send({ topic: topics[sent % topics.length], body: id + BODY }).then(
      () => acknowledged(id),
      () => facts.failures++,
    );
  }
}, TICK_MS);

setInterval(() => {
  if (topics.length < MOST_TOPICS) topics.push(`Soak${topics.length}`);
  facts.topics = topics.length;
}, Number(newTopicEveryMs));

setInterval(() => {
  facts.restarts++;
  void (facts.restarts % 3 === 0 ? restart(producers, startProducer) : restart(consumers, startConsumer));
}, RESTART_EVERY_MS);

async function restart(clients, start) {
  const old = clients.shift();
  clients.push(await startPatiently(start));
  await old.close();
}

/** A machine that has other things to do may leave a request without an answer for seconds: then the start is tried again. */
async function startPatiently(start) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === START_ATTEMPTS || error.retryable !== true) throw error;
    }
  }
}

const telling = setInterval(() => {
  facts.behind = outstanding.size;
  if (process.connected) process.send(facts);
}, 1_000);

process.on('message', (message) => {
  if (message === 'stop sending') clearInterval(sending);
});
process.on('disconnect', () => {
  clearInterval(telling);
  process.exit();
});
