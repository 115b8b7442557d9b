// Orderly consumers join, leave and die while messages come: nothing is lost, nothing is handled out of order, and no queue
// is with two consumers at once.
import { ClientInstance, Producer, PushConsumer } from '@mq/client';
import { startTestBroker, type TestBroker } from '../src/index.js';

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
