// What a pull must satisfy (upstream: PullMessageProcessor#processRequest): group, topic, queue, subscription, in
// upstream's order, since a client reacts to the first code it gets.
import type { Connection } from '@mq/remoting';
import {
  isReadable,
  PullSysFlag,
  ResponseCode,
  type PullMessageRequestHeader,
  type SubscriptionData,
  type SubscriptionGroupConfig,
  type TopicConfig,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { announcedSubscription } from '../../client/announced-subscription.js';
import { announcedFilter, registeredFilter } from '../../filter/message-filter.js';
import type { SubscriptionFilter } from '../../filter/subscription-filter.js';
import { RequestRefused } from '../../request-refused.js';
import { SEE_FAQ } from '../send/send-checks.js';

export interface CheckedPull {
  readonly group: SubscriptionGroupConfig;
  readonly topic: TopicConfig;
  /** undefined: every message is let through. */
  readonly filter: SubscriptionFilter | undefined;
}

/** Throws RequestRefused 1, 16, 17, 23, 24, 25, 26, 27, 28 or 29. */
export function checkPull(
  broker: BrokerParts,
  header: PullMessageRequestHeader,
  connection: Connection,
): CheckedPull {
  const { consumerGroup, topic: topicName, queueId } = header;
  if (!isReadable(broker.settings.broker.brokerPermission)) {
    throw forbidden(`the broker[${broker.identity.brokerAddr}] pulling message is forbidden`);
  }
  const group = broker.subscriptionGroups.find(consumerGroup);
  if (group === undefined) {
    const remark = `subscription group [${consumerGroup}] does not exist, ${SEE_FAQ}`;
    throw new RequestRefused(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark);
  }
  if (!group.consumeEnable) throw forbidden(`subscription group no permission, ${consumerGroup}`);
  const topic = broker.topicConfig.select(topicName);
  if (topic === undefined) {
    throw new RequestRefused(
      ResponseCode.TOPIC_NOT_EXIST,
      `topic[${topicName}] not exist, apply first please! ${SEE_FAQ}`,
    );
  }
  if (!isReadable(topic.perm)) throw forbidden(`the topic[${topicName}] pulling message is forbidden`);
  if (queueId < 0 || queueId >= topic.readQueueNums) {
    throw new RequestRefused(
      ResponseCode.INVALID_PARAMETER,
      `queueId[${queueId}] is illegal, topic:[${topicName}] topicConfig.readQueueNums:[${topic.readQueueNums}] ` +
        `consumer:[/${connection.remoteAddress}]`,
    );
  }
  const filter =
    (header.sysFlag & PullSysFlag.FLAG_SUBSCRIPTION) !== 0
      ? announcedFilter(broker, consumerGroup, announcedByPull(broker, header))
      : registeredFilter(
          broker,
          consumerGroup,
          registeredSubscription(broker, header, group),
          header.subVersion,
        );
  return { group, topic, filter };
}

function announcedByPull({ consumers }: BrokerParts, header: PullMessageRequestHeader): SubscriptionData {
  const { subscription, expressionType } = header;
  return announcedSubscription(consumers, header, subscription, expressionType, 'CONSUME_PASSIVELY');
}

/** The subscription that the group's heartbeats declared. */
function registeredSubscription(
  broker: BrokerParts,
  header: PullMessageRequestHeader,
  group: SubscriptionGroupConfig,
): SubscriptionData {
  const { consumerGroup, topic } = header;
  const info = broker.consumers.groupInfo(consumerGroup);
  if (info === undefined) {
    throw new RequestRefused(
      ResponseCode.SUBSCRIPTION_NOT_EXIST,
      `the consumer's group info not exist${SEE_FAQ}`,
    );
  }
  if (!group.consumeBroadcastEnable && info.isBroadcast) {
    throw forbidden(`the consumer group[${consumerGroup}] can not consume by broadcast way`);
  }
  if (broker.subscriptionGroups.isReadForbidden(consumerGroup, topic)) {
    throw forbidden(`the consumer group[${consumerGroup}] is forbidden for topic[${topic}]`);
  }
  const subscription = info.findSubscription(topic);
  if (subscription === undefined) {
    throw new RequestRefused(
      ResponseCode.SUBSCRIPTION_NOT_EXIST,
      `the consumer's subscription not exist${SEE_FAQ}`,
    );
  }
  if (subscription.subVersion < header.subVersion) {
    throw new RequestRefused(ResponseCode.SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest");
  }
  return subscription;
}

function forbidden(remark: string): RequestRefused {
  return new RequestRefused(ResponseCode.NO_PERMISSION, remark);
}
