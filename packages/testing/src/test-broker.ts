// One cluster of one NameServer and one Broker, as small as it gets and real all the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BrokerConfiguration, BrokerController } from '@mq/broker';
import { NamesrvController, namesrvSettings } from '@mq/namesrv';
import { type Logger, silentLogger } from '@mq/remoting';
import { decodeRecords, type MessageExt } from '@mq/remoting/message';
import { newTopicConfig } from '@mq/remoting/protocol';
import { FileDisk } from '@mq/store';

import { FaultSwitches, type TestFaults } from './faults.js';
import { FaultyDisk } from './faulty-disk.js';
import { TravelClock } from './travel-clock.js';

/** A topic that exists before the test begins. */
export interface TestTopic {
  /** Its name. */
  readonly topic: string;
  /** Read and write queues; default 4. */
  readonly queues?: number;
}

/** What a test may ask of its broker; all of it may be left out. */
export interface TestBrokerOptions {
  /** Topics to create; others are created by the first send, with 4 queues, as long as `autoCreateTopicEnable` is not false. */
  readonly topics?: readonly (string | TestTopic)[];
  /** Settings of the broker and its store by their names in `broker.conf`; they override the small defaults of a test. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Where both servers report; default: nowhere. */
  readonly logger?: Logger;
}

/** A running NameServer and Broker. `await using`, or `close`, stops them and removes their files. */
export interface TestBroker extends AsyncDisposable {
  /** What clients are given: `new Producer({ nameServers: broker.nameServers, … })`. */
  readonly nameServers: string;
  /** `ip:port` of the broker. It stays the same over restarts. */
  readonly address: string;
  /** Name of its group. */
  readonly brokerName: string;
  /** The broker's store directory; removed at the end. */
  readonly storeDirectory: string;
  /** The broker's time. */
  readonly clock: TravelClock;
  /** What makes requests and the disk fail. */
  readonly faults: TestFaults;
  /** The running broker, for what has no method here. Another one after a restart. */
  readonly controller: BrokerController;
  /** Moves the broker's time on, so that what is delayed until then is delivered. */
  advance(ms: number): Promise<void>;
  /** Creates the topic, or changes how many queues it has. Clients see it when they next ask for its route. */
  createTopic(topic: string, queues?: number): void;
  /** Everything stored in a topic, queue by queue, in order, whether consumed or not. */
  messages(topic: string): Promise<MessageExt[]>;
  /** Stops the broker in order and starts it again on its files and port. */
  restart(): Promise<void>;
  /** As if the broker's process had been killed at this moment, and was started again. */
  killAndRestart(): Promise<void>;
  /** Stops the broker in order; the NameServer goes on. `restart` starts it again. */
  stop(): Promise<void>;
  /** Stops both and removes their files: what `await using` does at the end of its block. May be called again. */
  close(): Promise<void>;
}

const BROKER_NAME = 'broker-a';
const DEFAULT_QUEUES = 4;
const TEN_YEARS_HOURS = 87_600;
const TEN_YEARS_MS = TEN_YEARS_HOURS * 3_600_000;
const DAY_MS = 86_400_000;
const MESSAGES_A_READ = 1024;

/** Small files, and nothing that a jump in time would expire: neither clients nor messages. */
const SETTINGS_OF_A_TEST = {
  brokerName: BROKER_NAME,
  defaultTopicQueueNums: DEFAULT_QUEUES,
  mappedFileSizeCommitLog: 16 * 1024 * 1024,
  mappedFileSizeConsumeQueue: 20 * 3000,
  maxHashSlotNum: 10_000,
  maxIndexNum: 40_000,
  diskMaxUsedSpaceRatio: 95,
  fileReservedTime: TEN_YEARS_HOURS,
  channelExpiredTimeout: TEN_YEARS_MS,
  subscriptionExpiredTimeout: TEN_YEARS_MS,
  serverChannelMaxIdleTimeSeconds: TEN_YEARS_HOURS * 3600,
  // A jump of hours must not take the broker from the NameServer while it waits for an answer.
  registerBrokerTimeoutMills: DAY_MS,
};

