// What a send must satisfy before anything is stored (upstream: AbstractSendMessageProcessor#msgCheck): a topic that may
// be sent to, known or creatable, and a queue it has. Remarks are upstream's, since operators search for them.
import {
  isNotAllowedSendTopic,
  isRetryTopic,
  isDlqTopic,
  isTopicOrGroupIllegal,
  isWriteable,
  PermName,
  permString,
  ResponseCode,
  RETRY_OR_DLQ_TOPIC_MAX_LENGTH,
  type HotSendHeader,
  type TopicConfig,
  topicProblem,
  TopicSysFlag,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

/** Ends the remarks of refusals whose cause is explained in RocketMQ's FAQ, as upstream does. */
export const SEE_FAQ = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.';

type SendTarget = Pick<
  HotSendHeader,
  'topic' | 'defaultTopic' | 'defaultTopicQueueNums' | 'queueId' | 'unitMode'
>;

/** The topic to store into. Throws RequestRefused 16, 17 or 29. */
export function checkedTopic(broker: BrokerParts, header: SendTarget, remoteAddress: string): TopicConfig {
  const { topic, queueId } = header;
  if (!isWriteable(broker.settings.broker.brokerPermission) && broker.topicConfig.isOrderTopic(topic)) {
    throw new RequestRefused(
      ResponseCode.NO_PERMISSION,
      `the broker[${broker.identity.brokerAddr}] sending message is forbidden`,
    );
  }
  if (isNotAllowedSendTopic(topic)) {
    throw new RequestRefused(ResponseCode.NO_PERMISSION, `Sending message to topic[${topic}] is forbidden.`);
  }
  const config = broker.topicConfig.select(topic) ?? createTopic(broker, header, remoteAddress);
  if (queueId >= config.writeQueueNums && queueId >= config.readQueueNums) {
    throw new RequestRefused(
      ResponseCode.INVALID_PARAMETER,
      `request queueId[${queueId}] is illegal, ${describeTopic(config)} Producer: ${remoteAddress}`,
    );
  }
  return config;
}

/** A name that is not in the table yet is checked before it gets there: it becomes a folder of the store. */
function createTopic(broker: BrokerParts, header: SendTarget, remoteAddress: string): TopicConfig {
  const { topic } = header;
  const problem = nameProblem(topic);
  if (problem !== undefined) throw new RequestRefused(ResponseCode.INVALID_PARAMETER, problem);
  const sysFlag = unitFlag(topic, header.unitMode);
  const created = broker.topicConfig.createInSendMethod(
    topic,
    header.defaultTopic,
    remoteAddress,
    header.defaultTopicQueueNums,
    sysFlag,
  );
  if (created !== undefined) return created;
  if (isRetryTopic(topic)) {
    return broker.topicConfig.createInSendBackMethod(
      topic,
      1,
      PermName.PERM_WRITE | PermName.PERM_READ,
      sysFlag,
    );
  }
  throw new RequestRefused(
    ResponseCode.TOPIC_NOT_EXIST,
    `topic[${topic}] not exist, apply first please!${SEE_FAQ}`,
  );
}

function nameProblem(topic: string): string | undefined {
  const isDerived = isRetryTopic(topic) || isDlqTopic(topic);
  if (isDerived && topic.length <= RETRY_OR_DLQ_TOPIC_MAX_LENGTH && !isTopicOrGroupIllegal(topic))
    return undefined;
  return topicProblem(topic);
}

function unitFlag(topic: string, unitMode: boolean): number {
  if (!unitMode) return 0;
  return isRetryTopic(topic) ? TopicSysFlag.FLAG_UNIT_SUB : TopicSysFlag.FLAG_UNIT;
}

/** As Java prints a TopicConfig. */
function describeTopic(config: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order, attributes } =
    config;
  const attributeText = Object.entries(attributes ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return (
    `TopicConfig [topicName=${topicName}, readQueueNums=${readQueueNums}, writeQueueNums=${writeQueueNums}, ` +
    `perm=${permString(perm)}, topicFilterType=${topicFilterType}, topicSysFlag=${topicSysFlag}, order=${order}, ` +
    `attributes={${attributeText}}]`
  );
}
