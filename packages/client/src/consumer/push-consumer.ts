import { RepeatingTask } from '@mq/remoting';
import type { MessageExt } from '@mq/remoting/message';
import {
  popRetryTopicV1,
  isRetryTopic,
  retryTopic,
  type ConsumeMessageDirectlyResult,
  type ConsumerRunningInfo,
  type MessageQueue,
} from '@mq/remoting/protocol';
import { assertArgument } from '../errors.js';
import type { MessageHooks } from '../hooks/message-hooks.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { ConsumerMember } from '../instance/group-members.js';
import { settledWithin } from '../instance/sleeper.js';
import type { OffsetStore } from '../offset/offset-store.js';
import { assertFunction } from '../options.js';
import { PushOverPop } from '../pop/push-over-pop.js';
import { checkSubscriptions } from './check-subscriptions.js';
import { ConcurrentConsumeService } from './concurrent-consume-service.js';
import type { ConsumeDeps } from './consume-deps.js';
import type { ConsumeService } from './consume-service.js';
import { ConsumeStatsRecorder } from './consume-stats-recorder.js';
import { ConsumerParts } from './consumer-parts.js';
import type { FilterClass } from './filter-classes.js';
import { finishHandlers } from './finish-handlers.js';
import { Lifecycle } from './lifecycle.js';
import type { MessageHandler } from './message-handler.js';
import { OrderlyConsumeService } from './orderly-consume-service.js';
import { ProcessQueue } from './process-queue.js';
import {
  resolvePushConsumerOptions,
  type PushConsumerOptions,
  type PushConsumerSettings,
} from './push-consumer-options.js';
import { pushQueueTable } from './push-queue-table.js';
import { PushRebalance } from './push-rebalance.js';
import { QueueLocks } from './queue-locks.js';
import type { QueueTable } from './queue-table.js';
import { toReceivedMessage, type ReceivedMessage } from './received-message.js';
import { buildRunningInfo } from './running-info.js';
import { Subscriptions, type SubscriptionExpression } from './subscriptions.js';

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;
/** Upstream REBALANCE_LOCK_INTERVAL. */
const LOCK_INTERVAL_MS = 20_000;
const FIRST_LOCK_DELAY_MS = 1_000;
/** Of the time for closing, so much is kept for offsets, locks and unregistering. */
const CLOSE_RESERVE_MS = 1_000;

/** What closing a push consumer left behind. */
export interface ConsumerCloseResult {
  /** Messages whose handlers had not ended; they will be delivered again. */
  readonly unfinishedMessages: number;
  /** Messages pulled but never handed to a handler; they will be delivered again. */
  readonly discardedMessages: number;
  /** Queues whose offset could not be saved; some of their messages will be delivered again. */
  readonly unsavedOffsets: readonly MessageQueue[];
}

/**
 * Pulls messages and hands them to handlers. Upstream: DefaultMQPushConsumer.
 *
 *     await using consumer = new PushConsumer({ nameServers: ['127.0.0.1:9876'], consumerGroup: 'billing' });
 *     consumer.subscribe('Orders', 'created || changed', async (messages) => { ... });
 *     await consumer.start();
 *
 * A message counts as consumed when its handler returned; the group's offset never passes one that is not. Delivery is at
 * least once: after a crash, or when queues move between consumers, messages come again.
 */
