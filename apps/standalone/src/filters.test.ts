// SQL92 and class filters as an application uses them, against a NameServer, a broker and a filter server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerConfiguration, BrokerController } from '@mq/broker';
import { isMQClientError, Producer, PullConsumer, PushConsumer } from '@mq/client';
import { FiltersrvController, filtersrvSettings } from '@mq/filtersrv';
import { NamesrvController, namesrvSettings } from '@mq/namesrv';

type Expression = Parameters<PushConsumer['subscribe']>[1];

let folder: string;
let nameServers: string;
let broker: BrokerController;
/** Closed in reverse. */
let open: { close(): Promise<unknown> }[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mq-filters-'));
  open = [];
  const settings = { ...namesrvSettings.defaults(), listenPort: 0, kvConfigPath: join(folder, 'kv.json') };
  const namesrv = new NamesrvController(settings);
  open.push(namesrv);
  const { port } = await namesrv.start();
  nameServers = `127.0.0.1:${port}`;
});

afterEach(async () => {
  for (const resource of open.reverse()) await resource.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startBroker(properties: Record<string, string>): Promise<void> {
  const { configuration, problems } = BrokerConfiguration.parse({
    brokerName: 'broker-a',
    listenPort: '0',
    namesrvAddr: nameServers,
    storePathRootDir: folder,
    mappedFileSizeCommitLog: '1048576',
    ...properties,
  });
  expect(problems).toEqual([]);
  broker = new BrokerController(configuration);
  open.push(broker);
  await broker.start();
}

async function startFilterServer(properties: Record<string, string> = {}): Promise<FiltersrvController> {
  const { values } = filtersrvSettings.parse({ connectWhichBroker: broker.address, ...properties });
  const server = new FiltersrvController(values);
  open.push(server);
  await server.start();
  return server;
}

/** Bodies are the prices. */
async function send(prices: readonly number[]): Promise<void> {
  const producer = new Producer({ nameServers, producerGroup: 'P' });
  open.push(producer);
  await producer.start();
  for (const price of prices) {
    await producer.send({ topic: 'T', body: String(price), properties: { price: String(price) } });
  }
}

/** A consumer of T that keeps what came, and tells when something did. */
class Collector {
  readonly prices: number[] = [];
  readonly consumer: PushConsumer;
  #wake: () => void = () => undefined;

  constructor(expression: Expression, consumerGroup = 'G') {
    this.consumer = new PushConsumer({
      nameServers,
      consumerGroup,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      rebalanceIntervalMs: 200,
      pullTimeDelayMillsWhenException: 100,
    });
    open.push(this.consumer);
    this.consumer.subscribe('T', expression, (messages) => {
      this.prices.push(...messages.map(({ body }) => Number(body.toString())));
      this.#wake();
    });
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

const ascending = (a: number, b: number): number => a - b;
const prices = Array.from({ length: 40 }, (_, i) => i);
const dear = prices.filter((price) => price > 25);

describe('an SQL92 subscription', () => {
  test.each([
    ['without bits', {}],
    ['with bits in the queue', { enableCalcFilterBitMap: 'true', enableConsumeQueueExt: 'true' }],
  ])('brings what matches, sent before and after it, %s', async (_what, settings) => {
    await startBroker({ enablePropertyFilter: 'true', ...settings });
    await send(prices.slice(0, 30));
    const collector = new Collector({ sql: 'price > 25' });
    await collector.consumer.start();
    await send(prices.slice(30));
    await collector.until(() => collector.prices.length >= dear.length);
    expect(collector.prices.sort(ascending)).toEqual(dear);
  });

  test('of a pull consumer brings what matches', async () => {
    await startBroker({ enablePropertyFilter: 'true' });
    await send(prices);
    const consumer = new PullConsumer({ nameServers, consumerGroup: 'G' });
    open.push(consumer);
    await consumer.start();
    const found: number[] = [];
    for (const queue of await consumer.fetchMessageQueues('T')) {
      const { messages } = await consumer.pull(queue, 0, { expression: { sql: 'price > 25' } });
      found.push(...messages.map(({ body }) => Number(body.toString())));
    }
    expect(found.sort(ascending)).toEqual(dear);
  });

  test.each([
    [
      'an expression that does not compile',
      { enablePropertyFilter: 'true' },
      'SUBSCRIPTION_REFUSED',
      'line 1, column 9',
    ],
    ['a broker that does not allow it', {}, 'SUBSCRIPTION_REFUSED', 'does not support'],
  ])('fails at the start with %s', async (_what, settings, code, reason) => {
    await startBroker(settings);
    await send([1]);
    const { consumer } = new Collector({ sql: 'price > ' });
    const error = await consumer.start().catch((caught: unknown) => caught);
    expect(isMQClientError(error) && error.code).toBe(code);
    expect((error as Error).message).toContain(reason);
  });
});

describe('a class filter', () => {
  const dearOnly = {
    className: 'DearOnly',
    source:
      'function match(message) { return Number(message.body) > 25 && message.properties.price === message.body; }',
  };

  test('runs in the filter server, which the consumer finds by its route', async () => {
    await startBroker({ filterServerNums: '1' });
    await send(prices);
    const server = await startFilterServer();
    const collector = new Collector(dearOnly);
    await collector.consumer.start();
    await collector.until(() => collector.prices.length >= dear.length);
    expect(collector.prices.sort(ascending)).toEqual(dear);
    expect(server.filterCount).toBe(1);
    // Those that were filtered out are consumed, too.
    const all = new Collector('*', 'H');
    await all.consumer.start();
    await all.until(() => all.prices.length >= prices.length);
  });

  test('goes on with a filter server that was started again, and gives it the code again', async () => {
    await startBroker({ filterServerNums: '1' });
    await send(prices);
    const first = await startFilterServer();
    const collector = new Collector(dearOnly);
    await collector.consumer.start();
    await collector.until(() => collector.prices.length >= dear.length);
    await first.close();
    const second = await startFilterServer({ listenPort: first.address.split(':')[1]! });
    await send([100, 1, 200]);
    await collector.until(() => collector.prices.includes(100) && collector.prices.includes(200));
    expect(collector.prices).not.toContain(1);
    expect(second.filterCount).toBe(1);
  });

  test('that hangs or throws stops its own group and nobody else', async () => {
    await startBroker({ filterServerNums: '1' });
    await send(prices);
    await startFilterServer({ filterTimeLimitMillis: '100' });
    const endless = new Collector(
      { className: 'Endless', source: 'function match() { for (;;); }' },
      'Endless',
    );
    const throwing = new Collector(
      { className: 'Throws', source: 'function match() { throw 1; }' },
      'Throws',
    );
    const collector = new Collector(dearOnly);
    for (const { consumer } of [endless, throwing, collector]) await consumer.start();
    await collector.until(() => collector.prices.length >= dear.length);
    expect(collector.prices.sort(ascending)).toEqual(dear);
    expect([endless.prices, throwing.prices]).toEqual([[], []]);
  });

  test('needs a broker that lets filter servers register: by default none may', async () => {
    await startBroker({});
    await expect(startFilterServer()).rejects.toThrow('filterServerNums is 0');
  });
});
