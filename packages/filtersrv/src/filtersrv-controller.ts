// The composition root of the filter server (upstream: FiltersrvController).
import {
  type Clock,
  isLoopback,
  Lifespan,
  type Logger,
  RemotingClient,
  RemotingCommand,
  RemotingServer,
  RepeatingTask,
  silentLogger,
  systemClock,
} from '@mq/remoting';
import { RegisterFilterServerRequestHeader, RequestCode, ResponseCode } from '@mq/remoting/protocol';

import { FilterClassTable } from './filter-class-table.js';
import { filteredPull } from './filtered-pull.js';
import { registerFilterClass } from './register-filter-class.js';
import type { FiltersrvSettings } from './settings.js';

/** What a test replaces. */
export interface FiltersrvDeps {
  /** Default: none is written. */
  readonly logger?: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A server beside one broker that runs consumers' filter code, so that messages they do not want need not travel. Consumers
 * learn of it by their routes. `start()` and `close()` may each be called more than once.
 */
export class FiltersrvController {
  readonly #settings: FiltersrvSettings;
  readonly #logger: Logger;
  readonly #server: RemotingServer;
  readonly #client: RemotingClient;
  readonly #classes: FilterClassTable;
  readonly #registration: RepeatingTask;
  readonly #life = new Lifespan(
    () => this.#start(),
    () => this.#close(),
  );
  #isRegistered = false;

  constructor(settings: FiltersrvSettings, deps: FiltersrvDeps = {}) {
    this.#settings = settings;
    const logger = (this.#logger = deps.logger ?? silentLogger);
    const clock = deps.clock ?? systemClock;
    const host = settings.bindAddress || (isLoopback(settings.filterServerIP) ? '127.0.0.1' : '0.0.0.0');
    this.#server = new RemotingServer({ host, port: settings.listenPort }, { logger, clock });
    this.#client = new RemotingClient({}, { logger, clock });
    this.#classes = new FilterClassTable({
      logger,
      maxCount: settings.maxFilterClasses,
      limits: { timeLimitMs: settings.filterTimeLimitMillis, memoryLimitBytes: settings.filterMemoryLimit },
    });
    this.#registration = new RepeatingTask(
      'registration',
      () => this.#registerAgain(),
      settings.registerFilterServerPeriod,
      { clock, logger },
    );
    const parts = { settings, client: this.#client, classes: this.#classes };
    this.#server.register(RequestCode.PULL_MESSAGE, filteredPull(parts));
    this.#server.register(RequestCode.REGISTER_MESSAGE_FILTER_CLASS, registerFilterClass(parts));
  }

  /** `ip:port` told to clients; known once started. */
  get address(): string {
    return `${this.#settings.filterServerIP}:${this.#server.port}`;
  }

  /** Filters that are in use. */
  get filterCount(): number {
    return this.#classes.size;
  }

  /** Listens, and registers at the broker. Rejects, with everything closed again, when either does not succeed. */
  start(): Promise<void> {
    return this.#life.start();
  }

  /** Closes every connection and every filter. May be called at any time. */
  close(): Promise<void> {
    return this.#life.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const { host } = await this.#server.listen();
    if (!isLoopback(host)) this.#logger.warn('listening beyond loopback without authentication', { host });
    await this.#register();
    this.#isRegistered = true;
    this.#registration.start();
  }

  async #close(): Promise<void> {
    const registered = this.#registration.close();
    // The broker forgets a server whose connection is gone, and tells the clients.
    await this.#client.close();
    await registered;
    await this.#server.close();
    await this.#classes.close();
  }

  /** A broker that is away comes back: upstream's server ends itself instead. */
  async #registerAgain(): Promise<void> {
    try {
      await this.#register();
      if (!this.#isRegistered)
        this.#logger.info('registered again', { broker: this.#settings.connectWhichBroker });
      this.#isRegistered = true;
    } catch (error) {
      if (this.#isRegistered && !this.#life.isClosing) {
        const facts = { broker: this.#settings.connectWhichBroker, error: (error as Error).message };
        this.#logger.warn('the broker cannot be reached', facts);
      }
      this.#isRegistered = false;
    }
  }

  async #register(): Promise<void> {
    const { connectWhichBroker } = this.#settings;
    const ext = RegisterFilterServerRequestHeader.encode({ filterServerAddr: this.address });
    const command = RemotingCommand.request(RequestCode.REGISTER_FILTER_SERVER, ext);
    const answer = await this.#client.request(connectWhichBroker, command);
    if (answer.code !== ResponseCode.SUCCESS) {
      throw new Error(
        `the broker ${connectWhichBroker} refuses filter servers: ${answer.remark ?? answer.code}`,
      );
    }
  }
}
