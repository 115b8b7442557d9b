// CONSUMER_SEND_MSG_BACK: a consumer could not handle a message; store it again for a later try, or as a dead letter
// (upstream: AbstractSendMessageProcessor#consumerSendMsgBack).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { encodeOffsetMsgId, encodeProperties, MessageConst, SysFlag } from '@mq/remoting/message';
import {
  ConsumerSendMsgBackRequestHeader,
  isWriteable,
  PermName,
  ResponseCode,
  retryTopic,
  type SubscriptionGroupConfig,
  TopicSysFlag,
} from '@mq/remoting/protocol';
import type { AppendMessage } from '@mq/store';

import { anyQueueId } from '../any-queue-id.js';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { mayBeDelayed, placeOfLevel, waitIn } from '../../schedule/delayed-message.js';
import { appendAgain, readStoredMessage, type StoredMessage } from '../../schedule/stored-message.js';
import { isStored } from './put-status.js';
import { deadLetterTopicOf, groupMissing, maxReconsumeTimes } from './retry-limit.js';

/** Delay level of the first retry; each further one is a level higher. */
const FIRST_RETRY_LEVEL = 3;

export function consumerSendBack(broker: BrokerParts): RequestProcessor {
  const sendBack = new ConsumerSendBack(broker);
  return (request) => sendBack.process(request);
}

class ConsumerSendBack {
  readonly #broker: BrokerParts;

  constructor(broker: BrokerParts) {
    this.#broker = broker;
  }

  async process(request: RemotingCommand): Promise<RemotingCommand> {
    const header = ConsumerSendMsgBackRequestHeader.decode(request.extFields);
    const group = this.#broker.subscriptionGroups.find(header.group);
    if (group === undefined) throw groupMissing(header.group);
    if (!isWriteable(this.#broker.settings.broker.brokerPermission)) {
      throw forbidden(`the broker[${this.#broker.identity.brokerAddr}] sending message is forbidden`);
    }
    // Configured to have no retries: the message counts as consumed.
    if (group.retryQueueNums <= 0) return RemotingCommand.response(ResponseCode.SUCCESS);
    const queues = this.#retryQueues(header, group);

    const record = await this.#broker.store.recordAt(header.offset);
    const stored = record === undefined ? undefined : readStoredMessage(record);
    if (record === undefined || stored === undefined) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${header.offset}`);
    }
    if ((stored.sysFlag & SysFlag.INNER_BATCH) !== 0) {
      // Its offset names all messages of the batch. Upstream refuses too; the consumer then sends a copy of the one.
      throw new RequestRefused(
        ResponseCode.SYSTEM_ERROR,
        'MESSAGE_ILLEGAL: the record holds several messages',
      );
    }
    const max = maxReconsumeTimes(group.retryMaxTimes, request.version, header.maxReconsumeTimes);
    const isDeadLetter = header.delayLevel < 0 || stored.reconsumeTimes >= max;
    const message = this.#messageToStore(header, queues, stored, isDeadLetter);
    const result = await this.#broker.store.put(message);
    // Stored is what counts; with another answer the consumer would send the message a second time by itself.
    if (!isStored(result.status)) throw new RequestRefused(ResponseCode.SYSTEM_ERROR, result.status);
    this.#count(header.group, stored, isDeadLetter);
    return RemotingCommand.response(ResponseCode.SUCCESS);
  }

  /**
   * How many queues of the retry topic may be used; the topic is created on first use. Not more than it has: when
   * `retryQueueNums` is raised later, upstream puts messages where nobody reads.
   */
  #retryQueues(header: ConsumerSendMsgBackRequestHeader, group: SubscriptionGroupConfig): number {
    const topic = retryTopic(header.group);
    const sysFlag = header.unitMode === true ? TopicSysFlag.FLAG_UNIT_SUB : 0;
    const perm = PermName.PERM_WRITE | PermName.PERM_READ;
    const config = this.#broker.topicConfig.createInSendBackMethod(
      topic,
      group.retryQueueNums,
      perm,
      sysFlag,
    );
    if (!isWriteable(config.perm)) throw forbidden(`the topic[${topic}] sending message is forbidden`);
    return Math.min(group.retryQueueNums, config.readQueueNums, config.writeQueueNums);
  }

  #messageToStore(
    header: ConsumerSendMsgBackRequestHeader,
    queues: number,
    stored: StoredMessage,
    isDeadLetter: boolean,
  ): AppendMessage {
    const { storeHost } = this.#broker.identity;
    const properties = { ...stored.properties };
    delete properties[MessageConst.INNER_NUM];
    delete properties[MessageConst.INNER_BASE];
    properties[MessageConst.RETRY_TOPIC] ??= stored.topic;
    properties[MessageConst.WAIT_STORE_MSG_OK] = 'false';
    properties[MessageConst.ORIGIN_MESSAGE_ID] ??= encodeOffsetMsgId(stored.storeHost, header.offset);
    const level = isDeadLetter ? 0 : header.delayLevel || FIRST_RETRY_LEVEL + stored.reconsumeTimes;
    properties[MessageConst.DELAY_TIME_LEVEL] = String(level);
    const target = isDeadLetter
      ? deadLetterTopicOf(this.#broker, header.group)
      : { topic: retryTopic(header.group), queueId: anyQueueId(this.#broker, queues) };
    const message = appendAgain(stored, {
      ...target,
      storeHost,
      properties: Buffer.from(encodeProperties(properties)),
    });
    message.reconsumeTimes = stored.reconsumeTimes + 1;
    if (level > 0 && mayBeDelayed(message.sysFlag)) {
      waitIn(placeOfLevel(level, this.#broker.schedule.levels, message), message);
    }
    return message;
  }

  #count(group: string, stored: StoredMessage, isDeadLetter: boolean): void {
    const topic = stored.properties[MessageConst.RETRY_TOPIC] ?? stored.topic;
    this.#broker.stats.recordSendBack(group, topic);
    if (!isDeadLetter) return;
    this.#broker.stats.recordDeadLetter(group, topic);
    this.#broker.logger.info('message became a dead letter', {
      group,
      topic,
      reconsumeTimes: stored.reconsumeTimes,
    });
  }
}

function forbidden(remark: string): RequestRefused {
  return new RequestRefused(ResponseCode.NO_PERMISSION, remark);
}
