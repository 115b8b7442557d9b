// Pop consumption of one broker: what its processors share, in the order it starts and closes.
import type { Clock, Logger, Timer } from '@mq/remoting';
import { reviveTopic } from '@mq/remoting/protocol';

import type { BrokerParts } from '../broker-parts.js';
import type { ConfigText } from '../config/config-text.js';
import { PullBudget } from '../processor/pull/pull-budget.js';
import { deadLetterTopicOf } from '../processor/send/retry-limit.js';
import { CheckPoints } from './check-points.js';
import { MessageRequestModeManager } from './assignment/message-request-mode-manager.js';
import { ConsumerOrderInfoManager } from './order/consumer-order-info-manager.js';
import { ANY_QUEUE, PopLongPolling, type PopPollingLimits } from './pop-long-polling.js';
import { PopQueues } from './pop-queue.js';
import { ReviveLog } from './revive-log.js';
import { Reviver } from './reviver.js';

/** Queues nobody popped for so long are forgotten (upstream: PopBufferMergeService#scanGarbage). */
const IDLE_QUEUE_MS = 5 * 60_000;

/** Files of pop consumption; memory only when absent. */
export interface PopFiles {
  readonly consumerOrderInfo?: ConfigText;
  readonly messageRequestMode?: ConfigText;
}

/** What pop consumption needs of the broker: all parts but itself. */
export type PopHost = Omit<BrokerParts, 'pop'>;

export class PopService {
  readonly queues = new PopQueues();
  readonly log: ReviveLog;
  readonly checkPoints: CheckPoints;
  readonly orderInfo: ConsumerOrderInfoManager;
  readonly requestModes: MessageRequestModeManager;
  /** Pops that wait. */
  readonly polling: PopLongPolling;
  /** Notifications that wait. */
  readonly notifications: PopLongPolling;
  /** Bytes of pop answers on their way. */
  readonly budget: PullBudget;
  readonly reviver: Reviver;
  readonly #host: PopHost;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #reading: Promise<void> | undefined;
  #isClosed = false;
  #isReady = false;

  constructor(host: PopHost, files: PopFiles = {}) {
    this.#host = host;
    const { store, consumerOffsets, settings, identity, topicConfig, subscriptionGroups, stats } = host;
    const { clock, turn } = host;
    const logger = host.logger.child('pop');
    this.#clock = clock;
    this.#logger = logger;
    const common = { clock, logger, settings, consumerOffsets };
    const { storeHost, brokerName } = identity;
    this.log = new ReviveLog({
      ...common,
      topic: reviveTopic(identity.clusterName),
      queueCount: settings.broker.reviveQueueNum,
      store,
      storeHost,
      apply: (record) => this.checkPoints.apply(record),
    });
    this.reviver = new Reviver({
      ...common,
      store,
      storeHost,
      topicConfig,
      subscriptionGroups,
      stats,
      checkPoints: () => this.checkPoints,
      deadLetterTopicOf: (group) => deadLetterTopicOf(host, group),
      onRevived: (topic, group) => this.notify(topic, group, ANY_QUEUE),
    });
    this.checkPoints = new CheckPoints({
      ...common,
      turn,
      brokerName,
      queues: this.queues,
      log: this.log,
      onExpired: (checkPoint) => this.reviver.add(checkPoint),
    });
    this.orderInfo = new ConsumerOrderInfoManager({
      clock,
      logger,
      ...(files.consumerOrderInfo === undefined ? {} : { file: files.consumerOrderInfo }),
      isWanted: (topic, group, queueId) =>
        queueId < (topicConfig.select(topic)?.readQueueNums ?? 0) && subscriptionGroups.has(group),
      onUnblocked: (topic, group, queueId) => {
        if (settings.broker.enableNotifyAfterPopOrderLockRelease) this.notify(topic, group, queueId);
      },
    });
    this.requestModes = new MessageRequestModeManager(files.messageRequestMode);
    const polling = { clock, turn, limits: () => this.#pollingLimits() };
    this.polling = new PopLongPolling(polling);
    this.notifications = new PopLongPolling({ ...polling, wakesAll: true });
    this.budget = new PullBudget(() => settings.broker.maxPopBytesInFlight, turn);
  }

  /** Until what earlier runs left is known, pops wait. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Reads what earlier runs left in the revive topic, in the background. */
  start(): void {
    this.orderInfo.load();
    this.requestModes.load();
    this.#round();
  }

  /** Writes checkpoints that are in memory alone; no revival begins after this. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.wakeAll();
    await this.#reading;
    await this.reviver.close();
    await this.checkPoints.flush();
    this.checkPoints.close();
    this.orderInfo.close();
  }

  /** Writes the order information if it changed, and commits how far the revive topic is dealt with. Throws DiskError. */
  persist(): void {
    this.log.commit();
    this.orderInfo.persist();
  }

  /** Answers all that wait; nothing is held any more. */
  wakeAll(): void {
    this.polling.close();
    this.notifications.close();
  }

  /** Hot path: a message became visible. */
  notifyArrival(topic: string, queueId: number, nextQueueOffset: number, tagsCode: number): void {
    if (this.polling.size > 0) this.polling.notifyArrival(topic, queueId, nextQueueOffset, tagsCode);
    if (this.notifications.size > 0)
      this.notifications.notifyArrival(topic, queueId, nextQueueOffset, tagsCode);
  }

  /** The group can pop messages of the topic again, not because new ones came. */
  notify(topic: string, group: string, queueId: number): void {
    this.polling.notify(topic, group, queueId);
    this.notifications.notify(topic, group, queueId);
  }

  /** An operator moved the group: its messages in flight hold nothing up any more, and a pop that waits goes there now. */
  offsetWasReset(topic: string, group: string, queueId: number): void {
    const queue = this.queues.find(topic, group, queueId);
    if (queue !== undefined) queue.inFlight = 0;
    this.notify(topic, group, queueId);
  }

  #round(): void {
    const { reviveInterval } = this.#host.settings.broker;
    this.#reading = this.log
      .readForeign()
      .catch((error: unknown) => this.#logger.error('the revive topic cannot be read', { error }))
      .then(() => {
        this.#becomeReady();
        this.log.commit();
        this.queues.removeIdle(this.#clock.now() - IDLE_QUEUE_MS);
        if (this.#isClosed) return;
        this.#timer = this.#clock.setTimeout(() => this.#round(), reviveInterval);
        this.#timer.unref?.();
      });
  }

  /** Only now every pop and acknowledgement is known that was written before the start. */
  #becomeReady(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    const { disk, settings } = this.#host;
    const file = `${settings.store.storePathRootDir}/config/consumerOffset.json`;
    this.checkPoints.recoverOffsets(disk.stat(file)?.mtimeMs ?? 0);
    this.reviver.start();
    this.polling.notifyAll();
    this.notifications.notifyAll();
  }

  #pollingLimits(): PopPollingLimits {
    const { maxPopPollingSize, popPollingSize, popPollingMapSize, popLongPollingForceNotifyInterval } =
      this.#host.settings.broker;
    return {
      total: maxPopPollingSize,
      perQueue: popPollingSize,
      queues: popPollingMapSize,
      forceInterval: popLongPollingForceNotifyInterval,
    };
  }
}
