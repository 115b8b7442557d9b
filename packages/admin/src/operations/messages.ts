import { decodeOffsetMsgId, decodeRecords, MessageConst, type MessageExt } from '@mq/remoting/message';
import {
  ConsumeMessageDirectlyResultRequestHeader,
  QueryMessageRequestHeader,
  RequestCode,
  ResponseCode,
  ResumeCheckHalfMessageRequestHeader,
  SystemGroup,
  ViewMessageRequestHeader,
  decodeConsumeMessageDirectlyResult,
  isLmq,
  type BrokerData,
  type ConsumeMessageDirectlyResult,
} from '@mq/remoting/protocol';
import { formatAddress } from '@mq/remoting';
import { PullConsumer, messageKeys } from '@mq/client';
import type { AdminChannel } from '../channel.js';
import { AdminError, isAdminError } from '../errors.js';
import { readableAddress } from './broker-address.js';
import { routeTopicOf } from './route-topic.js';
import type { TopicOperations } from './topics.js';

/** Narrows a search by key. Times are milliseconds since 1970. */
export interface QueryOptions {
  /** At most so many from each broker; default 64. */
  readonly maxNum?: number | undefined;
  /** Default 0. */
  readonly beginMs?: number | undefined;
  /** Default: no end. */
  readonly endMs?: number | undefined;
  /** Only brokers of this cluster; for light queues the parent topic. */
  readonly clusterName?: string | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Looking messages up. */
export class MessageOperations {
  constructor(
    private readonly channel: AdminChannel,
    private readonly topics: TopicOperations,
  ) {}

  /** The message at a place in a broker's log. @throws AdminError when there is none */
  async at(address: string, physicalOffset: number, topic?: string): Promise<MessageExt> {
    const ext = ViewMessageRequestHeader.encode({ topic, offset: physicalOffset });
    const { body } = await this.channel.ask(address, RequestCode.VIEW_MESSAGE_BY_ID, { ext });
    const message = body === undefined ? undefined : decodeRecords(body)[0];
    if (message === undefined) {
      throw new AdminError('BAD_RESPONSE', `${address} sent no readable message`, { brokerAddr: address });
    }
    return message;
  }

  /**
   * A message by either of its ids: the offsetMsgId, which leads to its broker, or the one its producer gave it, of the
   * last three days.
   * @throws AdminError NO_MESSAGE
   */
  async byId(
    topic: string,
    id: string,
    options: { clusterName?: string | undefined } = {},
  ): Promise<MessageExt> {
    const place = decodeOffsetMsgId(id);
    // Both ids may be 32 hex digits; one that leads nowhere is the producer's.
    if (place !== undefined && place.port > 0 && place.port < 65_536 && place.physicalOffset >= 0) {
      try {
        return await this.at(formatAddress(place.ip, place.port), place.physicalOffset, topic);
      } catch (error) {
        if (!isAdminError(error)) throw error;
        this.channel.logger.debug('no message at the place the id names', { id, reason: error.message });
      }
    }
    const beginMs = Date.now() - 3 * DAY_MS;
    const [message] = await this.byUniqueKey(topic, id, { maxNum: 32, beginMs, ...options });
    return message as MessageExt;
  }

  /** Messages whose KEYS have this key. @throws AdminError NO_MESSAGE */
  byKey(topic: string, key: string, options: QueryOptions = {}): Promise<MessageExt[]> {
    return this.#query(topic, key, options, false);
  }

  /** Messages with this UNIQ_KEY, the id their producer gave them: one, or several after a retry. @throws AdminError NO_MESSAGE */
  byUniqueKey(topic: string, uniqueKey: string, options: QueryOptions = {}): Promise<MessageExt[]> {
    return this.#query(topic, uniqueKey, options, true);
  }

