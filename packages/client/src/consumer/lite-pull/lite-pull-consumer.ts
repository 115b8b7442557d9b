import { messageQueueKey, wrapNamespace, type MessageQueue } from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../../errors.js';
import type { MessageHooks } from '../../hooks/message-hooks.js';
import type { ClientInstance } from '../../instance/client-instance.js';
import type { ConsumerMember } from '../../instance/group-members.js';
import { settledWithin } from '../../instance/sleeper.js';
import { assertTopic } from '../../names.js';
import { wholeNumber } from '../../options.js';
import { ConsumerParts } from '../consumer-parts.js';
import { Lifecycle } from '../lifecycle.js';
import { memberWithoutHandler } from '../member-without-handler.js';
import { PullApi, type PullResult } from '../pull-api.js';
import { QueueLookup } from '../queue-lookup.js';
import { visibleQueue, wireQueue } from '../queue-names.js';
import type { ReceivedMessage } from '../received-message.js';
import { observeTaken } from '../run-observed.js';
import type { SubscriptionExpression } from '../subscriptions.js';
import { LiteCommits } from './lite-commits.js';
import {
  resolveLitePullOptions,
  type LitePullConsumerOptions,
  type LitePullConsumerSettings,
} from './lite-pull-options.js';
import { LiteQueues } from './lite-queues.js';
import { LiteRebalance } from './lite-rebalance.js';
import { LiteSubscriptions, type AssignmentListener } from './lite-subscriptions.js';
import { QueueWatch } from './queue-watch.js';

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;
const INT_MAX = 2 ** 31 - 1;

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
  readonly #parts: ConsumerParts;
  readonly #client: ClientInstance;
  readonly #hooks: MessageHooks | undefined;
  readonly #lookup: QueueLookup;
  readonly #pullApi: PullApi;
  readonly #subscriptions: LiteSubscriptions;
  readonly #queues: LiteQueues;
  readonly #commits: LiteCommits;
  readonly #rebalance: LiteRebalance;
  readonly #watches = new Set<QueueWatch>();
  readonly #member: ConsumerMember;
  readonly #life: Lifecycle;
  #isPolling = false;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: LitePullConsumerOptions) {
    const settings = resolveLitePullOptions(options);
    this.#settings = settings;
    this.#parts = new ConsumerParts(options, settings);
    const { client, offsets, hooks } = this.#parts;
    const { clock, logger } = client;
    this.#client = client;
    this.#hooks = hooks;
    this.#lookup = new QueueLookup(client);
    this.#pullApi = new PullApi(client);
    this.#subscriptions = new LiteSubscriptions(client);
    this.#queues = new LiteQueues({
      clock,
      logger,
      thresholds: settings.thresholds,
      pullThresholdForAll: settings.pullThresholdForAll,
      pull: (queue, offset, signal) => this.#pull(queue, offset, signal),
    });
    this.#commits = new LiteCommits(client, offsets, this.#queues, settings);
    this.#rebalance = new LiteRebalance({
      parts: this.#parts,
      settings,
      subscriptions: this.#subscriptions,
      queues: this.#queues,
      commits: this.#commits,
      pullApi: this.#pullApi,
      isStarted: () => this.#life.isStarted,
    });
    this.#life = new Lifecycle(clock, DEFAULT_CLOSE_TIMEOUT_MS);
    this.#member = this.#makeMember();
  }

  /** How brokers know this client. */
  get clientId(): string {
    return this.#client.clientId;
  }

  /** Whether polling counts as consuming. May be changed at any time. */
  get autoCommit(): boolean {
    return this.#commits.isAutomatic;
  }

  set autoCommit(value: boolean) {
    this.#commits.isAutomatic = value;
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
    this.#subscriptions.subscribe(topic, expression, listener);
    this.#subscriptionsChanged();
  }

  /** Asks for no more messages of a topic; its queues are given up soon. */
  unsubscribe(topic: string): void {
    this.#subscriptions.unsubscribe(topic);
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
    this.#subscriptions.assign(queues, options.expressions ?? {});
    this.#queues.keepWishesOf(this.#subscriptions.assigned);
    this.#subscriptionsChanged();
  }

  /**
   * Registers the group and begins to pull. May be called again.
   * @throws MQClientError CLOSED after `close`; LOCAL_STORE_FAILED; NAME_SERVER_UNREACHABLE
   */
  start(): Promise<void> {
    return this.#life.start(() => this.#start());
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
      if (this.#commits.isAutomatic) this.#commits.finishTaken();
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
    this.#ours(queue);
    const [min, max] = await Promise.all([this.minOffset(queue), this.maxOffset(queue)]);
    assertArgument(offset >= min && offset <= max, `offset ${offset} is not from ${min} to ${max}`);
    // It may have been given up meanwhile.
    this.#queues.seek(this.#ours(queue), offset);
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
    for (const queue of queues) this.#queues.pause(this.#ours(queue));
  }

  /** Undoes `pause`. */
  resume(queues: readonly MessageQueue[]): void {
    for (const queue of queues) this.#queues.resume(this.#ours(queue));
  }

  /**
   * Commits everything that was polled so far, or exactly these offsets (the next to consume, each); resolves when they are
   * durable.
   * @throws MQClientError CONNECTION_FAILED when some are not
   */
  async commit(offsets?: Iterable<readonly [MessageQueue, number]>): Promise<void> {
    this.#assertRunning();
    await this.#commits.commit(offsets);
  }

  /**
   * Gives a message back by hand: it comes again through `%RETRY%group`, or becomes a dead letter.
   * @param delayLevel 0 (default): the broker chooses, later with each attempt; above 0: that level; -1: dead letter
   * @throws MQClientError
   */
  async sendMessageBack(message: ReceivedMessage, delayLevel = 0): Promise<void> {
    this.#assertRunning();
    await this.#parts.sendBack(message, delayLevel);
  }

  /** The group's offset in a queue, the next to consume; -1 when it has none. @throws MQClientError */
  async committed(queue: MessageQueue): Promise<number> {
    this.#assertRunning();
    const { group, offsets } = this.#parts;
    if (this.#settings.messageModel === 'BROADCASTING') return offsets.readFromStore(this.#wire(queue));
    // Asked of the broker past the store, whose memory must not go back behind what was consumed since.
    return this.#lookup.committed(queue, group);
  }

  /** The readable queues of a topic, sorted. @throws MQClientError TOPIC_NOT_FOUND, NAME_SERVER_UNREACHABLE */
  async fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    this.#assertRunning();
    const queues = await this.#lookup.queuesOf(topic);
    return queues.map((queue) => this.#visible(queue));
  }

  /** The first offset stored at or after a time, milliseconds since 1970. @throws MQClientError */
  offsetForTimestamp(queue: MessageQueue, timestampMs: number): Promise<number> {
    return this.#lookup.offsetAt(queue, timestampMs);
  }

  /** The first offset of a queue. @throws MQClientError */
  minOffset(queue: MessageQueue): Promise<number> {
    return this.#lookup.minOffset(queue);
  }

  /** One past the last offset of a queue. @throws MQClientError */
  maxOffset(queue: MessageQueue): Promise<number> {
    return this.#lookup.maxOffset(queue);
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
    if (this.#life.isStarted) watch.start();
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
    return this.#life.close(options, (leftMs) => this.#close(leftMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const client = this.#client;
    await this.#parts.open();
    for (const topic of this.#subscriptions.byTopic.keys()) {
      if ((await client.fetchRoute(topic)) === undefined)
        client.logger.warn('a subscribed topic has no route yet', { topic });
    }
    if (!this.#life.isCreated) return;
    client.registerConsumer(this.#member);
    this.#hooks?.start();
    this.#life.becomeStarted();
    await client.heartbeat();
    this.#commits.start();
    this.#rebalance.start();
    for (const watch of this.#watches) watch.start();
  }

  async #close(leftMs: () => number): Promise<void> {
    const { clock } = this.#client;
    const tasks = [this.#rebalance, this.#commits, ...this.#watches].map((task) => task.close());
    await settledWithin(clock, Promise.all([this.#queues.close(), ...tasks]), leftMs() / 2);
    await settledWithin(clock, this.#commits.save(), leftMs());
    await this.#parts.close(this.#member, leftMs);
  }

  #pull(queue: MessageQueue, offset: number, signal: AbortSignal): Promise<PullResult> {
    const { pullBatchSize, brokerSuspendMaxTimeMs, consumerPullTimeoutMs } = this.#settings;
    return this.#pullApi.pull({
      consumerGroup: this.#parts.group,
      queue,
      offset,
      subscription: this.#subscriptions.filterOf(queue.topic),
      maxMsgNums: pullBatchSize,
      maxMsgBytes: INT_MAX,
      suspendTimeoutMs: brokerSuspendMaxTimeMs,
      timeoutMs: brokerSuspendMaxTimeMs + consumerPullTimeoutMs,
      postSubscription: true,
      signal,
    });
  }

  #subscriptionsChanged(): void {
    if (!this.#life.isStarted) return;
    this.#client.heartbeatSoon();
    this.#queues.pullAnew();
    this.#rebalance.soon();
  }

  /** The wire queue, when it is held, or was assigned and will be. @throws MQClientError INVALID_ARGUMENT */
  #ours(queue: MessageQueue): MessageQueue {
    const wire = this.#wire(queue);
    const key = messageQueueKey(wire);
    const isAssigned = this.#subscriptions.assigned.some((one) => messageQueueKey(one) === key);
    if (!isAssigned && this.#queues.get(wire) === undefined)
      throw new MQClientError(
        'INVALID_ARGUMENT',
        `queue ${messageQueueKey(queue)} is not held now; it may be moving to another consumer`,
      );
    return wire;
  }

  #wire(queue: MessageQueue): MessageQueue {
    return wireQueue(this.#client.namespace, queue);
  }

  #visible(queue: MessageQueue): MessageQueue {
    return visibleQueue(this.#client.namespace, queue);
  }

  #makeMember(): ConsumerMember {
    return memberWithoutHandler({
      client: this.#client,
      group: this.#parts.group,
      kind: 'a lite pull consumer',
      consumeType: 'CONSUME_ACTIVELY',
      settings: this.#settings,
      subscriptions: this.#subscriptions.byTopic,
      startedAtMs: () => this.#life.startedAtMs,
      rebalanceSoon: () => this.#rebalance.soon(),
      resetOffsets: (topic, offsets) => this.#commits.reset(topic, offsets),
      consumerStatus: (topic) =>
        this.#queues.all
          .filter(({ queue }) => queue.topic === topic)
          .map(({ queue, finished }) => ({ queue, offset: finished })),
    });
  }

  #assertRunning(): void {
    this.#life.assertRunning();
  }
}
