import { RemotingCommand, RemotingError } from '@mq/remoting';
import { MessageConst, decodeRecords, unwrapInnerBatch, type MessageExt } from '@mq/remoting/message';
import {
  PullMessageRequestHeader,
  PullMessageResponseHeader,
  PullSysFlag,
  RequestCode,
  ResponseCode,
  messageQueueKey,
  type MessageQueue,
  type SubscriptionData,
} from '@mq/remoting/protocol';
import { decodeHeader } from '../instance/broker-api.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { MQClientError } from '../errors.js';
import type { FilterClasses } from './filter-classes.js';
import { toReceivedMessage, type ReceivedMessage } from './received-message.js';
import { reportCompressed } from './report-compressed.js';

/**
 * FOUND: messages, of which a filter may have left none. NO_NEW_MSG: nothing at that offset yet. NO_MATCHED_MSG: the
 * messages there do not match; go on at `nextBeginOffset`. OFFSET_ILLEGAL: no such offset; `nextBeginOffset` is the nearest.
 */
export type PullStatus = 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL';

/** The answer to one pull. */
export interface PullResult {
  /** Whether there are messages, and if not, why. */
  readonly status: PullStatus;
  /** Where to pull next. */
  readonly nextBeginOffset: number;
  /** First offset of the queue on the broker. */
  readonly minOffset: number;
  /** One past the last offset of the queue on the broker. */
  readonly maxOffset: number;
  /** Those that match the subscription exactly, ascending. */
  readonly messages: ReceivedMessage[];
}

/** One pull. */
export interface PullRequest {
  readonly consumerGroup: string;
  readonly queue: MessageQueue;
  readonly offset: number;
  readonly subscription: SubscriptionData;
  /** At most so many messages. */
  readonly maxMsgNums: number;
  /** At most so many bytes (5.x brokers). */
  readonly maxMsgBytes: number;
  /** The broker may hold the request so long when there is nothing; 0: answer at once. Milliseconds. */
  readonly suspendTimeoutMs: number;
  /** Of the whole request, milliseconds. */
  readonly timeoutMs: number;
  /** Offset to commit with this pull; undefined: none. */
  readonly commitOffset?: number;
  /** Send the filter along instead of relying on the heartbeat's. */
  readonly postSubscription: boolean;
  readonly signal?: AbortSignal;
}

const STATUS_OF_CODE: ReadonlyMap<number, PullStatus> = new Map<number, PullStatus>([
  [ResponseCode.SUCCESS, 'FOUND'],
  [ResponseCode.PULL_NOT_FOUND, 'NO_NEW_MSG'],
  [ResponseCode.PULL_RETRY_IMMEDIATELY, 'NO_MATCHED_MSG'],
  [ResponseCode.PULL_OFFSET_MOVED, 'OFFSET_ILLEGAL'],
]);
const ACCEPTED = [...STATUS_OF_CODE.keys()];

/**
 * Pulls messages: builds the request, follows the broker's advice which replica to read from, decodes and filters.
 * Upstream: PullAPIWrapper. One for each consumer.
 */
export class PullApi {
  /** Queue key → broker id to read from next, as the last answer suggested. */
  readonly #suggestedBroker = new Map<string, number>();

  /** @param filterClasses where subscriptions may have class filters */
  constructor(
    private readonly client: ClientInstance,
    private readonly filterClasses?: FilterClasses,
  ) {}

  /** @throws MQClientError BROKER_NOT_FOUND, TIMEOUT, CONNECTION_FAILED, ABORTED, SUBSCRIPTION_REFUSED, ... */
  async pull(request: PullRequest): Promise<PullResult> {
    const { queue, subscription } = request;
    const key = messageQueueKey(queue);
    const broker = await this.client.brokerOf(
      queue,
      this.#suggestedBroker.get(key) ?? 0,
      false,
      request.signal,
    );
    const command = RemotingCommand.request(RequestCode.PULL_MESSAGE, requestExt(request, broker.isSlave));
    const { timeoutMs, signal } = request;
    const options = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    const response = subscription.classFilterMode
      ? await this.#pullFiltered(queue, broker, command, options)
      : await this.client.brokers.call('pull', broker, command, options, ACCEPTED);
    const header = decodeHeader(PullMessageResponseHeader, response, broker);
    this.#suggestedBroker.set(key, header.suggestWhichBrokerId);
    const status = STATUS_OF_CODE.get(response.code) as PullStatus;
    let { nextBeginOffset } = header;
    const messages: ReceivedMessage[] = [];
    if (status === 'FOUND' && response.body !== undefined) {
      const unreadableAt = this.#decode(response.body, request, header, messages);
      // Upstream goes on behind the batch and so loses what follows the unreadable record; we lose that record only.
      if (unreadableAt !== undefined) nextBeginOffset = unreadableAt + 1;
    }
    return { status, nextBeginOffset, minOffset: header.minOffset, maxOffset: header.maxOffset, messages };
  }

