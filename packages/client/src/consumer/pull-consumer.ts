import {
  messageQueueKey,
  wrapNamespace,
  type MessageQueue,
  type SubscriptionData,
} from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../errors.js';
import type { MessageHooks } from '../hooks/message-hooks.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { ConsumerMember } from '../instance/group-members.js';
import { settledWithin } from '../instance/sleeper.js';
import { assertTopic } from '../names.js';
import type { OffsetStore } from '../offset/offset-store.js';
import { wholeNumber } from '../options.js';
import { QueueAllocator } from '../rebalance/queue-allocator.js';
import { ConsumerParts } from './consumer-parts.js';
import { Lifecycle } from './lifecycle.js';
import { memberWithoutHandler } from './member-without-handler.js';
import { MessageStream } from './message-stream.js';
import { observeTaken } from './run-observed.js';
import { PullApi, type PullResult } from './pull-api.js';
import {
  resolvePullConsumerOptions,
  type PullConsumerOptions,
  type PullConsumerSettings,
} from './pull-consumer-options.js';
import { QueueLookup } from './queue-lookup.js';
import { wireQueue } from './queue-names.js';
import type { ReceivedMessage } from './received-message.js';
import { startOffset } from './start-offset.js';
import { subscriptionData, type SubscriptionExpression } from './subscriptions.js';

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;
const INT_MAX = 2 ** 31 - 1;

/** What one pull may ask for. */
export interface PullOptions {
  /** "*" (default), "TagA || TagB", or `{ sql }`. */
  expression?: SubscriptionExpression;
  /** At most so many messages, 1 to 1024. Default `pullBatchSize`. */
  maxMsgNums?: number;
  /** Limit of the request, milliseconds. */
  timeoutMs?: number;
  /** Aborted, the call rejects at once with `ABORTED`. */
  signal?: AbortSignal;
}

/** What an iteration over messages may ask for. */
export interface MessagesOptions {
  /** "*" (default), "TagA || TagB", or `{ sql }`. */
  expression?: SubscriptionExpression;
  /** Ends the iteration when it fires. */
  signal?: AbortSignal;
  /** End when every queue has been read to its end, instead of waiting for more. Default false. */
  stopAtEnd?: boolean;
  /** Commit the offsets of what was consumed, now and then and at the end. Default true. */
  autoCommit?: boolean;
}

/**
 * Reads messages when the application asks for them: queue by queue with `pull`, or as an iteration. Upstream:
 * DefaultMQPullConsumer and DefaultLitePullConsumer.
 *
 *     await using consumer = new PullConsumer({ nameServers: ['127.0.0.1:9876'], consumerGroup: 'report' });
 *     await consumer.start();
 *     for await (const message of consumer.messages('Orders')) console.log(message.body.toString());
 */
