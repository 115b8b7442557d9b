// Pop consumption of 5.x: Apache's Java client on our broker, ours on Apache's, and outstanding pops over a change of the
// broker on one store directory.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { Producer, PopConsumer, PushConsumer } from '@mq/client';
import { mqadmin, runJava } from '../lib/apache.mjs';
import { bodyOf, readLines } from '../lib/checks.mjs';
import { produce } from '../lib/clients.mjs';
import { cluster, createTopic } from '../lib/cluster.mjs';
import { freePort, OURS, Servers } from '../lib/servers.mjs';

const VERSION = '5.3.3';
const COUNT = 1_000;
/** Messages of a topic in a store that changes hands. */
const IN_STORE = 100;
/** What was popped before it does: due long after that, while no broker runs, and in order. */
const OUTSTANDING = [
  { topic: 'PopStore', group: 'G_POP_LATER', invisibleTimeMs: 25_000 },
  { topic: 'PopStore', group: 'G_POP_SOON', invisibleTimeMs: 8_000 },
  { topic: 'PopStoreOrder', group: 'G_POP_ORDER', invisibleTimeMs: 15_000, order: true },
];

/** mqadmin of a command that says "success". */
async function admin({ nameServer }, ...args) {
  const result = await mqadmin(VERSION, [...args, '-n', nameServer.address]);
  assert.match(result.stdout, /success/i, `${args[0]}: ${result.stdout}${result.stderr}`);
}

/** A topic, a group, and the order that the group pops the topic. */
async function popTopic(context, topic, group) {
  const { address } = context.broker;
  await createTopic(context, topic);
  await admin(context, 'updateSubGroup', '-b', address, '-g', group);
  await admin(context, 'setConsumeMode', '-b', address, '-t', topic, '-g', group, '-m', 'POP', '-q', '0');
}

async function javaPops({ nameServer, folder }, topic, group, count, mode = 'pop') {
  const output = join(folder, `popped-${topic}-${group}.jsonl`);
  const args = [nameServer.address, topic, group, String(count), output, mode, '120'];
  const result = await runJava(VERSION, 'PopConsume', args);
  assert.ok(result.code === 0 || result.code === 3, `PopConsume: ${result.stderr.slice(-2000)}`);
  return readLines(output);
}

function checkAll(received, count) {
  const seen = new Map();
  for (const message of received) {
    assert.equal(message.body, bodyOf(message.seq), `body of ${message.seq}`);
    seen.set(message.seq, (seen.get(message.seq) ?? 0) + 1);
  }
  assert.equal(seen.size, count, 'distinct messages');
  return received.length - seen.size;
}

const seqOf = (message) => Number(message.properties.seq);

/** Everything a pop consumer of ours gets until nothing came for `quietMs`; acknowledged. */
async function receiveAll(consumer, topic, quietMs, options = {}) {
  const received = [];
  for (;;) {
    const messages = await consumer.receive(topic, { maxMessages: 32, waitMs: quietMs, ...options });
    if (messages.length === 0) return received;
    received.push(...messages);
    await Promise.all(messages.map((message) => consumer.ack(message)));
  }
}

async function withPopConsumer({ nameServer }, group, options, use) {
  const consumer = new PopConsumer({
    nameServers: nameServer.address,
    consumerGroup: group,
    startFrom: 'EARLIEST',
    ...options,
  });
  await consumer.start();
  try {
    return await use(consumer);
  } finally {
    await consumer.close();
  }
}

