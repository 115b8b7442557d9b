// Orderly consumers join, leave and die while messages come: nothing is lost, nothing is handled out of order, and no queue
// is with two consumers at once.
import { ClientInstance, Producer, PushConsumer } from '@mq/client';
import { startTestBroker, TravelClock, type TestBroker } from '../src/index.js';

const KEYS = 6;
const EACH = 60;

interface Member {
  readonly client: ClientInstance;
  readonly consumer: PushConsumer;
  /** Set when it dies: what its handlers do then happens in a process that is gone. */
  isDead: boolean;
}

class Group {
  /** Key → numbers in the order they were handled. */
  readonly handled = new Map<string, number[]>();
  readonly problems: string[] = [];
  /** Queue → who is at work on it. */
  readonly #busy = new Map<string, Member>();
  readonly #members: Member[] = [];

  constructor(
    private readonly broker: TestBroker,
    private readonly consumeMode: 'ORDERLY' | 'CONCURRENTLY' = 'ORDERLY',
  ) {}

  async join(): Promise<void> {
    const client = new ClientInstance({ nameServers: this.broker.nameServers });
    const consumer = new PushConsumer({
      ...{
        client,
        consumerGroup: 'G',
        consumeMode: this.consumeMode,
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      },
      ...{ rebalanceIntervalMs: 100, persistConsumerOffsetInterval: 100, suspendCurrentQueueTimeMs: 10 },
      handler: async ([message], { messageQueue }) => {
        if (message === undefined || member.isDead) return;
        const queue = `${messageQueue.brokerName}:${messageQueue.queueId}`;
        const other = this.#busy.get(queue);
        if (other !== undefined && !other.isDead) this.problems.push(`two handlers work on ${queue}`);
        this.#busy.set(queue, member);
        await new Promise((resolve) => setTimeout(resolve, 1));
        this.#busy.delete(queue);
        if (member.isDead) throw new Error('this process is gone');
        // Now and then the handler fails: the queue is held up, the message comes again before those after it.
        const [key, number] = message.body.toString().split(':') as [string, string];
        if (this.consumeMode === 'ORDERLY' && Number(number) % 17 === 5 && message.reconsumeTimes === 0)
          throw new Error('fails at first');
        const numbers = this.handled.get(key);
        if (numbers === undefined) this.handled.set(key, [Number(number)]);
        else numbers.push(Number(number));
      },
    });
    const member: Member = { client, consumer, isDead: false };
    consumer.subscribe('T');
    await consumer.start();
    this.#members.push(member);
  }

  /** The member that joined first ends in order. */
  async leave(): Promise<void> {
    const member = this.#members.shift() as Member;
    await member.consumer.close({ timeoutMs: 2_000 });
    await member.client.close();
  }

  /** The member that joined first is gone from one moment to the next; the broker keeps its locks until they expire. */
  async die(): Promise<void> {
    const member = this.#members.shift() as Member;
    member.isDead = true;
    await member.client.close({ timeoutMs: 0 });
    await member.consumer.close({ timeoutMs: 0 });
  }

  async end(): Promise<void> {
    while (this.#members.length > 0) await this.leave();
  }

  get distinct(): number {
    return [...this.handled.values()].reduce((sum, numbers) => sum + new Set(numbers).size, 0);
  }
}

/** A consumer whose handlers last until they are told to finish, and one whose handlers do not. */
class Contest {
  slow: PushConsumer | undefined;
  /** Who began with which message. */
  readonly log: string[] = [];
  /** Handlers of the slow one that were told to stop, and do not. */
  signals = 0;
  finish: () => void = () => undefined;
  readonly #finished = new Promise<void>((resolve) => (this.finish = resolve));
  readonly #consumers: PushConsumer[] = [];

  constructor(private readonly broker: TestBroker) {}