export class PullConsumer {
  readonly #settings: PullConsumerSettings;
  readonly #parts: ConsumerParts;
  readonly #client: ClientInstance;
  /** With namespace. */
  readonly #group: string;
  readonly #offsets: OffsetStore;
  readonly #hooks: MessageHooks | undefined;
  readonly #lookup: QueueLookup;
  readonly #pullApi: PullApi;
  readonly #member: ConsumerMember;
  readonly #life: Lifecycle;
  readonly #streams = new Set<MessageStream>();
  /** Filters of the topics being iterated over: wire topic → filter. */
  readonly #subscriptions = new Map<string, SubscriptionData>();
  /** Where iterations begin in queues that were sought before anything read them. */
  readonly #sought = new Map<string, number>();

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: PullConsumerOptions) {
    this.#settings = resolvePullConsumerOptions(options);
    this.#parts = new ConsumerParts(options, this.#settings);
    const { client, group, offsets, hooks } = this.#parts;
    this.#client = client;
    this.#group = group;
    this.#offsets = offsets;
    this.#hooks = hooks;
    this.#lookup = new QueueLookup(client);
    this.#pullApi = new PullApi(client);
    this.#life = new Lifecycle(client.clock, DEFAULT_CLOSE_TIMEOUT_MS);
    this.#member = this.#makeMember();
  }

  /** How brokers know this client. */
  get clientId(): string {
    return this.#client.clientId;
  }

  /**
   * Registers the group; connections are made when first needed. May be called again.
   * @throws MQClientError CLOSED after `close`; LOCAL_STORE_FAILED
   */
  start(): Promise<void> {
    return this.#life.start(() => this.#start());
  }

  /** The readable queues of a topic, sorted. @throws MQClientError TOPIC_NOT_FOUND, NAME_SERVER_UNREACHABLE */
  async fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    this.#assertRunning();
    const queues = await this.#lookup.queuesOf(topic);
    return queues.map((queue) => ({ ...queue, topic }));
  }

  /** Pulls once and resolves at once, also with nothing. @throws MQClientError */
  pull(queue: MessageQueue, offset: number, options: PullOptions = {}): Promise<PullResult> {
    return this.#pull(queue, offset, options, 0, options.timeoutMs ?? this.#settings.consumerPullTimeoutMs);
  }

  /** Pulls once; with nothing there the broker waits for a message, at most `brokerSuspendMaxTimeMs`. @throws MQClientError */
  pullBlockIfNotFound(queue: MessageQueue, offset: number, options: PullOptions = {}): Promise<PullResult> {
    const suspendMs = this.#settings.brokerSuspendMaxTimeMs;
    const timeoutMs = options.timeoutMs ?? suspendMs + this.#settings.consumerPullTimeoutMs;
    return this.#pull(queue, offset, options, Math.min(suspendMs, timeoutMs), timeoutMs);
  }

  /** The group's offset in a queue, the next to consume; -1 when it has none. @throws MQClientError */
  async committed(queue: MessageQueue): Promise<number> {
    this.#assertRunning();
    return this.#offsets.readFromStore(this.#wire(queue));
  }

  /** Commits the next offset to consume; resolves when it is durable. @throws MQClientError CONNECTION_FAILED when it is not */
  async commit(queue: MessageQueue, offset: number): Promise<void> {
    this.#assertRunning();
    wholeNumber('offset', offset, 0, 0);
    const wireQueue = this.#wire(queue);
    this.#offsets.update(wireQueue, offset, false);
    const failed = await this.#offsets.persist([wireQueue], this.#client.requestTimeoutMs);
    if (failed.length > 0)
      throw new MQClientError('CONNECTION_FAILED', 'the offset could not be committed', queue);
  }

  /** The first offset of a queue. @throws MQClientError */
  async minOffset(queue: MessageQueue): Promise<number> {
    this.#assertRunning();
    return this.#lookup.minOffset(queue);
  }

  /** One past the last offset of a queue. @throws MQClientError */
  async maxOffset(queue: MessageQueue): Promise<number> {
    this.#assertRunning();
    return this.#lookup.maxOffset(queue);
  }

  /** The first offset stored at or after a time, milliseconds since 1970. @throws MQClientError */
  async searchOffset(queue: MessageQueue, timestampMs: number): Promise<number> {
    this.#assertRunning();
    return this.#lookup.offsetAt(queue, timestampMs);
  }

  /** Store time of the first message of a queue, milliseconds since 1970; -1 when it is empty. @throws MQClientError */
  async earliestStoreTime(queue: MessageQueue): Promise<number> {
    this.#assertRunning();
    return this.#lookup.earliestStoreTime(queue);
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

  /** Lets iterations over this queue, running or begun later, go on at `offset`. */
  seek(queue: MessageQueue, offset: number): void {
    wholeNumber('offset', offset, 0, 0);
    const wireQueue = this.#wire(queue);
    const applied = [...this.#streams].filter((stream) => stream.seek(wireQueue, offset));
    if (applied.length === 0) this.#sought.set(messageQueueKey(wireQueue), offset);
  }

  /**
   * Messages as they come, of our share of a topic (other members of the group get the rest), or of exactly these queues.
   * Begins at the group's offset. A message counts as consumed when the next one is asked for; leaving the loop at a message
   * leaves that one unconsumed. The iteration ends with `close`, the signal, or `stopAtEnd`.
   * @throws MQClientError from the iteration, when going on cannot help (NO_PERMISSION, SUBSCRIPTION_REFUSED ...; with
   *   `stopAtEnd` also TOPIC_NOT_FOUND, otherwise the iteration waits for the topic)
   */
  async *messages(
    source: string | readonly MessageQueue[],
    options: MessagesOptions = {},
  ): AsyncGenerator<ReceivedMessage, void, undefined> {
    this.#assertRunning();
    if (options.signal?.aborted === true) return;
    const stream = this.#openStream(source, options);
    const onAbort = (): void => void stream.close();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
        if (this.#hooks === undefined) yield message;
        else yield* this.#observed(this.#hooks, message);
        stream.done(message);
      }
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      await stream.close();
      this.#streams.delete(stream);
    }
  }

  /**
   * Ends iterations, saves their offsets, unregisters and, unless the client is shared, closes the connections. Always ends,
   * about within the time-out; may be called again and then means the same.
   * @param options.timeoutMs bound on all of it; default 5000
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    return this.#life.close(options, (leftMs, timeoutMs) => this.#close(leftMs, timeoutMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    await this.#parts.open();
    if (!this.#life.isCreated) return;
    this.#client.registerConsumer(this.#member);
    this.#hooks?.start();
    this.#life.becomeStarted();
  }

  async #close(leftMs: () => number, timeoutMs: number): Promise<void> {
    const streams = [...this.#streams].map((stream) => stream.close());
    await settledWithin(this.#client.clock, Promise.all(streams), timeoutMs);
    await this.#parts.close(this.#member, leftMs);
  }

  async #pull(
    queue: MessageQueue,
    offset: number,
    options: PullOptions,
    suspendTimeoutMs: number,
    timeoutMs: number,
  ): Promise<PullResult> {
    this.#assertRunning();
    wholeNumber('offset', offset, 0, 0);
    const wireQueue = this.#wire(queue);
    const result = await this.#pullApi.pull({
      consumerGroup: this.#group,
      queue: wireQueue,
      offset,
      subscription: subscriptionData(wireQueue.topic, options.expression ?? '*', 0),
      maxMsgNums: wholeNumber('maxMsgNums', options.maxMsgNums, this.#settings.pullBatchSize, 1, 1_024),
      maxMsgBytes: INT_MAX,
      suspendTimeoutMs,
      timeoutMs: wholeNumber('timeoutMs', timeoutMs, timeoutMs, 1, INT_MAX),
      postSubscription: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (this.#hooks !== undefined)
      observeTaken(this.#hooks, this.#settings.consumerGroup, queue, result.messages);
    return result;
  }

  /** Consumed means that the application asked for the next message; leaving the loop, or throwing in it, is not. */
  *#observed(hooks: MessageHooks, message: ReceivedMessage): Generator<ReceivedMessage, void, undefined> {
    const { topic, brokerName, queueId } = message;
    const observer = hooks.beginConsume({
      consumerGroup: this.#settings.consumerGroup,
      messageQueue: { topic, brokerName, queueId },
      messages: [message],
    });
    let isDone = false;
    try {
      yield message;
      isDone = true;
    } finally {
      observer.end({ success: isDone, returnType: isDone ? 'SUCCESS' : 'FAILED' });
    }
  }

  #openStream(source: string | readonly MessageQueue[], options: MessagesOptions): MessageStream {
    const wireSource =
      typeof source === 'string'
        ? wrapNamespace(this.#client.namespace, source)
        : source.map((q) => this.#wire(q));
    if (typeof source === 'string') assertTopic(source);
    assertArgument(wireSource.length > 0, 'no queue to read');
    const wireTopic = typeof wireSource === 'string' ? wireSource : (wireSource[0] as MessageQueue).topic;
    const subscription = subscriptionData(wireTopic, options.expression ?? '*', this.#client.clock.now());
    const stream = new MessageStream({
      client: this.#client,
      pullApi: this.#pullApi,
      offsets: this.#offsets,
      consumerGroup: this.#group,
      subscription,
      pullBatchSize: this.#settings.pullBatchSize,
      suspendTimeoutMs: this.#settings.brokerSuspendMaxTimeMs,
      timeoutMs: this.#settings.brokerSuspendMaxTimeMs + this.#settings.consumerPullTimeoutMs,
      autoCommit: options.autoCommit ?? true,
      persistIntervalMs: this.#settings.persistConsumerOffsetInterval,
      rebalanceIntervalMs: this.#settings.rebalanceIntervalMs,
      stopAtEnd: options.stopAtEnd ?? false,
      queues:
        typeof wireSource === 'string' ? this.#shareOf(wireSource, subscription) : async () => wireSource,
      startOffset: (queue) => this.#startOffset(queue),
    });
    this.#streams.add(stream);
    return stream;
  }

  /** Our queues of a topic. The brokers must first hear that we are a member. */
  #shareOf(wireTopic: string, subscription: SubscriptionData): () => Promise<MessageQueue[] | undefined> {
    const { messageModel, allocateMessageQueueStrategy } = this.#settings;
    const allocator = new QueueAllocator(
      this.#client,
      this.#group,
      messageModel,
      allocateMessageQueueStrategy,
    );
    return async () => {
      if (!this.#subscriptions.has(wireTopic)) {
        this.#subscriptions.set(wireTopic, subscription);
        await this.#client.fetchRoute(wireTopic);
        await this.#client.heartbeat();
      }
      return allocator.allocate(wireTopic);
    };
  }

  #startOffset(queue: MessageQueue): Promise<number> {
    const key = messageQueueKey(queue);
    const sought = this.#sought.get(key);
    this.#sought.delete(key);
    return sought === undefined
      ? startOffset(this.#client, this.#offsets, queue, this.#settings)
      : Promise.resolve(sought);
  }

  #wire(queue: MessageQueue): MessageQueue {
    return wireQueue(this.#client.namespace, queue);
  }

  #makeMember(): ConsumerMember {
    return memberWithoutHandler({
      client: this.#client,
      group: this.#group,
      kind: 'a pull consumer',
      consumeType: 'CONSUME_ACTIVELY',
      settings: this.#settings,
      subscriptions: this.#subscriptions,
      startedAtMs: () => this.#life.startedAtMs,
      rebalanceSoon: () => {
        for (const stream of this.#streams) stream.assignSoon();
      },
      resetOffsets: async (topic, offsets) => {
        for (const { queue, offset } of offsets) {
          if (queue.topic === topic) for (const stream of this.#streams) stream.seek(queue, offset);
        }
      },
      consumerStatus: () => [],
    });
  }

  #assertRunning(): void {
    this.#life.assertRunning();
  }
}
