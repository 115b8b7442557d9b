import { consoleLogger } from '@mq/remoting';
import { RequestCode, ResponseCode, encodeResetOffsetBody, type MessageQueue } from '@mq/remoting/protocol';
import {
  LitePullConsumer,
  PullConsumer,
  type LitePullConsumerOptions,
  type ReceivedMessage,
} from '../src/index.js';
import { eventually } from './eventually.js';
import { ok, refuse } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

let cluster: FakeCluster;
const open: { close(options?: { timeoutMs?: number }): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close({ timeoutMs: 500 })));
  await cluster.close();
});

const queue = (queueId = 0): MessageQueue => ({ topic: 'T', brokerName: 'broker-a', queueId });
const offsetOf = (queueId = 0): number | undefined => cluster.broker.offsets.get(`G@T@${queueId}`);
const texts = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ body }) => body.toString());

/** A cluster whose topic T has so many messages in each queue. */
async function filled(...counts: number[]): Promise<void> {
  cluster = await FakeCluster.start({ topics: { T: counts.length } });
  counts.forEach((count, queueId) => {
    for (let i = 0; i < count; i++)
      cluster.broker.store('T', queueId, `${queueId}.${i}`, `TAGS\u0001${i % 2 === 0 ? 'even' : 'odd'}`);
  });
}

async function lite(
  options: Partial<LitePullConsumerOptions> = {},
  prepare: (consumer: LitePullConsumer) => void = (consumer) => consumer.assign([queue()]),
): Promise<LitePullConsumer> {
  const consumer = new LitePullConsumer({
    nameServers: cluster.nameServers,
    consumerGroup: 'G',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    rebalanceIntervalMs: 100,
    ...options,
  });
  open.push(consumer);
  prepare(consumer);
  await consumer.start();
  return consumer;
}

/** Polls until so many messages have come. */
async function pollAll(consumer: LitePullConsumer, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let polls = 0; all.length < count && polls < 50; polls++)
    all.push(...texts(await consumer.poll(2_000)));
  return all;
}

