import { RemotingCommand, isRemotingError, type ExtFields } from '@mq/remoting';
import { RequestCode, ResponseCode, type MessageQueue } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { errorFromRemoting, errorFromResponse } from '../instance/response-errors.js';
import { pause, withTimeout } from '../instance/sleeper.js';
import type { QueueFilter, TopicPublishInfo } from '../instance/topic-publish-info.js';
import type { Sending } from '../hooks/sending.js';
import { BusyBrokers } from './busy-brokers.js';
import { LatencyFaultTolerance } from './latency-fault.js';
import { readSendResult, sendStatusOf, type SendResult } from './send-result.js';

/** A message ready for the wire: checked, compressed, its properties encoded once for all attempts. */
export interface PreparedMessage {
  /** As the application named it. */
  readonly topic: string;
  /** As the broker knows it, with namespace. */
  readonly wireTopic: string;
  readonly body: Buffer;
  readonly sysFlag: number;
  readonly flag: number;
  readonly properties: string;
  /** UNIQ_KEY, comma-joined for a batch. */
  readonly msgId: string;
  readonly isBatch: boolean;
  /** Only for replies: the broker through which the request came, tried first. */
  readonly replyBroker?: string | undefined;
  /** Only for messages a consumer returns through the send path. */
  readonly reconsumeTimes?: number;
  readonly maxReconsumeTimes?: number;
  /** Hooks watch this send. Absent when there are none. */
  readonly sending?: Sending | undefined;
}

/** How a sender sends; see ProducerOptions for meaning and defaults. */
export interface SenderSettings {
  readonly producerGroup: string;
  readonly defaultTopic: string;
  readonly defaultTopicQueueNums: number;
  readonly retryTimesWhenSendFailed: number;
  readonly retryAnotherBrokerWhenNotStoreOK: boolean;
  /** 0: only the budget of the whole send counts. */
  readonly maxTimeoutPerRequestMs: number;
  readonly sendLatencyFaultEnable: boolean;
}

/** What one attempt may use. */
export interface SendBudget {
  /** Monotonic time when the send ends at the latest. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** Brokers that could not be connected to by name: when each may be tried again, monotonic ms. */
type OutOfReach = Map<string, number>;

/** Refusals worth another broker. Upstream: DefaultMQProducer.retryResponseCodes. */
const RETRY_RESPONSE_CODES: ReadonlySet<number> = new Set<number>([
  ResponseCode.SYSTEM_ERROR,
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.NO_PERMISSION,
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.NO_BUYER_ID,
  ResponseCode.NOT_IN_CURRENT_UNIT,
  ResponseCode.GO_AWAY,
]);

/** Errors of ours that end a send at once; every other one is worth another broker. */
const FINAL_ERRORS: ReadonlySet<string> = new Set([
  'ABORTED',
  'CLOSED',
  'INVALID_ARGUMENT',
  'MESSAGE_ILLEGAL',
]);

/**
 * Sends prepared messages: chooses a queue, goes to another broker when one fails, keeps the time. Upstream:
 * DefaultMQProducerImpl.sendDefaultImpl and sendKernelImpl.
 *
 * With the route known, everything up to handing the request to the transport happens in the caller's turn: sends of one
 * turn share one socket write and keep their order.
 */
export class MessageSender {
  readonly faults: LatencyFaultTolerance;
  /** Topics sent to; their routes are kept fresh. */
  readonly topics = new Set<string>();
  #isAvailable: QueueFilter = (queue) => this.faults.isAvailable(queue.brokerName);

  constructor(
    private readonly client: ClientInstance,
    private readonly settings: SenderSettings,
  ) {
    this.faults = new LatencyFaultTolerance(client.clock);
  }

  /** Sends to a queue of the sender's choice, on another broker after a failure. @throws MQClientError */
  send(message: PreparedMessage, budget: SendBudget): Promise<SendResult> {
    const sent = this.#send(message, budget);
    return message.sending === undefined ? sent : message.sending.follow(sent);
  }

