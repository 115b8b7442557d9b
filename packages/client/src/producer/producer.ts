import { MixAll, wrapNamespace, withoutNamespace, type MessageQueue } from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../errors.js';
import { ClientInstance } from '../instance/client-instance.js';
import { InFlight } from '../instance/in-flight.js';
import { errorFromRemoting } from '../instance/response-errors.js';
import { settledWithin } from '../instance/sleeper.js';
import { assertTopic } from '../names.js';
import { wholeNumber } from '../options.js';

import type { ReceivedMessage } from '../consumer/received-message.js';
import { hooksOf } from '../hooks/hooks-of.js';
import type { SendObserved } from '../hooks/message-hook.js';
import type { MessageHooks } from '../hooks/message-hooks.js';
import type { ProducerMember } from '../instance/group-members.js';
import { MessagePreparer } from './message-preparer.js';
import { MessageSender, type PreparedMessage, type SendBudget } from './message-sender.js';
import type { OutgoingMessage } from './outgoing-message.js';
import { resolveProducerOptions, type ProducerOptions, type ProducerSettings } from './producer-options.js';
import { selectByHash } from './queue-selector.js';
import { assertRecallable, parseRecallHandle, recall } from './recall.js';
import { Requester } from './requester.js';
import type { SendOptions } from './send-options.js';
import type { SendResult } from './send-result.js';

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;

/** What closing a producer left behind. */
export interface ProducerCloseResult {
  /** Sends not answered when time ran out; they are indefinite: stored or not. */
  readonly unansweredSends: number;
}

/** Of a batch that failed half way: see `Producer.sendBatch`. */
export class BatchSendError extends MQClientError {
  /**
   * @param sent what was acknowledged before the failure
   * @param sentCount how many messages, from the first on, that is
   */
  constructor(
    cause: MQClientError,
    readonly sent: readonly SendResult[],
    readonly sentCount: number,
  ) {
    super(cause.code, cause.message, {
      cause,
      retryable: cause.retryable,
      ...(cause.responseCode === undefined ? {} : { responseCode: cause.responseCode }),
      ...(cause.brokerName === undefined ? {} : { brokerName: cause.brokerName }),
      ...(cause.address === undefined ? {} : { address: cause.address }),
    });
  }
}

/**
 * Sends messages. Upstream: DefaultMQProducer; its asynchronous variants are the promises here.
 *
 *     await using producer = new Producer({ nameServers: ['127.0.0.1:9876'], producerGroup: 'orders' });
 *     await producer.start();
 *     const { msgId } = await producer.send({ topic: 'Orders', body: 'hello', tags: 'created' });
 *
 * Every method may be called by many callers at the same time.
 */
export class Producer {
  /** What the client instance knows of this producer; kinds of producers add to it. */
  protected readonly member: ProducerMember;
  readonly #settings: ProducerSettings;
  readonly #client: ClientInstance;
  readonly #ownsClient: boolean;
  readonly #sender: MessageSender;
  readonly #preparer: MessagePreparer;
  readonly #requester: Requester;
  readonly #inFlight: InFlight;
  readonly #hooks: MessageHooks | undefined;
  #state: 'created' | 'started' | 'closing' | 'closed' = 'created';
  #starting: Promise<void> | undefined;
  #closing: Promise<ProducerCloseResult> | undefined;

