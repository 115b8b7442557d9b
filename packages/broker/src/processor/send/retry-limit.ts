// When a message a consumer sends to its retry topic goes to the dead letter topic instead (upstream:
// SendMessageProcessor#handleRetryAndDLQ). Clients use this path when CONSUMER_SEND_MSG_BACK failed.
import {
  dlqTopic,
  isRetryTopic,
  MQVersion,
  PermName,
  ResponseCode,
  RETRY_GROUP_TOPIC_PREFIX,
  type HotSendHeader,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { SEE_FAQ } from './send-checks.js';

const DLQ_QUEUES = 1;

export interface DeadLetterTarget {
  readonly topic: string;
  readonly queueId: number;
}

/** Where dead letters of a group go; the topic is created on first use. */
export function deadLetterTopicOf(broker: Pick<BrokerParts, 'topicConfig'>, group: string): DeadLetterTarget {
  const topic = dlqTopic(group);
  broker.topicConfig.createInSendBackMethod(topic, DLQ_QUEUES, PermName.PERM_WRITE | PermName.PERM_READ, 0);
  return { topic, queueId: 0 };
}

/** Upper bound of retries: the group's, or the client's where it is new enough to say so. */
export function maxReconsumeTimes(
  groupMax: number,
  clientVersion: number,
  fromHeader: number | undefined,
): number {
  return clientVersion >= MQVersion.V3_4_9 && fromHeader !== undefined ? fromHeader : groupMax;
}

/**
 * The dead letter topic for a send to a retry topic that is over its limit (`>`, while send-back uses `>=`), or whose
 * group holds queue locks, that is, consumes orderly. Undefined: store as asked. Throws RequestRefused 26.
 */
export function deadLetterTarget(
  broker: BrokerParts,
  clientVersion: number,
  header: HotSendHeader,
): DeadLetterTarget | undefined {
  if (!isRetryTopic(header.topic)) return undefined;
  const group = header.topic.slice(RETRY_GROUP_TOPIC_PREFIX.length);
  const config = broker.subscriptionGroups.find(group);
  if (config === undefined) throw groupMissing(group);
  const max = maxReconsumeTimes(config.retryMaxTimes, clientVersion, header.maxReconsumeTimes);
  const isOverLimit = header.reconsumeTimes > max || !broker.locks.isLockAllExpired(group);
  return isOverLimit ? deadLetterTopicOf(broker, group) : undefined;
}

export function groupMissing(group: string): RequestRefused {
  return new RequestRefused(
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
    `subscription group not exist, ${group} ${SEE_FAQ}`,
  );
}