  /** One attempt at exactly this queue. @throws MQClientError */
  sendTo(
    queue: MessageQueue,
    message: PreparedMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<SendResult> {
    const sent = this.#attempt(queue, message, timeoutMs, signal);
    return message.sending === undefined ? sent : message.sending.follow(sent);
  }

  async #send(message: PreparedMessage, budget: SendBudget): Promise<SendResult> {
    let info =
      this.knownPublishInfo(message.wireTopic) ?? (await this.fetchPublishInfo(message.wireTopic, budget));
    const attempts = 1 + this.settings.retryTimesWhenSendFailed;
    let lastBroker: string | undefined;
    let stored: SendResult | undefined;
    let lastError: MQClientError | undefined;
    let outOfReach: OutOfReach | undefined;
    let busy: BusyBrokers | undefined;
    for (let attempt = 1; attempt <= attempts;) {
      const remainingMs = budget.deadlineMs - this.client.clock.monotonic();
      if (remainingMs <= 0) break;
      const queue =
        (lastBroker === undefined &&
          message.replyBroker !== undefined &&
          queueOn(info, message.replyBroker)) ||
        this.selectQueue(info, lastBroker, outOfReach);
      lastBroker = queue.brokerName;
      try {
        const timeoutMs = this.#attemptTimeout(remainingMs, attempt < attempts);
        const result = await this.#attempt(queue, message, timeoutMs, budget.signal);
        if (result.status === 'SEND_OK' || !this.settings.retryAnotherBrokerWhenNotStoreOK) return result;
        stored = result;
        attempt++;
      } catch (error) {
        lastError = errorFromRemoting('send', error, { brokerName: queue.brokerName });
        if (!isWorthAnotherBroker(lastError)) throw lastError;
        const pauseMs = pauseBeforeNext(lastError);
        if (pauseMs === undefined) {
          const busyForMs = (busy ??= new BusyBrokers()).pauseAfter(lastError, queue.brokerName, info);
          if (++attempt <= attempts && busyForMs > 0) await this.#pause(busyForMs, budget);
          continue;
        }
        const lost = (outOfReach ??= new Map<string, number>());
        lost.set(queue.brokerName, this.client.clock.monotonic() + pauseMs);
        if (!info.queues.every(({ brokerName }) => lost.has(brokerName))) continue;
        await this.#untilOneIsTriedAgain(lost, budget);
        info = this.knownPublishInfo(message.wireTopic) ?? info;
      }
    }
    if (stored !== undefined) return stored;
    throw lastError ?? new MQClientError('TIMEOUT', `no time left to send to topic "${message.topic}"`);
  }

  /** No broker of the topic can be reached. The send waits for as long as it has time: one may be restarting. */
  async #untilOneIsTriedAgain(outOfReach: OutOfReach, budget: SendBudget): Promise<void> {
    const untilMs = Math.min(...outOfReach.values());
    outOfReach.clear();
    await this.#pause(untilMs - this.client.clock.monotonic(), budget);
  }

