import {
  type ClientHook,
  type Clock,
  type Logger,
  RemotingClient,
  RemotingCommand,
  RepeatingTask,
  type SerializeType,
  serializeTypeFromEnv,
  silentLogger,
  systemClock,
} from '@mq/remoting';
import {
  DEFAULT_INSTANCE_NAME,
  buildClientId,
  instanceNameOf,
  loadCompression,
  localAddress,
} from '@mq/remoting/message';
import {
  GetRouteInfoRequestHeader,
  RequestCode,
  ResponseCode,
  SystemTopic,
  decodeTopicRouteData,
  vipChannelAddress,
  type HeartbeatData,
  type MessageQueue,
  type TopicRouteData,
} from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../errors.js';
import { namespaceOfEndpoint, oneOf, parseNameServers, wholeNumber, type ClientOptions } from '../options.js';
import { BrokerApi, type BrokerPeer } from './broker-api.js';
import type { ConsumerMember, ProducerMember } from './group-members.js';
import { NameServerClient } from './name-server-client.js';
import { discoveryUrl, fetchNameServers } from './name-server-discovery.js';
import { errorFromResponse, noRoute } from './response-errors.js';
import { ReplyWaiters } from './reply-waiters.js';
import { RouteTable } from './route-table.js';
import { registerServerRequests } from './server-requests.js';
import { routeFromDefaultTopic } from './topic-routes.js';
import type { TopicPublishInfo } from './topic-publish-info.js';

const FIRST_HEARTBEAT_DELAY_MS = 1_000;
/** While replies are waited for: after a connection was lost, and after a broker could not be reached. */
const RECONNECT_DELAY_MS = 100;
const RECONNECT_AGAIN_MS = 1_000;

/**
 * What producers and consumers of one process share: one connection to each server, the routes, the heartbeat. Each
 * producer and consumer makes its own unless it is given one (`client: instance`), which its owner then closes after
 * them. Upstream: MQClientInstance; unlike there, nothing is global.
 */
export class ClientInstance {
  /** `ip@instanceName[@unitName]`, how brokers know this client. */
  readonly clientId: string;
  /** All of its time. */
  readonly clock: Clock;
  /** Where it reports. */
  readonly logger: Logger;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Goes before the names of topics and groups on the wire; undefined: none. */
  readonly namespace: string | undefined;
  /** Marks topics and subscriptions as belonging to a unit. */
  readonly unitMode: boolean;
  /** Limit of one request, milliseconds. */
  readonly requestTimeoutMs: number;
  /** The connections. */
  readonly remoting: RemotingClient;
  /** Requests to brokers. */
  readonly brokers: BrokerApi;
  /** Where topics live, as far as was asked. */
  readonly routes: RouteTable;
  /** Requests that wait for replies. */
  readonly replies = new ReplyWaiters();
  #lostConnections = 0;

