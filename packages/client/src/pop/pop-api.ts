import { RemotingCommand } from '@mq/remoting';
import { decodeRecords, MessageConst, type MessageExt } from '@mq/remoting/message';
import {
  ChangeInvisibleTimeRequestHeader,
  ChangeInvisibleTimeResponseHeader,
  formatPopHandle,
  parseMsgOffsetInfo,
  parseOrderCountInfo,
  parsePopHandle,
  parseStartOffsetInfo,
  popMessageKey,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
  popQueueKey,
  popRetryFlag,
  popStoredTopic,
  RequestCode,
  ResponseCode,
  type MessageQueue,
  type PopHandle,
  type SubscriptionData,
} from '@mq/remoting/protocol';
import { toReceivedMessage, type ReceivedMessage } from '../consumer/received-message.js';
import { reportCompressed } from '../consumer/report-compressed.js';
import { MQClientError } from '../errors.js';
import { decodeHeader } from '../instance/broker-api.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { AckSender } from './ack-sender.js';

/** Upstream gives the broker 10 s beyond the time it may hold the request. */
const ANSWER_MARGIN_MS = 10_000;

/**
 * FOUND: messages. NOT_FOUND: nothing came in time. POLLING_FULL: too many wait at the broker, pause before asking again.
 */
export type PopStatus = 'FOUND' | 'NOT_FOUND' | 'POLLING_FULL';

const STATUS_OF_CODE: ReadonlyMap<number, PopStatus> = new Map<number, PopStatus>([
  [ResponseCode.SUCCESS, 'FOUND'],
  [ResponseCode.POLLING_FULL, 'POLLING_FULL'],
  [ResponseCode.POLLING_TIMEOUT, 'NOT_FOUND'],
  [ResponseCode.PULL_NOT_FOUND, 'NOT_FOUND'],
]);
const ACCEPTED = [...STATUS_OF_CODE.keys()];

/** One pop. */
export interface PopRequest {
  /** With namespace. */
  readonly consumerGroup: string;
  /** `queueId` -1: any queue of the broker. */
  readonly queue: MessageQueue;
  readonly subscription: SubscriptionData;
  /** 1 to 32. */
  readonly maxMsgNums: number;
  readonly invisibleTimeMs: number;
  /** The broker may hold the request so long; 0: it answers at once. */
  readonly pollTimeMs: number;
  /** Where a group without an offset begins: 0 with the first message, 1 with the newest. */
  readonly initMode: 0 | 1;
  readonly order: boolean;
  /** With `order`: the same id gets the messages of an answer that was lost again. */
  readonly attemptId?: string;
  readonly signal?: AbortSignal;
}

export interface PopResult {
  readonly status: PopStatus;
  /** Those that match the subscription exactly; the handle is their property POP_CK. */
  readonly messages: ReceivedMessage[];
  /** Came, but only the hash of their tag matches: to be acknowledged. */
  readonly unwanted: ReceivedMessage[];
}

/** The requests of pop consumption, from objects to bytes and back. Upstream: MQClientAPIImpl, PullAPIWrapper.popAsync. */
export class PopApi {
  readonly #acks: AckSender;

  constructor(private readonly client: ClientInstance) {
    this.#acks = new AckSender(client);
  }

  /** @throws MQClientError BROKER_NOT_FOUND, TIMEOUT, CONNECTION_FAILED, ABORTED, SUBSCRIPTION_REFUSED, ... */
  async pop(request: PopRequest): Promise<PopResult> {
    const { queue, subscription, pollTimeMs, signal } = request;
    const broker = await this.client.masterOf(queue, signal);
    const ext = PopMessageRequestHeader.encode({
      consumerGroup: request.consumerGroup,
      topic: queue.topic,
      queueId: queue.queueId,
      maxMsgNums: request.maxMsgNums,
      invisibleTime: request.invisibleTimeMs,
      pollTime: pollTimeMs,
      // The broker puts its own time in: the two clocks need not agree.
      bornTime: 0,
      initMode: request.initMode,
      expType: subscription.expressionType,
      exp: subscription.subString,
      order: request.order,
      attemptId: request.attemptId,
      bname: queue.brokerName,
    });
    const timeoutMs = pollTimeMs + ANSWER_MARGIN_MS;
    const options = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    const command = RemotingCommand.request(RequestCode.POP_MESSAGE, ext);
    const response = await this.client.brokers.call('pop', broker, command, options, ACCEPTED);
    const status = STATUS_OF_CODE.get(response.code) as PopStatus;
    if (status !== 'FOUND' || response.body === undefined) return { status, messages: [], unwanted: [] };
    const header = decodeHeader(PopMessageResponseHeader, response, broker);
    return this.#decode(response.body, request, header);
  }

