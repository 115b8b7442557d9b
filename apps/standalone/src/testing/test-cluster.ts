// A NameServer and brokers in a folder of their own, with real sockets and files, and the clients of a test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MQAdmin } from '@mq/admin';
import { BrokerConfiguration, BrokerController } from '@mq/broker';
import { Producer, PushConsumer, type ProducerOptions, type PushConsumerOptions } from '@mq/client';
import { NamesrvController, namesrvSettings } from '@mq/namesrv';

/** Whatever runs until it is closed. */
interface Running {
  start(): Promise<unknown>;
  close(): Promise<unknown>;
}

export class TestCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'mq-cluster-'));
  /** By name of the broker group; masters only. */
  readonly brokers = new Map<string, BrokerController>();
  readonly #clients: Running[] = [];
  readonly #servers: BrokerController[] = [];
  readonly #namesrv: NamesrvController;
  #nameServers = '';

  private constructor() {
    const kvConfigPath = join(this.folder, 'kv.json');
    this.#namesrv = new NamesrvController({ ...namesrvSettings.defaults(), listenPort: 0, kvConfigPath });
  }

  /** A master of each name. */
  static async start(...brokerNames: readonly string[]): Promise<TestCluster> {
    const cluster = new TestCluster();
    const { port } = await cluster.#namesrv.start();
    cluster.#nameServers = `127.0.0.1:${port}`;
    for (const name of brokerNames) await cluster.startBroker(name);
    return cluster;
  }

  get nameServers(): string {
    return this.#nameServers;
  }

  /** A broker, by default with the folder of its name. */
  async startBroker(
    brokerName: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<BrokerController> {
    const { configuration, problems } = BrokerConfiguration.parse({
      brokerName,
      listenPort: '0',
      namesrvAddr: this.nameServers,
      storePathRootDir: join(this.folder, brokerName),
      mappedFileSizeCommitLog: String(16 * 1024 * 1024),
      maxHashSlotNum: '1000',
      maxIndexNum: '4000',
      ...settings,
    });
    if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('; '));
    const broker = new BrokerController(configuration);
    this.#servers.push(broker);
    await broker.start();
    if (configuration.broker.brokerId === 0) this.brokers.set(brokerName, broker);
    return broker;
  }

  broker(brokerName: string): BrokerController {
    const broker = this.brokers.get(brokerName);
    if (broker === undefined) throw new Error(`there is no broker ${brokerName}`);
    return broker;
  }

  /** A topic of one broker alone, known to the NameServer when this resolves. */
  async createTopic(topic: string, brokerName: string, queues = 4): Promise<void> {
    await using admin = this.admin();
    const size = { readQueueNums: queues, writeQueueNums: queues };
    await admin.topics.createOrUpdate(this.broker(brokerName).address, { topicName: topic, ...size });
    while (!(await admin.topics.list()).includes(topic)) await new Promise(setImmediate);
  }

  /** Starts a client, and closes it with the cluster. */
  async use<Client extends Running>(client: Client): Promise<Client> {
    this.#clients.push(client);
    await client.start();
    return client;
  }

  producer(options: Partial<ProducerOptions> = {}): Promise<Producer> {
    return this.use(new Producer({ nameServers: this.nameServers, producerGroup: 'P', ...options }));
  }

  /** A consumer from the first message on, not yet started. */
  consumer(options: Partial<PushConsumerOptions> = {}): PushConsumer {
    return new PushConsumer({
      nameServers: this.nameServers,
      consumerGroup: 'G',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      rebalanceIntervalMs: 200,
      ...options,
    });
  }

  /** What works as an operator; the caller disposes of it. */
  admin(): MQAdmin {
    return new MQAdmin({ nameServers: this.nameServers });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.#servers.map((broker) => broker.close()));
    await this.#namesrv.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
