import { DEFAULT_INSTANCE_NAME } from '@mq/remoting/message';
import {
  CURRENT_VERSION,
  messageQueueKey,
  versionName,
  wrapNamespace,
  withoutNamespace,
  type ConsumerRunningInfo,
  type MessageQueue,
  type SubscriptionData,
} from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../../errors.js';
import { hooksOf } from '../../hooks/hooks-of.js';
import type { MessageHooks } from '../../hooks/message-hooks.js';
import { ClientInstance } from '../../instance/client-instance.js';
import type { ConsumerMember } from '../../instance/group-members.js';
import { RepeatingTask } from '../../instance/repeating-task.js';
import { settledWithin } from '../../instance/sleeper.js';
import { assertTopic } from '../../names.js';
import { LocalFileOffsetStore } from '../../offset/local-file-offset-store.js';
import type { OffsetStore } from '../../offset/offset-store.js';
import { RemoteBrokerOffsetStore } from '../../offset/remote-broker-offset-store.js';
import { wholeNumber } from '../../options.js';
import { QueueAllocator } from '../../rebalance/queue-allocator.js';
import { PullApi, type PullResult } from '../pull-api.js';
import type { ReceivedMessage } from '../received-message.js';
import { observeTaken } from '../run-observed.js';
import { startOffset } from '../start-offset.js';
import { subscriptionData, type SubscriptionExpression } from '../subscriptions.js';
import type { LiteQueue } from './lite-queue.js';
import { MessageReturner } from '../message-returner.js';
import { LiteQueues } from './lite-queues.js';
import {
  resolveLitePullOptions,
  type LitePullConsumerOptions,
  type LitePullConsumerSettings,
} from './lite-pull-options.js';
import { QueueWatch } from './queue-watch.js';

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;
const REBALANCE_AFTER_FAILURE_MS = 1_000;
const INT_MAX = 2 ** 31 - 1;

/** Hears of every change of the queues held: all queues of the topic, and ours. */
export type AssignmentListener = (
  topic: string,
  all: readonly MessageQueue[],
  mine: readonly MessageQueue[],
) => void;

/**
 * Pulls ahead and hands messages over when the application polls, with the offsets in the application's hands: `assign` or
 * `subscribe`, `poll`, `seek`, `pause`, `commit`. Upstream: DefaultLitePullConsumer.
 *
 *     await using consumer = new LitePullConsumer({ nameServers: ['127.0.0.1:9876'], consumerGroup: 'report' });
 *     consumer.subscribe('Orders');
 *     await consumer.start();
 *     for (;;) for (const message of await consumer.poll()) await handle(message);
 *
 * What a poll gave counts as consumed when the next poll begins, or with `commit()`; upstream counts it at once, and so loses
 * it when the application dies before it has handled it. One poll at a time.
 */