describe('pop', { concurrency: 2 }, () => {
  describe('the Java client pushes over pop on our broker', { concurrency: true }, () => {
    const context = cluster(OURS);

    test(`each of ${COUNT} messages comes once, and is acknowledged`, async () => {
      await popTopic(context, 'PopAll', 'G_POP_ALL');
      await produce(VERSION, { ...context, topic: 'PopAll', count: COUNT });
      const received = await javaPops(context, 'PopAll', 'G_POP_ALL', COUNT);
      assert.equal(checkAll(received, COUNT), 0, 'repeats');
      for (const { handle } of received) assert.match(handle, /^\d+ \d+ 60000 \d 0 broker-a \d \d+$/);
      const progress = await mqadmin(VERSION, [
        'consumerProgress',
        '-n',
        context.nameServer.address,
        '-g',
        'G_POP_ALL',
      ]);
      assert.match(progress.stdout, /Consume Diff Total: 0\b/, progress.stdout);
    });

    test('messages that failed come again from the retry topic, under their own topic', async () => {
      await popTopic(context, 'PopRetry', 'G_POP_RETRY');
      await produce(VERSION, { ...context, topic: 'PopRetry', count: 300 });
      const received = await javaPops(context, 'PopRetry', 'G_POP_RETRY', 300, 'retry');
      checkAll(received, 300);
      for (const seq of [0, 100, 200]) {
        const message = received.find((one) => one.seq === seq);
        assert.deepEqual([message.topic, message.reconsumeTimes], ['PopRetry', 1], `retry of ${seq}`);
      }
    });
  });

  for (const kind of [VERSION, OURS]) {
    describe(
      `our client pops on ${kind === OURS ? 'our broker' : `Apache's ${kind} broker`}`,
      { concurrency: true },
      () => {
        const context = cluster(kind);

        test('receive, acknowledge, keep longer, and again what was not acknowledged', async () => {
          await popTopic(context, 'PopOurs', 'G_POP_OURS');
          await produce(VERSION, { ...context, topic: 'PopOurs', count: 200 });
          await withPopConsumer(context, 'G_POP_OURS', { invisibleTimeMs: 6_000 }, async (consumer) => {
            const received = [];
            while (received.length < 200) {
              const messages = await consumer.receive('PopOurs', { maxMessages: 32, waitMs: 10_000 });
              assert.ok(messages.length > 0, `${received.length} of 200 came`);
              received.push(...messages);
            }
            const [kept, left] = [received.slice(0, 5), received.slice(5, 15)];
            await Promise.all(kept.map((message) => consumer.changeInvisibleTime(message, 60_000)));
            await Promise.all(received.slice(15).map((message) => consumer.ack(message)));
            const again = await receiveAll(consumer, 'PopOurs', 15_000);
            assert.deepEqual(again.map(seqOf).sort(), left.map(seqOf).sort());
            for (const message of again)
              assert.deepEqual([message.topic, message.reconsumeTimes], ['PopOurs', 1]);
            await Promise.all(kept.map((message) => consumer.ack(message)));
          });
        });

        test('in order, a queue is its consumer’s until its messages are acknowledged', async () => {
          await popTopic(context, 'PopOrder', 'G_POP_ORDER');
          const producer = new Producer({
            nameServers: context.nameServer.address,
            producerGroup: 'P_ORDER',
          });
          await producer.start();
          for (let seq = 0; seq < 60; seq++)
            await producer.send(
              { topic: 'PopOrder', body: `${seq}`, properties: { seq: `${seq}` } },
              { shardingKey: 'k' },
            );
          await producer.close();
          await withPopConsumer(context, 'G_POP_ORDER', {}, async (consumer) => {
            const got = [];
            while (got.length < 60) {
              const messages = await consumer.receive('PopOrder', {
                order: true,
                maxMessages: 7,
                waitMs: 5_000,
              });
              assert.ok(messages.length > 0, `${got.length} of 60 came`);
              const others = await consumer.receive('PopOrder', { order: true, waitMs: 0 });
              assert.equal(others.length, 0, 'messages of a queue that is taken');
              for (const message of messages) {
                got.push(seqOf(message));
                await consumer.ack(message);
              }
            }
            assert.deepEqual(
              got,
              Array.from({ length: 60 }, (_, seq) => seq),
            );
          });
        });

        test('push over pop, with a retry after a failure', async () => {
          await popTopic(context, 'PopPush', 'G_POP_PUSH');
          await produce(VERSION, { ...context, topic: 'PopPush', count: 500 });
          const seen = new Map();
          const failed = new Set();
          const consumer = new PushConsumer({
            nameServers: context.nameServer.address,
            consumerGroup: 'G_POP_PUSH',
            clientRebalance: false,
            consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
          });
          consumer.subscribe('PopPush', '*', ([message]) => {
            const seq = seqOf(message);
            if (seq % 250 === 0 && !failed.has(seq)) {
              failed.add(seq);
              return 'RECONSUME_LATER';
            }
            seen.set(seq, message.reconsumeTimes);
            return 'CONSUME_SUCCESS';
          });
          await consumer.start();
          for (let waited = 0; seen.size < 500 && waited < 45_000; waited += 100) await sleep(100);
          assert.ok(
            consumer.assignment.some(({ queueId }) => queueId === -1),
            'the broker assigned any queue',
          );
          await consumer.close();
          assert.equal(seen.size, 500, 'distinct messages');
          assert.deepEqual([seen.get(0), seen.get(250)], [1, 1], 'reconsumeTimes of those that failed');
        });
      },
    );
  }

  describe('outstanding pops in a store directory', { concurrency: 3 }, () => {
    for (const [first, second, end] of [
      [OURS, OURS, 'kill'],
      [OURS, VERSION, 'stop'],
      [OURS, VERSION, 'kill'],
      [VERSION, OURS, 'stop'],
      [VERSION, OURS, 'kill'],
    ]) {
      test(`of ${first} (${end}), continued by ${second}: what was acknowledged is gone, the rest comes again`, async () => {
        const servers = new Servers({ isBrief: true });
        try {
          const nameServer = await servers.nameServer(OURS);
          const options = { nameServer, storeDir: servers.folder(), port: await freePort() };
          const broker = await servers.broker(first, options);
          const context = { nameServer, broker, folder: servers.folder() };
          for (const { topic, group } of OUTSTANDING) await popTopic(context, topic, group);
          for (const topic of new Set(OUTSTANDING.map((each) => each.topic)))
            await produce(VERSION, { ...context, topic, count: IN_STORE });
          const acked = await Promise.all(OUTSTANDING.map((pops) => popAndAcknowledgeSome(context, pops)));
          // Offsets and what timers hold are written now and then.
          await sleep(6_000);
          if (end === 'kill') await broker.kill();
          else await broker.stop();
          await servers.broker(second, options);
          await Promise.all(OUTSTANDING.map((pops, index) => checkRest(context, pops, acked[index])));
        } finally {
          await servers.dispose();
        }
      });
    }
  });
});

