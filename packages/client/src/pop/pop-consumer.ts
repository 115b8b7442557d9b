import type { Clock } from '@mq/remoting';
import { wrapNamespace, type MessageQueue, type SubscriptionData } from '@mq/remoting/protocol';
import { Lifecycle } from '../consumer/lifecycle.js';
import { memberWithoutHandler } from '../consumer/member-without-handler.js';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { observeTaken } from '../consumer/run-observed.js';
import { subscriptionData, type SubscriptionExpression } from '../consumer/subscriptions.js';
import { assertArgument, MQClientError } from '../errors.js';
import { hooksOf } from '../hooks/hooks-of.js';
import type { ObservationOptions } from '../hooks/message-hook.js';
import type { MessageHooks } from '../hooks/message-hooks.js';
import { ClientInstance } from '../instance/client-instance.js';
import type { ConsumerMember } from '../instance/group-members.js';
import { settledWithin } from '../instance/sleeper.js';
import { assertGroup, assertTopic } from '../names.js';
import { oneOf, wholeNumber, type ClientOptions } from '../options.js';
import { PopApi, type PopRequest } from './pop-api.js';

const INT_MAX = 2 ** 31 - 1;
const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;
const DEFAULT_INVISIBLE_TIME_MS = 60_000;
const DEFAULT_WAIT_MS = 15_000;
/** A checkpoint of the broker holds so many. */
const MAX_MESSAGES = 32;

/** Settings of a pop consumer. Times are milliseconds. */
export interface PopConsumerOptions extends ClientOptions, ObservationOptions {
  /** The group whose messages these are; consumers of a group share them, each message goes to one. */
  consumerGroup: string;
  /** A client to share; its own options then count and those of `ClientOptions` here do not. Closed by its owner. */
  client?: ClientInstance;
  /** How long a received message is nobody else's. Default 60000. */
  invisibleTimeMs?: number;
  /** Where a group without an offset begins: with the first message, or with what is sent from now on. Default 'LATEST'. */
  startFrom?: 'EARLIEST' | 'LATEST';
}

/** One call of `receive`. */
export interface ReceiveOptions {
  /** "*" (default), "TagA || TagB", or `{ sql }` where the broker allows property filters. */
  readonly expression?: SubscriptionExpression;
  /** 1 to 32. Default 16. */
  readonly maxMessages?: number;
  /** How long to wait when there is nothing; 0: not at all. Default 15000. */
  readonly waitMs?: number;
  /** Default `invisibleTimeMs` of the consumer. */
  readonly invisibleTimeMs?: number;
  /** Only from this queue. */
  readonly queue?: MessageQueue;
  /**
   * In the order of their queues: nobody of the group gets further messages of a queue until all received ones are
   * acknowledged or their time is over. Default false.
   */
  readonly order?: boolean;
  /** With `order`: a call with the same id gets the messages of an answer that was lost again. */
  readonly attemptId?: string;
  /** Aborted, the call rejects at once with `ABORTED`. */
  readonly signal?: AbortSignal;
}

/**
 * Receives messages one by one, as from a work queue: whoever receives a message acknowledges it in time, or somebody of the
 * group receives it again. No queue belongs to anybody: more consumers than queues, or slow ones, are no problem. Needs
 * brokers 5.x.
 *
 *     await using consumer = new PopConsumer({ nameServers: ['127.0.0.1:9876'], consumerGroup: 'billing' });
 *     await consumer.start();
 *     for (const message of await consumer.receive('Orders')) {
 *       await bill(message);
 *       await consumer.ack(message);
 *     }
 */
