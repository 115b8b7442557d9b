// The composition root of a broker (upstream: BrokerController): builds the parts in order, starts them, and closes them in
// reverse. Several controllers live in one process without meeting.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import {
  type Clock,
  type Connection,
  Lifespan,
  type Logger,
  LoopRest,
  RemotingClient,
  RemotingServer,
  type RequestHook,
  silentLogger,
  systemClock,
  TurnScheduler,
} from '@mq/remoting';
import { encodeHost } from '@mq/remoting/message';
import { parseFastjson, SystemTopic, TIMER_TOPIC } from '@mq/remoting/protocol';
import { ConfigFile, readTls, type TlsOfServer, watchTlsCertificate } from '@mq/remoting/settings';
import {
  DefaultMessageStore,
  DeliveryMarks,
  type Disk,
  FileDisk,
  type MessageStore,
  readBootId,
  TimerMessageStore,
} from '@mq/store';

import type { BrokerConfiguration } from './broker-configuration.js';
import type { BrokerIdentity } from './broker-identity.js';
import type { BrokerParts } from './broker-parts.js';
import { brokerRequestTable } from './broker-request-table.js';
import { startScheduledTasks } from './start-scheduled-tasks.js';
import { ConsumerManager } from './client/consumer-manager.js';
import { ProducerManager } from './client/producer-manager.js';
import type { ConfigText } from './config/config-text.js';
import { ConsumerFilterManager } from './filter/consumer-filter-manager.js';
import { calcFilterBitMap } from './filter/filter-bit-map.js';
import { FilterServers } from './filter/filter-servers.js';
import { createSendLimits } from './limits/create-send-limits.js';
import { PullRequestHoldService } from './long-polling/pull-request-hold-service.js';
import { type NetworkBinding, resolveBinding } from './network-binding.js';
import { ConsumerOffsetManager } from './offset/consumer-offset-manager.js';
import { BrokerOuterApi } from './out-api/broker-outer-api.js';
import { BrokerToClient } from './out-api/broker-to-client.js';
import { type PopHost, PopService } from './pop/pop-service.js';
import { RebalanceLockManager } from './rebalance/rebalance-lock-manager.js';
import { BrokerRegistration } from './registration/broker-registration.js';
import { ScheduleMessageService } from './schedule/schedule-message-service.js';
import { BrokerStatsManager } from './stats/broker-stats-manager.js';
import { SubscriptionGroupManager } from './subscription/subscription-group-manager.js';
import { isBatchTopic } from './topic/queue-type.js';
import { TopicConfigManager } from './topic/topic-config-manager.js';
import { TransactionService } from './transaction/transaction-service.js';

/** The fast port is this far below the listening port. */
const FAST_PORT_DISTANCE = 2;

/** How long close waits for answers in progress. */
const DRAIN_TIMEOUT_MS = 5_000;

/** What an embedder adds or a test replaces. */
export interface BrokerControllerDeps {
  /** Default: none is written. */
  readonly logger?: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /**
   * Choices that may fall either way, [0, 1): the queue of a message that names none, where a pop begins. Default
   * `Math.random`.
   */
  readonly random?: () => number;
  /** Default: one of its own, which server and store share. */
  readonly turn?: TurnScheduler;
  /**
   * Nothing else runs in this process: `restTimeMicros` may hold its event loop while requests gather. Default false, so
   * that an application with a broker inside is never held up.
   */
  readonly ownsEventLoop?: boolean;
  /** Default: the machine's own file system. */
  readonly disk?: Disk;
  /** IP address of a host name given as brokerIP1; default: the system's resolver. */
  readonly resolveHost?: (name: string) => Promise<string>;
  /** See every request before its processor, in this order; what one returns is the answer. */
  readonly requestHooks?: readonly RequestHook[];
}

/** What is kept in files below config/. */
type Managers = Pick<BrokerParts, 'topicConfig' | 'subscriptionGroups' | 'consumerOffsets' | 'filters'>;

