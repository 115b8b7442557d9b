// What requests of the pop family must satisfy, in upstream's order, since a client reacts to the first code it gets.
import {
  isReadable,
  isRetryTopic,
  popRetryTopicV1,
  ResponseCode,
  RETRY_OR_DLQ_TOPIC_MAX_LENGTH,
  type SubscriptionGroupConfig,
  type TopicConfig,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { SEE_FAQ } from '../../processor/send/send-checks.js';
import { RequestRefused } from '../../request-refused.js';
import { isBatchTopic } from '../../topic/queue-type.js';

/** Topic, group and queue of a pop, peek, notification or polling info. */
export interface PopTarget {
  readonly consumerGroup: string;
  readonly topic: string;
  /** Below 0: any. */
  readonly queueId: number;
}

export interface CheckedTarget {
  readonly topic: TopicConfig;
  readonly group: SubscriptionGroupConfig;
}

/** The broker may be read from. Throws RequestRefused 16. */
export function checkBrokerReadable(broker: BrokerParts, action: string): void {
  if (isReadable(broker.settings.broker.brokerPermission)) return;
  throw forbidden(`the broker[${broker.identity.brokerAddr}] ${action} message is forbidden`);
}

/** Throws RequestRefused 16, 17, 26 or 29. */
export function checkTarget(broker: BrokerParts, target: PopTarget, remoteAddress: string): CheckedTarget {
  const topic = checkTopic(broker, target.topic);
  if (!isReadable(topic.perm)) throw forbidden(`the topic[${target.topic}] peeking message is forbidden`);
  if (target.queueId >= topic.readQueueNums) {
    throw illegalQueue(ResponseCode.INVALID_PARAMETER, target, topic, remoteAddress);
  }
  if (isBatchTopic(topic)) {
    // Upstream gives out the whole batch as one message, and no client takes it apart.
    throw forbidden(`the topic[${target.topic}] is of type BatchCQ, its messages cannot be popped`);
  }
  const group = broker.subscriptionGroups.find(target.consumerGroup);
  if (group === undefined) {
    throw new RequestRefused(
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      `subscription group [${target.consumerGroup}] does not exist, ${SEE_FAQ}`,
    );
  }
  if (!group.consumeEnable) throw forbidden(`subscription group no permission, ${target.consumerGroup}`);
  return { topic, group };
}

/**
 * What is not acknowledged in time comes again from a topic that is named for topic and group. Upstream gives messages out
 * although that name is too long, and never again. Throws RequestRefused 29.
 */
export function checkRetryTopicName(topic: string, group: string): void {
  if (isRetryTopic(topic)) return;
  const { length } = popRetryTopicV1(topic, group);
  if (length <= RETRY_OR_DLQ_TOPIC_MAX_LENGTH) return;
  throw new RequestRefused(
    ResponseCode.INVALID_PARAMETER,
    `the names of the topic and the group are too long to be popped together: their retry topic would have ` +
      `${length} characters, more than ${RETRY_OR_DLQ_TOPIC_MAX_LENGTH}`,
  );
}

/** Throws RequestRefused 17. */
export function checkTopic(broker: BrokerParts, name: string): TopicConfig {
  const topic = broker.topicConfig.select(name);
  if (topic !== undefined) return topic;
  throw new RequestRefused(
    ResponseCode.TOPIC_NOT_EXIST,
    `topic[${name}] not exist, apply first please! ${SEE_FAQ}`,
  );
}

/**
 * Topic, queue and offset of a popped message: for acknowledgements and changes of their time. `maxExtra` 1 lets the offset
 * behind the last one pass, as upstream's acknowledgements do. Throws RequestRefused 13, 17 or 208.
 */
export function checkPopped(
  broker: BrokerParts,
  message: PopTarget & { readonly offset: number },
  remoteAddress: string,
  maxExtra: 0 | 1,
): void {
  const { topic, queueId, offset } = message;
  const config = checkTopic(broker, topic);
  if (queueId >= config.readQueueNums || queueId < 0) {
    throw illegalQueue(ResponseCode.MESSAGE_ILLEGAL, message, config, remoteAddress);
  }
  const min = broker.store.minOffsetInQueue(topic, queueId);
  const max = broker.store.maxOffsetInQueue(topic, queueId);
  if (offset >= min && offset < max + maxExtra) return;
  const remark = `offset is illegal, key:${topic}@${queueId}, commit:${offset}, store:${min}~${max}`;
  throw new RequestRefused(ResponseCode.NO_MESSAGE, remark);
}

function illegalQueue(
  code: number,
  { topic, queueId }: PopTarget,
  { readQueueNums }: TopicConfig,
  remoteAddress: string,
): RequestRefused {
  return new RequestRefused(
    code,
    `queueId[${queueId}] is illegal, topic:[${topic}] topicConfig.readQueueNums:[${readQueueNums}] ` +
      `consumer:[/${remoteAddress}]`,
  );
}

const forbidden = (remark: string): RequestRefused => new RequestRefused(ResponseCode.NO_PERMISSION, remark);
