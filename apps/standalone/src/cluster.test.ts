// Two brokers of two names under one NameServer (multi-master), used as an application and its operator use them.
import { runMqadmin } from '@mq/admin';
import type { Producer, SendResult } from '@mq/client';
import { Inbox } from './testing/inbox.js';
import { TestCluster } from './testing/test-cluster.js';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start('broker-a', 'broker-b');
});
afterEach(() => cluster.close());

async function sendAll(producer: Producer, bodies: readonly string[]): Promise<SendResult[]> {
  const results: SendResult[] = [];
  for (const body of bodies) results.push(await producer.send({ topic: 'T', body }));
  return results;
}

const brokersOf = (results: readonly SendResult[]): string[] =>
  [...new Set(results.map(({ messageQueue }) => messageQueue.brokerName))].sort();

/** Everything of T from the first message on. */
async function consume(): Promise<Inbox> {
  const inbox = new Inbox();
  const consumer = cluster.consumer();
  consumer.subscribe('T', '*', inbox.handler);
  await cluster.use(consumer);
  return inbox;
}

const texts = (count: number, prefix = 'm'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

test('a topic spreads over both brokers, and one consumer gets all of it', async () => {
  const bodies = texts(32);
  expect(brokersOf(await sendAll(await cluster.producer(), bodies))).toEqual(['broker-a', 'broker-b']);
  const inbox = await consume();
  await inbox.has(bodies.length);
  expect(inbox.bodies.sort()).toEqual([...bodies].sort());

  await using admin = cluster.admin();
  const { queueDatas } = await admin.topics.route('T');
  expect(queueDatas.map(({ brokerName }) => brokerName).sort()).toEqual(['broker-a', 'broker-b']);
});

test('sending goes on when one of them stops, and uses it again when it is back', async () => {
  const producer = await cluster.producer();
  await sendAll(producer, texts(16));
  await cluster.broker('broker-a').close();
  expect(brokersOf(await sendAll(producer, texts(8)))).toEqual(['broker-b']);
  await cluster.startBroker('broker-a');
  const again = await cluster.producer({ producerGroup: 'P2' });
  expect(brokersOf(await sendAll(again, texts(32)))).toEqual(['broker-a', 'broker-b']);
});

test('an operator moves a connected group back to a time, and it consumes from there again', async () => {
  const producer = await cluster.producer();
  await sendAll(producer, texts(16, 'old'));
  const timestampMs = await startedAfter(Date.now());
  await sendAll(producer, texts(16, 'new'));
  const inbox = await consume();
  await inbox.has(32);
  inbox.messages.length = 0;
  await using admin = cluster.admin();
  const moved = await admin.offsets.resetByTime({ group: 'G', topic: 'T', timestampMs });
  expect([...new Set([...moved.keys()].map(({ brokerName }) => brokerName))].sort()).toEqual([
    ...cluster.brokers.keys(),
  ]);
  await inbox.until(() => new Set(inbox.bodies).size === 16);
  expect([...new Set(inbox.bodies)].sort()).toEqual(texts(16, 'new').sort());
});

/** A moment that what was stored until now is older than: brokers store by the millisecond. */
async function startedAfter(nowMs: number): Promise<number> {
  while (Date.now() <= nowMs) await new Promise((resolve) => setImmediate(resolve));
  return Date.now();
}

test('members of a group that subscribe differently are shown to an operator', async () => {
  await cluster.createTopic('T', 'broker-a');
  for (const expression of ['A', 'B']) {
    const consumer = cluster.consumer({ instanceName: `member-${expression}` });
    consumer.subscribe('T', expression, () => undefined);
    await cluster.use(consumer);
  }
  expect(await consumerStatus('G')).toContain(
    'WARN: Different subscription in the same group of consumer!!!',
  );

  const consumer = cluster.consumer({ consumerGroup: 'Alike' });
  consumer.subscribe('T', 'A', () => undefined);
  await cluster.use(consumer);
  expect(await consumerStatus('Alike')).toContain('Same subscription in the same group of consumer');
});

/** What mqadmin prints, once the group has settled. */
async function consumerStatus(group: string): Promise<string> {
  let printed = '';
  const args = ['consumerStatus', '-n', cluster.nameServers, '-g', group];
  await runMqadmin(args, {
    env: {},
    out: (text) => void (printed += text),
    err: (text) => void (printed += text),
    now: () => Date.now() + 10 * 60_000,
    utcOffsetMinutes: () => 0,
    readFile: () => undefined,
    writeFile: () => undefined,
    pause: () => Promise.resolve(false),
  });
  return printed;
}
