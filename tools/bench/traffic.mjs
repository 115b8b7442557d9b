// What messages that need more than a send and a pull cost a broker, from the send to the last acknowledgement, in turns with
// Apache's; our client is the load:
//   node tools/bench/traffic.mjs [--kinds plain,orderly,transactional,pop] [--messages 20000] [--rounds 3]
// CPU is counted until the brokers have settled: commits of transactions and check points of pops are worked off later. What
// they take in so much time without any load is left out.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OURS } from '../interop/lib/servers.mjs';
import { rawClient } from '../reliability/raw-client.mjs';
import { importSource } from '../reliability/sources.mjs';
import { cpuSeconds } from './process.mjs';
import { JAVA, benchServers, prepareSides, startSide, tableHead, tableRow } from './sides.mjs';
import { inTurns, sideMedians } from './turns.mjs';

const { PopConsumer, Producer, PushConsumer, TransactionProducer } = await importSource('@mq/client');

const { values } = parseArgs({
  options: {
    kinds: { type: 'string', default: 'plain,orderly,transactional,pop' },
    messages: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
  },
});
const messages = Number(values.messages);
const turns = { rounds: Number(values.rounds), warmUpRounds: 3 };

const QUEUES = 8;
const BODY = 'x'.repeat(128);
/** Sends that wait for their answer at the same time. */
const IN_FLIGHT = 64;
/** Longer than a broker keeps operations of transactions and pops together (3 s). */
const SETTLE_MS = 5_000;
const AIM = '≥ 3 ×';
/** No producer shall give up, however busy the machine is. */
const PRODUCING = { producerGroup: 'bench', sendMsgTimeoutMs: 30_000 };

/** Runs `send(number)` for each message, so many at a time. */
async function inFlight(send) {
  let next = 0;
  const lane = async () => {
    while (next < messages) await send(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** A kind of traffic: what sends, and what takes; `took` is told of each message. */
function pushing(consumeMode) {
  return async (common, topic, took) => {
    const consumer = new PushConsumer({ ...common, consumerGroup: `of-${topic}`, consumeMode });
    consumer.subscribe(topic, '*', (batch) => void took(batch.length));
    await consumer.start();
    return consumer;
  };
}

async function popping(common, topic, took) {
  const consumer = new PopConsumer({ ...common, consumerGroup: `of-${topic}` });
  await consumer.start();
  let isClosed = false;
  const lane = async () => {
    while (!isClosed) {
      const received = await consumer.receive(topic, { maxMessages: 32, waitMs: 1_000 });
      await Promise.all(received.map((message) => consumer.ack(message)));
      took(received.length);
    }
  };
  const lanes = Promise.all(Array.from({ length: 4 }, lane));
  return {
    close: async () => {
      isClosed = true;
      await lanes;
      await consumer.close();
    },
  };
}

const plainly = async (common, topic) => {
  const producer = new Producer({ ...common, ...PRODUCING });
  await producer.start();
  return { producer, send: (number) => producer.send({ topic, body: BODY, keys: `${number}` }) };
};
const byKey = async (common, topic) => {
  const producer = new Producer({ ...common, ...PRODUCING });
  await producer.start();
  return {
    producer,
    send: (number) =>
      producer.send({ topic, body: BODY, keys: `${number}` }, { shardingKey: `${number % 100}` }),
  };
};
const inTransactions = async (common, topic) => {
  const producer = new TransactionProducer({
    ...common,
    ...PRODUCING,
    checkTransaction: () => 'COMMIT',
  });
  await producer.start();
  const commit = () => 'COMMIT';
  return {
    producer,
    send: (number) => producer.sendInTransaction({ topic, body: BODY, keys: `${number}` }, commit),
  };
};

const KINDS = {
  plain: { title: 'sent and pushed', open: plainly, take: pushing('CONCURRENTLY'), aim: '' },
  orderly: { title: 'sent by key and pushed orderly', open: byKey, take: pushing('ORDERLY'), aim: AIM },
  transactional: {
    title: 'sent in transactions, committed, and pushed',
    open: inTransactions,
    take: pushing('CONCURRENTLY'),
    aim: AIM,
  },
  pop: { title: 'sent, popped and acknowledged', open: plainly, take: popping, aim: AIM },
};

/** CPU µs a message of a side, from the first send until all were taken and the broker has settled. */
async function cost({ nameServer, broker }, kind, topic) {
  const common = { nameServers: nameServer.address, instanceName: `bench-${broker.pid}` };
  let left = messages;
  let done;
  const isDone = new Promise((resolve) => (done = resolve));
  const consumer = await kind.take(common, topic, (count) => {
    left -= count;
    if (left <= 0) done();
  });
  const { producer, send } = await kind.open(common, topic);
  const idleFrom = cpuSeconds(broker.pid);
  await sleep(SETTLE_MS);
  const from = cpuSeconds(broker.pid);
  await inFlight(send);
  await isDone;
  await sleep(SETTLE_MS);
  const seconds = cpuSeconds(broker.pid) - from - (from - idleFrom);
  await producer.close();
  await consumer.close();
  return (seconds / messages) * 1e6;
}

prepareSides();
const servers = benchServers();
try {
  const sides = [];
  for (const kind of [JAVA, OURS]) sides.push(await startSide(servers, kind));
  console.log(tableHead);
  for (const name of values.kinds.split(',')) {
    const kind = KINDS[name];
    const topic = `Bench-${name}`;
    for (const { broker } of sides) {
      const client = rawClient();
      await client.createTopic(broker.address, topic, QUEUES);
      await client.close();
    }
    const costs = await inTurns(sides, turns, (side) => cost(side, kind, topic));
    console.log(tableRow(`${kind.title}: CPU µs a message`, ...sideMedians(costs), kind.aim));
  }
} finally {
  await servers.dispose();
}
