// Keeps a broker known to its NameServers (upstream: BrokerController#registerBrokerAll): at the start, every 30 s, and
// at once after a change of the topics. Registrations never overlap; what changes during one makes the next. Where a
// NameServer did not take one, upstream waits out the period; here the next attempts come after 1, 2, 4 ... s, so that a
// broker that starts before its NameServer serves as soon as that is there.
import type { Clock, Logger, Timer } from '@mq/remoting';
import type { TopicConfigSerializeWrapper } from '@mq/remoting/protocol';
import { isReadable, isWriteable } from '@mq/remoting/protocol';

import type { BrokerConfiguration } from '../broker-configuration.js';
import type { BrokerIdentity } from '../broker-identity.js';
import type { BrokerOuterApi } from '../out-api/broker-outer-api.js';
import type { TopicConfigManager } from '../topic/topic-config-manager.js';

const MIN_PERIOD_MS = 10_000;
const MAX_PERIOD_MS = 60_000;
const FIRST_RETRY_MS = 1_000;

export interface RegistrationDeps {
  readonly settings: BrokerConfiguration;
  readonly identity: BrokerIdentity;
  readonly topicConfig: TopicConfigManager;
  readonly outerApi: BrokerOuterApi;
  /** Servers whose addresses are told along; absent = none. */
  readonly filterServers?: { readonly addresses: readonly string[] };
  readonly clock: Clock;
  readonly logger: Logger;
}

export class BrokerRegistration {
  readonly #deps: RegistrationDeps;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isWanted = false;
  /** Registrations in a row that some NameServer did not take. */
  #misses = 0;
  #isClosed = false;

  constructor(deps: RegistrationDeps) {
    this.#deps = deps;
  }

  /** Registers once, whatever the NameServers already know, then periodically. Resolves after the first attempt. */
  async start(): Promise<void> {
    await this.#registerNow(true);
    this.#armTimer();
  }

  /** Registers soon; calls of one turn become one registration. */
  request(): void {
    if (this.#isClosed || this.#isWanted) return;
    this.#isWanted = true;
    queueMicrotask(() => void this.#runWanted());
  }

  /** Unregisters everywhere. Registrations in progress end first. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#deps.outerApi.unregisterAll(this.#deps.identity);
  }

  async #runWanted(): Promise<void> {
    await this.#running;
    if (!this.#isWanted || this.#isClosed) return;
    this.#isWanted = false;
    await this.#registerNow(true);
  }

  #armTimer(): void {
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.setTimeout(() => {
      void this.#registerNow(this.#deps.settings.broker.forceRegister).finally(() => this.#armTimer());
    }, this.#nextInMs());
  }

  #nextInMs(): number {
    const { registerNameServerPeriod } = this.#deps.settings.broker;
    const periodMs = Math.max(MIN_PERIOD_MS, Math.min(registerNameServerPeriod, MAX_PERIOD_MS));
    return this.#misses === 0 ? periodMs : Math.min(periodMs, FIRST_RETRY_MS * 2 ** (this.#misses - 1));
  }

  #registerNow(force: boolean): Promise<void> {
    this.#running = this.#register(force).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #register(force: boolean): Promise<void> {
    const { settings, identity, topicConfig, outerApi, logger } = this.#deps;
    if (outerApi.nameServers.length === 0) return;
    const { broker } = settings;
    const timeoutMs = broker.registerBrokerTimeoutMills;
    try {
      if (!force && !(await outerApi.needsRegistration(identity, topicConfig.dataVersion, timeoutMs))) {
        this.#misses = 0;
        return;
      }
      const answers = await outerApi.registerAll(identity, this.#topicsToRegister(), {
        timeoutMs,
        filterServers: this.#deps.filterServers?.addresses ?? [],
        compressed: broker.compressedRegister,
        enableActingMaster: broker.enableSlaveActingMaster,
        heartbeatTimeoutMillis: broker.enableSlaveActingMaster
          ? broker.brokerNotActiveTimeoutMillis
          : undefined,
      });
      this.#misses = answers.length === outerApi.nameServers.length ? 0 : this.#misses + 1;
      for (const { orderTopics } of answers) topicConfig.updateOrderTopicConfig(orderTopics.keys());
      logger.debug('registered', { nameServers: answers.map(({ nameServer }) => nameServer) });
    } catch (error) {
      this.#misses++;
      logger.error('registration failed', { error });
    }
  }

  /** The topic table as NameServers see it: a broker without write or read permission lends it to no topic. */
  #topicsToRegister(): TopicConfigSerializeWrapper {
    const { settings, topicConfig, clock } = this.#deps;
    const wrapper = {
      ...topicConfig.serializeWrapper(),
      mappingDataVersion: { counter: 0, stateVersion: 0, timestamp: clock.now() },
      topicQueueMappingDetailMap: {},
      topicQueueMappingInfoMap: {},
    };
    const mask = settings.broker.brokerPermission;
    if (isReadable(mask) && isWriteable(mask)) return wrapper;
    const masked = Object.entries(wrapper.topicConfigTable).map(([name, config]) => [
      name,
      { ...config, perm: config.perm & mask },
    ]);
    return { ...wrapper, topicConfigTable: Object.fromEntries(masked) };
  }
}
