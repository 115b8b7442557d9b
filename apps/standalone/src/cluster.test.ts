// Two brokers of two names under one NameServer (multi-master), used as an application and its operator use them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MQAdmin } from '@mq/admin';
import { BrokerConfiguration, BrokerController } from '@mq/broker';
import { Producer, PushConsumer, type PushConsumerOptions, type SendResult } from '@mq/client';
import { NamesrvController, namesrvSettings } from '@mq/namesrv';

let folder: string;
let nameServers: string;
let namesrv: NamesrvController;
let brokers: Map<string, BrokerController>;
let open: { close(): Promise<unknown> }[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mq-cluster-'));
  open = [];
  const settings = { ...namesrvSettings.defaults(), listenPort: 0, kvConfigPath: join(folder, 'kv.json') };
  namesrv = new NamesrvController(settings);
  const { port } = await namesrv.start();
  nameServers = `127.0.0.1:${port}`;
  brokers = new Map();
  for (const name of ['broker-a', 'broker-b']) brokers.set(name, await startBroker(name));
});

afterEach(async () => {
  await Promise.all(open.map((resource) => resource.close()));
  await Promise.all([...brokers.values()].map((broker) => broker.close()));
  await namesrv.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startBroker(brokerName: string): Promise<BrokerController> {
  const { configuration } = BrokerConfiguration.parse({
    brokerName,
    listenPort: '0',
    namesrvAddr: nameServers,
    storePathRootDir: join(folder, brokerName),
    mappedFileSizeCommitLog: '1048576',
  });
  const broker = new BrokerController(configuration);
  await broker.start();
  return broker;
}

async function startProducer(): Promise<Producer> {
  const producer = new Producer({ nameServers, producerGroup: 'P' });
  open.push(producer);
  await producer.start();
  return producer;
}

async function sendAll(producer: Producer, bodies: readonly string[]): Promise<SendResult[]> {
  const results: SendResult[] = [];
  for (const body of bodies) results.push(await producer.send({ topic: 'T', body }));
  return results;
}

const brokersOf = (results: readonly SendResult[]): string[] =>
  [...new Set(results.map(({ messageQueue }) => messageQueue.brokerName))].sort();

/** A consumer of T that keeps what came, and tells when something did. */
class Collector {
  readonly bodies: string[] = [];
  readonly consumer: PushConsumer;
  #wake: () => void = () => undefined;

  constructor(options: Partial<PushConsumerOptions> = {}) {
    this.consumer = new PushConsumer({
      nameServers,
      consumerGroup: 'G',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      rebalanceIntervalMs: 200,
      ...options,
    });
    open.push(this.consumer);
    this.consumer.subscribe('T', '*', (messages) => {
      this.bodies.push(...messages.map(({ body }) => body.toString()));
      this.#wake();
    });
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

const texts = (count: number, prefix = 'm'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

test('a topic spreads over both brokers, and one consumer gets all of it', async () => {
  const bodies = texts(32);
  expect(brokersOf(await sendAll(await startProducer(), bodies))).toEqual(['broker-a', 'broker-b']);
  const collector = new Collector();
  await collector.consumer.start();
  await collector.until(() => collector.bodies.length === bodies.length);
  expect(collector.bodies.sort()).toEqual([...bodies].sort());

  await using admin = new MQAdmin({ nameServers });
  const { queueDatas } = await admin.topics.route('T');
  expect(queueDatas.map(({ brokerName }) => brokerName).sort()).toEqual(['broker-a', 'broker-b']);
});

test('sending goes on when one of them stops, and uses it again when it is back', async () => {
  const producer = await startProducer();
  await sendAll(producer, texts(16));
  await brokers.get('broker-a')?.close();
  expect(brokersOf(await sendAll(producer, texts(8)))).toEqual(['broker-b']);
  brokers.set('broker-a', await startBroker('broker-a'));
  const again = new Producer({ nameServers, producerGroup: 'P2' });
  open.push(again);
  await again.start();
  expect(brokersOf(await sendAll(again, texts(32)))).toEqual(['broker-a', 'broker-b']);
});

test('an operator moves a connected group back to a time, and it consumes from there again', async () => {
  const producer = await startProducer();
  await sendAll(producer, texts(16, 'old'));
  const timestampMs = await startedAfter(Date.now());
  await sendAll(producer, texts(16, 'new'));
  const collector = new Collector();
  await collector.consumer.start();
  await collector.until(() => collector.bodies.length === 32);
  collector.bodies.length = 0;
  await using admin = new MQAdmin({ nameServers });
  const moved = await admin.offsets.resetByTime({ group: 'G', topic: 'T', timestampMs });
  expect([...new Set([...moved.keys()].map(({ brokerName }) => brokerName))].sort()).toEqual([
    ...brokers.keys(),
  ]);
  await collector.until(() => new Set(collector.bodies).size === 16);
  expect([...new Set(collector.bodies)].sort()).toEqual(texts(16, 'new').sort());
});

/** A moment that what was stored until now is older than: brokers store by the millisecond. */
async function startedAfter(nowMs: number): Promise<number> {
  while (Date.now() <= nowMs) await new Promise((resolve) => setImmediate(resolve));
  return Date.now();
}
