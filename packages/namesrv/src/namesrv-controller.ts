// The composition root of the NameServer: builds its parts in order, starts them, closes them in reverse.
import {
  Lifespan,
  RemotingClient,
  RemotingCommand,
  RemotingServer,
  RepeatingTask,
  TurnScheduler,
  isLoopback,
  silentLogger,
  systemClock,
  type Clock,
  type Connection,
  type Logger,
  type Timer,
} from '@mq/remoting';
import { NotifyMinBrokerIdChangeRequestHeader, RequestCode } from '@mq/remoting/protocol';
import { readTls, watchTlsCertificate, type TlsOfServer } from '@mq/remoting/settings';
import { KVConfigManager } from './kv-config/kv-config-manager.js';
import type { NamesrvParts } from './namesrv-parts.js';
import { nodeDisk } from './node-disk.js';
import { registerProcessors } from './processor/request-table.js';
import { RouteInfoManager, type BrokerIdentity, type MinBrokerIdChange } from './route/route-info-manager.js';
import { SettingsHolder } from './settings-holder.js';
import type { NamesrvSettings } from './settings.js';

/** First scan for silent brokers after the start, ms. */
const FIRST_SCAN_MILLIS = 5_000;
const NOTIFY_TIMEOUT_MILLIS = 300;

/** What a NameServer is built on where a test wants other than the real thing. */
export interface NamesrvDeps {
  /** Default: none is written. */
  readonly logger?: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A NameServer: knows which brokers are alive and where each topic's queues are. Stateless but for its key-value
 * configuration; brokers register at every NameServer, and NameServers do not know each other.
 *
 * `start()` resolves when it serves; `close()` when every connection is gone. Both may be called more than once.
 * Upstream: NamesrvController (5.3.3).
 */
export class NamesrvController implements AsyncDisposable {
  readonly #parts: NamesrvParts;
  readonly #server: RemotingServer;
  readonly #client: RemotingClient;
  readonly #tls: TlsOfServer;
  readonly #scan: RepeatingTask;
  #certificateWatch: Timer | undefined;
  readonly #life = new Lifespan(
    () => this.#start(),
    () => this.#close(),
  );

  /** @throws RemotingError `TLS` for TLS settings that cannot work. */
  constructor(settings: NamesrvSettings, deps: NamesrvDeps = {}) {
    const logger = (deps.logger ?? silentLogger).child('namesrv');
    const clock = deps.clock ?? systemClock;
    const turn = new TurnScheduler();
    const holder = new SettingsHolder(settings);
    const tls = (this.#tls = readTls(settings, nodeDisk.readFile));
    this.#server = new RemotingServer(
      {
        host: settings.bindAddress,
        port: settings.listenPort,
        idleTimeoutMs: settings.serverChannelMaxIdleTimeSeconds * 1000,
        drainTimeoutMs: settings.shutdownWaitTimeSeconds * 1000,
        ...(tls.server === undefined ? {} : { tls: tls.server }),
      },
      { logger, clock, turn },
    );
    const serializeType = settings['rocketmq.serialize.type'];
    this.#client = new RemotingClient({ tls: tls.client, serializeType }, { logger, clock, turn });
    this.#parts = {
      settings: holder,
      routes: new RouteInfoManager(
        () => holder.values,
        (change) => this.#notifyMinBrokerIdChange(change),
      ),
      kvConfig: new KVConfigManager(settings.kvConfigPath, logger),
      clock,
      logger,
      startedAtMs: undefined,
    };
    registerProcessors(this.#server, this.#parts);
    this.#scan = new RepeatingTask(
      'scan for silent brokers',
      () => this.#scanNotActiveBroker(),
      () => holder.values.scanNotActiveBrokerInterval,
      { clock, logger },
    );
    for (const event of ['close', 'idle', 'error'] as const) {
      this.#server.on(event, (connection) => this.#onConnectionLost(connection));
    }
  }

  /** The port it listens on; meaningful once started. */
  get port(): number {
    return this.#server.port;
  }

  /** Loads the key-value configuration and listens. Rejects when the port is taken or the file cannot be understood. */
  start(): Promise<{ host: string; port: number }> {
    return this.#life.start();
  }

  /** Stops accepting, lets answers leave, closes every connection. */
  close(): Promise<void> {
    return this.#life.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<{ host: string; port: number }> {
    const { settings, kvConfig, clock, logger } = this.#parts;
    if (settings.values.enableControllerInNamesrv) {
      throw new Error(
        'enableControllerInNamesrv=true: a controller inside the NameServer is not served by this version',
      );
    }
    kvConfig.load();
    if (!isLoopback(settings.values.bindAddress)) {
      logger.warn('listening beyond loopback without authentication', { host: settings.values.bindAddress });
    }
    const address = await this.#server.listen();
    this.#parts.startedAtMs = clock.now();
    this.#certificateWatch = watchTlsCertificate({
      settings: settings.values,
      readFile: nodeDisk.readFile,
      served: this.#tls.server,
      server: this.#server,
      clock,
      logger,
    });
    this.#scan.start(Math.min(FIRST_SCAN_MILLIS, settings.values.scanNotActiveBrokerInterval));
    logger.info('serving', { ...address });
    return address;
  }

  async #close(): Promise<void> {
    this.#certificateWatch?.cancel();
    await this.#scan.close();
    await this.#server.close();
    await this.#client.close();
  }

  #scanNotActiveBroker(): void {
    this.#report(this.#parts.routes.scanNotActiveBroker(this.#parts.clock.now()), 'silent for too long');
  }

  #onConnectionLost(connection: Connection): void {
    this.#report(this.#parts.routes.onChannelDestroy(connection), 'connection lost');
  }

  #report(gone: readonly BrokerIdentity[], reason: string): void {
    for (const identity of gone) this.#parts.logger.warn('broker removed', { reason, ...identity });
  }

  #notifyMinBrokerIdChange({
    brokerName,
    brokerAddrs,
    offlineBrokerAddr,
    haBrokerAddr,
  }: MinBrokerIdChange): void {
    const minBrokerId = Math.min(...brokerAddrs.keys());
    const ext = NotifyMinBrokerIdChangeRequestHeader.encode({
      minBrokerId,
      brokerName,
      minBrokerAddr: brokerAddrs.get(minBrokerId),
      offlineBrokerAddr,
      haBrokerAddr,
    });
    // The newcomer with the lowest id knows already, unless it is alone or somebody left.
    const tellAll = offlineBrokerAddr !== undefined || brokerAddrs.size === 1;
    for (const [brokerId, address] of brokerAddrs) {
      if (brokerId === minBrokerId && !tellAll) continue;
      const request = RemotingCommand.request(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, { ...ext });
      this.#client.oneway(address, request, { timeoutMs: NOTIFY_TIMEOUT_MILLIS }).catch((error: unknown) => {
        this.#parts.logger.warn('broker not told of the lowest broker id', { address, error });
      });
    }
  }
}