  readonly #vipChannelEnabled: boolean;
  readonly #nameServers: NameServerClient;
  readonly #producers = new Map<string, ProducerMember>();
  readonly #consumers = new Map<string, ConsumerMember>();
  readonly #routeFetches = new Map<string, Promise<TopicRouteData | undefined>>();
  /** Present when no NameServers were given. */
  readonly #discoveryUrl: string | undefined;
  readonly #discoveryTask: RepeatingTask;
  readonly #routeTask: RepeatingTask;
  readonly #heartbeatTask: RepeatingTask;
  #state: 'created' | 'started' | 'closed' = 'created';

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range or an address that is none */
  constructor(options: ClientOptions = {}) {
    this.clock = options.clock ?? systemClock;
    const { logger = silentLogger } = options;
    assertArgument(
      typeof logger.child === 'function',
      'a logger has debug, info, warn, error and child; consoleLogger() makes one',
    );
    this.logger = logger.child('client');
    this.random = options.random ?? Math.random;
    const addresses = parseNameServers(options.nameServers);
    this.namespace = options.namespace ?? namespaceOfEndpoint(options.nameServers);
    this.unitMode = options.unitMode ?? false;
    this.requestTimeoutMs = wholeNumber('requestTimeoutMs', options.requestTimeoutMs, 3_000, 1);
    this.#vipChannelEnabled = options.vipChannelEnabled ?? false;
    const { nameServerDomain, nameServerSubgroup, unitName } = options;
    assertArgument(
      addresses.length > 0 || nameServerDomain !== undefined,
      'no NameServer: give nameServers or nameServerDomain, or set NAMESRV_ADDR',
    );
    if (addresses.length === 0 && nameServerDomain !== undefined)
      this.#discoveryUrl = discoveryUrl(nameServerDomain, nameServerSubgroup, unitName);
    this.clientId = buildClientId({
      clientIp: options.clientIp ?? localAddress(),
      instanceName:
        options.instanceName ?? instanceNameOf(DEFAULT_INSTANCE_NAME, process.pid, process.hrtime.bigint()),
      unitName: options.unitName,
    });
    this.remoting = new RemotingClient(
      {
        connectTimeoutMs: wholeNumber('connectTimeoutMs', options.connectTimeoutMs, 3_000, 1),
        requestTimeoutMs: this.requestTimeoutMs,
        serializeType: oneOf<SerializeType>(
          'serializeType',
          options.serializeType,
          serializeTypeFromEnv(process.env),
          ['JSON', 'ROCKETMQ', 'MSGPACK'],
        ),
        tls: options.tls ?? false,
      },
      { logger: this.logger, clock: this.clock },
    );
    // Before the application's hooks: a signature covers the namespace.
    if (options.namespaceV2) this.remoting.addHook(namespaceHook(options.namespaceV2));
    const { hooks = [] } = options;
    assertArgument(Array.isArray(hooks), `hooks must be a list, not ${typeof hooks}`);
    for (const hook of hooks) this.remoting.addHook(hook);
    this.brokers = new BrokerApi(this.remoting);
    this.routes = new RouteTable(this.random);
    this.#nameServers = new NameServerClient(this.remoting, addresses, {
      timeoutMs: this.requestTimeoutMs,
      random: this.random,
    });
    const deps = { clock: this.clock, logger: this.logger };
    const routeMs = wholeNumber('routeRefreshIntervalMs', options.routeRefreshIntervalMs, 30_000, 100);
    const heartbeatMs = wholeNumber('heartbeatIntervalMs', options.heartbeatIntervalMs, 30_000, 100);
    const discoveryMs = wholeNumber(
      'nameServerRefreshIntervalMs',
      options.nameServerRefreshIntervalMs,
      120_000,
      100,
    );
    this.#discoveryTask = new RepeatingTask(
      'discovery of NameServers',
      () => this.#discover(),
      discoveryMs,
      deps,
    );
    this.#routeTask = new RepeatingTask('refresh of routes', () => this.refreshRoutes(), routeMs, deps);
    this.#heartbeatTask = new RepeatingTask('heartbeat', () => this.heartbeat(), heartbeatMs, deps);
  }

  /** Connections that have ended, for whatever reason; who remembers the number learns that brokers may have forgotten us. */
  get lostConnections(): number {
    return this.#lostConnections;
  }

  /** "host:port" each; those in use now. */
  get nameServers(): readonly string[] {
    return this.#nameServers.addresses;
  }

  /**
   * Begins the periodic work; makes no connection yet. Resolves when the optional compression packages are loaded and the
   * NameServers are known. May be called again, also after a failure.
   * @throws MQClientError CLOSED after `close`; NAME_SERVER_UNREACHABLE when `nameServerDomain` does not answer
   */
  async start(): Promise<void> {
    if (this.#state === 'created') this.#begin();
    await loadCompression();
    if (this.#nameServers.addresses.length === 0) await this.#discoverFirst();
    if (this.#state === 'closed') throw new MQClientError('CLOSED', 'the client instance was closed');
  }

  #begin(): void {
    this.#state = 'started';
    registerServerRequests(this.remoting, {
      consumerOf: (group) => this.#consumers.get(group),
      producerOf: (group) => this.#producers.get(group),
      replies: this.replies,
      clock: this.clock,
      namespace: this.namespace,
      logger: this.logger,
    });
    // A broker that connects anew knows nothing of us; without a heartbeat it refuses pulls with 24 (upstream since 5.2).
    this.remoting.on('connect', (address) => void this.#heartbeatTo(address));
    this.remoting.on('close', () => this.#connectionLost());
    if (this.#discoveryUrl !== undefined) this.#discoveryTask.start();
    this.#routeTask.start();
    this.#heartbeatTask.start(FIRST_HEARTBEAT_DELAY_MS);
  }

  /**
   * Stops the periodic work and closes every connection. Producers and consumers on it must be closed before.
   * @param options.timeoutMs bound on waiting for requests in flight; default 3000
   */
  async close(options: { timeoutMs?: number } = {}): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    // The connections go first: whatever a periodic round still waits for fails at once, and the round ends.
    await this.remoting.close({ timeoutMs: options.timeoutMs ?? 3_000 });
    await Promise.all([this.#discoveryTask.close(), this.#routeTask.close(), this.#heartbeatTask.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Heartbeats name the producer's group from now on.
   * @throws MQClientError INVALID_ARGUMENT when this instance already has a producer of that group
   */
  registerProducer(producer: ProducerMember): void {
    assertArgument(
      !this.#producers.has(producer.producerGroup),
      `this client already has a producer of group "${producer.producerGroup}"`,
    );
    this.#producers.set(producer.producerGroup, producer);
  }

  /**
   * Heartbeats name the consumer's group and subscriptions from now on.
   * @throws MQClientError INVALID_ARGUMENT when this instance already has a consumer of that group
   */
  registerConsumer(consumer: ConsumerMember): void {
    assertArgument(
      !this.#consumers.has(consumer.consumerGroup),
      `this client already has a consumer of group "${consumer.consumerGroup}"`,
    );
    this.#consumers.set(consumer.consumerGroup, consumer);
  }

  /** Forgets the producer and tells the brokers. Never rejects; brokers not reached forget it after 120 s. */
  async unregisterProducer(producer: ProducerMember, timeoutMs: number): Promise<void> {
    if (this.#producers.get(producer.producerGroup) !== producer) return;
    this.#producers.delete(producer.producerGroup);
    await this.#unregister({ producerGroup: producer.producerGroup }, timeoutMs);
  }

  /** Forgets the consumer and tells the brokers. Never rejects; brokers not reached forget it after 120 s. */
  async unregisterConsumer(consumer: ConsumerMember, timeoutMs: number): Promise<void> {
    if (this.#consumers.get(consumer.consumerGroup) !== consumer) return;
    this.#consumers.delete(consumer.consumerGroup);
    await this.#unregister({ consumerGroup: consumer.consumerGroup }, timeoutMs);
  }

  /** Queues to send to if they are known now; does not ask. Hot. */
  knownPublishInfo(topic: string): TopicPublishInfo | undefined {
    const info = this.routes.publishInfoOf(topic);
    return info === undefined || info.isEmpty ? undefined : info;
  }

  /**
   * Queues to send to, asking the NameServer. A topic without a route borrows that of `defaultTopic`, on which the broker
   * will create it with the first message.
   * @throws MQClientError TOPIC_NOT_FOUND, NO_QUEUE_AVAILABLE, NAME_SERVER_UNREACHABLE, ABORTED
   */
  async fetchPublishInfo(
    topic: string,
    borrow: { defaultTopic: string; defaultTopicQueueNums: number },
    signal?: AbortSignal,
  ): Promise<TopicPublishInfo> {
    if ((await this.fetchRoute(topic, signal)) === undefined) {
      const template = await this.fetchRoute(borrow.defaultTopic, signal);
      if (template === undefined) throw noRoute(topic);
      this.routes.update(topic, routeFromDefaultTopic(template, borrow.defaultTopicQueueNums));
    }
    const info = this.routes.publishInfoOf(topic);
    if (info === undefined || info.isEmpty) {
      throw new MQClientError('NO_QUEUE_AVAILABLE', `topic "${topic}" has no queue that may be written now`);
    }
    return info;
  }

  /**
   * Queues to read, sorted, asking the NameServer unless they are known.
   * @throws MQClientError TOPIC_NOT_FOUND, NAME_SERVER_UNREACHABLE, ABORTED
   */
  async subscribeQueues(topic: string, signal?: AbortSignal): Promise<readonly MessageQueue[]> {
    const known = this.routes.subscribeQueuesOf(topic);
    if (known !== undefined) return known;
    if ((await this.fetchRoute(topic, signal)) === undefined) throw noRoute(topic);
    return this.routes.subscribeQueuesOf(topic) ?? [];
  }

  /**
   * Asks the NameServer for a topic's route and takes it in; undefined when there is none (the cached one then stays).
   * Calls for the same topic at the same time share one request.
   * @throws MQClientError NAME_SERVER_UNREACHABLE, ABORTED, BAD_RESPONSE, SERVER_REFUSED
   */
  async fetchRoute(topic: string, signal?: AbortSignal): Promise<TopicRouteData | undefined> {
    if (signal !== undefined) return this.#requestRoute(topic, signal);
    let fetch = this.#routeFetches.get(topic);
    if (fetch === undefined) {
      fetch = this.#requestRoute(topic).finally(() => this.#routeFetches.delete(topic));
      this.#routeFetches.set(topic, fetch);
    }
    return fetch;
  }

  /** The master of a broker, asking for the topic's route once if it is not known. @throws MQClientError BROKER_NOT_FOUND */
  async masterOf(queue: MessageQueue, signal?: AbortSignal): Promise<BrokerPeer> {
    return this.brokerOf(queue, 0, true, signal);
  }

  /** A broker to read the queue from; see RouteTable.findBroker. @throws MQClientError BROKER_NOT_FOUND */
  async brokerOf(
    queue: MessageQueue,
    brokerId: number,
    onlyThis: boolean,
    signal?: AbortSignal,
  ): Promise<BrokerPeer & { isSlave: boolean }> {
    let found = this.routes.findBroker(queue.brokerName, brokerId, onlyThis);
    if (found === undefined) {
      await this.fetchRoute(queue.topic, signal);
      found = this.routes.findBroker(queue.brokerName, brokerId, onlyThis);
    }
    if (found === undefined) {
      throw new MQClientError('BROKER_NOT_FOUND', `no address is known for broker "${queue.brokerName}"`, {
        brokerName: queue.brokerName,
      });
    }
    return { brokerName: queue.brokerName, ...found };
  }

  /** Where sends to this broker go: its master, by way of the second port if so configured. Hot. */
  sendAddressOf(brokerName: string): string | undefined {
    const master = this.routes.masterOf(brokerName);
    return master !== undefined && this.#vipChannelEnabled ? vipChannelAddress(master) : master;
  }

  /** Refreshes the route of every topic in use; consumers hear of changes. A failure of one does not stop the others. */
  async refreshRoutes(): Promise<void> {
    const topics = new Set<string>();
    for (const producer of this.#producers.values())
      for (const topic of producer.publishTopics()) topics.add(topic);
    for (const consumer of this.#consumers.values())
      for (const topic of consumer.subscribedTopics()) topics.add(topic);
    const results = await Promise.allSettled([...topics].map((topic) => this.fetchRoute(topic)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) this.logger.warn('refresh of routes failed', { error: failed.reason });
  }

  /**
   * Tells every broker in use which groups live here: masters always, slaves only for consumers. Resolves when each has
   * answered or failed; failures are logged.
   */
  async heartbeat(): Promise<void> {
    const offline = this.routes.removeOfflineBrokers();
    if (offline.length > 0) this.logger.info('brokers left all routes', { brokers: offline.join(',') });
    const calls: Promise<void>[] = [];
    for (const { address, brokerId } of this.routes.brokers()) {
      if (brokerId === 0 || this.#consumers.size > 0) calls.push(this.#heartbeatTo(address));
    }
    await Promise.all(calls);
  }

  /** Brings the next heartbeat forward: groups or subscriptions have changed. */
  heartbeatSoon(): void {
    this.#heartbeatTask.runSoon();
  }

  async #discoverFirst(): Promise<void> {
    try {
      await this.#discover();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `the NameServers could not be found: ${reason}`;
      throw new MQClientError('NAME_SERVER_UNREACHABLE', message, { cause });
    }
  }

  async #discover(): Promise<void> {
    const addresses = await fetchNameServers(this.#discoveryUrl as string);
    const known = this.#nameServers.addresses;
    if ([...addresses].sort().join() === [...known].sort().join()) return;
    this.logger.info('other NameServers', { addresses: addresses.join(';') });
    this.#nameServers.update(addresses);
  }

  async #requestRoute(topic: string, signal?: AbortSignal): Promise<TopicRouteData | undefined> {
    const response = await this.#nameServers.request(
      () =>
        RemotingCommand.request(
          RequestCode.GET_ROUTEINFO_BY_TOPIC,
          GetRouteInfoRequestHeader.encode({ topic }),
        ),
      signal,
    );
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined;
    if (response.code !== ResponseCode.SUCCESS || response.body === undefined) {
      const action = `query of the route of "${topic}"`;
      if (response.code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED) throw noNameServer(action, response);
      throw errorFromResponse(action, response, {});
    }
    const route = decodeTopicRouteData(response.body);
    if (this.routes.update(topic, route)) this.#routeChanged(topic);
    return route;
  }

  #routeChanged(topic: string): void {
    this.logger.debug('route changed', { topic });
    if (topic === SystemTopic.AUTO_CREATE) return;
    for (const consumer of this.#consumers.values()) {
      for (const subscribed of consumer.subscribedTopics())
        if (subscribed === topic) consumer.rebalanceSoon();
    }
  }

  #heartbeatData(): HeartbeatData {
    return {
      clientID: this.clientId,
      producerDataSet: [...this.#producers.keys()].map((groupName) => ({ groupName })),
      consumerDataSet: [...this.#consumers.values()].map((consumer) => consumer.consumerData()),
      heartbeatFingerprint: 0,
      withoutSub: false,
    };
  }

  /** Only a heartbeat brings back the connection to a broker that nothing is sent to, and replies may come by it. */
  #connectionLost(): void {
    this.#lostConnections++;
    this.#reconnectForReplies(RECONNECT_DELAY_MS);
  }

  #reconnectForReplies(delayMs: number): void {
    if (this.replies.size > 0) this.#heartbeatTask.runSoon(delayMs);
  }

  async #heartbeatTo(address: string): Promise<void> {
    if (this.#state !== 'started' || this.#producers.size + this.#consumers.size === 0) return;
    if (!this.routes.hasAddress(address)) return;
    try {
      await this.brokers.heartbeat({ address }, this.#heartbeatData(), { timeoutMs: this.requestTimeoutMs });
    } catch (error) {
      this.logger.warn('heartbeat failed', { address, error });
      this.#reconnectForReplies(RECONNECT_AGAIN_MS);
    }
  }

  async #unregister(
    groups: { producerGroup?: string; consumerGroup?: string },
    timeoutMs: number,
  ): Promise<void> {
    const calls: Promise<void>[] = [];
    for (const broker of this.routes.brokers()) {
      // A broker we hold no connection to has nothing to forget that its own time-out would not take.
      calls.push(this.brokers.unregister(broker, { clientID: this.clientId, ...groups }, { timeoutMs }));
    }
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === 'rejected')
        this.logger.warn('unregister failed', { ...groups, error: result.reason });
    }
  }
}

/** Upstream: NamespaceRpcHook. */
function namespaceHook(namespace: string): ClientHook {
  return {
    beforeRequest: (_address, command) => {
      command.extFields['nsd'] = 'true';
      command.extFields['ns'] = namespace;
    },
  };
}

/** Brokers know most requests, but no routes. */
function noNameServer(action: string, response: RemotingCommand): MQClientError {
  return new MQClientError(
    'SERVER_REFUSED',
    `${action} refused: ${response.remark ?? ''}; nameServers must name NameServers (port 9876), not brokers (10911)`,
    { responseCode: response.code },
  );
}