describe('a lite pull consumer', () => {
  test('polls assigned queues in order, in batches of one queue', async () => {
    await filled(3, 3, 3);
    const consumer = await lite({ pullBatchSize: 2 }, (c) => c.assign([queue(0), queue(2)]));
    const first = await consumer.poll(5_000);
    expect(first.length).toBeGreaterThan(0);
    expect(new Set(first.map(({ queueId }) => queueId)).size).toBe(1);
    const all = [...texts(first), ...(await pollAll(consumer, 6 - first.length))];
    for (const id of ['0', '2'])
      expect(all.filter((t) => t.startsWith(id))).toEqual([0, 1, 2].map((i) => `${id}.${i}`));
    expect(await consumer.poll(50)).toEqual([]);
    expect(consumer.assignment()).toEqual([queue(0), queue(2)]);
  });

  test('shares a topic with the group, and tells who listens', async () => {
    await filled(2, 2);
    const changes: string[] = [];
    const note = (_topic: string, all: readonly unknown[], mine: readonly MessageQueue[]): void =>
      void changes.push(`${mine.map(({ queueId }) => queueId).join()} of ${all.length}`);
    const subscribe = (c: LitePullConsumer): void => c.subscribe('T', '*', note);
    const one = await lite({ clientIp: '1.1.1.1' }, subscribe);
    await eventually('it has both', () => one.assignment().length === 2);
    const two = await lite({ clientIp: '2.2.2.2' }, (c) => c.subscribe('T'));
    await eventually('each has one', () => one.assignment().length === 1 && two.assignment().length === 1);
    expect(changes).toEqual(['0,1 of 2', '0 of 2']);
    one.unsubscribe('T');
    await eventually('it has none', () => one.assignment().length === 0);
  });

  test('filters by tags, also assigned queues', async () => {
    await filled(6);
    const consumer = await lite({}, (c) => c.assign([queue()], { expressions: { T: 'odd' } }));
    expect(await pollAll(consumer, 3)).toEqual(['0.1', '0.3', '0.5']);
  });

  test('commits by hand exactly what was polled, or what it is told', async () => {
    await filled(5, 5);
    const consumer = await lite({ autoCommit: false, pullBatchSize: 2 });
    expect(texts(await consumer.poll())).toEqual(['0.0', '0.1']);
    expect(offsetOf()).toBeUndefined();
    await consumer.commit();
    expect([offsetOf(), await consumer.committed(queue())]).toEqual([2, 2]);
    await consumer.commit([[queue(1), 4]]);
    expect(offsetOf(1)).toBe(4);
    await consumer.close();
    expect(offsetOf()).toBe(2);
  });

  test('counts what was polled as consumed when the next poll begins', async () => {
    await filled(4);
    const consumer = await lite({ pullBatchSize: 2 });
    await consumer.poll();
    await consumer.poll();
    await consumer.close();
    expect(offsetOf()).toBe(2);
  });

  test.each([
    [true, 2],
    [false, undefined],
  ])('with autoCommit %s, a new group that never polled goes on at offset %s', async (autoCommit, offset) => {
    await filled(2);
    const consumer = await lite({ consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET', autoCommit });
    await eventually('it holds the queue', () => consumer.assignment().length === 1);
    await consumer.close();
    expect(offsetOf()).toBe(offset);
  });

  test('commits the first offset of a topic alone: a Java broker loses one of two that race to be the first', async () => {
    await filled(1, 1, 1);
    let atOnce = 0;
    const seen: number[] = [];
    cluster.broker.answer(RequestCode.UPDATE_CONSUMER_OFFSET, async () => {
      seen.push(++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 50));
      atOnce--;
      return ok();
    });
    const consumer = await lite({ autoCommit: false }, (c) => c.assign([queue(0), queue(1), queue(2)]));
    await consumer.commit([0, 1, 2].map((queueId) => [queue(queueId), 1] as const));
    expect(seen).toEqual([1, 1, 2]);
    seen.length = 0;
    await consumer.commit([0, 1, 2].map((queueId) => [queue(queueId), 2] as const));
    expect(seen).toEqual([1, 2, 3]);
  });

  test('tries all offsets of a topic, also when the first fails', async () => {
    await filled(1, 1);
    let isFirst = true;
    cluster.broker.answer(RequestCode.UPDATE_CONSUMER_OFFSET, () => {
      if (!isFirst) return 'PASS';
      isFirst = false;
      return refuse(ResponseCode.SYSTEM_ERROR, 'not now');
    });
    const consumer = await lite({ autoCommit: false }, (c) => c.assign([queue(0), queue(1)]));
    const offsets = [0, 1].map((queueId) => [queue(queueId), 1] as const);
    await expect(consumer.commit(offsets)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    expect([offsetOf(0), offsetOf(1)]).toEqual([undefined, 1]);
    await consumer.commit(offsets);
    expect([offsetOf(0), offsetOf(1)]).toEqual([1, 1]);
  });

  test('says that a commit failed', async () => {
    await filled(1);
    const consumer = await lite({ autoCommit: false });
    await consumer.poll();
    cluster.broker.answer(RequestCode.UPDATE_CONSUMER_OFFSET, () => refuse(1, 'no'));
    await expect(consumer.commit()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  test('seeks, also while it waits for new messages', async () => {
    await filled(4);
    const consumer = await lite();
    await pollAll(consumer, 4);
    const waiting = consumer.poll(5_000);
    await consumer.seek(queue(), 2);
    expect(texts(await waiting)).toEqual(['0.2', '0.3']);
    await consumer.seekToBegin(queue());
    expect(texts(await consumer.poll())[0]).toBe('0.0');
    await consumer.seekToEnd(queue());
    expect(await consumer.poll(50)).toEqual([]);
    cluster.broker.store('T', 0, 'new');
    expect(texts(await consumer.poll())).toEqual(['new']);
    await expect(consumer.seek(queue(), 99)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(consumer.seek(queue(7), 0)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('gives nothing of a paused queue until it is resumed', async () => {
    await filled(2, 2);
    const consumer = await lite({}, (c) => c.assign([queue(0), queue(1)]));
    await eventually('both are assigned', () => consumer.assignment().length === 2);
    consumer.pause([queue(0)]);
    expect(await pollAll(consumer, 2)).toEqual(['1.0', '1.1']);
    expect(await consumer.poll(50)).toEqual([]);
    const waiting = consumer.poll(5_000);
    consumer.resume([queue(0)]);
    expect(texts(await waiting)).toEqual(['0.0', '0.1']);
  });

  test('seeks and pauses as soon as queues are assigned, before it has taken them over', async () => {
    await filled(4, 2, 2);
    const consumer = await lite({}, () => undefined);
    consumer.assign([queue(0), queue(1), queue(2)]);
    expect(consumer.assignment()).toEqual([]);
    consumer.pause([queue(1), queue(2)]);
    consumer.resume([queue(2)]);
    await consumer.seek(queue(0), 2);
    expect((await pollAll(consumer, 4)).sort()).toEqual(['0.2', '0.3', '2.0', '2.1']);
    expect(await consumer.poll(50)).toEqual([]);
    consumer.resume([queue(1)]);
    expect(await pollAll(consumer, 2)).toEqual(['1.0', '1.1']);
  });

  test('forgets what was asked of a queue that is not to be read after all', async () => {
    await filled(1, 2);
    const consumer = await lite({}, () => undefined);
    consumer.assign([queue(0), queue(1)]);
    consumer.pause([queue(1)]);
    consumer.assign([queue(0)]);
    expect(() => consumer.pause([queue(1)])).toThrow('is not held now');
    consumer.assign([queue(1)]);
    expect(await pollAll(consumer, 2)).toEqual(['1.0', '1.1']);
  });

  test('pulls no further ahead than its bounds', async () => {
    await filled(200);
    const consumer = await lite({ pullBatchSize: 4, pullThresholdForQueue: 10 });
    await consumer.poll();
    const pulls = (): number => cluster.broker.requests(RequestCode.PULL_MESSAGE).length;
    await eventually('it has filled up', () => pulls() >= 3);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pulls()).toBeLessThanOrEqual(5);
    expect(await pollAll(consumer, 196)).toHaveLength(196);
  });

  test('goes where an operator resets it to', async () => {
    await filled(5);
    const consumer = await lite();
    await pollAll(consumer, 5);
    const body = encodeResetOffsetBody({ offsetTable: new Map([[queue(), 3]]) });
    const ext = { topic: 'T', group: 'G', timestamp: '0', isForce: 'true' };
    cluster.broker.push(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, ext, body);
    expect(await pollAll(consumer, 2)).toEqual(['0.3', '0.4']);
  });

  test('tells when a topic has other queues than before', async () => {
    await filled(1);
    const consumer = await lite({ topicMetadataCheckIntervalMs: 100 });
    const seen: number[] = [];
    const stop = consumer.onQueuesChanged('T', (_topic, queues) => void seen.push(queues.length));
    await eventually('it knows the queues', () => cluster.routeRequests.filter((t) => t === 'T').length > 2);
    cluster.setTopic('T', 3);
    await eventually('it was told', () => seen.length === 1);
    expect(seen).toEqual([3]);
    stop();
  });

  test('finds offsets by time and by place', async () => {
    await filled(5);
    const consumer = await lite();
    cluster.broker.answer(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, ({ extFields }) =>
      ok({ offset: extFields['timestamp'] === '42' ? '3' : '0' }),
    );
    expect(await consumer.offsetForTimestamp(queue(), 42)).toBe(3);
    expect([await consumer.minOffset(queue()), await consumer.maxOffset(queue())]).toEqual([0, 5]);
    expect(await consumer.fetchMessageQueues('T')).toEqual([queue()]);
  });

  test('gives a message back by hand', async () => {
    await filled(1);
    const consumer = await lite();
    const [message] = await consumer.poll();
    await consumer.sendMessageBack(message as ReceivedMessage, 5);
    expect(cluster.broker.sentBack).toMatchObject([
      {
        group: 'G',
        delayLevel: 5,
        originTopic: 'T',
        offset: message?.commitLogOffset,
      },
    ]);
    cluster.broker.answer(RequestCode.CONSUMER_SEND_MSG_BACK, () => refuse(16, 'no'));
    await expect(consumer.sendMessageBack(message as ReceivedMessage)).rejects.toMatchObject({
      code: 'NO_PERMISSION',
    });
  });

  test('says that a topic it subscribed to is not there', async () => {
    await filled(1);
    const log: string[] = [];
    const logger = consoleLogger({ write: (line) => void log.push(line) });
    await lite({ logger }, (consumer) => consumer.subscribe('Later'));
    expect(log).toContainEqual(expect.stringMatching(/WARN.*has no route yet.*topic=Later/));
  });

  test('refuses what it cannot do', async () => {
    await filled(1);
    const consumer = await lite();
    expect(() => consumer.subscribe('T')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    const first = consumer.poll(500, { signal: AbortSignal.timeout(300) });
    await expect(consumer.poll()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await first;
    cluster.broker.answer(RequestCode.PULL_MESSAGE, () => refuse(16, 'not allowed'));
    cluster.broker.store('T', 0, 'wakes the long poll');
    await pollAll(consumer, 1).catch(() => undefined);
    await expect(pollAll(consumer, 9)).rejects.toMatchObject({ code: 'NO_PERMISSION' });
    await consumer.close();
    await expect(consumer.poll()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

test('an iteration that waits for new messages goes on at once where it is told to', async () => {
  await filled(3);
  const consumer = new PullConsumer({ nameServers: cluster.nameServers, consumerGroup: 'G' });
  open.push(consumer);
  await consumer.start();
  const before = Date.now();
  const seen: string[] = [];
  consumer.seek(queue(), 3);
  setTimeout(() => consumer.seek(queue(), 1), 100);
  for await (const message of consumer.messages([queue()]))
    if (seen.push(message.body.toString()) === 2) break;
  expect(seen).toEqual(['0.1', '0.2']);
  expect(Date.now() - before).toBeLessThan(5_000);
});