  /** At most as long as the send has time, or until its signal fires. */
  async #pause(ms: number, { deadlineMs, signal }: SendBudget): Promise<void> {
    const { clock } = this.client;
    await pause(clock, Math.max(0, Math.min(ms, deadlineMs - clock.monotonic())), signal);
  }

  async #attempt(
    queue: MessageQueue,
    message: PreparedMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<SendResult> {
    const brokerName = queue.brokerName;
    const address =
      this.client.sendAddressOf(brokerName) ?? (await this.client.masterOf(queue, signal)).address;
    const command = this.#command(queue, message);
    message.sending?.attempt(brokerName, address, queue.queueId, this.client.clock.now());
    const startedMs = this.client.clock.monotonic();
    let response: RemotingCommand;
    try {
      response = await this.client.remoting.request(address, command, { timeoutMs, signal });
    } catch (error) {
      const reachable = !isRemotingError(error) || error.code !== 'CONNECT_FAILED';
      if (this.settings.sendLatencyFaultEnable) this.faults.recordFailure(brokerName, reachable);
      throw errorFromRemoting('send', error, { address, brokerName });
    }
    const status = sendStatusOf(response.code);
    if (status === undefined) {
      if (this.settings.sendLatencyFaultEnable) this.faults.recordFailure(brokerName, true);
      throw errorFromResponse('send', response, { address, brokerName });
    }
    if (this.settings.sendLatencyFaultEnable) {
      this.faults.recordSuccess(brokerName, this.client.clock.monotonic() - startedMs);
    }
    return readSendResult(response, status, { msgId: message.msgId, topic: message.topic, brokerName });
  }

  /** Hands the message to the transport; nobody confirms it. @throws MQClientError when it cannot be handed over */
  async sendOneway(queue: MessageQueue, message: PreparedMessage, budget: SendBudget): Promise<void> {
    const brokerName = queue.brokerName;
    const address =
      this.client.sendAddressOf(brokerName) ?? (await this.client.masterOf(queue, budget.signal)).address;
    message.sending?.attempt(brokerName, address, queue.queueId, this.client.clock.now());
    try {
      await this.client.remoting.oneway(address, this.#command(queue, message));
      message.sending?.end({});
    } catch (error) {
      throw errorFromRemoting('oneway send', error, { address, brokerName });
    }
  }

  /** The next queue of the round robin, not of `lastBroker` and not of a broker to avoid, if there is another. */
  selectQueue(
    info: TopicPublishInfo,
    lastBroker: string | undefined,
    outOfReach?: ReadonlyMap<string, unknown>,
  ): MessageQueue {
    const notLast: QueueFilter | undefined =
      lastBroker === undefined
        ? undefined
        : ({ brokerName }) => brokerName !== lastBroker && outOfReach?.has(brokerName) !== true;
    let queue: MessageQueue | undefined;
    if (this.settings.sendLatencyFaultEnable) {
      queue = info.next(
        notLast === undefined ? this.#isAvailable : (q) => notLast(q) && this.#isAvailable(q),
      );
      queue ??= info.next(
        (q) => (notLast === undefined || notLast(q)) && this.faults.isReachable(q.brokerName),
      );
    } else {
      queue = info.next(notLast);
    }
    queue ??= info.next(({ brokerName }) => outOfReach?.has(brokerName) !== true);
    return queue ?? (info.next() as MessageQueue);
  }

  /** Queues to send to, if this sender has asked for them before. Hot. */
  knownPublishInfo(wireTopic: string): TopicPublishInfo | undefined {
    return this.topics.has(wireTopic) ? this.client.knownPublishInfo(wireTopic) : undefined;
  }

  /** @throws MQClientError TOPIC_NOT_FOUND, NO_QUEUE_AVAILABLE, NAME_SERVER_UNREACHABLE, TIMEOUT, ABORTED */
  async fetchPublishInfo(wireTopic: string, budget: SendBudget): Promise<TopicPublishInfo> {
    this.topics.add(wireTopic);
    const { clock } = this.client;
    const fetch = this.client.fetchPublishInfo(wireTopic, this.settings, budget.signal);
    return withTimeout(clock, fetch, budget.deadlineMs - clock.monotonic(), () => {
      return new MQClientError('TIMEOUT', `no route for topic "${wireTopic}" in time`);
    });
  }

  #attemptTimeout(remainingMs: number, canRetry: boolean): number {
    const cap = this.settings.maxTimeoutPerRequestMs;
    return cap > 0 && canRetry ? Math.min(cap, remainingMs) : remainingMs;
  }

  /** SEND_MESSAGE_V2 or SEND_BATCH_MESSAGE. Hot: writes the one-letter keys of SendMessageRequestHeaderV2 directly. */
  #command(queue: MessageQueue, message: PreparedMessage): RemotingCommand {
    const ext: ExtFields = {
      a: this.settings.producerGroup,
      b: message.wireTopic,
      c: this.settings.defaultTopic,
      d: String(this.settings.defaultTopicQueueNums),
      e: String(queue.queueId),
      f: String(message.sysFlag),
      g: String(this.client.clock.now()),
      h: String(message.flag),
      i: message.properties,
      j: String(message.reconsumeTimes ?? 0),
      k: this.client.unitMode ? 'true' : 'false',
      m: message.isBatch ? 'true' : 'false',
      n: queue.brokerName,
    };
    if (message.maxReconsumeTimes !== undefined) ext['l'] = String(message.maxReconsumeTimes);
    const code = message.isBatch
      ? RequestCode.SEND_BATCH_MESSAGE
      : message.replyBroker === undefined
        ? RequestCode.SEND_MESSAGE_V2
        : RequestCode.SEND_REPLY_MESSAGE_V2;
    return RemotingCommand.request(code, ext, message.body);
  }
}

function queueOn(info: TopicPublishInfo, brokerName: string): MessageQueue | undefined {
  return info.next((queue) => queue.brokerName === brokerName);
}

/** Milliseconds until a broker may be tried again that could not be connected to; undefined: it got the message, perhaps. */
function pauseBeforeNext({ cause }: MQClientError): number | undefined {
  if (!isRemotingError(cause) || cause.code !== 'CONNECT_FAILED') return undefined;
  return cause.retryAfterMs ?? 0;
}

function isWorthAnotherBroker(error: MQClientError): boolean {
  if (error.responseCode !== undefined) return RETRY_RESPONSE_CODES.has(error.responseCode);
  return !FINAL_ERRORS.has(error.code);
}
