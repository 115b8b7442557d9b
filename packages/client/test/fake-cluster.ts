// A NameServer and brokers in memory for tests of the client.
import { RemotingServer, type Connection } from '@mq/remoting';
import { RequestCode, ResponseCode, encodeTopicRouteData, type TopicRouteData } from '@mq/remoting/protocol';
import { FakeBroker, ok, refuse } from './fake-broker.js';

export class FakeCluster {
  readonly nameServer = new RemotingServer({ port: 0 });
  readonly brokers: FakeBroker[] = [];
  /** topic → queues on each broker; brokers may be named to leave others out. */
  readonly #topics = new Map<string, { queues: number; brokers: readonly string[] | undefined }>();
  /** Route requests so far, by topic. */
  readonly routeRequests: string[] = [];
  nameServers: string[] = [];

  static async start(
    options: { brokers?: readonly string[]; topics?: Readonly<Record<string, number>> } = {},
  ): Promise<FakeCluster> {
    const cluster = new FakeCluster();
    for (const brokerName of options.brokers ?? ['broker-a'])
      cluster.brokers.push(new FakeBroker(brokerName));
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

  setTopic(topic: string, queues: number, brokers?: readonly string[]): void {
    this.#topics.set(topic, { queues, brokers });
  }

  get connections(): Connection[] {
    return this.brokers.flatMap((broker) => [...broker.server.connections]);
  }

  async close(): Promise<void> {
    await Promise.all([
      ...this.brokers.map((broker) => broker.close()),
      this.nameServer.close({ timeoutMs: 500 }),
    ]);
  }

  #routeOf(topic: string): TopicRouteData | undefined {
    const config = this.#topics.get(topic);
    if (config === undefined) return undefined;
    const brokers = this.brokers.filter(({ brokerName }) => config.brokers?.includes(brokerName) ?? true);
    return {
      brokerDatas: brokers.map(({ brokerName, address }) => ({
        brokerName,
        cluster: 'C',
        brokerAddrs: new Map([[0, address]]),
      })),
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