export class LitePullConsumer {
  readonly #settings: LitePullConsumerSettings;
  readonly #client: ClientInstance;
  readonly #ownsClient: boolean;
  /** With namespace. */
  readonly #group: string;
  readonly #offsets: OffsetStore;
  readonly #pullApi: PullApi;
  readonly #returner: MessageReturner;
  readonly #hooks: MessageHooks | undefined;
  readonly #queues: LiteQueues;
  readonly #member: ConsumerMember;
  readonly #rebalanceTask: RepeatingTask;
  readonly #commitTask: RepeatingTask;
  readonly #watches = new Set<QueueWatch>();
  /** Wire topic → filter. */
  readonly #subscriptions = new Map<string, SubscriptionData>();
  readonly #listeners = new Map<string, AssignmentListener>();
  /** `assign` was used: wire queues. */
  #assigned: readonly MessageQueue[] | undefined;
  #autoCommit: boolean;
  #isPolling = false;
  #startedAtMs = 0;
  #state: 'created' | 'started' | 'closing' | 'closed' = 'created';
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: LitePullConsumerOptions) {
    const settings = resolveLitePullOptions(options);
    this.#settings = settings;
    this.#autoCommit = settings.autoCommit;
    const isClustering = settings.messageModel === 'CLUSTERING';
    this.#ownsClient = options.client === undefined;
    this.#client =
      options.client ??
      new ClientInstance(isClustering ? options : { instanceName: DEFAULT_INSTANCE_NAME, ...options });
    const { clock, clientId, logger, namespace } = this.#client;
    this.#group = wrapNamespace(namespace, settings.consumerGroup);
    this.#offsets =
      options.offsetStore ??
      (isClustering
        ? new RemoteBrokerOffsetStore(this.#client, this.#group)
        : new LocalFileOffsetStore(settings.localOffsetStoreDir, clientId, this.#group, logger));
    this.#pullApi = new PullApi(this.#client);
    this.#returner = new MessageReturner(this.#client, this.#group, settings.maxReconsumeTimes);
    this.#hooks = hooksOf(this.#client, options, settings.consumerGroup, 'CONSUME');
    this.#queues = new LiteQueues({
      clock,
      logger,
      thresholds: settings.thresholds,
      pullThresholdForAll: settings.pullThresholdForAll,
      pull: (queue, offset, signal) => this.#pull(queue, offset, signal),
    });
    const deps = { clock, logger };
    this.#rebalanceTask = new RepeatingTask(
      'rebalance',
      () => this.#rebalance(),
      settings.rebalanceIntervalMs,
      deps,
    );
    this.#commitTask = new RepeatingTask(
      'commit of offsets',
      () => this.#persist(),
      settings.autoCommitIntervalMs,
      deps,
    );
    this.#member = this.#makeMember();
  }

  /** How brokers know this client. */
  get clientId(): string {
    return this.#client.clientId;
  }

  /** Whether polling counts as consuming. May be changed at any time. */
  get autoCommit(): boolean {
    return this.#autoCommit;
  }

  set autoCommit(value: boolean) {
    this.#autoCommit = value;
  }

  /** The queues held now, topics without namespace. */
  assignment(): MessageQueue[] {
    return this.#queues.all.map(({ queue }) => this.#visible(queue));
  }

  /**
   * Asks for our share of a topic, before or after `start`; other members of the group get the rest.
   * @param expression "*" (default), "TagA || TagB", or `{ sql }`
   * @param listener hears of every change of our share
   * @throws MQClientError INVALID_ARGUMENT, also after `assign`
   */
  subscribe(topic: string, expression: SubscriptionExpression = '*', listener?: AssignmentListener): void {
    assertArgument(this.#assigned === undefined, 'subscribe and assign exclude each other');
    assertTopic(topic);
    const wireTopic = wrapNamespace(this.#client.namespace, topic);
    this.#subscriptions.set(wireTopic, subscriptionData(wireTopic, expression, this.#client.clock.now()));
    if (listener === undefined) this.#listeners.delete(wireTopic);
    else this.#listeners.set(wireTopic, listener);
    this.#subscriptionsChanged();
  }

  /** Asks for no more messages of a topic; its queues are given up soon. */
  unsubscribe(topic: string): void {
    const wireTopic = wrapNamespace(this.#client.namespace, topic);
    this.#subscriptions.delete(wireTopic);
    this.#listeners.delete(wireTopic);
    this.#subscriptionsChanged();
  }

  /**
   * Reads exactly these queues, instead of those assigned before; other members are not asked.
   * @param options.expression of each topic that is not to be read whole
   * @throws MQClientError INVALID_ARGUMENT, also after `subscribe`
   */
  assign(
    queues: readonly MessageQueue[],
    options: { expressions?: Readonly<Record<string, SubscriptionExpression>> } = {},
  ): void {
    assertArgument(
      this.#assigned !== undefined || this.#subscriptions.size === 0,
      'subscribe and assign exclude each other',
    );
    this.#assigned = queues.map((queue) => this.#wire(queue));
    this.#subscriptions.clear();
    for (const wireTopic of new Set(this.#assigned.map(({ topic }) => topic))) {
      const name = this.#visible({ topic: wireTopic, brokerName: '', queueId: 0 }).topic;
      const expression = options.expressions?.[name] ?? '*';
      this.#subscriptions.set(wireTopic, subscriptionData(wireTopic, expression, this.#client.clock.now()));
    }
    this.#subscriptionsChanged();
  }

  /**
   * Registers the group and begins to pull. May be called again.
   * @throws MQClientError CLOSED after `close`; LOCAL_STORE_FAILED; NAME_SERVER_UNREACHABLE
   */
  start(): Promise<void> {
    if (this.#closing !== undefined)
      return Promise.reject(new MQClientError('CLOSED', 'the consumer was closed'));
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /**
   * The next messages, at most `pullBatchSize`, all of one queue, in order; queues take turns. Empty when none came in time.
   * @param timeoutMs default `pollTimeoutMs`
   * @throws MQClientError INVALID_ARGUMENT when a poll is under way; or what made a queue unreadable (NO_PERMISSION,
   *   SUBSCRIPTION_REFUSED ...); polling goes on with the others, and with that one
   */
  async poll(
    timeoutMs: number = this.#settings.pollTimeoutMs,
    options: { signal?: AbortSignal } = {},
  ): Promise<ReceivedMessage[]> {
    this.#assertRunning();
    wholeNumber('timeoutMs', timeoutMs, 0, 0, INT_MAX);
    assertArgument(!this.#isPolling, 'one poll at a time');
    this.#isPolling = true;
    try {
      if (this.#autoCommit) this.#finishTaken();
      const messages = await this.#queues.take(this.#settings.pullBatchSize, timeoutMs, options.signal);
      const [first] = messages;
      if (this.#hooks !== undefined && first !== undefined) {
        const { topic, brokerName, queueId } = first;
        observeTaken(this.#hooks, this.#settings.consumerGroup, { topic, brokerName, queueId }, messages);
      }
      return messages;
    } finally {
      this.#isPolling = false;
    }
  }

  /**
   * Goes on at another offset of a queue that is held; what was pulled and not polled is forgotten.
   * @throws MQClientError INVALID_ARGUMENT when the queue is not held, or has no such offset
   */
  async seek(queue: MessageQueue, offset: number): Promise<void> {
    this.#assertRunning();
    wholeNumber('offset', offset, 0, 0);
    const held = this.#held(queue);
    const [min, max] = await Promise.all([this.minOffset(queue), this.maxOffset(queue)]);
    assertArgument(offset >= min && offset <= max, `offset ${offset} is not from ${min} to ${max}`);
    held.seek(offset);
  }

  /** Goes on at the first offset there is. @throws MQClientError */
  async seekToBegin(queue: MessageQueue): Promise<void> {
    await this.seek(queue, await this.minOffset(queue));
  }

  /** Goes on with what is sent from now on. @throws MQClientError */
  async seekToEnd(queue: MessageQueue): Promise<void> {
    await this.seek(queue, await this.maxOffset(queue));
  }

  /** Polls give nothing of these queues until `resume`; unlike upstream, also nothing that was pulled already. */
  pause(queues: readonly MessageQueue[]): void {
    for (const queue of queues) this.#held(queue).isPaused = true;
  }

  /** Undoes `pause`. */
  resume(queues: readonly MessageQueue[]): void {
    for (const queue of queues) this.#held(queue).resume();
    this.#queues.wake();
  }

  /**
   * Commits everything that was polled so far, or exactly these offsets (the next to consume, each); resolves when they are
   * durable.
   * @throws MQClientError CONNECTION_FAILED when some are not
   */
  async commit(offsets?: Iterable<readonly [MessageQueue, number]>): Promise<void> {
    this.#assertRunning();
    const queues: MessageQueue[] = [];
    if (offsets === undefined) {
      this.#finishTaken();
      queues.push(...this.#queues.all.map(({ queue }) => queue));
    } else {
      for (const [queue, offset] of offsets) {
        wholeNumber('offset', offset, 0, 0);
        const wireQueue = this.#wire(queue);
        this.#offsets.update(wireQueue, offset, false);
        queues.push(wireQueue);
      }
    }
    const failed = await this.#offsets.persist(queues, this.#client.requestTimeoutMs);
    if (failed.length > 0)
      throw new MQClientError(
        'CONNECTION_FAILED',
        `the offsets of ${failed.length} queues could not be committed`,
      );
  }

  /**
   * Gives a message back by hand: it comes again through `%RETRY%group`, or becomes a dead letter.
   * @param delayLevel 0 (default): the broker chooses, later with each attempt; above 0: that level; -1: dead letter
   * @throws MQClientError
   */
  async sendMessageBack(message: ReceivedMessage, delayLevel = 0): Promise<void> {
    this.#assertRunning();
    const { topic, brokerName, queueId } = message;
    await this.#returner.sendBack(message, { topic, brokerName, queueId }, delayLevel);
  }

  /** The group's offset in a queue, the next to consume; -1 when it has none. @throws MQClientError */
  async committed(queue: MessageQueue): Promise<number> {
    this.#assertRunning();
    const { brokers, requestTimeoutMs } = this.#client;
    const wireQueue = this.#wire(queue);
    if (this.#settings.messageModel === 'BROADCASTING') return this.#offsets.readFromStore(wireQueue);
    // Asked of the broker past the store, whose memory must not go back behind what was consumed since.
    const broker = await this.#client.masterOf(wireQueue);
    return brokers.consumerOffset(broker, this.#group, wireQueue, { timeoutMs: requestTimeoutMs });
  }

  /** The readable queues of a topic, sorted. @throws MQClientError TOPIC_NOT_FOUND, NAME_SERVER_UNREACHABLE */
  async fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    this.#assertRunning();
    assertTopic(topic);
    const queues = await this.#client.subscribeQueues(wrapNamespace(this.#client.namespace, topic));
    return queues.map((queue) => this.#visible(queue));
  }

  /** The first offset stored at or after a time, milliseconds since 1970. @throws MQClientError */
  async offsetForTimestamp(queue: MessageQueue, timestampMs: number): Promise<number> {
    const wireQueue = this.#wire(queue);
    const broker = await this.#client.masterOf(wireQueue);
    return this.#client.brokers.searchOffset(broker, wireQueue, timestampMs, {
      timeoutMs: this.#client.requestTimeoutMs,
    });
  }

  /** The first offset of a queue. @throws MQClientError */
  async minOffset(queue: MessageQueue): Promise<number> {
    const wireQueue = this.#wire(queue);
    const broker = await this.#client.masterOf(wireQueue);
    return this.#client.brokers.minOffset(broker, wireQueue, { timeoutMs: this.#client.requestTimeoutMs });
  }

  /** One past the last offset of a queue. @throws MQClientError */
  async maxOffset(queue: MessageQueue): Promise<number> {
    const wireQueue = this.#wire(queue);
    const broker = await this.#client.masterOf(wireQueue);
    return this.#client.brokers.maxOffset(broker, wireQueue, { timeoutMs: this.#client.requestTimeoutMs });
  }

  /**
   * Calls `listener` whenever the queues of a topic are others than before; the first look only remembers them. For
   * applications that `assign`. Upstream: registerTopicMessageQueueChangeListener.
   * @returns stops it
   */
  onQueuesChanged(
    topic: string,
    listener: (topic: string, queues: readonly MessageQueue[]) => void,
  ): () => void {
    assertTopic(topic);
    const watch = new QueueWatch(
      this.#client,
      wrapNamespace(this.#client.namespace, topic),
      this.#settings.topicMetadataCheckIntervalMs,
      (queues) =>
        listener(
          topic,
          queues.map((queue) => this.#visible(queue)),
        ),
    );
    this.#watches.add(watch);
    if (this.#state === 'started') watch.start();
    return () => {
      this.#watches.delete(watch);
      void watch.close();
    };
  }

  /**
   * Stops pulling, saves the offsets of what counts as consumed, unregisters and, unless the client is shared, closes the
   * connections. What the last poll gave does not count: call `commit()` before if it was handled. Always ends, about within
   * the time-out; may be called again and then means the same.
   * @param options.timeoutMs bound on all of it; default 5000
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
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
    for (const topic of this.#subscriptions.keys()) await client.fetchRoute(topic);
    if (this.#state !== 'created') return;
    client.registerConsumer(this.#member);
    this.#hooks?.start();
    this.#startedAtMs = client.clock.now();
    this.#state = 'started';
    await client.heartbeat();
    this.#commitTask.start();
    this.#rebalanceTask.start(0);
    for (const watch of this.#watches) watch.start();
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock } = this.#client;
    const deadlineMs = clock.monotonic() + timeoutMs;
    const leftMs = (): number => Math.max(1, deadlineMs - clock.monotonic());
    this.#state = 'closing';
    const tasks = [this.#rebalanceTask, this.#commitTask, ...this.#watches].map((task) => task.close());
    await settledWithin(clock, Promise.all([this.#queues.close(), ...tasks]), leftMs() / 2);
    await settledWithin(clock, this.#persist(), leftMs());
    await this.#hooks?.close(leftMs());
    await settledWithin(clock, this.#client.unregisterConsumer(this.#member, leftMs()), leftMs());
    if (this.#ownsClient) await this.#client.close({ timeoutMs: leftMs() });
    this.#state = 'closed';
  }

  /** Takes over what is ours now and gives the rest up. Nothing else changes the queues. */
  async #rebalance(): Promise<void> {
    if (this.#state !== 'started') return;
    const wanted = await this.#wantedQueues();
    for (const { queue } of this.#queues.all) {
      const topicIsKnown = wanted.has(queue.topic) || !this.#subscriptions.has(queue.topic);
      const isWanted = wanted.get(queue.topic)?.some((q) => messageQueueKey(q) === messageQueueKey(queue));
      if (topicIsKnown && isWanted !== true) await this.#release(queue);
    }
    let isComplete = wanted.size === this.#subscriptions.size;
    const acquired = [...wanted.values()].flat().filter((queue) => this.#queues.get(queue) === undefined);
    for (const queue of acquired) {
      try {
        const offset = await startOffset(this.#client, this.#offsets, queue, this.#settings);
        if (this.#state !== 'started') return;
        this.#queues.add(queue, offset);
      } catch (error) {
        isComplete = false;
        this.#client.logger.warn('a queue could not be taken over', { ...queue, error });
      }
    }
    if (!isComplete) this.#rebalanceTask.runSoon(REBALANCE_AFTER_FAILURE_MS);
  }

  /** Wire topic → our queues of it; topics that cannot be shared out now are absent and keep what they have. */
  async #wantedQueues(): Promise<Map<string, readonly MessageQueue[]>> {
    const wanted = new Map<string, readonly MessageQueue[]>();
    for (const topic of this.#subscriptions.keys()) {
      if (this.#assigned !== undefined) {
        wanted.set(
          topic,
          this.#assigned.filter((queue) => queue.topic === topic),
        );
        continue;
      }
      try {
        const mine = await this.#allocator().allocate(topic);
        if (mine === undefined) continue;
        wanted.set(topic, mine);
        this.#tellListener(topic, mine);
      } catch (error) {
        this.#client.logger.warn('rebalance of a topic failed', { group: this.#group, topic, error });
      }
    }
    return wanted;
  }

  #allocator(): QueueAllocator {
    const { messageModel, allocateMessageQueueStrategy } = this.#settings;
    return new QueueAllocator(this.#client, this.#group, messageModel, allocateMessageQueueStrategy);
  }

  #tellListener(topic: string, mine: readonly MessageQueue[]): void {
    const listener = this.#listeners.get(topic);
    if (listener === undefined) return;
    const held = this.#queues.all.filter(({ queue }) => queue.topic === topic).map(({ queue }) => queue);
    const keys = (queues: readonly MessageQueue[]): string => queues.map(messageQueueKey).sort().join();
    if (keys(held) === keys(mine)) return;
    const all = this.#client.routes.subscribeQueuesOf(topic) ?? [];
    const visible = (queues: readonly MessageQueue[]): MessageQueue[] => queues.map((q) => this.#visible(q));
    try {
      listener(this.#visible({ topic, brokerName: '', queueId: 0 }).topic, visible(all), visible(mine));
    } catch (error) {
      this.#client.logger.warn('an assignment listener threw', { topic, error });
    }
  }

  async #release(queue: MessageQueue): Promise<void> {
    const held = this.#queues.get(queue);
    this.#queues.remove(queue);
    if (held !== undefined && this.#autoCommit) this.#offsets.update(queue, held.finished, false);
    await this.#offsets.persist([queue], this.#client.requestTimeoutMs);
    this.#offsets.remove(queue);
    this.#pullApi.forget(queue);
  }

  #finishTaken(): void {
    for (const queue of this.#queues.all) {
      queue.finishTaken();
      this.#offsets.update(queue.queue, queue.finished, false);
    }
  }

  async #persist(): Promise<void> {
    if (!this.#autoCommit) return;
    const queues = this.#queues.all.map(({ queue }) => queue);
    await this.#offsets.persist(queues, this.#client.requestTimeoutMs);
  }

  #pull(queue: MessageQueue, offset: number, signal: AbortSignal): Promise<PullResult> {
    const { pullBatchSize, brokerSuspendMaxTimeMs, consumerPullTimeoutMs } = this.#settings;
    const subscription = this.#subscriptions.get(queue.topic) ?? subscriptionData(queue.topic, '*', 0);
    return this.#pullApi.pull({
      consumerGroup: this.#group,
      queue,
      offset,
      subscription,
      maxMsgNums: pullBatchSize,
      maxMsgBytes: INT_MAX,
      suspendTimeoutMs: brokerSuspendMaxTimeMs,
      timeoutMs: brokerSuspendMaxTimeMs + consumerPullTimeoutMs,
      postSubscription: true,
      signal,
    });
  }

  #subscriptionsChanged(): void {
    if (this.#state !== 'started') return;
    this.#client.heartbeatSoon();
    this.#rebalanceTask.runSoon();
  }

  #held(queue: MessageQueue): LiteQueue {
    const held = this.#queues.get(this.#wire(queue));
    if (held === undefined)
      throw new MQClientError(
        'INVALID_ARGUMENT',
        `queue ${messageQueueKey(queue)} is not held now; it may be moving to another consumer`,
      );
    return held;
  }

  /** The queue as brokers know it. */
  #wire({ topic, brokerName, queueId }: MessageQueue): MessageQueue {
    assertTopic(topic);
    return { topic: wrapNamespace(this.#client.namespace, topic), brokerName, queueId };
  }

  /** The queue as the application knows it. */
  #visible(queue: MessageQueue): MessageQueue {
    const { namespace } = this.#client;
    return namespace === undefined ? queue : { ...queue, topic: withoutNamespace(queue.topic, namespace) };
  }

  #makeMember(): ConsumerMember {
    return {
      consumerGroup: this.#group,
      consumerData: () => ({
        groupName: this.#group,
        consumeType: 'CONSUME_ACTIVELY',
        messageModel: this.#settings.messageModel,
        consumeFromWhere: this.#settings.consumeFromWhere,
        subscriptionDataSet: [...this.#subscriptions.values()],
        unitMode: this.#client.unitMode,
      }),
      subscribedTopics: () => this.#subscriptions.keys(),
      rebalanceSoon: () => this.#rebalanceTask.runSoon(),
      resetOffsets: async (topic, offsets) => {
        const ours = offsets.filter(
          ({ queue }) => queue.topic === topic && this.#queues.get(queue) !== undefined,
        );
        for (const { queue, offset } of ours) {
          this.#queues.get(queue)?.seek(offset);
          this.#offsets.update(queue, offset, false);
        }
        await this.#offsets.persist(
          ours.map(({ queue }) => queue),
          this.#client.requestTimeoutMs,
        );
      },
      consumerStatus: (topic) =>
        this.#queues.all
          .filter(({ queue }) => queue.topic === topic)
          .map(({ queue, finished }) => ({ queue, offset: finished })),
      runningInfo: () => this.#runningInfo(),
      consumeMessageDirectly: async () => ({
        order: false,
        autoCommit: true,
        consumeResult: 'CR_RETURN_NULL',
        remark: 'a lite pull consumer has no handler',
        spentTimeMills: 0,
      }),
    };
  }

  #runningInfo(): ConsumerRunningInfo {
    return {
      mqTable: new Map(),
      mqPopTable: new Map(),
      properties: {
        PROP_NAMESERVER_ADDR: `${this.#client.nameServers.join(';')};`,
        PROP_CONSUME_TYPE: 'CONSUME_ACTIVELY',
        PROP_CLIENT_VERSION: versionName(CURRENT_VERSION),
        PROP_CONSUMER_START_TIMESTAMP: String(this.#startedAtMs),
      },
      statusTable: {},
      subscriptionSet: [...this.#subscriptions.values()],
      userConsumerInfo: {},
    };
  }

  #assertRunning(): void {
    if (this.#state === 'started') return;
    if (this.#state === 'created') throw new MQClientError('NOT_STARTED', 'call start() first');
    throw new MQClientError('CLOSED', 'the consumer was closed');
  }
}
