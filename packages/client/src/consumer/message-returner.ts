import { MessageConst, SysFlag, encodeProperties, type MessageExt } from '@mq/remoting/message';
import { dlqTopic, isDlqTopic, retryTopic, wrapNamespace, type MessageQueue } from '@mq/remoting/protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import { MessageSender } from '../producer/message-sender.js';
import type { ReceivedMessage } from './received-message.js';

const SEND_BACK_TIMEOUT_MS = 5_000;
/** Delay level of the first retry: 10 s. Level n + 3 for attempt n. */
const FIRST_RETRY_DELAY_LEVEL = 3;
const SEND_TIMEOUT_MS = 3_000;
const MAX_REASON_LENGTH = 1_000;
/** Property of a dead letter that says why it is one. */
export const DLQ_REASON = 'DLQ_REASON';

/**
 * Gives failed messages back to the broker, which delivers them again through `%RETRY%group` or, after too many attempts,
 * puts them into `%DLQ%group`. When the broker cannot do that, a copy is sent to the retry topic instead.
 * Upstream: DefaultMQPushConsumerImpl.sendMessageBack.
 */
export class MessageReturner {
  readonly #sender: MessageSender;
  /** Messages that were given up on: whatever becomes of their batch, they do not come again. */
  readonly #deadLetters = new WeakSet<ReceivedMessage>();