  /** Pulls from a filter server in place of the broker. */
  async #pullFiltered(
    { topic, brokerName }: MessageQueue,
    broker: { readonly address: string },
    command: RemotingCommand,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<RemotingCommand> {
    if (this.filterClasses === undefined) {
      throw new MQClientError('INVALID_ARGUMENT', 'class filters are for push consumers');
    }
    const address = await this.filterClasses.serverFor(topic, broker.address);
    try {
      const peer = { address, brokerName };
      return await this.client.brokers.call('filtered pull', peer, command, options, ACCEPTED);
    } catch (error) {
      // It may have been started again, and then has no code: it gets it with the next pull.
      this.filterClasses.forget(address, topic);
      throw error;
    }
  }

  /** The queue is no longer read here. */
  forget(queue: MessageQueue): void {
    this.#suggestedBroker.delete(messageQueueKey(queue));
  }

  /** Fills `messages`; returns the queue offset of a record that cannot be read, and hides those behind it. */
  #decode(
    body: Buffer,
    request: PullRequest,
    header: PullMessageResponseHeader,
    messages: ReceivedMessage[],
  ): number | undefined {
    const { queue, subscription } = request;
    let endsEarly = false;
    const records = decodeRecords(body, { onUnreadable: () => (endsEarly = true) });
    let endOffset = request.offset;
    const tags =
      subscription.tagsSet.size > 0 && !subscription.classFilterMode ? subscription.tagsSet : undefined;
    const minOffset = String(header.minOffset);
    const maxOffset = String(header.maxOffset);
    const { namespace } = this.client;
    for (const record of records) {
      const inside = this.#messagesIn(record, request);
      endOffset = Math.max(endOffset, record.queueOffset + messageCount(record, inside));
      for (const message of inside) {
        if (message.queueOffset < request.offset) continue; // the head of an inner batch that was read before
        if (tags !== undefined && !tags.has(message.properties[MessageConst.TAGS] ?? '')) continue;
        message.properties[MessageConst.MIN_OFFSET] = minOffset;
        message.properties[MessageConst.MAX_OFFSET] = maxOffset;
        messages.push(toReceivedMessage(message, queue.brokerName, namespace));
      }
    }
    reportCompressed(messages, request.consumerGroup, this.client.logger);
    if (!endsEarly) return undefined;
    this.#reportUnreadable(endOffset, request);
    return endOffset;
  }

  /** The messages of a record; none, when it holds a batch that cannot be read. */
  #messagesIn(record: MessageExt, request: PullRequest): readonly MessageExt[] {
    try {
      return unwrapInnerBatch(record);
    } catch (error) {
      if (!(error instanceof RemotingError)) throw error;
      this.#reportUnreadable(record.queueOffset, request, error);
      return [];
    }
  }

  #reportUnreadable(queueOffset: number, { queue, subscription }: PullRequest, error?: RemotingError): void {
    this.client.logger.error('a record in a pull answer cannot be read; it is left out', {
      ...queue,
      queueOffset,
      subscription: subscription.subString,
      ...(error === undefined ? {} : { error: error.message }),
    });
  }
}

/** Queue offsets that a record takes; `inside` are the messages that were found in it. */
function messageCount(record: MessageExt, inside: readonly MessageExt[]): number {
  if (inside.length > 0) return inside.length;
  const said = Number(record.properties[MessageConst.INNER_NUM]);
  return Number.isSafeInteger(said) && said > 0 ? said : 1;
}

function requestExt(request: PullRequest, fromSlave: boolean): Record<string, string> {
  const { queue, subscription } = request;
  // A slave's offsets are not the group's: nothing may be committed there.
  const commits = request.commitOffset !== undefined && !fromSlave;
  const sendsFilter = request.postSubscription && !subscription.classFilterMode;
  return PullMessageRequestHeader.encode({
    consumerGroup: request.consumerGroup,
    topic: queue.topic,
    queueId: queue.queueId,
    queueOffset: request.offset,
    maxMsgNums: request.maxMsgNums,
    maxMsgBytes: request.maxMsgBytes,
    sysFlag:
      (commits ? PullSysFlag.FLAG_COMMIT_OFFSET : 0) |
      (request.suspendTimeoutMs > 0 ? PullSysFlag.FLAG_SUSPEND : 0) |
      (sendsFilter ? PullSysFlag.FLAG_SUBSCRIPTION : 0) |
      (subscription.classFilterMode ? PullSysFlag.FLAG_CLASS_FILTER : 0),
    commitOffset: commits ? (request.commitOffset as number) : 0,
    suspendTimeoutMillis: request.suspendTimeoutMs,
    subVersion: subscription.subVersion,
    subscription: sendsFilter ? subscription.subString : undefined,
    expressionType: subscription.expressionType,
    bname: queue.brokerName,
  });
}