export class PopConsumer {
  readonly #client: ClientInstance;
  readonly #ownsClient: boolean;
  readonly #consumerGroup: string;
  /** With namespace. */
  readonly #group: string;
  readonly #invisibleTimeMs: number;
  readonly #initMode: 0 | 1;
  readonly #api: PopApi;
  readonly #hooks: MessageHooks | undefined;
  readonly #member: ConsumerMember;
  /** Wire topic → what was asked for last. */
  readonly #subscriptions = new Map<string, SubscriptionData>();
  /** Wire topic → index of the broker asked next. */
  readonly #turns = new Map<string, number>();
  readonly #abort = new AbortController();
  readonly #life: Lifecycle;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: PopConsumerOptions) {
    assertGroup('consumerGroup', options.consumerGroup);
    this.#invisibleTimeMs = invisibleTime(options.invisibleTimeMs, DEFAULT_INVISIBLE_TIME_MS);
    const startFrom = oneOf('startFrom', options.startFrom, 'LATEST', ['EARLIEST', 'LATEST']);
    this.#initMode = startFrom === 'EARLIEST' ? 0 : 1;
    this.#ownsClient = options.client === undefined;
    this.#client = options.client ?? new ClientInstance(options);
    this.#consumerGroup = options.consumerGroup;
    this.#group = wrapNamespace(this.#client.namespace, options.consumerGroup);
    this.#api = new PopApi(this.#client);
    this.#hooks = hooksOf(this.#client, options, options.consumerGroup, 'CONSUME');
    this.#life = new Lifecycle(this.#client.clock, DEFAULT_CLOSE_TIMEOUT_MS);
    this.#member = this.#makeMember();
  }

  /** How brokers know this client. */
  get clientId(): string {
    return this.#client.clientId;
  }

  /** Registers the group. May be called again. @throws MQClientError CLOSED after `close` */
  start(): Promise<void> {
    return this.#life.start(() => this.#start());
  }

  /**
   * Messages of a topic, from its brokers in turn; an empty list when none came in time. Those not acknowledged before their
   * invisible time is over come again, to anybody of the group.
   * @throws MQClientError TOPIC_NOT_FOUND, NAME_SERVER_UNREACHABLE, SUBSCRIPTION_REFUSED, CONNECTION_FAILED, ABORTED, CLOSED
   */
  async receive(topic: string, options: ReceiveOptions = {}): Promise<ReceivedMessage[]> {
    this.#life.assertRunning();
    assertTopic(topic);
    const wireTopic = wrapNamespace(this.#client.namespace, topic);
    const subscription = await this.#subscribe(wireTopic, options.expression ?? '*');
    const waitMs = wholeNumber('waitMs', options.waitMs, DEFAULT_WAIT_MS, 0, INT_MAX);
    const { clock } = this.#client;
    const deadlineMs = clock.monotonic() + waitMs;
    const brokers = await this.#brokersOf(wireTopic, options);
    // One after the other, the last one may hold the request: with several brokers, messages of the others wait that long.
    for (const [index, queue] of brokers.entries()) {
      const isLast = index === brokers.length - 1;
      const leftMs = isLast ? Math.max(0, Math.ceil(deadlineMs - clock.monotonic())) : 0;
      const messages = await this.#pop(queue, subscription, leftMs, options);
      if (messages.length > 0) return messages;
    }
    return [];
  }

  /** The message is dealt with. @throws MQClientError, also CONNECTION_FAILED: the message may then come again */
  async ack(message: ReceivedMessage): Promise<void> {
    this.#life.assertRunning();
    await this.#api.ack(message, this.#group, this.#wireTopic(message));
  }

  /**
   * The message is this consumer's for `invisibleTimeMs` from now on: longer, when it needs more time; shorter, when it gives
   * the message up. Its handle changes.
   * @throws MQClientError SERVER_REFUSED when it is no longer this consumer's
   */
  async changeInvisibleTime(message: ReceivedMessage, invisibleTimeMs: number): Promise<void> {
    this.#life.assertRunning();
    const ms = wholeNumber('invisibleTimeMs', invisibleTimeMs, invisibleTimeMs, 0, INT_MAX);
    await this.#api.changeInvisibleTime(message, this.#group, this.#wireTopic(message), ms);
  }

  /**
   * Ends receiving, unregisters and, unless the client is shared, closes the connections. Always ends, about within the
   * time-out; may be called again and then means the same.
   * @param options.timeoutMs bound on all of it; default 5000
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    return this.#life.close(options, (leftMs) => this.#close(leftMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    await this.#client.start();
    if (!this.#life.isCreated) return;
    this.#client.registerConsumer(this.#member);
    this.#hooks?.start();
    this.#life.becomeStarted();
  }

  async #close(leftMs: () => number): Promise<void> {
    this.#abort.abort(new MQClientError('CLOSED', 'the consumer was closed'));
    await this.#hooks?.close(leftMs());
    await settledWithin(this.#clock, this.#client.unregisterConsumer(this.#member, leftMs()), leftMs());
    if (this.#ownsClient) await this.#client.close({ timeoutMs: leftMs() });
  }

  async #pop(
    queue: MessageQueue,
    subscription: SubscriptionData,
    pollTimeMs: number,
    options: ReceiveOptions,
  ): Promise<ReceivedMessage[]> {
    const { signal, attemptId } = options;
    const request: PopRequest = {
      consumerGroup: this.#group,
      queue,
      subscription,
      maxMsgNums: wholeNumber('maxMessages', options.maxMessages, 16, 1, MAX_MESSAGES),
      invisibleTimeMs: invisibleTime(options.invisibleTimeMs, this.#invisibleTimeMs),
      pollTimeMs,
      initMode: this.#initMode,
      order: options.order ?? false,
      ...(attemptId === undefined ? {} : { attemptId }),
      signal: signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal]),
    };
    const result = await this.#api.pop(request).catch((error: unknown) => {
      if (this.#abort.signal.aborted)
        throw new MQClientError('CLOSED', 'the consumer was closed', { cause: error });
      throw error;
    });
    // Only the hash of their tag matches: nobody of the group wants them.
    await Promise.all(
      result.unwanted.map((message) =>
        this.#api.ack(message, this.#group, queue.topic).catch(() => undefined),
      ),
    );
    if (this.#hooks !== undefined) observePopped(this.#hooks, this.#consumerGroup, result.messages);
    return result.messages;
  }

  /** One entry a broker, beginning with another one each time. */
  async #brokersOf(wireTopic: string, { queue }: ReceiveOptions): Promise<MessageQueue[]> {
    if (queue !== undefined) {
      assertArgument(
        wrapNamespace(this.#client.namespace, queue.topic) === wireTopic,
        'the queue is of another topic',
      );
      return [{ ...queue, topic: wireTopic }];
    }
    const queues = await this.#client.subscribeQueues(wireTopic);
    const names = [...new Set(queues.map(({ brokerName }) => brokerName))];
    const first = (this.#turns.get(wireTopic) ?? -1) + 1;
    this.#turns.set(wireTopic, first % Math.max(1, names.length));
    return names.map((_name, index) => {
      const brokerName = names[(first + index) % names.length] as string;
      return { topic: wireTopic, brokerName, queueId: -1 };
    });
  }

  /** Brokers hear of the topic with the heartbeat, too: so operators see who reads it. */
  async #subscribe(wireTopic: string, expression: SubscriptionExpression): Promise<SubscriptionData> {
    const subscription = subscriptionData(wireTopic, expression, this.#clock.now());
    const known = this.#subscriptions.get(wireTopic);
    const isSame =
      known?.subString === subscription.subString && known.expressionType === subscription.expressionType;
    if (known !== undefined && isSame) return known;
    this.#subscriptions.set(wireTopic, subscription);
    await this.#client.fetchRoute(wireTopic);
    await this.#client.heartbeat();
    return subscription;
  }

  get #clock(): Clock {
    return this.#client.clock;
  }

  #wireTopic({ topic }: ReceivedMessage): string {
    return wrapNamespace(this.#client.namespace, topic);
  }

  #makeMember(): ConsumerMember {
    return memberWithoutHandler({
      client: this.#client,
      group: this.#group,
      kind: 'a pop consumer',
      consumeType: 'CONSUME_POP',
      settings: {
        messageModel: 'CLUSTERING',
        consumeFromWhere: this.#initMode === 0 ? 'CONSUME_FROM_FIRST_OFFSET' : 'CONSUME_FROM_LAST_OFFSET',
      },
      subscriptions: this.#subscriptions,
      startedAtMs: () => this.#life.startedAtMs,
      rebalanceSoon: () => undefined,
      resetOffsets: async () => undefined,
      consumerStatus: () => [],
    });
  }
}

/** The messages of one pop may come from several queues; a delivery is of one. */
function observePopped(
  hooks: MessageHooks,
  consumerGroup: string,
  messages: readonly ReceivedMessage[],
): void {
  const byQueue = new Map<number, ReceivedMessage[]>();
  for (const message of messages) {
    const ofQueue = byQueue.get(message.queueId);
    if (ofQueue === undefined) byQueue.set(message.queueId, [message]);
    else ofQueue.push(message);
  }
  for (const [queueId, ofQueue] of byQueue) {
    const { topic, brokerName } = ofQueue[0] as ReceivedMessage;
    observeTaken(hooks, consumerGroup, { topic, brokerName, queueId }, ofQueue);
  }
}

const invisibleTime = (value: number | undefined, otherwise: number): number =>
  wholeNumber('invisibleTimeMs', value, otherwise, 1, INT_MAX);