/** Pops everything, and acknowledges what has an even number; in order, only the first three. Resolves with those. */
async function popAndAcknowledgeSome(context, { topic, group, invisibleTimeMs, order = false }) {
  const acked = new Set();
  await withPopConsumer(context, group, { invisibleTimeMs }, async (consumer) => {
    for (let received = 0; received < (order ? 1 : IN_STORE);) {
      const messages = await consumer.receive(topic, { order, maxMessages: 32, waitMs: 10_000 });
      const done = messages.filter((message, index) => (order ? index < 3 : seqOf(message) % 2 === 0));
      for (const message of done) await consumer.ack(message);
      for (const message of done) acked.add(seqOf(message));
      received += messages.length;
    }
  });
  return acked;
}

/** Pops until every message came that was not acknowledged: no other does. */
async function checkRest(context, { topic, group, order = false }, acked) {
  const rest = Array.from({ length: IN_STORE }, (_, seq) => seq).filter((seq) => !acked.has(seq));
  const again = new Set();
  await withPopConsumer(context, group, {}, async (consumer) => {
    for (const until = Date.now() + 90_000; again.size < rest.length && Date.now() < until;) {
      const request = consumer.receive(topic, { order, maxMessages: 32, waitMs: 5_000 });
      const messages = await request.catch(() => []);
      for (const message of messages) again.add(seqOf(message));
      for (const message of messages) await consumer.ack(message);
    }
  });
  const missing = rest.filter((seq) => !again.has(seq));
  assert.deepEqual(missing, [], `${group}: not acknowledged and not delivered again`);
  const repeated = [...again].filter((seq) => acked.has(seq));
  assert.deepEqual(repeated, [], `${group}: acknowledged and delivered again`);
}