  /** Resolves when the broker took the acknowledgement. @throws MQClientError */
  ack(message: ReceivedMessage, consumerGroup: string, wireTopic: string): Promise<void> {
    return this.#acks.ack(handleOf(message), consumerGroup, wireTopic);
  }

  /**
   * Makes a message visible again `invisibleTimeMs` from now, and gives it its new handle.
   * @throws MQClientError SERVER_REFUSED when the message is no longer this consumer's
   */
  async changeInvisibleTime(
    message: ReceivedMessage,
    consumerGroup: string,
    wireTopic: string,
    invisibleTimeMs: number,
  ): Promise<void> {
    const handle = handleOf(message);
    const { queueId, brokerName, retryFlag } = handle;
    const offset = handle.queueOffset ?? message.queueOffset;
    const topic = popStoredTopic(wireTopic, consumerGroup, retryFlag);
    const broker = await this.client.masterOf({ topic: wireTopic, brokerName, queueId });
    const extraInfo = formatPopHandle(handle);
    const fields = { consumerGroup, topic, queueId, offset, extraInfo, bname: brokerName };
    const ext = ChangeInvisibleTimeRequestHeader.encode({ ...fields, invisibleTime: invisibleTimeMs });
    const command = RemotingCommand.request(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, ext);
    const options = { timeoutMs: this.client.requestTimeoutMs };
    const response = await this.client.brokers.call('change of the invisible time', broker, command, options);
    const header = decodeHeader(ChangeInvisibleTimeResponseHeader, response, broker);
    message.properties[MessageConst.POP_CK] = formatPopHandle({
      ...handle,
      // Popped in order there is no checkpoint of its own.
      checkpointOffset: offset,
      popTime: header.popTime,
      invisibleTime: header.invisibleTime,
      reviveQueueId: header.reviveQid,
      queueOffset: offset,
    });
  }

  #decode(body: Buffer, request: PopRequest, header: PopMessageResponseHeader): PopResult {
    const { queue, subscription } = request;
    const tables = {
      starts: parseStartOffsetInfo(header.startOffsetInfo),
      offsets: parseMsgOffsetInfo(header.msgOffsetInfo),
      orderCounts: parseOrderCountInfo(header.orderCountInfo),
    };
    const tags =
      subscription.tagsSet.size > 0 && !subscription.classFilterMode ? subscription.tagsSet : undefined;
    const messages: ReceivedMessage[] = [];
    const unwanted: ReceivedMessage[] = [];
    for (const record of decodeRecords(body)) {
      completeHandle(record, queue.brokerName, header, tables);
      // Retried messages may come under the name of their retry topic.
      record.topic = queue.topic;
      const message = toReceivedMessage(record, queue.brokerName, this.client.namespace);
      const isWanted = tags === undefined || tags.has(message.properties[MessageConst.TAGS] ?? '');
      (isWanted ? messages : unwanted).push(message);
    }
    reportCompressed(messages, request.consumerGroup, this.client.logger);
    return { status: 'FOUND', messages, unwanted };
  }
}

/** POP_CK of a message. @throws MQClientError INVALID_ARGUMENT for one that was not popped */
export function handleOf(message: MessageExt): PopHandle {
  const text = message.properties[MessageConst.POP_CK];
  try {
    return parsePopHandle(text ?? '');
  } catch (cause) {
    throw new MQClientError('INVALID_ARGUMENT', 'the message was not popped', { cause });
  }
}

function completeHandle(
  record: MessageExt,
  brokerName: string,
  header: PopMessageResponseHeader,
  {
    starts,
    offsets,
    orderCounts,
  }: {
    readonly starts: ReadonlyMap<string, number>;
    readonly offsets: ReadonlyMap<string, readonly number[]>;
    readonly orderCounts: ReadonlyMap<string, number>;
  },
): void {
  const { properties, queueId, queueOffset } = record;
  properties[MessageConst.FIRST_POP_TIME] ??= String(header.popTime);
  if (properties[MessageConst.POP_CK] !== undefined) return;
  const retryFlag = popRetryFlag(record.topic);
  const key = popQueueKey(retryFlag, queueId);
  const known = offsets.get(key)?.includes(queueOffset) ?? starts.size === 0;
  if (!known)
    throw new MQClientError('BAD_RESPONSE', `the pop answer does not name offset ${queueOffset} of ${key}`);
  properties[MessageConst.POP_CK] = formatPopHandle({
    checkpointOffset: starts.get(key) ?? queueOffset,
    popTime: header.popTime,
    invisibleTime: header.invisibleTime,
    reviveQueueId: header.reviveQid,
    retryFlag,
    brokerName,
    queueId,
    queueOffset,
  });
  const count = orderCounts.get(popMessageKey(retryFlag, queueId, queueOffset)) ?? orderCounts.get(key);
  if (count !== undefined && count > 0) record.reconsumeTimes = count;
}