  /**
   * Has the producers of a half message asked again what became of its transaction, as if they had never been asked: for one
   * that was given up, which stands in TRANS_CHECK_MAX_TIME_TOPIC, or that waits.
   * @param offsetMsgId leads to the broker and the record
   * @throws AdminError INVALID_ARGUMENT for another kind of id; SERVER_REFUSED when there is no such half message, or its
   *   transaction has ended
   */
  async resumeCheck(topic: string, offsetMsgId: string): Promise<void> {
    const place = decodeOffsetMsgId(offsetMsgId);
    if (place === undefined) throw new AdminError('INVALID_ARGUMENT', `"${offsetMsgId}" is no offsetMsgId`);
    const ext = ResumeCheckHalfMessageRequestHeader.encode({ topic, msgId: offsetMsgId });
    await this.channel.ask(formatAddress(place.ip, place.port), RequestCode.RESUME_CHECK_HALF_MESSAGE, {
      ext,
    });
  }

  /** Has one member of a group consume a message once more, now. @throws AdminError GROUP_NOT_ONLINE, TIMEOUT */
  async consumeDirectly(
    group: string,
    clientId: string,
    message: MessageExt,
  ): Promise<ConsumeMessageDirectlyResult> {
    const address = message.storeHost;
    const ext = ConsumeMessageDirectlyResultRequestHeader.encode({
      consumerGroup: group,
      clientId,
      topic: message.topic,
      msgId: message.offsetMsgId,
    });
    const timeoutMs = 2 * this.channel.requestTimeoutMs;
    const { body } = await this.channel.ask(address, RequestCode.CONSUME_MESSAGE_DIRECTLY, {
      ext,
      timeoutMs,
    });
    return this.channel.decode(address, () => decodeConsumeMessageDirectlyResult(body));
  }

  /**
   * A started consumer to read queues with; it commits nothing by itself. To be closed by the caller.
   * @param group default upstream's TOOLS_CONSUMER, which every broker knows
   * @throws AdminError NO_NAME_SERVER; the consumer's own methods throw MQClientError
   */
  async openReader(group: string = SystemGroup.TOOLS_CONSUMER): Promise<PullConsumer> {
    const reader = new PullConsumer({ ...this.channel.clientOptions(), consumerGroup: group });
    await reader.start();
    return reader;
  }

  async #query(topic: string, key: string, options: QueryOptions, isUnique: boolean): Promise<MessageExt[]> {
    const { clusterName } = options;
    const { brokerDatas } = await this.topics.route(routeTopicOf(topic, clusterName));
    const asked = brokerDatas.filter(
      ({ cluster }) => clusterName === undefined || isLmq(topic) || cluster === clusterName,
    );
    const answers = await Promise.allSettled(
      asked.map((broker) => this.#queryBroker(broker, topic, key, options, isUnique)),
    );
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    throw new AdminError('NO_MESSAGE', `no message of the topic "${topic}" has the key "${key}"`);
  }

  async #queryBroker(
    broker: BrokerData,
    topic: string,
    key: string,
    { maxNum = 64, beginMs = 0, endMs = Number.MAX_SAFE_INTEGER, clusterName }: QueryOptions,
    isUniqueKeyQuery: boolean,
  ): Promise<MessageExt[]> {
    const address = readableAddress(broker);
    if (address === undefined) return [];
    const ext = QueryMessageRequestHeader.encode({
      topic: routeTopicOf(topic, clusterName),
      key,
      isUniqueKeyQuery,
      maxNum,
      beginTimestamp: beginMs,
      endTimestamp: endMs,
    });
    const timeoutMs = 3 * this.channel.requestTimeoutMs;
    try {
      const { body } = await this.channel.ask(address, RequestCode.QUERY_MESSAGE, { ext, timeoutMs });
      return decodeRecords(body ?? Buffer.alloc(0))
        .filter((message) => hasKey(message, topic, key, isUniqueKeyQuery))
        .map((message) => ({ ...message, brokerName: broker.brokerName }));
    } catch (error) {
      if (isAdminError(error) && error.responseCode === ResponseCode.QUERY_NOT_FOUND) return [];
      throw error;
    }
  }
}

/** The index knows hash codes only: others may come with what was asked for. */
function hasKey(message: MessageExt, topic: string, key: string, isUnique: boolean): boolean {
  if (isUnique) return message.properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] === key;
  return messageKeys(message).includes(key) && (message.topic === topic || isLmq(topic));
}