/**
 * One broker: its store, its port and its place at the NameServers. `start()` and `close()` may each be called more than
 * once; after a failed start everything is closed again.
 */
export class BrokerController {
  readonly #settings: BrokerConfiguration;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #turn: TurnScheduler;
  readonly #ownsEventLoop: boolean;
  readonly #disk: Disk;
  readonly #resolveHost: (name: string) => Promise<string>;
  readonly #requestHooks: readonly RequestHook[];
  /** What close has to undo, last one first. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  #loadedManagers: Managers | undefined;
  #server: RemotingServer | undefined;
  #parts: BrokerParts | undefined;
  #registration: BrokerRegistration | undefined;
  readonly #life = new Lifespan(
    () => this.#start(),
    () => this.#close(),
  );

  constructor(settings: BrokerConfiguration, deps: BrokerControllerDeps = {}) {
    this.#settings = settings;
    this.#logger = deps.logger ?? silentLogger;
    this.#clock = deps.clock ?? systemClock;
    this.#random = deps.random ?? Math.random;
    this.#turn = deps.turn ?? new TurnScheduler();
    this.#ownsEventLoop = deps.ownsEventLoop ?? false;
    this.#disk = deps.disk ?? new FileDisk();
    this.#resolveHost = deps.resolveHost ?? (async (name) => (await lookup(name)).address);
    this.#requestHooks = deps.requestHooks ?? [];
  }

  /** The parts of the running broker. Throws before `start` resolved. */
  get parts(): BrokerParts {
    if (this.#parts === undefined) throw new Error('the broker has not started');
    return this.#parts;
  }

  /** `ip:port` told to clients. */
  get address(): string {
    return this.parts.identity.brokerAddr;
  }

  /** Those it was given; an operator's update changes what they hold. */
  get settings(): BrokerConfiguration {
    return this.#settings;
  }

  /** Who is connected now; empty before `start`. */
  get connections(): ReadonlySet<Connection> {
    return this.#server?.connections ?? new Set();
  }

  /**
   * Recovers the store, listens, and registers at the NameServers once; a NameServer that is down does not fail it.
   * Rejects, with everything closed again, when the store cannot be used or a port is taken. Calling it again returns
   * the first call's promise.
   */
  start(): Promise<void> {
    return this.#life.start();
  }

  /**
   * Unregisters, answers what was accepted, writes and syncs everything, and leaves no abort file. May be called at any
   * time and twice.
   */
  close(): Promise<void> {
    return this.#life.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await closer();
      } catch (error) {
        this.#logger.error('a part did not close cleanly', { error });
      }
    }
  }

  async #start(): Promise<void> {
    const bootTimestamp = this.#clock.now();
    const binding = resolveBinding(this.#settings.broker);
    if (binding.isOpenToOthers) {
      this.#logger.warn('listening beyond loopback without authentication', { host: binding.host });
    }
    const brokerIp =
      isIP(binding.brokerIp) === 0 ? await this.#resolveHost(binding.brokerIp) : binding.brokerIp;

    const readFile = (path: string): Buffer | undefined => this.#disk.readFile(path);
    const tls = readTls(this.#settings.broker, readFile);
    this.#closers.push(() => this.#publishSettled());
    const store = await this.#startStore();
    const marks = this.#openMarks();
    const timers = await this.#loadTimers(store, marks);
    const managers = this.#managers();
    const server = this.#createServer(binding, tls);
    const { port } = await server.listen();

    // From here to installOn nothing waits: no request is served before there is a processor for it.
    const identity = this.#identityOf(binding, brokerIp, port);
    const parts = this.#compose(store, { timers, marks }, managers, identity, tls, bootTimestamp);
    this.#parts = parts;
    const table = brokerRequestTable(parts);
    table.installOn(server);

    this.#watchConnections(server, parts);
    this.#watchArrivals(parts);
    this.#startServices(parts);
    if (this.#ownsEventLoop) this.#restBetweenTurns(parts);
    const certificateWatch = watchTlsCertificate({
      settings: this.#settings.broker,
      readFile,
      served: tls.server,
      server,
      clock: this.#clock,
      logger: this.#logger,
    });
    this.#closers.push(() => certificateWatch.cancel());
    await this.#listenOnFastPort(server, table.codesNotOnFastPort());
    await this.#registration?.start();
  }

  async #startStore(): Promise<MessageStore> {
    const store = new DefaultMessageStore(this.#settings.store, {
      disk: this.#disk,
      clock: this.#clock,
      turn: this.#turn,
      logger: this.#logger.child('store'),
      queueTypeOf: (topic) => {
        const config = this.#managers().topicConfig.select(topic);
        if (config === undefined) return undefined;
        return isBatchTopic(config) ? 'BatchCQ' : 'SimpleCQ';
      },
    });
    this.#settings.onChange(() => store.updateSettings(this.#settings.store));
    this.#closers.push(() => store.close());
    await store.start();
    return store;
  }

  /** What was delivered last, for the start after a kill. */
  #openMarks(): DeliveryMarks {
    const path = `${this.#settings.store.storePathRootDir}/config/mq-delivered`;
    const marks = new DeliveryMarks(this.#disk, path, readBootId(this.#disk));
    this.#closers.push(() => marks.close());
    return marks;
  }

  async #loadTimers(store: MessageStore, marks: DeliveryMarks): Promise<TimerMessageStore | undefined> {
    if (!this.#settings.store.timerWheelEnable) return undefined;
    const timers = new TimerMessageStore({
      store,
      marks,
      disk: this.#disk,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger.child('timer'),
      settings: () => this.#settings.store,
      storeHost: () => this.parts.identity.storeHost,
      countsFile: this.#file('timermetrics'),
      onStored: (topic, queueId, sizeBytes) => this.parts.stats.recordPut(topic, queueId, 1, sizeBytes),
    });
    this.#closers.push(() => timers.close());
    await timers.load();
    return timers;
  }

  /** Read once; as early as the store recovers, if it asks for a topic. */
  #managers(): Managers {
    return (this.#loadedManagers ??= this.#loadManagers());
  }

  /** Throws when a file is there and cannot be read. */
  #loadManagers(): Managers {
    const options = { clock: this.#clock, logger: this.#logger, settings: this.#settings };
    const topicConfig = new TopicConfigManager({
      ...options,
      turn: this.#turn,
      file: this.#file('topics.json'),
    });
    const subscriptionGroups = new SubscriptionGroupManager({
      ...options,
      turn: this.#turn,
      file: this.#file('subscriptionGroup.json'),
    });
    const consumerOffsets = new ConsumerOffsetManager({
      ...options,
      file: this.#file('consumerOffset.json'),
      updateVersionStep: () => this.#settings.broker.consumerOffsetUpdateVersionStep,
      useServerSideResetOffset: () => this.#settings.broker.useServerSideResetOffset,
    });
    const filters = new ConsumerFilterManager({ ...options, file: this.#file('consumerFilter.json') });
    for (const manager of [topicConfig, subscriptionGroups, consumerOffsets, filters]) {
      manager.load();
      this.#closers.push(() => manager.persist());
    }
    return { topicConfig, subscriptionGroups, consumerOffsets, filters };
  }

  /** Behind the close of the store: only what the log is synced for is told. */
  #publishSettled(): void {
    if (this.#parts === undefined) return;
    this.#parts.transactions.publishProgress();
    this.#parts.consumerOffsets.persist();
  }

  #file(name: string): ConfigText {
    const directory = `${this.#settings.store.storePathRootDir}/config`;
    this.#disk.mkdir(directory);
    return new ConfigFile(this.#disk, `${directory}/${name}`, {
      logger: this.#logger,
      check: (text) => void parseFastjson(text),
    });
  }

  #createServer(binding: NetworkBinding, tls: TlsOfServer): RemotingServer {
    const { listenPort, serverChannelMaxIdleTimeSeconds } = this.#settings.broker;
    const server = new RemotingServer(
      {
        host: binding.host,
        port: listenPort,
        idleTimeoutMs: serverChannelMaxIdleTimeSeconds * 1_000,
        ...(tls.server === undefined ? {} : { tls: tls.server }),
      },
      { logger: this.#logger.child('remoting'), clock: this.#clock, turn: this.#turn },
    );
    for (const hook of this.#requestHooks) server.addHook(hook);
    this.#server = server;
    this.#closers.push(async () => {
      const closed = server.close({ timeoutMs: DRAIN_TIMEOUT_MS });
      // Pulls on hold count as unanswered: give them their empty answers, else the drain waits for them in vain.
      this.#parts?.pullHolds.close();
      this.#parts?.pop.wakeAll();
      await closed;
      this.#parts?.pop.persist();
    });
    return server;
  }

  #identityOf(binding: NetworkBinding, brokerIp: string, port: number): BrokerIdentity {
    const { brokerName, brokerClusterName, brokerId } = this.#settings.broker;
    const haPort = this.#settings.store.haListenPort || port + 1;
    return {
      brokerName,
      clusterName: brokerClusterName,
      brokerId,
      brokerAddr: `${binding.brokerIp}:${port}`,
      haServerAddr: `${binding.haIp}:${haPort}`,
      storeHost: encodeHost(brokerIp, port),
    };
  }

  #compose(
    store: MessageStore,
    { timers, marks }: { readonly timers: TimerMessageStore | undefined; readonly marks: DeliveryMarks },
    managers: Managers,
    identity: BrokerIdentity,
    tls: TlsOfServer,
    bootTimestamp: number,
  ): BrokerParts {
    const { broker } = this.#settings;
    const common = { clock: this.#clock, logger: this.#logger };
    const serializeType = broker['rocketmq.serialize.type'];
    const client = new RemotingClient({ tls: tls.client, serializeType }, { ...common, turn: this.#turn });
    this.#closers.push(() => client.close());
    const outerApi = new BrokerOuterApi({ ...common, client, nameServers: addressesOf(broker.namesrvAddr) });
    const filterServers = new FilterServers({
      ...common,
      maxCount: () => this.#settings.broker.filterServerNums,
      onChange: () => registration.request(),
    });
    const registration = new BrokerRegistration({
      ...common,
      ...managers,
      filterServers,
      settings: this.#settings,
      identity,
      outerApi,
    });
    this.#closers.push(() => registration.close());
    this.#registration = registration;

    const schedule = new ScheduleMessageService({
      ...common,
      store,
      messageDelayLevel: this.#settings.store.messageDelayLevel,
      storeHost: () => identity.storeHost,
      file: this.#file('delayOffset.json'),
      marks,
      onStored: (topic, queueId, sizeBytes) => this.parts.stats.recordPut(topic, queueId, 1, sizeBytes),
      updateVersionStep: () => this.#settings.broker.delayOffsetUpdateVersionStep,
    });
    const channelExpiredTimeoutMs = () => this.#settings.broker.channelExpiredTimeout;
    const { topicConfig } = managers;
    const producers = new ProducerManager({ ...common, channelExpiredTimeoutMs });
    const stats = new BrokerStatsManager({
      ...common,
      clusterName: broker.brokerClusterName,
      enableDetailStat: broker.enableDetailStat,
      isSystemTopic: (topic) => topicConfig.isSystemTopic(topic),
    });
    const toClient = new BrokerToClient(common);
    const ofAll = { ...common, ...managers, settings: this.#settings, identity, store };
    const transactions = new TransactionService({
      ...ofAll,
      producers,
      stats,
      toClient,
      metricsFile: this.#file('transactionMetrics'),
    });
    const host: PopHost = {
      ...ofAll,
      random: this.#random,
      schedule,
      timers,
      transactions,
      outerApi,
      bootTimestamp,
      turn: this.#turn,
      disk: this.#disk,
      consumers: new ConsumerManager({
        ...common,
        channelExpiredTimeoutMs,
        subscriptionExpiredTimeoutMs: () => this.#settings.broker.subscriptionExpiredTimeout,
      }),
      filterServers,
      producers,
      locks: new RebalanceLockManager(common),
      limits: createSendLimits(ofAll),
      stats,
      pullHolds: new PullRequestHoldService({
        clock: this.#clock,
        turn: this.#turn,
        limits: () => ({
          total: this.#settings.broker.pullThreadPoolQueueCapacity,
          perConnection: this.#settings.broker.maxPullHoldsPerConnection,
        }),
        maxOffsetInQueue: (topic, queueId) => store.maxOffsetInQueue(topic, queueId),
      }),
      toClient,
      requestRegistration: () => registration.request(),
    };
    const pop = new PopService(host, {
      consumerOrderInfo: this.#file('consumerOrderInfo.json'),
      messageRequestMode: this.#file('messageRequestMode.json'),
    });
    return { ...host, pop };
  }

  #watchConnections(server: RemotingServer, parts: BrokerParts): void {
    const { consumers, producers, toClient, filters, filterServers } = parts;
    server.on('close', (connection: Connection) => {
      producers.doConnectionClose(connection);
      consumers.doConnectionClose(connection);
      filterServers.doConnectionClose(connection);
    });
    consumers.onIdsChanged((group, members) => {
      if (!this.#settings.broker.notifyConsumerIdsChangedEnable) return;
      for (const member of members) toClient.notifyConsumerIdsChanged(member, group);
    });
    consumers.onGroupGone = (group) => filters.unregister(group);
  }

  #watchArrivals({ store, pullHolds, schedule, timers, topicConfig, pop, filters }: BrokerParts): void {
    store.onArrival = (topic, queueId, nextQueueOffset, tagsCode, _time, _at, buffer, start, end) => {
      // A record with several messages: whoever waits has to look into it.
      if (tagsCode === undefined) return pullHolds.wakeQueue(topic, queueId);
      pullHolds.notifyArrival(topic, queueId, nextQueueOffset, tagsCode, buffer, start, end);
      pop.notifyArrival(topic, queueId, nextQueueOffset, tagsCode);
      if (topic === SystemTopic.SCHEDULE) schedule.notifyArrival(queueId);
      else if (topic === TIMER_TOPIC) timers?.notifyArrival();
    };
    store.filterBitMap = calcFilterBitMap(filters, this.#settings);
    topicConfig.onChange = () => this.#registration?.request();
  }

  #startServices(parts: BrokerParts): void {
    const { stats, schedule, pullHolds, transactions, pop } = parts;
    stats.start();
    this.#closers.push(() => stats.close());
    schedule.load();
    schedule.start();
    this.#closers.push(async () => {
      await schedule.close();
      await schedule.persist();
    });
    parts.timers?.start();
    transactions.start();
    this.#closers.push(() => transactions.close());
    pullHolds.start();
    pop.start();
    this.#closers.push(() => pop.close());

    const tasks = startScheduledTasks(parts);
    this.#closers.push(() => tasks.close());
  }

  #restBetweenTurns({ stats }: BrokerParts): void {
    const rest = new LoopRest({
      clock: this.#clock,
      restMs: () => this.#settings.broker.restTimeMicros / 1_000,
      workDone: () => stats.puts.now + stats.gets.now,
    });
    this.#turn.afterTurn = () => rest.afterTurn();
    this.#closers.push(() => void (this.#turn.afterTurn = undefined));
  }

  /** Old clients send, and slaves copy, on listenPort - 2. */
  async #listenOnFastPort(server: RemotingServer, except: readonly number[]): Promise<void> {
    const { listenPort } = this.#settings.broker;
    if (listenPort > FAST_PORT_DISTANCE) await server.listenAlso(listenPort - FAST_PORT_DISTANCE, { except });
  }
}

function addressesOf(namesrvAddr: string): string[] {
  return namesrvAddr
    .split(';')
    .map((address) => address.trim())
    .filter((address) => address !== '');
}