  /**
   * @param consumerGroup with namespace
   * @param maxReconsumeTimes undefined: brokers go by the group's `retryMaxTimes`. Java's client always says a number, so that
   *   setting never counts for it
   */
  constructor(
    private readonly client: ClientInstance,
    private readonly consumerGroup: string,
    private readonly maxReconsumeTimes: number | undefined,
  ) {
    this.#sender = new MessageSender(client, {
      producerGroup: 'CLIENT_INNER_PRODUCER',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 1,
      retryTimesWhenSendFailed: 2,
      retryAnotherBrokerWhenNotStoreOK: false,
      maxTimeoutPerRequestMs: 0,
      sendLatencyFaultEnable: false,
    });
  }

  /**
   * @param delayLevel 0: the broker chooses; above 0: that level; -1: dead letter
   * @returns false when neither way worked; the message is then still ours. True when it is a dead letter already. Never rejects
   */
  async giveBack(message: ReceivedMessage, queue: MessageQueue, delayLevel: number): Promise<boolean> {
    if (this.isDeadLetter(message)) return true;
    try {
      await this.sendBack(message, queue, delayLevel);
      return true;
    } catch (error) {
      this.client.logger.warn('a message could not be returned; sending a copy', {
        ...factsOf(message),
        error,
      });
      return this.sendCopy(message);
    }
  }

  /**
   * Gives a message back to the broker that has it, which finds it by its place and keeps its original id.
   * @throws MQClientError
   */
  async sendBack(message: ReceivedMessage, queue: MessageQueue, delayLevel: number): Promise<void> {
    if ((message.sysFlag & SysFlag.INNER_BATCH) !== 0 || this.#isLetterOfOthers(message))
      return this.#sendBackAsCopy(message, delayLevel);
    const broker = await this.client.masterOf(queue);
    const header = {
      offset: message.commitLogOffset,
      group: this.consumerGroup,
      delayLevel,
      originMsgId: message.msgId,
      originTopic: wrapNamespace(this.client.namespace, message.topic),
      unitMode: this.client.unitMode,
      ...(this.maxReconsumeTimes === undefined ? {} : { maxReconsumeTimes: this.maxReconsumeTimes }),
      bname: queue.brokerName,
    };
    await this.client.brokers.sendMessageBack(broker, header, { timeoutMs: SEND_BACK_TIMEOUT_MS });
  }

  /**
   * A dead letter of another group, which this one consumes. A broker would give it back under the topic it was first sent to,
   * where this group has no handler for it.
   */
  #isLetterOfOthers({ topic }: ReceivedMessage): boolean {
    return isDlqTopic(topic) && wrapNamespace(this.client.namespace, topic) !== dlqTopic(this.consumerGroup);
  }

  /** How often this group has failed with the message: the attempts that made it a dead letter of another group do not count. */
  #attemptsAt(message: ReceivedMessage): number {
    const cameFrom = message.properties[MessageConst.RETRY_TOPIC] ?? '';
    return this.#isLetterOfOthers(message) && !isDlqTopic(cameFrom) ? 0 : message.reconsumeTimes;
  }

  /** The place of a message of a batch is that of all of them (topics of type BatchCQ): a copy of the one has to do. */
  #sendBackAsCopy(message: ReceivedMessage, delayLevel: number): Promise<void> {
    const properties: Record<string, string> = {};
    if (delayLevel > 0) properties[MessageConst.DELAY_TIME_LEVEL] = String(delayLevel);
    return this.#sendCopy(message, delayLevel < 0 ? 0 : this.maxReconsumeTimes, properties);
  }

  /**
   * Sends a copy to the retry topic through the ordinary send path, where the broker applies the dead letter rule too.
   * @returns false when it failed. Never rejects
   */
  async sendCopy(message: ReceivedMessage): Promise<boolean> {
    try {
      await this.#sendCopy(message, this.maxReconsumeTimes, {});
      return true;
    } catch (error) {
      this.client.logger.error('a copy for the retry topic could not be sent', {
        ...factsOf(message),
        error,
      });
      return false;
    }
  }

  /**
   * Makes a dead letter of a message at once: a copy whose attempts are used up, with the reason in property DLQ_REASON.
   * A second call for the same message does nothing.
   * @throws MQClientError as a send does
   */
  async sendToDeadLetter(message: ReceivedMessage, reason: string): Promise<void> {
    if (this.isDeadLetter(message)) return;
    await this.#sendCopy(message, 0, { [DLQ_REASON]: propertyText(reason) });
    this.#deadLetters.add(message);
  }

  /** True: `sendToDeadLetter` made one of it. */
  isDeadLetter(message: ReceivedMessage): boolean {
    return this.#deadLetters.has(message);
  }

  async #sendCopy(
    message: ReceivedMessage,
    maxReconsumeTimes: number | undefined,
    properties: Readonly<Record<string, string>>,
  ): Promise<void> {
    const wireTopic = retryTopic(this.consumerGroup);
    const reconsumeTimes = this.#attemptsAt(message) + 1;
    await this.#sender.send(
      {
        topic: wireTopic,
        wireTopic,
        body: message.body,
        sysFlag: 0,
        flag: message.flag,
        properties: encodeProperties({
          ...this.#copyProperties(message, reconsumeTimes, maxReconsumeTimes),
          ...properties,
        }),
        msgId: message.msgId,
        isBatch: false,
        reconsumeTimes,
        ...(maxReconsumeTimes === undefined ? {} : { maxReconsumeTimes }),
      },
      { deadlineMs: this.client.clock.monotonic() + SEND_TIMEOUT_MS },
    );
  }

  #copyProperties(
    message: ReceivedMessage,
    reconsumeTimes: number,
    maxReconsumeTimes: number | undefined,
  ): Record<string, string> {
    const properties: Record<string, string> = {
      ...message.properties,
      [MessageConst.ORIGIN_MESSAGE_ID]: message.properties[MessageConst.ORIGIN_MESSAGE_ID] || message.msgId,
      [MessageConst.RETRY_TOPIC]: wrapNamespace(this.client.namespace, message.topic),
      [MessageConst.RECONSUME_TIME]: String(reconsumeTimes),
      [MessageConst.DELAY_TIME_LEVEL]: String(FIRST_RETRY_DELAY_LEVEL + reconsumeTimes - 1),
    };
    if (maxReconsumeTimes === undefined) delete properties[MessageConst.MAX_RECONSUME_TIMES];
    else properties[MessageConst.MAX_RECONSUME_TIMES] = String(maxReconsumeTimes);
    const firstTopic = message.properties[MessageConst.RETRY_TOPIC];
    if (isDlqTopic(message.topic) && firstTopic !== undefined && !isDlqTopic(firstTopic))
      properties[MessageConst.DLQ_ORIGIN_TOPIC] ??= firstTopic;
    // Half messages and what a pull added must not travel again.
    delete properties[MessageConst.TRANSACTION_PREPARED];
    delete properties[MessageConst.MIN_OFFSET];
    delete properties[MessageConst.MAX_OFFSET];
    // Of a topic of type BatchCQ; brokers take it for a part of a batch.
    delete properties[MessageConst.INNER_NUM];
    delete properties[MessageConst.INNER_BASE];
    return properties;
  }
}

/** As a property can hold it: without separators, and not so long that it would keep the message from being stored. */
function propertyText(text: string): string {
  const plain = text.replaceAll(/[\u0000-\u001f]+/g, ' ').slice(0, MAX_REASON_LENGTH);
  return plain.trim() === '' ? 'no reason given' : plain;
}

function factsOf(message: MessageExt): Record<string, unknown> {
  return {
    msgId: message.msgId,
    topic: message.topic,
    queueId: message.queueId,
    queueOffset: message.queueOffset,
  };
}
