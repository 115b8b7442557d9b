// A consumer that asks for other messages of a topic while a pull of its waits at the broker, chosen by the filter of before.
import { LitePullConsumer, Producer, PushConsumer, type SubscriptionExpression } from '@mq/client';

import { startTestBroker, type TestBroker } from '../src/index.js';

const TOPIC = 'T';

let broker: TestBroker;
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Subscriber extends AsyncDisposable {
  start(): Promise<void>;
  subscribe(topic: string, expression: SubscriptionExpression): void;
}

/** What it gets goes to `got`. */
function pushConsumer(got: string[], postSubscriptionWhenPull: boolean): Subscriber {
  return new PushConsumer({
    nameServers: broker.nameServers,
    consumerGroup: 'G',
    consumeMode: 'ORDERLY',
    postSubscriptionWhenPull,
    handler: (messages) => void got.push(...messages.map(({ body }) => body.toString())),
  });
}

function liteConsumer(got: string[]): Subscriber {
  const consumer = new LitePullConsumer({ nameServers: broker.nameServers, consumerGroup: 'G' });
  const poll = async (): Promise<void> => {
    for (;;) got.push(...(await consumer.poll(1_000)).map(({ body }) => body.toString()));
  };
  return {
    start: async () => {
      await consumer.start();
      void poll().catch(() => undefined);
    },
    subscribe: (topic, expression) => consumer.subscribe(topic, expression),
    [Symbol.asyncDispose]: () => consumer.close(),
  };
}

const sql = (value: string): SubscriptionExpression => ({ sql: `kind = '${value}'` });

describe.each([
  ['a push consumer', (got: string[]) => pushConsumer(got, false), 2],
  ['a push consumer that sends its filter along', (got: string[]) => pushConsumer(got, true), 2],
  ['a lite pull consumer', liteConsumer, 1],
] as const)('%s', (_kind, create, queuesWaitedFor) => {
  test.each([
    ['tags', 'A', 'B'],
    ['an SQL92 expression', sql('A'), sql('B')],
  ] as const)('loses nothing of a changed filter by %s', async (_how, before, after) => {
    broker = await startTestBroker({
      topics: [{ topic: TOPIC, queues: 1 }],
      settings: { enablePropertyFilter: true },
    });
    const producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'P' });
    open.push(producer);
    await producer.start();
    const send = (body: string): Promise<unknown> => {
      const kind = body.slice(0, 1).toUpperCase();
      return producer.send({ topic: TOPIC, body, tags: kind, properties: { kind } });
    };
    const got: string[] = [];
    const consumer = create(got);
    open.push(consumer);
    const isWaiting = (): boolean => broker.controller.parts.pullHolds.queueCount === queuesWaitedFor;
    consumer.subscribe(TOPIC, before);
    await consumer.start();
    await until(isWaiting, 'a pull that waits');
    await send('a1');
    await until(() => got.length === 1 && isWaiting(), 'the first message, and the next pull');
    consumer.subscribe(TOPIC, after);
    // The filter of before wakes the pull of before with the second one.
    for (const body of ['b1', 'a2', 'b2']) await send(body);
    await until(() => got.length === 3, 'what the new filter lets through');
    expect(got).toEqual(['a1', 'b1', 'b2']);
  });
});