  async join(name: 'slow' | 'quick'): Promise<PushConsumer> {
    const consumer = new PushConsumer({
      ...{ nameServers: this.broker.nameServers, consumerGroup: 'G', consumeMode: 'ORDERLY' },
      ...{ consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', queueReleaseTimeoutMs: 50 },
      handler: async ([message], { signal }) => {
        this.log.push(`${name} ${message?.body.toString()}`);
        if (name === 'quick') return;
        signal.addEventListener('abort', () => this.signals++);
        await this.#finished;
      },
    });
    consumer.subscribe('T');
    this.#consumers.push(consumer);
    await consumer.start();
    return consumer;
  }

  async end(): Promise<void> {
    for (const consumer of this.#consumers) await consumer.close({ timeoutMs: 1_000 });
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it never became so');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('orderly consumers keep the order and lose nothing while members join, leave and die', async () => {
  await using broker = await startTestBroker({ topics: [{ topic: 'T', queues: 4 }] });
  await using producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
  await producer.start();
  const group = new Group(broker);
  const changes = [
    () => group.join(),
    () => group.join(),
    () => group.die(),
    () => group.join(),
    () => group.leave(),
    () => group.join(),
  ];
  for (let number = 0; number < EACH; number++) {
    for (let key = 0; key < KEYS; key++)
      await producer.send({ topic: 'T', body: `${key}:${number}` }, { shardingKey: `key ${key}` });
    if (number % 10 === 0) await changes[number / 10]?.();
  }
  // The locks of the one that died run out.
  await broker.advance(61_000);
  const deadline = Date.now() + 20_000;
  while (group.distinct < KEYS * EACH && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
  await group.end();
  expect(group.problems).toEqual([]);
  for (const [key, numbers] of group.handled) {
    // A number may come again after a death, together with those behind it; it may never come for the first time too late.
    expect([key, [...new Set(numbers)]]).toEqual([key, [...Array(EACH).keys()]]);
  }
  expect(group.handled.size).toBe(KEYS);
});

describe('a queue whose handler takes longer than others may wait for it', () => {
  /** Two queues with two messages each, all with the first consumer, both of its handlers at work when a second one joins. */
  async function contested(broker: TestBroker): Promise<Contest> {
    const producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
    await producer.start();
    for (const body of ['a', 'b']) {
      for (let queueId = 0; queueId < 2; queueId++) {
        const queue = { topic: 'T', brokerName: broker.brokerName, queueId };
        await producer.send({ topic: 'T', body }, { messageQueue: queue });
      }
    }
    await producer.close();
    const contest = new Contest(broker);
    const slow = await contest.join('slow');
    await until(() => contest.log.length === 2);
    contest.slow = slow;
    await contest.join('quick');
    await until(() => contest.signals === 1);
    return contest;
  }

  test('stays until the handler has ended; its message counts as consumed', async () => {
    await using broker = await startTestBroker({ topics: [{ topic: 'T', queues: 2 }] });
    const contest = await contested(broker);
    // A few rounds of rebalance.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(contest.log).toEqual(['slow a', 'slow a']);
    contest.finish();
    await until(() => contest.log.length === 4);
    await contest.end();
    expect(contest.log.slice(2).sort()).toEqual(['quick b', 'slow b']);
  });

  test('is locked still when the consumer has closed without waiting for it', async () => {
    await using broker = await startTestBroker({ topics: [{ topic: 'T', queues: 2 }] });
    const contest = await contested(broker);
    await contest.slow?.close({ timeoutMs: 100 });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(contest.log).toEqual(['slow a', 'slow a']);
    contest.finish();
    await broker.advance(61_000);
    await until(() => contest.log.length === 6);
    await contest.end();
    expect(contest.log.slice(2).sort()).toEqual(['quick a', 'quick a', 'quick b', 'quick b']);
  });
});

test('a lock is renewed for as long as its consumer lives, and expires a minute after', async () => {
  await using broker = await startTestBroker({ topics: [{ topic: 'T', queues: 1 }] });
  const clock = new TravelClock();
  const client = new ClientInstance({ nameServers: broker.nameServers, clock });
  const handled: string[] = [];
  const consumer = new PushConsumer({
    ...{ client, consumerGroup: 'G', consumeMode: 'ORDERLY', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
    handler: ([message]) => void handled.push(message!.body.toString()),
  });
  consumer.subscribe('T');
  await consumer.start();
  await until(() => consumer.assignment.some(({ topic }) => topic === 'T'));

  const { locks } = broker.controller.parts;
  const queue = { topic: 'T', brokerName: broker.brokerName, queueId: 0 };
  const isFree = (): boolean => locks.tryLockBatch('G', [queue], 'another').length === 1;
  for (let second = 0; second < 300; second += 10) {
    await Promise.all([broker.advance(10_000), clock.advance(10_000)]);
    // The renewal that is due may still be on its way.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([second, isFree()]).toEqual([second, false]);
  }
  await using producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
  await producer.start();
  await producer.send({ topic: 'T', body: 'after five minutes' });
  // The jumps let requests of the client time out, whose turn comes again by its clock.
  await until(async () => {
    await Promise.all([broker.advance(1_000), clock.advance(1_000)]);
    return handled.length === 1;
  });

  // Gone from one moment to the next.
  await client.close({ timeoutMs: 0 });
  await consumer.close({ timeoutMs: 0 });
  expect(isFree()).toBe(false);
  await broker.advance(61_000);
  expect(isFree()).toBe(true);
});

// The control: the same watching finds what concurrent consumption does.
test('concurrent consumers are found to work on one queue at the same time', async () => {
  await using broker = await startTestBroker({ topics: [{ topic: 'T', queues: 1 }] });
  await using producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
  await producer.start();
  await Promise.all(
    [...Array(50).keys()].map((number) => producer.send({ topic: 'T', body: `0:${number}` })),
  );
  const group = new Group(broker, 'CONCURRENTLY');
  await group.join();
  const deadline = Date.now() + 10_000;
  while (group.distinct < 50 && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
  await group.end();
  expect(group.problems).toContain(`two handlers work on ${broker.brokerName}:0`);
});