export class PushConsumer {
  readonly #settings: PushConsumerSettings;
  readonly #parts: ConsumerParts;
  readonly #client: ClientInstance;
  /** With namespace. */
  readonly #group: string;
  readonly #subscriptions: Subscriptions;
  readonly #hasDefaultHandler: boolean;
  readonly #offsets: OffsetStore;
  readonly #locks: QueueLocks | undefined;
  readonly #consumeService: ConsumeService;
  /** Present when brokers assign the queues. */
  readonly #overPop: PushOverPop | undefined;
  readonly #stats: ConsumeStatsRecorder;
  readonly #hooks: MessageHooks | undefined;
  readonly #queues: QueueTable;
  readonly #rebalance: PushRebalance;
  readonly #persistTask: RepeatingTask;
  readonly #lockTask: RepeatingTask;
  readonly #member: ConsumerMember;
  readonly #life: Lifecycle<ConsumerCloseResult>;
  #isSuspended = false;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: PushConsumerOptions) {
    const settings = resolvePushConsumerOptions(options);
    this.#settings = settings;
    const isClustering = settings.messageModel === 'CLUSTERING';
    const isOrderly = settings.consumeMode === 'ORDERLY';
    this.#parts = new ConsumerParts(options, settings);
    const { client, group, offsets, hooks, returner } = this.#parts;
    this.#client = client;
    this.#group = group;
    this.#offsets = offsets;
    this.#hooks = hooks;
    const { clock } = client;
    const logger = client.logger.child('consumer');
    this.#life = new Lifecycle(clock, DEFAULT_CLOSE_TIMEOUT_MS);
    this.#hasDefaultHandler = options.handler !== undefined;
    this.#subscriptions = new Subscriptions(client.namespace, clock, options.handler);
    if (isClustering) this.#subscriptions.addWireTopic(retryTopic(group));
    this.#stats = new ConsumeStatsRecorder(clock);
    this.#locks = isOrderly && isClustering ? new QueueLocks(client, group) : undefined;
    const consume: ConsumeDeps = {
      ...settings,
      clock,
      hooks,
      logger,
      offsets,
      returner,
      stats: this.#stats,
      handlerOf: (topic) => this.#subscriptions.handlerOf(topic),
    };
    this.#consumeService = this.#makeConsumeService(consume);
    this.#overPop =
      settings.clientRebalance || isOrderly || !isClustering ? undefined : this.#makeOverPop(consume);
    const isSuspended = (): boolean => this.#isSuspended;
    this.#queues = pushQueueTable({
      parts: this.#parts,
      settings,
      subscriptions: this.#subscriptions,
      stats: this.#stats,
      consumeService: this.#consumeService,
      locks: this.#locks,
      isSuspended,
      rebalance: () => this.#rebalance,
    });
    this.#rebalance = new PushRebalance({
      client,
      logger,
      group,
      settings,
      subscriptions: this.#subscriptions,
      queues: this.#queues,
      overPop: this.#overPop,
      isStarted: () => this.#life.isStarted,
      isSuspended,
    });
    const deps = { clock, logger };
    this.#persistTask = new RepeatingTask(
      'commit of offsets',
      () => this.#persist(),
      settings.persistConsumerOffsetInterval,
      deps,
    );
    this.#lockTask = new RepeatingTask('lock of queues', () => this.#renewLocks(), LOCK_INTERVAL_MS, deps);
    this.#member = this.#makeMember();
  }

  /** How brokers know this client. */
  get clientId(): string {
    return this.#client.clientId;
  }

  /** The queues held now, topics without namespace. Changes with every rebalance. */
  get assignment(): MessageQueue[] {
    const queues = [...this.#queues.messageQueues, ...(this.#overPop?.messageQueues ?? [])];
    return queues.map((queue) => ({
      ...queue,
      topic: this.#subscriptions.nameOf(queue.topic),
    }));
  }

  /**
   * Asks for messages of a topic; before or after `start`, and again to change the filter: what was pulled before still comes,
   * and what is sent from then on is chosen by the new one. Every consumer of a group must subscribe to the same. An SQL92
   * filter that a broker refuses makes `start` reject; after it, the log says so.
   * @param expression "*" (default), "TagA || TagB", `{ sql }` where the broker allows property filters, or `{ className, source }`
   * where filter servers run
   * @param handler for this topic; default the `handler` of the options
   * @throws MQClientError INVALID_ARGUMENT
   */
  subscribe(
    topic: string,
    expression: SubscriptionExpression | FilterClass = '*',
    handler?: MessageHandler,
  ): void {
    assertArgument(handler !== undefined || this.#hasDefaultHandler, `no handler for topic "${topic}"`);
    assertFunction('handler', handler);
    const wireTopic = this.#subscriptions.add(topic, expression, handler);
    this.#subscriptionsChanged(wireTopic);
  }

  /** Asks for no more messages of a topic; its queues are given up soon. */
  unsubscribe(topic: string): void {
    this.#subscriptions.remove(topic);
    this.#subscriptionsChanged();
  }

  /**
   * Registers the group with the brokers and begins to consume. May be called again.
   * @throws MQClientError CLOSED after `close`; NAME_SERVER_UNREACHABLE; SUBSCRIPTION_REFUSED when the broker does not serve
   *   an SQL92 filter; LOCAL_STORE_FAILED. After a failure it may be called again
   */
  start(): Promise<void> {
    return this.#life.start(() => this.#start());
  }

  /**
   * Gives up on a message at once, without the attempts it has left: a copy goes to `%DLQ%` and the group, its property
   * `DLQ_REASON` says why. From then on the message counts as consumed, also when the handler fails with the rest of its batch.
   * A broadcasting consumer has no dead letters; it only reports the message in its log, as it does with one that failed.
   * @throws MQClientError as a send does; the handler should then fail, so that the message comes again
   */
  async sendToDeadLetter(message: ReceivedMessage, reason: string): Promise<void> {
    const { msgId, topic, queueId, queueOffset } = message;
    this.#client.logger.warn('a message becomes a dead letter', {
      msgId,
      topic,
      queueId,
      queueOffset,
      reason,
    });
    if (this.#settings.messageModel === 'CLUSTERING')
      await this.#parts.returner.sendToDeadLetter(message, reason);
  }

  /**
   * Gives a message back by hand: it comes again through `%RETRY%group`, or becomes a dead letter.
   * @param delayLevel 0 (default): the broker chooses, later with each attempt; above 0: that level; -1: dead letter
   * @throws MQClientError
   */
  async sendMessageBack(message: ReceivedMessage, delayLevel = 0): Promise<void> {
    await this.#parts.sendBack(message, delayLevel);
  }

  /** Stops pulling; messages pulled already are still handled. Queues are kept. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** Pulls again after `suspend`. */
  resume(): void {
    this.#isSuspended = false;
    this.#queues.wakePulling();
    this.#overPop?.wake();
    this.#rebalance.soon();
  }

  /**
   * Stops pulling and handing out, waits for running handlers, fires their signals when half of the time is over, saves the
   * offsets, gives locks back, unregisters and, unless the client is shared, closes the connections. Always ends, about within
   * the time-out; may be called again and then means the same.
   * @param options.timeoutMs bound on all of it; default 10000
   */
  close(options: { timeoutMs?: number } = {}): Promise<ConsumerCloseResult> {
    return this.#life.close(options, (leftMs, timeoutMs) => this.#close(leftMs, timeoutMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const client = this.#client;
    await this.#parts.open();
    for (const topic of this.#subscriptions.topics) {
      const route = await client.fetchRoute(topic);
      if (route === undefined && !isRetryTopic(topic))
        client.logger.warn('a subscribed topic has no route yet', { topic });
    }
    client.registerConsumer(this.#member);
    try {
      await checkSubscriptions(client, this.#group, this.#subscriptions.data);
    } catch (error) {
      await client.unregisterConsumer(this.#member, client.requestTimeoutMs);
      throw error;
    }
    if (!this.#life.isCreated) return;
    this.#life.becomeStarted();
    this.#hooks?.start();
    await client.heartbeat();
    this.#persistTask.start();
    if (this.#locks !== undefined) this.#lockTask.start(FIRST_LOCK_DELAY_MS);
    this.#rebalance.start();
  }

  async #close(leftMs: () => number, timeoutMs: number): Promise<ConsumerCloseResult> {
    const { clock } = this.#client;
    // A round under way may still take or give up a queue; after this nobody but us changes the table.
    const tasks = [this.#rebalance.close(), this.#lockTask.close(), this.#persistTask.close()];
    await settledWithin(
      clock,
      Promise.all([this.#queues.stopPulling(), this.#overPop?.stop(), ...tasks]),
      leftMs() / 2,
    );
    await this.#queues.stopPulling();
    const forHandlersMs = leftMs() - Math.min(CLOSE_RESERVE_MS, timeoutMs / 4);
    const [unfinished, popped] = await Promise.all([
      finishHandlers(this.#consumeService, this.#queues.processQueues, forHandlersMs),
      this.#overPop?.close(forHandlersMs),
    ]);
    const unfinishedMessages = unfinished + (popped?.unfinishedMessages ?? 0);
    let cachedMessages = popped?.waitingMessages ?? 0;
    for (const processQueue of this.#queues.processQueues) {
      cachedMessages += processQueue.messageCount;
      processQueue.drop();
    }
    const unsavedOffsets = await this.#offsets.persist(this.#queues.messageQueues, leftMs());
    if (this.#locks !== undefined) await this.#locks.unlock(this.#queues.processQueues, leftMs());
    await this.#parts.close(this.#member, leftMs);
    return {
      unfinishedMessages,
      discardedMessages: Math.max(0, cachedMessages - unfinishedMessages),
      unsavedOffsets,
    };
  }

  /** @param refiltered wire topic whose filter may be another one now */
  #subscriptionsChanged(refiltered?: string): void {
    if (!this.#life.isStarted) return;
    if (refiltered === undefined) this.#client.heartbeatSoon();
    else this.#queues.pullAnew(refiltered, this.#client.heartbeat());
    this.#rebalance.soon();
    void this.#checkChanged();
  }

  /** Before `start` a filter that a broker refuses makes it reject; now the log has to say why nothing comes. */
  async #checkChanged(): Promise<void> {
    try {
      await checkSubscriptions(this.#client, this.#group, this.#subscriptions.data);
    } catch (error) {
      this.#client.logger.error('a broker refuses a subscription', { group: this.#group, error });
    }
  }

  async #persist(): Promise<void> {
    await this.#offsets.persist(this.#queues.messageQueues, this.#client.requestTimeoutMs);
  }

  async #renewLocks(): Promise<void> {
    await this.#locks?.lock(this.#queues.processQueues.filter((queue) => !queue.isDropped));
  }

  #makeConsumeService(deps: ConsumeDeps): ConsumeService {
    if (this.#settings.consumeMode === 'CONCURRENTLY') return new ConcurrentConsumeService(deps);
    return new OrderlyConsumeService(deps, this.#locks ?? new QueueLocks(this.#client, this.#group));
  }

  #makeOverPop(consume: ConsumeDeps): PushOverPop {
    return new PushOverPop({
      client: this.#client,
      wireGroup: this.#group,
      settings: this.#settings,
      consume,
      isSuspended: () => this.#isSuspended,
      subscriptionOf: (topic) => this.#subscriptions.dataOf(topic),
      // Messages that failed while the group popped the topic lie in its pop retry topic.
      onPulled: (topic, isPulled) => {
        const retry = popRetryTopicV1(topic, this.#group);
        if (!isPulled) this.#subscriptions.removeWireTopic(retry);
        else if (this.#subscriptions.dataOf(retry) === undefined) this.#subscriptions.addWireTopic(retry);
      },
    });
  }

  #makeMember(): ConsumerMember {
    return {
      consumerGroup: this.#group,
      consumerData: () => ({
        groupName: this.#group,
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: this.#settings.messageModel,
        consumeFromWhere: this.#settings.consumeFromWhere,
        subscriptionDataSet: this.#subscriptions.data,
        unitMode: this.#client.unitMode,
      }),
      subscribedTopics: () => this.#subscriptions.topics,
      rebalanceSoon: () => this.#rebalance.soon(),
      resetOffsets: (topic, offsets) => this.#resetOffsets(topic, offsets),
      consumerStatus: (topic) =>
        this.#queues.messageQueues
          .filter((queue) => queue.topic === topic)
          .map((queue) => ({ queue, offset: this.#offsets.read(queue) })),
      runningInfo: () => this.#runningInfo(),
      consumeMessageDirectly: (message, brokerName) => this.#consumeDirectly(message, brokerName),
    };
  }

  async #resetOffsets(
    topic: string,
    offsets: readonly { queue: MessageQueue; offset: number }[],
  ): Promise<void> {
    this.#client.logger.warn('an operator resets offsets', {
      group: this.#group,
      topic,
      queues: offsets.length,
    });
    for (const { queue, offset } of offsets)
      if (queue.topic === topic) this.#rebalance.resetOffset(queue, offset);
  }

  #consumeDirectly(message: MessageExt, brokerName: string): Promise<ConsumeMessageDirectlyResult> {
    const queue = { topic: message.topic, brokerName, queueId: message.queueId };
    const received = toReceivedMessage(message, brokerName, this.#client.namespace);
    return this.#consumeService.consumeDirectly(received, new ProcessQueue(queue, this.#client.clock));
  }

  #runningInfo(): ConsumerRunningInfo {
    return buildRunningInfo({
      popQueues: this.#overPop?.infos() ?? new Map(),
      processQueues: this.#queues.processQueues,
      subscriptions: this.#subscriptions.data,
      offsets: this.#offsets,
      stats: this.#stats,
      nameServers: this.#client.nameServers,
      startedAtMs: this.#life.startedAtMs,
      isOrderly: this.#settings.consumeMode === 'ORDERLY',
      maxConcurrency: this.#settings.maxConcurrency,
      settings: { ...this.#settings, ...this.#settings.thresholds },
    });
  }
}
