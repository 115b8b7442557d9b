import { DEFAULT_INSTANCE_NAME, type MessageExt } from '@mq/remoting/message';
import {
  messageQueueKey,
  isRetryTopic,
  popRetryTopicV1,
  retryTopic,
  wrapNamespace,
  type ConsumeMessageDirectlyResult,
  type ConsumerData,
  type ConsumerRunningInfo,
  type MessageQueue,
} from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../errors.js';
import { ClientInstance } from '../instance/client-instance.js';
import type { ConsumerMember } from '../instance/group-members.js';
import { hooksOf } from '../hooks/hooks-of.js';
import type { MessageHooks } from '../hooks/message-hooks.js';
import { RepeatingTask } from '../instance/repeating-task.js';
import { settledWithin } from '../instance/sleeper.js';
import { LocalFileOffsetStore } from '../offset/local-file-offset-store.js';
import type { OffsetStore } from '../offset/offset-store.js';
import { RemoteBrokerOffsetStore } from '../offset/remote-broker-offset-store.js';
import { wholeNumber } from '../options.js';
import { QueueAllocator } from '../rebalance/queue-allocator.js';
import { PushOverPop } from '../pop/push-over-pop.js';
import { ConcurrentConsumeService } from './concurrent-consume-service.js';
import type { ConsumeDeps } from './consume-deps.js';
import type { ConsumeService } from './consume-service.js';
import { ConsumeStatsRecorder } from './consume-stats-recorder.js';
import { thresholdPerQueue, type PullThresholds } from './flow-control.js';
import type { MessageHandler } from './message-handler.js';
import { MessageReturner } from './message-returner.js';
import { OrderlyConsumeService } from './orderly-consume-service.js';
import { ProcessQueue } from './process-queue.js';
import { PullApi } from './pull-api.js';
import {
  resolvePushConsumerOptions,
  type PushConsumerOptions,
  type PushConsumerSettings,
} from './push-consumer-options.js';
import { QueueLocks } from './queue-locks.js';
import { QueueTable } from './queue-table.js';
import { toReceivedMessage, type ReceivedMessage } from './received-message.js';
import { buildRunningInfo } from './running-info.js';
import { startOffset } from './start-offset.js';
import { type FilterClass, FilterClasses } from './filter-classes.js';
import { Subscriptions, type SubscriptionExpression } from './subscriptions.js';

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;
/** Upstream REBALANCE_LOCK_INTERVAL. */
const LOCK_INTERVAL_MS = 20_000;
const FIRST_LOCK_DELAY_MS = 1_000;
const REBALANCE_AFTER_UNBALANCED_MS = 1_000;
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
  readonly #client: ClientInstance;
  readonly #ownsClient: boolean;
  /** With namespace. */
  readonly #group: string;
  readonly #subscriptions: Subscriptions;
  readonly #hasDefaultHandler: boolean;
  readonly #offsets: OffsetStore;
  readonly #locks: QueueLocks | undefined;
  readonly #consumeService: ConsumeService;
  /** Present when brokers assign the queues. */
  readonly #overPop: PushOverPop | undefined;
  readonly #returner: MessageReturner;
  readonly #stats: ConsumeStatsRecorder;
  readonly #hooks: MessageHooks | undefined;
  readonly #allocator: QueueAllocator;
  readonly #queues: QueueTable;
  readonly #rebalanceTask: RepeatingTask;
  readonly #persistTask: RepeatingTask;
  readonly #lockTask: RepeatingTask;
  readonly #member: ConsumerMember;
  /** Offsets the broker or an operator imposed; the next rebalance round carries them out. */
  readonly #resets = new Map<string, { queue: MessageQueue; offset: number }>();
  #thresholds: PullThresholds;
  #isSuspended = false;
  #startedAtMs = 0;
  #state: 'created' | 'started' | 'closing' | 'closed' = 'created';
  #starting: Promise<void> | undefined;
  #closing: Promise<ConsumerCloseResult> | undefined;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: PushConsumerOptions) {
    const settings = resolvePushConsumerOptions(options);
    this.#settings = settings;
    this.#thresholds = settings.thresholds;
    const isClustering = settings.messageModel === 'CLUSTERING';
    const isOrderly = settings.consumeMode === 'ORDERLY';
    this.#ownsClient = options.client === undefined;
    this.#client =
      options.client ??
      new ClientInstance(isClustering ? options : { instanceName: DEFAULT_INSTANCE_NAME, ...options });
    const client = this.#client;
    const { clock } = client;
    const logger = client.logger.child('consumer');
    this.#group = wrapNamespace(client.namespace, settings.consumerGroup);
    this.#hasDefaultHandler = options.handler !== undefined;
    this.#subscriptions = new Subscriptions(client.namespace, clock, options.handler);
    if (isClustering) this.#subscriptions.addWireTopic(retryTopic(this.#group));
    this.#offsets = options.offsetStore ?? this.#defaultOffsetStore(isClustering);
    this.#stats = new ConsumeStatsRecorder(clock);
    this.#locks = isOrderly && isClustering ? new QueueLocks(client, this.#group) : undefined;
    this.#hooks = hooksOf(client, options, settings.consumerGroup, 'CONSUME');
    this.#returner = new MessageReturner(client, this.#group, settings.maxReconsumeTimes);
    const consume: ConsumeDeps = {
      clock,
      consumerGroup: settings.consumerGroup,
      hooks: this.#hooks,
      logger,
      messageModel: settings.messageModel,
      offsets: this.#offsets,
      returner: this.#returner,
      stats: this.#stats,
      handlerOf: (topic) => this.#subscriptions.handlerOf(topic),
      maxConcurrency: settings.maxConcurrency,
      consumeMessageBatchMaxSize: settings.consumeMessageBatchMaxSize,
      consumeTimeoutMs: settings.consumeTimeoutMs,
      suspendCurrentQueueTimeMs: settings.suspendCurrentQueueTimeMs,
      maxReconsumeTimes: settings.maxReconsumeTimes,
    };
    this.#consumeService = this.#makeConsumeService(consume);
    this.#overPop =
      settings.clientRebalance || isOrderly || !isClustering ? undefined : this.#makeOverPop(consume);
    this.#allocator = new QueueAllocator(
      client,
      this.#group,
      settings.messageModel,
      settings.allocateMessageQueueStrategy,
    );
    this.#queues = this.#makeQueueTable(isOrderly, isClustering);
    const deps = { clock, logger };
    this.#rebalanceTask = new RepeatingTask(
      'rebalance',
      () => this.#rebalance(),
      settings.rebalanceIntervalMs,
      deps,
    );
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
   * Asks for messages of a topic; before or after `start`, and again to change the filter. Every consumer of a group must
   * subscribe to the same.
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
    this.#subscriptions.add(topic, expression, handler);
    this.#subscriptionsChanged();
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
    if (this.#state === 'closing' || this.#state === 'closed') {
      return Promise.reject(new MQClientError('CLOSED', 'the consumer was closed'));
    }
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /**
   * Gives up on a message at once, without the attempts it has left: a copy goes to `%DLQ%` and the group, its property
   * `DLQ_REASON` says why. The handler that calls this then counts the message as consumed. A broadcasting consumer has no
   * dead letters; it only reports the message in its log, as it does with one that failed.
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
    if (this.#settings.messageModel === 'CLUSTERING') await this.#returner.sendToDeadLetter(message, reason);
  }

  /**
   * Gives a message back by hand: it comes again through `%RETRY%group`, or becomes a dead letter.
   * @param delayLevel 0 (default): the broker chooses, later with each attempt; above 0: that level; -1: dead letter
   * @throws MQClientError
   */
  async sendMessageBack(message: ReceivedMessage, delayLevel = 0): Promise<void> {
    const { topic, brokerName, queueId } = message;
    await this.#returner.sendBack(message, { topic, brokerName, queueId }, delayLevel);
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
    this.#rebalanceTask.runSoon();
  }

  /**
   * Stops pulling and handing out, waits for running handlers, fires their signals when half of the time is over, saves the
   * offsets, gives locks back, unregisters and, unless the client is shared, closes the connections. Always ends, about within
   * the time-out; may be called again and then means the same.
   * @param options.timeoutMs bound on all of it; default 10000
   */
  close(options: { timeoutMs?: number } = {}): Promise<ConsumerCloseResult> {
    this.#closing ??= this.#close(wholeNumber('timeoutMs', options.timeoutMs, DEFAULT_CLOSE_TIMEOUT_MS, 0));
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const client = this.#client;
    await client.start();
    await this.#offsets.load();
    for (const topic of this.#subscriptions.topics) {
      const route = await client.fetchRoute(topic);
      if (route === undefined && !isRetryTopic(topic))
        client.logger.warn('a subscribed topic has no route yet', { topic });
    }
    client.registerConsumer(this.#member);
    try {
      await this.#checkSubscriptions();
    } catch (error) {
      await client.unregisterConsumer(this.#member, client.requestTimeoutMs);
      throw error;
    }
    if (this.#state !== 'created') return;
    this.#state = 'started';
    this.#hooks?.start();
    this.#startedAtMs = client.clock.now();
    await client.heartbeat();
    this.#persistTask.start();
    if (this.#locks !== undefined) this.#lockTask.start(FIRST_LOCK_DELAY_MS);
    this.#rebalanceTask.start(0);
  }

  /** Brokers say at once whether they can serve a filter that is not about tags. Upstream: checkClientInBroker. */
  async #checkSubscriptions(): Promise<void> {
    for (const subscriptionData of this.#subscriptions.data) {
      if (subscriptionData.expressionType === 'TAG') continue;
      const broker = this.#client.routes.anyBrokerOf(subscriptionData.topic);
      if (broker === undefined) continue;
      const body = { clientId: this.clientId, group: this.#group, subscriptionData };
      try {
        await this.#client.brokers.checkClientConfig(broker, body, {
          timeoutMs: this.#client.requestTimeoutMs,
        });
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new MQClientError('SUBSCRIPTION_REFUSED', message, { cause, ...broker });
      }
    }
  }

  async #close(timeoutMs: number): Promise<ConsumerCloseResult> {
    const { clock } = this.#client;
    const deadlineMs = clock.monotonic() + timeoutMs;
    const leftMs = (): number => Math.max(1, deadlineMs - clock.monotonic());
    this.#state = 'closing';
    // A round under way may still take or give up a queue; after this nobody but us changes the table.
    const tasks = [this.#rebalanceTask.close(), this.#lockTask.close(), this.#persistTask.close()];
    await settledWithin(
      clock,
      Promise.all([this.#queues.stopPulling(), this.#overPop?.stop(), ...tasks]),
      leftMs() / 2,
    );
    await this.#queues.stopPulling();
    const forHandlersMs = leftMs() - Math.min(CLOSE_RESERVE_MS, timeoutMs / 4);
    const [unfinished, popped] = await Promise.all([
      this.#finishHandlers(forHandlersMs),
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
    await this.#hooks?.close(leftMs());
    await settledWithin(clock, this.#client.unregisterConsumer(this.#member, leftMs()), leftMs());
    if (this.#ownsClient) await this.#client.close({ timeoutMs: leftMs() });
    this.#state = 'closed';
    return {
      unfinishedMessages,
      discardedMessages: Math.max(0, cachedMessages - unfinishedMessages),
      unsavedOffsets,
    };
  }

  /** Lets handlers end, the second half of the time with their signal fired. Returns the messages still with handlers. */
  async #finishHandlers(timeoutMs: number): Promise<number> {
    this.#consumeService.stop();
    const queues = this.#queues.processQueues;
    for (const queue of queues) queue.stopHandingOut();
    const drain = (ms: number): Promise<unknown> =>
      Promise.all(queues.map((queue) => queue.handlers.drain(ms)));
    await drain(timeoutMs / 2);
    if (this.#consumeService.runningMessages > 0) {
      this.#consumeService.abort(new MQClientError('CLOSED', 'the consumer closes'));
      await drain(timeoutMs / 2);
    }
    return this.#consumeService.runningMessages;
  }

  /** One round: carries resets out, gives up and takes over queues, starts pulling. Nothing else changes the queue table. */
  async #rebalance(): Promise<void> {
    if (this.#state !== 'started') return;
    await this.#carryOutResets();
    if (this.#isSuspended) return;
    const topics = this.#subscriptions.topics;
    let balanced = true;
    const changedTopics: string[] = [];
    for (const topic of topics) {
      try {
        const outcome = await this.#rebalanceTopic(topic);
        if (outcome.changed) changedTopics.push(topic);
        if (!outcome.balanced) balanced = false;
      } catch (error) {
        if (!isRetryTopic(topic)) balanced = false;
        this.#client.logger.warn('rebalance of a topic failed', { group: this.#group, topic, error });
      }
    }
    const unwanted = this.#queues.messageQueues.filter((queue) => !topics.includes(queue.topic));
    await Promise.all(unwanted.map((queue) => this.#queues.release(queue)));
    await this.#overPop?.retain(topics);
    if (changedTopics.length > 0) await this.#queuesChanged(changedTopics);
    if (this.#state !== 'started') return;
    this.#queues.startPulling();
    this.#overPop?.start();
    if (!balanced) this.#rebalanceTask.runSoon(REBALANCE_AFTER_UNBALANCED_MS);
  }

  async #rebalanceTopic(topic: string): Promise<{ changed: boolean; balanced: boolean }> {
    const mine = await (this.#overPop === undefined
      ? this.#allocator.allocate(topic)
      : this.#overPop.assign(topic));
    if (mine === undefined) return { changed: false, balanced: isRetryTopic(topic) };
    const mineKeys = new Set(mine.map(messageQueueKey));
    const lost = this.#queues.messageQueues.filter(
      (q) => q.topic === topic && !mineKeys.has(messageQueueKey(q)),
    );
    const won = mine.filter((queue) => !this.#queues.has(queue));
    await Promise.all(lost.map((queue) => this.#queues.release(queue)));
    if (this.#state !== 'started') return { changed: false, balanced: true };
    const acquired = await Promise.allSettled(won.map((queue) => this.#queues.acquire(queue)));
    acquired.forEach((result, at) => {
      if (result.status === 'fulfilled') return;
      this.#client.logger.warn('a queue could not be taken over', {
        group: this.#group,
        ...won[at],
        error: result.reason,
      });
    });
    const taken = acquired.filter((result) => result.status === 'fulfilled' && result.value).length;
    if (lost.length + taken > 0) {
      const facts = { group: this.#group, topic, strategy: this.#settings.allocateMessageQueueStrategy.name };
      this.#client.logger.info('queues changed', {
        ...facts,
        held: mine.length - won.length + taken,
        lost: lost.length,
      });
    }
    return { changed: lost.length + taken > 0, balanced: taken === won.length };
  }

  /** Tells the brokers before the first pull, which they would otherwise compare with an older subscription. */
  async #queuesChanged(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#subscriptions.touch(topic);
    const { pullThresholdForTopic, pullThresholdSizeForTopic, thresholds } = this.#settings;
    const count = this.#queues.size;
    this.#thresholds = {
      ...thresholds,
      pullThresholdForQueue: thresholdPerQueue(
        pullThresholdForTopic,
        thresholds.pullThresholdForQueue,
        count,
      ),
      pullThresholdSizeForQueue: thresholdPerQueue(
        pullThresholdSizeForTopic,
        thresholds.pullThresholdSizeForQueue,
        count,
      ),
    };
    await this.#client.heartbeat();
  }

  async #carryOutResets(): Promise<void> {
    const resets = [...this.#resets.values()];
    this.#resets.clear();
    await Promise.all(resets.map(({ queue, offset }) => this.#queues.release(queue, offset)));
  }

  #resetOffset(queue: MessageQueue, offset: number): void {
    this.#resets.set(messageQueueKey(queue), { queue, offset });
    this.#rebalanceTask.runSoon();
  }

  #subscriptionsChanged(): void {
    if (this.#state !== 'started') return;
    this.#client.heartbeatSoon();
    this.#rebalanceTask.runSoon();
  }

  async #persist(): Promise<void> {
    await this.#offsets.persist(this.#queues.messageQueues, this.#client.requestTimeoutMs);
  }

  async #renewLocks(): Promise<void> {
    await this.#locks?.lock(this.#queues.processQueues.filter((queue) => !queue.isDropped));
  }

  #defaultOffsetStore(isClustering: boolean): OffsetStore {
    if (isClustering) return new RemoteBrokerOffsetStore(this.#client, this.#group);
    const { localOffsetStoreDir } = this.#settings;
    return new LocalFileOffsetStore(
      localOffsetStoreDir,
      this.#client.clientId,
      this.#group,
      this.#client.logger,
    );
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

  #makeQueueTable(isOrderly: boolean, isClustering: boolean): QueueTable {
    const settings = this.#settings;
    const client = this.#client;
    const startOffsetOf = (queue: MessageQueue): Promise<number> =>
      startOffset(client, this.#offsets, queue, settings);
    return new QueueTable({
      clock: client.clock,
      offsets: this.#offsets,
      consumeService: this.#consumeService,
      locks: this.#locks,
      startOffset: startOffsetOf,
      releaseTimeoutMs: settings.queueReleaseTimeoutMs,
      persistTimeoutMs: client.requestTimeoutMs,
      puller: {
        client,
        pullApi: new PullApi(
          client,
          new FilterClasses(client, this.#group, (topic) => this.#subscriptions.filterClassOf(topic)),
        ),
        offsets: this.#offsets,
        consumeService: this.#consumeService,
        stats: this.#stats,
        consumerGroup: this.#group,
        isOrderly,
        isClustering,
        pullBatchSize: settings.pullBatchSize,
        pullBatchSizeInBytes: settings.pullBatchSizeInBytes,
        pullInterval: settings.pullInterval,
        pullTimeDelayMillsWhenException: settings.pullTimeDelayMillsWhenException,
        postSubscriptionWhenPull: settings.postSubscriptionWhenPull,
        isSuspended: () => this.#isSuspended,
        thresholds: () => this.#thresholds,
        subscriptionOf: (topic) => this.#subscriptions.dataOf(topic),
        startOffset: (processQueue) => startOffsetOf(processQueue.messageQueue),
        offsetIllegal: (processQueue, offset) => this.#resetOffset(processQueue.messageQueue, offset),
      },
    });
  }

  #makeMember(): ConsumerMember {
    return {
      consumerGroup: this.#group,
      consumerData: () => this.#consumerData(),
      subscribedTopics: () => this.#subscriptions.topics,
      rebalanceSoon: () => this.#rebalanceTask.runSoon(),
      resetOffsets: (topic, offsets) => this.#resetOffsets(topic, offsets),
      consumerStatus: (topic) =>
        this.#queues.messageQueues
          .filter((queue) => queue.topic === topic)
          .map((queue) => ({ queue, offset: this.#offsets.read(queue) })),
      runningInfo: () => this.#runningInfo(),
      consumeMessageDirectly: (message, brokerName) => this.#consumeDirectly(message, brokerName),
    };
  }

  #consumerData(): ConsumerData {
    return {
      groupName: this.#group,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: this.#settings.messageModel,
      consumeFromWhere: this.#settings.consumeFromWhere,
      subscriptionDataSet: this.#subscriptions.data,
      unitMode: this.#client.unitMode,
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
    for (const { queue, offset } of offsets) if (queue.topic === topic) this.#resetOffset(queue, offset);
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
      startedAtMs: this.#startedAtMs,
      isOrderly: this.#settings.consumeMode === 'ORDERLY',
      maxConcurrency: this.#settings.maxConcurrency,
      settings: { ...this.#settings, ...this.#settings.thresholds },
    });
  }
}
