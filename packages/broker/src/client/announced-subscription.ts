import {
  buildSubscriptionData,
  type ConsumeType,
  isTagType,
  ResponseCode,
  SUB_ALL,
  type SubscriptionData,
} from '@mq/remoting/protocol';

import { RequestRefused } from '../request-refused.js';
import type { ConsumerManager } from './consumer-manager.js';

/**
 * The subscription that a request itself carries, of a group that need not send heartbeats; remembered, so that the group
 * shows what it reads. Throws RequestRefused 23 for an expression that cannot be read.
 * @param type of the expression: TAG (also when absent) or SQL92
 */
export function announcedSubscription(
  consumers: ConsumerManager,
  { consumerGroup, topic }: { readonly consumerGroup: string; readonly topic: string },
  expression: string | undefined,
  type: string | undefined,
  consumeType: ConsumeType,
): SubscriptionData {
  const known = consumers.findSubscription(consumerGroup, topic);
  // Consumers repeat themselves with each request: the object made for the first one is used again.
  if (known !== undefined && isOf(known, expression, type)) return known;
  let built: SubscriptionData;
  try {
    built = buildSubscriptionData(topic, expression, type);
  } catch (cause) {
    throw new RequestRefused(
      ResponseCode.SUBSCRIPTION_PARSE_FAILED,
      "parse the consumer's subscription failed",
      { cause },
    );
  }
  consumers.compensateSubscription(consumerGroup, consumeType, 'CLUSTERING', built);
  return built;
}

function isOf(known: SubscriptionData, expression: string | undefined, type: string | undefined): boolean {
  if (known.classFilterMode) return false;
  if (!isTagType(type)) return known.expressionType === type && known.subString === expression;
  return isTagType(known.expressionType) && known.subString === (expression || SUB_ALL);
}