  /** @throws MQClientError INVALID_ARGUMENT for an option out of range */
  constructor(options: ProducerOptions) {
    this.#settings = resolveProducerOptions(options);
    this.#ownsClient = options.client === undefined;
    this.#client = options.client ?? new ClientInstance(options);
    const producerGroup = wrapNamespace(this.#client.namespace, this.#settings.producerGroup);
    this.#sender = new MessageSender(this.#client, { ...this.#settings, producerGroup });
    this.#hooks = hooksOf(this.#client, options, this.#settings.producerGroup, 'PRODUCE');
    this.#preparer = new MessagePreparer(
      this.#settings,
      this.#client.namespace,
      this.#client.clock,
      this.#hooks,
    );
    this.#requester = new Requester(this.#client, this.#sender);
    this.#inFlight = new InFlight(this.#client.clock);
    this.member = { producerGroup, publishTopics: () => this.#sender.topics };
  }

  /** What it shares with others, or its own. */
  protected get client(): ClientInstance {
    return this.#client;
  }

  /** Undefined: there are none. */
  protected get hooks(): MessageHooks | undefined {
    return this.#hooks;
  }

  /** How brokers know this client. */
  get clientId(): string {
    return this.#client.clientId;
  }

  /**
   * Registers the producer group; connections are made when first needed. May be called again.
   * @throws MQClientError CLOSED after `close`; INVALID_ARGUMENT when the shared client has a producer of that group
   */
  start(): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed') return Promise.reject(this.#closedError());
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    await this.#client.start();
    if (this.#state !== 'created') return;
    this.#client.registerProducer(this.member);
    this.#hooks?.start();
    if (this.#state === 'created') this.#state = 'started';
  }

  /** The brokers of these topics, without namespace, know the group from now on, not only from the first send. Never rejects. */
  protected async makeKnownTo(topics: readonly string[]): Promise<void> {
    const client = this.#client;
    const wireTopics = topics.map((topic) => wrapNamespace(client.namespace, topic));
    for (const topic of wireTopics) this.#sender.topics.add(topic);
    const routes = await Promise.allSettled(wireTopics.map((topic) => client.fetchRoute(topic)));
    const failed = routes.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed !== undefined)
      client.logger.warn('brokers of a producer are not known yet', { topics, error: failed.reason });
    client.heartbeatSoon();
  }

  /**
   * Sends one message and resolves when a broker stored it; look at `status` for what the broker could confirm. Goes to
   * another broker after a failure, unless the queue is the caller's choice.
   * @throws MQClientError. After TIMEOUT, ABORTED and CONNECTION_FAILED the message may have been stored all the same
   */
  send(message: OutgoingMessage, options: SendOptions = {}): Promise<SendResult> {
    return this.sendWith(message, options, undefined);
  }

  /**
   * Sends a message and resolves with the reply that whoever consumes it sends (see `createReply`). The reply comes by any
   * broker of the cluster; the consumer need not know this client. Requests are at least once as sends are: a reply that is
   * lost may have been the reply to work done.
   * @param options.timeoutMs for request and reply together, milliseconds; default `sendMsgTimeoutMs`
   * @throws MQClientError REPLY_TIMEOUT when the request was stored and no reply came in time; CLOSED when the producer
   *   closes meanwhile; else what `send` throws
   */
  async request(message: OutgoingMessage, options: SendOptions = {}): Promise<ReceivedMessage> {
    this.#assertRunning();
    const budget = this.#budget(options);
    assertTopic(message.topic);
    assertArgument(message.replyTo === undefined, 'a reply cannot ask for a reply');
    const timeoutMs = options.timeoutMs ?? this.#settings.sendMsgTimeoutMs;
    return this.#requester.request(this.#preparer.wireTopic(message.topic), budget, timeoutMs, (properties) =>
      this.sendWith(message, { ...options, timeoutMs: Math.ceil(this.#remaining(budget)) }, properties),
    );
  }

  /**
   * Sends with properties of the system's own; as `send` in all else.
   * @param onObserved gets what hooks are shown of the send, if there are hooks
   */
  protected async sendWith(
    message: OutgoingMessage,
    options: SendOptions,
    systemProperties: Readonly<Record<string, string>> | undefined,
    onObserved?: (send: SendObserved | undefined) => void,
  ): Promise<SendResult> {
    this.#assertRunning();
    const budget = this.#budget(options);
    const prepared = this.#preparer.prepare(message, options.shardingKey, systemProperties);
    onObserved?.(prepared.sending);
    this.#inFlight.begin();
    try {
      return await this.#sendPrepared(prepared, message, options, budget);
    } catch (error) {
      prepared.sending?.end({ error });
      throw error;
    } finally {
      this.#inFlight.end();
    }
  }

  /**
   * Hands one message to the transport without asking for an answer: quick, and lost when anything goes wrong on the way.
   * @throws MQClientError when there is no route, or the message cannot be handed over
   */
  async sendOneway(message: OutgoingMessage, options: SendOptions = {}): Promise<void> {
    this.#assertRunning();
    const budget = this.#budget(options);
    const prepared = this.#preparer.prepare(message, options.shardingKey);
    this.#inFlight.begin();
    try {
      const queue =
        (await this.#chosenQueue(prepared, message, options, budget)) ??
        (await this.#anyQueue(prepared, budget));
      await this.#sender.sendOneway(queue, prepared, budget);
    } catch (error) {
      prepared.sending?.end({ error });
      throw error;
    } finally {
      this.#inFlight.end();
    }
  }

  /**
   * Sends many messages of one topic in as few requests as their size allows, one request after the other; one result for
   * each request. Delayed messages and retry topics cannot be batched, bodies are not compressed.
   * @param options.maxBatchBytes largest request, bytes; default and upper bound `maxMessageSize`
   * @param options.innerBatch the topic is of type BatchCQ (5.x). Apache's brokers lose batches for such a topic that are sent
   *   without this, and confuse the ids of messages for other topics that are sent with it. Default false
   * @throws BatchSendError, which says what was acknowledged before the failure; INVALID_ARGUMENT and MESSAGE_ILLEGAL come
   *   as MQClientError before anything is sent
   */
  async sendBatch(
    messages: readonly OutgoingMessage[],
    options: SendOptions & { maxBatchBytes?: number; innerBatch?: boolean } = {},
  ): Promise<SendResult[]> {
    this.#assertRunning();
    const maxBytes = wholeNumber('maxBatchBytes', options.maxBatchBytes, this.#settings.maxMessageSize, 1);
    const requests = this.#preparer.prepareBatch(messages, maxBytes, options.innerBatch);
    const results: SendResult[] = [];
    let sentCount = 0;
    this.#inFlight.begin();
    try {
      for (const { prepared, count } of requests) {
        // Each request has the time of a send of its own.
        results.push(
          await this.#sendPrepared(
            prepared,
            messages[sentCount] as OutgoingMessage,
            options,
            this.#budget(options),
          ),
        );
        sentCount += count;
      }
      return results;
    } catch (error) {
      // The request that failed has ended already; those after it were not sent.
      for (const { prepared } of requests) prepared.sending?.end({ error });
      throw new BatchSendError(errorFromRemoting('batch send', error, {}), results, sentCount);
    } finally {
      this.#inFlight.end();
    }
  }

  /**
   * Takes back a message with a delivery time of its own (`delayMs`, `delaySec`, `deliverTimestampMs`) that was not
   * delivered yet, and resolves with its id. The broker must be 5.3.2 or later and allow it (`recallMessageEnable`). A
   * recall within the last second or two before the delivery may come too late; nobody tells then.
   * @param recallHandle of the send's result
   * @throws MQClientError INVALID_ARGUMENT for a handle that is none, NO_PERMISSION, SERVER_REFUSED once the time is over
   */
  async recall(
    topic: string,
    recallHandle: string,
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<string> {
    this.#assertRunning();
    assertTopic(topic);
    assertRecallable(topic);
    const { msgId } = parseRecallHandle(recallHandle);
    const budget = this.#budget(options);
    const wireTopic = this.#preparer.wireTopic(topic);
    this.#inFlight.begin();
    try {
      if (this.#sender.knownPublishInfo(wireTopic) === undefined)
        await this.#sender.fetchPublishInfo(wireTopic, budget);
      const timeoutMs = this.#remaining(budget);
      const call = budget.signal === undefined ? { timeoutMs } : { timeoutMs, signal: budget.signal };
      const onAnswer = this.#recallObserver(topic, msgId);
      return await recall(this.#client, this.member.producerGroup, wireTopic, recallHandle, call, onAnswer);
    } finally {
      this.#inFlight.end();
    }
  }

  /** Tells the hooks what a broker said to a recall. Like upstream a request without an answer leaves no trace. */
  #recallObserver(
    topic: string,
    msgId: string,
  ): ((success: boolean, regionId: string | undefined) => void) | undefined {
    const hooks = this.#hooks;
    if (hooks === undefined) return undefined;
    const { producerGroup } = this.#settings;
    return (success, region) => {
      const regionId = region || MixAll.DEFAULT_TRACE_REGION_ID;
      hooks.recall({ topic, producerGroup, msgId, regionId, success });
    };
  }

  /**
   * The queues of a topic that may be written now.
   * @throws MQClientError TOPIC_NOT_FOUND, NO_QUEUE_AVAILABLE, NAME_SERVER_UNREACHABLE, ABORTED
   */
  async fetchPublishMessageQueues(
    topic: string,
    options: { signal?: AbortSignal } = {},
  ): Promise<MessageQueue[]> {
    this.#assertRunning();
    assertTopic(topic);
    const wireTopic = wrapNamespace(this.#client.namespace, topic);
    const info = await this.#sender.fetchPublishInfo(wireTopic, this.#budget(options));
    return info.queues.map((queue) => ({ ...queue, topic }));
  }

  /**
   * Refuses new sends, waits for those in flight, unregisters the group and, unless the client is shared, closes the
   * connections. Always ends, about within the time-out; may be called again and then means the same.
   * @param options.timeoutMs bound on waiting; default 5000
   */
  close(options: { timeoutMs?: number } = {}): Promise<ProducerCloseResult> {
    this.#closing ??= this.#close(wholeNumber('timeoutMs', options.timeoutMs, DEFAULT_CLOSE_TIMEOUT_MS, 0));
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(timeoutMs: number): Promise<ProducerCloseResult> {
    const { clock } = this.#client;
    const deadlineMs = clock.monotonic() + timeoutMs;
    const wasStarted = this.#starting !== undefined;
    this.#state = 'closing';
    const unansweredSends = await this.#inFlight.drain(timeoutMs);
    this.#requester.close();
    const leftMs = (): number => Math.max(1, deadlineMs - clock.monotonic());
    if (wasStarted) await this.#hooks?.close(leftMs());
    if (wasStarted)
      await settledWithin(clock, this.#client.unregisterProducer(this.member, leftMs()), leftMs());
    if (this.#ownsClient) await this.#client.close({ timeoutMs: leftMs() });
    this.#state = 'closed';
    return { unansweredSends };
  }

  async #sendPrepared(
    prepared: PreparedMessage,
    message: OutgoingMessage,
    options: SendOptions,
    budget: SendBudget,
  ): Promise<SendResult> {
    if (!isQueueChosen(options)) return this.#sender.send(prepared, budget);
    const queue = (await this.#chosenQueue(prepared, message, options, budget)) as MessageQueue;
    return this.#sender.sendTo(queue, prepared, this.#remaining(budget), budget.signal);
  }

  /** The queue the caller asked for; undefined when it left the choice to us. */
  async #chosenQueue(
    prepared: PreparedMessage,
    message: OutgoingMessage,
    options: SendOptions,
    budget: SendBudget,
  ): Promise<MessageQueue | undefined> {
    const { messageQueue, shardingKey, queueSelector } = options;
    if (messageQueue !== undefined) {
      assertArgument(messageQueue.topic === message.topic, 'messageQueue and message name different topics');
      this.#sender.topics.add(prepared.wireTopic);
      return { ...messageQueue, topic: prepared.wireTopic };
    }
    if (shardingKey === undefined && queueSelector === undefined) return undefined;
    const info =
      this.#sender.knownPublishInfo(prepared.wireTopic) ??
      (await this.#sender.fetchPublishInfo(prepared.wireTopic, budget));
    if (shardingKey !== undefined) return selectByHash(info.queues, shardingKey);
    return this.#selected(info.queues, message, options);
  }

  #selected(queues: readonly MessageQueue[], message: OutgoingMessage, options: SendOptions): MessageQueue {
    const { namespace } = this.#client;
    const visible =
      namespace === undefined
        ? queues
        : queues.map((q) => ({ ...q, topic: withoutNamespace(q.topic, namespace) }));
    let selected: MessageQueue;
    try {
      selected = (options.queueSelector as NonNullable<SendOptions['queueSelector']>)(visible, message);
    } catch (cause) {
      throw new MQClientError('INVALID_ARGUMENT', 'the queueSelector threw', { cause });
    }
    assertArgument(typeof selected?.brokerName === 'string', 'the queueSelector returned no queue');
    return { ...selected, topic: wrapNamespace(namespace, selected.topic) };
  }

  async #anyQueue(prepared: PreparedMessage, budget: SendBudget): Promise<MessageQueue> {
    const info =
      this.#sender.knownPublishInfo(prepared.wireTopic) ??
      (await this.#sender.fetchPublishInfo(prepared.wireTopic, budget));
    return this.#sender.selectQueue(info, undefined);
  }

  #budget(options: SendOptions): SendBudget {
    const timeoutMs = wholeNumber('timeoutMs', options.timeoutMs, this.#settings.sendMsgTimeoutMs, 1);
    assertArgument(
      options.signal === undefined || typeof options.signal.addEventListener === 'function',
      'signal must be an AbortSignal, as `new AbortController().signal` is',
    );
    if (options.signal?.aborted === true) {
      throw new MQClientError('ABORTED', 'the signal had fired before the send', {
        cause: options.signal.reason,
      });
    }
    const deadlineMs = this.#client.clock.monotonic() + timeoutMs;
    return options.signal === undefined ? { deadlineMs } : { deadlineMs, signal: options.signal };
  }

  #remaining(budget: SendBudget): number {
    const leftMs = budget.deadlineMs - this.#client.clock.monotonic();
    if (leftMs <= 0) throw new MQClientError('TIMEOUT', 'no time was left to send');
    return leftMs;
  }

  #assertRunning(): void {
    if (this.#state === 'started') return;
    if (this.#state === 'created') throw new MQClientError('NOT_STARTED', 'call start() before sending');
    throw this.#closedError();
  }

  #closedError(): MQClientError {
    return new MQClientError('CLOSED', 'the producer was closed');
  }
}

function isQueueChosen(options: SendOptions): boolean {
  const { messageQueue, shardingKey, queueSelector } = options;
  const given =
    Number(messageQueue !== undefined) +
    Number(shardingKey !== undefined) +
    Number(queueSelector !== undefined);
  assertArgument(given <= 1, 'give only one of messageQueue, shardingKey and queueSelector');
  return given === 1;
}