/**
 * Starts a NameServer and a Broker in this process, on free ports of the loopback address and in a temporary directory;
 * resolves when messages can be sent. Any number of them may run at a time.
 *
 * ```ts
 * await using broker = await startTestBroker({ topics: ['orders'] });
 * await using producer = new Producer({ nameServers: broker.nameServers, producerGroup: 'test' });
 * ```
 *
 * @throws Error for settings that the broker would refuse
 */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const broker = new RunningTestBroker(options);
  try {
    await broker.start();
    return broker;
  } catch (error) {
    await broker.close();
    throw error;
  }
}

class RunningTestBroker implements TestBroker {
  readonly clock = new TravelClock();
  readonly faults = new FaultSwitches(() => this.#running?.controller.connections ?? []);
  readonly brokerName: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mq-test-'));
  readonly #options: TestBrokerOptions;
  readonly #logger: Logger;
  readonly #namesrv: NamesrvController;
  #running: { controller: BrokerController; disk: FaultyDisk } | undefined;
  #address = '';

  constructor(options: TestBrokerOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.brokerName = String(options.settings?.['brokerName'] ?? BROKER_NAME);
    this.#namesrv = new NamesrvController(
      { ...namesrvSettings.defaults(), listenPort: 0, kvConfigPath: join(this.#folder, 'kvConfig.json') },
      { logger: this.#logger },
    );
  }

  get nameServers(): string {
    return `127.0.0.1:${this.#namesrv.port}`;
  }

  get address(): string {
    return this.#address;
  }

  get storeDirectory(): string {
    return join(this.#folder, 'store');
  }

  get controller(): BrokerController {
    if (this.#running === undefined) throw new Error('the broker is stopped; restart() starts it');
    return this.#running.controller;
  }

  async start(): Promise<void> {
    await this.#namesrv.start();
    await this.#startBroker(0);
    for (const each of this.#options.topics ?? []) {
      const { topic, queues } = typeof each === 'string' ? { topic: each } : each;
      this.createTopic(topic, queues);
    }
    this.#address = this.controller.address;
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    // Its connection to the NameServer may have been idle for too long.
    this.#running?.controller.parts.requestRegistration();
  }

  createTopic(topic: string, queues = DEFAULT_QUEUES): void {
    this.controller.parts.topicConfig.update(newTopicConfig(topic, queues));
  }

  async messages(topic: string): Promise<MessageExt[]> {
    const { store } = this.controller.parts;
    const messages: MessageExt[] = [];
    for (const queueId of [...store.queueIds(topic)].sort((left, right) => left - right)) {
      const end = store.maxOffsetInQueue(topic, queueId);
      for (let offset = store.minOffsetInQueue(topic, queueId); offset < end;) {
        const result = await store.getMessage({
          group: 'test',
          topic,
          queueId,
          offset,
          maxMsgNums: MESSAGES_A_READ,
        });
        // Copied: the buffers go back to the store.
        for (const buffer of result.buffers) messages.push(...decodeRecords(Buffer.from(buffer)));
        result.release();
        if (result.nextBeginOffset <= offset) break;
        offset = result.nextBeginOffset;
      }
    }
    return messages;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.#startBroker(this.#port());
  }

  async killAndRestart(): Promise<void> {
    const { controller, disk } = this.#running ?? {};
    disk?.freeze();
    for (const connection of [...(controller?.connections ?? [])]) connection.close('the broker was killed');
    await this.restart();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.controller.close();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#namesrv.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #port(): number {
    return Number(this.#address.slice(this.#address.lastIndexOf(':') + 1));
  }

  async #startBroker(listenPort: number): Promise<void> {
    const disk = new FaultyDisk(new FileDisk(), this.faults.diskGuard);
    const controller = new BrokerController(this.#configuration(listenPort), {
      disk,
      clock: this.clock,
      logger: this.#logger,
      requestHooks: [this.faults.requestHook],
    });
    await controller.start();
    this.#running = { controller, disk };
  }

  #configuration(listenPort: number): BrokerConfiguration {
    const settings = {
      ...SETTINGS_OF_A_TEST,
      ...this.#options.settings,
      listenPort,
      namesrvAddr: this.nameServers,
      storePathRootDir: this.storeDirectory,
    };
    const { configuration, problems, unknown } = BrokerConfiguration.parse(
      Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
    );
    const reasons = [
      ...problems.map(({ text }) => text),
      ...unknown.map((name) => `${name}: no such setting`),
    ];
    if (reasons.length > 0) throw new Error(`settings of the test broker: ${reasons.join('; ')}`);
    return configuration;
  }
}
