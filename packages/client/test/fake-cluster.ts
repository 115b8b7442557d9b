// A NameServer and brokers in memory for tests of the client.
import { RemotingServer, type Connection, type ServerTlsOptions } from '@mq/remoting';
import { RequestCode, ResponseCode, encodeTopicRouteData, type TopicRouteData } from '@mq/remoting/protocol';
import { FakeBroker, ok, refuse } from './fake-broker.js';

export class FakeCluster {
  readonly nameServer: RemotingServer;
  readonly brokers: FakeBroker[] = [];
  /** brokerName → its slave, known to routes under id 1. */
  readonly #slaves = new Map<string, FakeBroker>();
  /** topic → queues on each broker; brokers may be named to leave others out. */
  readonly #topics = new Map<string, { queues: number; brokers: readonly string[] | undefined }>();
  /** Route requests so far, by topic. */
  readonly routeRequests: string[] = [];
  nameServers: string[] = [];

  private constructor(tls: ServerTlsOptions | undefined) {
    this.nameServer = new RemotingServer({ port: 0, ...(tls === undefined ? {} : { tls }) });
  }

  static async start(
    options: {
      brokers?: readonly string[];
      topics?: Readonly<Record<string, number>>;
      /** Of every server. */
      tls?: ServerTlsOptions;
    } = {},
  ): Promise<FakeCluster> {
    const cluster = new FakeCluster(options.tls);
    for (const brokerName of options.brokers ?? ['broker-a'])
      cluster.brokers.push(new FakeBroker(brokerName, options.tls));
    for (const [topic, queues] of Object.entries(options.topics ?? {})) cluster.setTopic(topic, queues);
    cluster.nameServer.register(RequestCode.GET_ROUTEINFO_BY_TOPIC, (request) => {
      const topic = request.extFields['topic'] ?? '';
      cluster.routeRequests.push(topic);
      const route = cluster.#routeOf(topic);
      if (route === undefined)
        return refuse(
          ResponseCode.TOPIC_NOT_EXIST,
          `No topic route info in name server for the topic: ${topic}`,
        );
      return ok({}, encodeTopicRouteData(route, { standardJson: true }));
    });
    const { host, port } = await cluster.nameServer.listen();
    cluster.nameServers = [`${host}:${port}`];
    await Promise.all(cluster.brokers.map((broker) => broker.start()));
    return cluster;
  }

  get broker(): FakeBroker {
    return this.brokers[0] as FakeBroker;
  }

  async addSlave(brokerName: string): Promise<FakeBroker> {
    const slave = new FakeBroker(brokerName);
    await slave.start();
    this.#slaves.set(brokerName, slave);
    return slave;
  }

  setTopic(topic: string, queues: number, brokers?: readonly string[]): void {
    this.#topics.set(topic, { queues, brokers });
  }

  get connections(): Connection[] {
    return this.brokers.flatMap((broker) => [...broker.server.connections]);
  }

  async close(): Promise<void> {
    await Promise.all([
      ...[...this.brokers, ...this.#slaves.values()].map((broker) => broker.close()),
      this.nameServer.close({ timeoutMs: 500 }),
    ]);
  }

  #routeOf(topic: string): TopicRouteData | undefined {
    const config = this.#topics.get(topic);
    if (config === undefined) return undefined;
    const brokers = this.brokers.filter(({ brokerName }) => config.brokers?.includes(brokerName) ?? true);
    return {
      brokerDatas: brokers.map(({ brokerName, address }) => {
        const slave = this.#slaves.get(brokerName);
        const brokerAddrs = new Map([[0, address]]);
        if (slave !== undefined) brokerAddrs.set(1, slave.address);
        return { brokerName, cluster: 'C', brokerAddrs };
      }),
      queueDatas: brokers.map(({ brokerName }) => ({
        brokerName,
        perm: 6,
        readQueueNums: config.queues,
        writeQueueNums: config.queues,
        topicSysFlag: 0,
      })),
      filterServerTable: {},
    };
  }
}
