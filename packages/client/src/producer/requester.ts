import { randomUUID } from 'node:crypto';
import { MessageConst } from '@mq/remoting/message';
import { replyTopic } from '@mq/remoting/protocol';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { MQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { settledWithin } from '../instance/sleeper.js';
import type { MessageSender, SendBudget } from './message-sender.js';

/** Hands a request on to be sent, with the properties that make it one. */
type Send = (requestProperties: Readonly<Record<string, string>>) => Promise<unknown>;

/**
 * Sends messages that ask for a reply and waits for it. Upstream: DefaultMQProducerImpl.request, RequestResponseFuture.
 *
 * The responder sends its reply to some broker of the cluster, which pushes it to this client on a connection that this
 * client must have made: before the first request to a topic, and again when connections were lost, every broker of its
 * clusters hears of us.
 */
export class Requester {
  /** Wire topic → how many connections had ended when its brokers were told. */
  readonly #announced = new Map<string, number>();
  /** Ends every wait when the producer closes. */
  readonly #closing = new AbortController();

  constructor(
    private readonly client: ClientInstance,
    private readonly sender: MessageSender,
  ) {}

  /** @throws MQClientError REPLY_TIMEOUT when the request was stored and no reply came; else what a send throws */
  async request(
    wireTopic: string,
    budget: SendBudget,
    timeoutMs: number,
    send: Send,
  ): Promise<ReceivedMessage> {
    if (this.#announced.get(wireTopic) !== this.client.lostConnections) {
      await this.#announce(wireTopic, budget).catch((error: unknown) => {
        throw this.#closing.signal.aborted ? this.#abortedError(undefined) : error;
      });
    }
    const correlationId = randomUUID();
    const properties = {
      [MessageConst.CORRELATION_ID]: correlationId,
      [MessageConst.MESSAGE_REPLY_TO_CLIENT]: this.client.clientId,
      [MessageConst.MESSAGE_TTL]: String(timeoutMs),
    };
    try {
      return await this.#reply(correlationId, budget, timeoutMs, () => send(properties));
    } finally {
      this.client.replies.forget(correlationId);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  /** The reply, or why there is none. The reply counts even when the send itself has had no answer yet. */
  async #reply(
    correlationId: string,
    { deadlineMs, signal }: SendBudget,
    timeoutMs: number,
    send: () => Promise<unknown>,
  ): Promise<ReceivedMessage> {
    const { clock, replies } = this.client;
    const stop = new AbortController();
    const signals = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    let isSent = false;
    const waiting = new Promise<ReceivedMessage>((resolve, reject) => {
      replies.wait(correlationId, resolve);
      const timer = clock.setTimeout(
        () => reject(noReply(isSent, timeoutMs)),
        Math.max(0, deadlineMs - clock.monotonic()),
      );
      const aborted = (): void => reject(this.#abortedError(signal));
      signals.addEventListener('abort', aborted, { signal: stop.signal });
      stop.signal.addEventListener('abort', () => timer.cancel());
      send().then(() => (isSent = true), reject);
    });
    try {
      return await waiting;
    } finally {
      stop.abort();
    }
  }

  /** Lets the brokers know this client, within the time of the request. */
  async #announce(wireTopic: string, budget: SendBudget): Promise<void> {
    const { client, sender } = this;
    const { lostConnections } = client;
    await sender.fetchPublishInfo(wireTopic, budget);
    const clusters = new Set(client.routes.routeOf(wireTopic)?.brokerDatas.map(({ cluster }) => cluster));
    const replyTopics = [...clusters].filter((cluster) => cluster !== undefined).map(replyTopic);
    const leftMs = (): number => Math.max(1, budget.deadlineMs - client.clock.monotonic());
    // A broker that does not answer must not take all the time: the reply may come by another one.
    const routes = Promise.allSettled(replyTopics.map((topic) => client.fetchRoute(topic)));
    await settledWithin(client.clock, routes, leftMs() / 4);
    for (const topic of replyTopics) if (client.routes.routeOf(topic) !== undefined) sender.topics.add(topic);
    await settledWithin(client.clock, client.heartbeat(), leftMs() / 2);
    this.#announced.set(wireTopic, lostConnections);
  }

  #abortedError(signal: AbortSignal | undefined): MQClientError {
    return signal?.aborted === true
      ? new MQClientError('ABORTED', 'the signal fired before the reply came', { cause: signal.reason })
      : new MQClientError('CLOSED', 'the producer was closed before the reply came');
  }
}

function noReply(isSent: boolean, timeoutMs: number): MQClientError {
  return isSent
    ? new MQClientError('REPLY_TIMEOUT', `the request was stored, but no reply came within ${timeoutMs} ms`)
    : new MQClientError('TIMEOUT', `the request was not acknowledged within ${timeoutMs} ms`);
}
