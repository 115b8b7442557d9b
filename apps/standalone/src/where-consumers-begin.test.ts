// Where a consumer group begins: consumeFromWhere, the offsets of another group, and a slave when the master says so.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { PushConsumerOptions } from '@mq/client';
import { defaultSubscriptionGroupConfig } from '@mq/remoting/protocol';
import { Inbox } from './testing/inbox.js';
import { TestCluster } from './testing/test-cluster.js';

let cluster: TestCluster;
afterEach(() => cluster.close());

/** Nothing counts as being in memory: to the broker every consumer is far behind, and no topic is young. */
const NOTHING_IN_MEMORY = { accessMessageInMemoryMaxRatio: '0' };

async function sendAll(prefix: string, count = 4): Promise<string[]> {
  const producer = await cluster.producer();
  const bodies = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  for (const body of bodies) await producer.send({ topic: 'T', body });
  return bodies;
}

async function consume(options: Partial<PushConsumerOptions> = {}): Promise<Inbox> {
  const inbox = new Inbox();
  const consumer = cluster.consumer(options);
  consumer.subscribe('T', '*', inbox.handler);
  await cluster.use(consumer);
  return inbox;
}

/** A moment that what was stored until now is older than: brokers store by the millisecond. */
async function laterThanNow(): Promise<number> {
  const nowMs = Date.now();
  while (Date.now() <= nowMs) await new Promise(setImmediate);
  return Date.now();
}

describe('a new group', () => {
  /** Sends before, between and after; the consumer starts before the last. Resolves with what it got. */
  async function consumedBy(
    options: (betweenMs: number) => Partial<PushConsumerOptions>,
    settings: Readonly<Record<string, string>>,
  ): Promise<string[]> {
    cluster = await TestCluster.start();
    await cluster.startBroker('broker-a', { defaultTopicQueueNums: '1', ...settings });
    await cluster.createTopic('T', 'broker-a', 1);
    await sendAll('early', 2);
    const betweenMs = await laterThanNow();
    await sendAll('late', 2);
    const inbox = new Inbox();
    const consumer = cluster.consumer(options(betweenMs));
    consumer.subscribe('T', '*', inbox.handler);
    await cluster.use(consumer);
    // What it begins with is decided when it holds the queue.
    while (!consumer.assignment.some(({ topic }) => topic === 'T')) await new Promise(setImmediate);
    await sendAll('new', 2);
    await inbox.until(() => inbox.bodies.includes('new1'));
    return inbox.bodies.sort();
  }

  const EARLY = ['early0', 'early1'];
  const LATE = ['late0', 'late1'];
  const NEW = ['new0', 'new1'];

  test.each<[string, (betweenMs: number) => Partial<PushConsumerOptions>, Record<string, string>, string[]]>([
    [
      'CONSUME_FROM_FIRST_OFFSET gets everything',
      () => ({ consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' }),
      NOTHING_IN_MEMORY,
      [...EARLY, ...LATE, ...NEW],
    ],
    [
      'CONSUME_FROM_LAST_OFFSET gets what is sent from then on',
      () => ({ consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' }),
      NOTHING_IN_MEMORY,
      NEW,
    ],
    [
      'CONSUME_FROM_TIMESTAMP gets what was stored since then',
      (consumeTimestamp) => ({ consumeFromWhere: 'CONSUME_FROM_TIMESTAMP', consumeTimestamp }),
      NOTHING_IN_MEMORY,
      [...LATE, ...NEW],
    ],
    [
      'CONSUME_FROM_LAST_OFFSET gets everything of a topic so young that all of it is in memory, as with Apache',
      () => ({ consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' }),
      {},
      [...EARLY, ...LATE, ...NEW],
    ],
  ])('with %s', async (_what, options, settings, expected) => {
    expect(await consumedBy(options, settings)).toEqual(expected.sort());
  });
});

test('a group with the offsets of another one goes on where that one is', async () => {
  cluster = await TestCluster.start('broker-a', 'broker-b');
  const old = await sendAll('old', 16);
  const first = await consume({ consumerGroup: 'First', persistConsumerOffsetInterval: 100 });
  await first.has(old.length);
  const consumed = (): number =>
    [...cluster.brokers.values()].reduce((sum, { parts }) => {
      const offsets = parts.consumerOffsets.queryAll('First', 'T') ?? new Map<number, number>();
      return sum + [...offsets.values()].reduce((a, b) => a + b, 0);
    }, 0);
  while (consumed() < old.length) await new Promise(setImmediate);

  await using admin = cluster.admin();
  for (const { address } of cluster.brokers.values())
    await admin.groups.createOrUpdate(address, defaultSubscriptionGroupConfig('Second'));
  expect(await admin.offsets.clone('First', 'Second', 'T')).toBe(8);
  const fresh = await sendAll('new', 8);
  const second = await consume({ consumerGroup: 'Second' });
  await second.has(fresh.length);
  expect(second.bodies.sort()).toEqual(fresh);
  // The control: without them it begins with the first message.
  const third = await consume({ consumerGroup: 'Third' });
  await third.has(old.length + fresh.length);
});

test('a consumer that is far behind reads from the slave when the master tells it to, and commits at the master', async () => {
  cluster = await TestCluster.start();
  const small = { mappedFileSizeCommitLog: '1048576', timerWheelEnable: 'false' };
  await cluster.startBroker('broker-a', small);
  const bodies = await sendAll('m', 40);
  // Until there is replication, a slave is a copy.
  await cluster.broker('broker-a').close();
  cpSync(join(cluster.folder, 'broker-a'), join(cluster.folder, 'copy'), { recursive: true });
  const reading = { ...small, slaveReadEnable: 'true', ...NOTHING_IN_MEMORY };
  const master = await cluster.startBroker('broker-a', reading);
  const copy = { ...reading, brokerId: '1', storePathRootDir: join(cluster.folder, 'copy') };
  const slave = await cluster.startBroker('broker-a', copy);
  const inbox = await consume({ pullBatchSize: 2, persistConsumerOffsetInterval: 100 });
  await inbox.has(bodies.length);
  expect(inbox.bodies.sort()).toEqual([...bodies].sort());

  const readFrom = ({ parts }: typeof master): number =>
    parts.stats.topic('T').group('G').traffic.item('nums').value;
  expect(readFrom(master)).toBeGreaterThan(0);
  expect(readFrom(slave)).toBeGreaterThan(readFrom(master));
  expect(readFrom(master) + readFrom(slave)).toBe(bodies.length);
  const committed = (): number =>
    [0, 1, 2, 3].reduce((sum, id) => sum + Math.max(0, master.parts.consumerOffsets.query('G', 'T', id)), 0);
  while (committed() < bodies.length) await new Promise(setImmediate);
  expect(slave.parts.consumerOffsets.whichTopicsByGroup('G')).toEqual([]);
});
