// The filter a pop request carries; remembered, so that the group shows what it reads.
import {
  buildSubscriptionData,
  ExpressionType,
  isTagType,
  ResponseCode,
  SUB_ALL,
  type SubscriptionData,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

/** The subscription of a pop. Throws RequestRefused 23 for an expression that cannot be read. */
export function popSubscription(
  broker: BrokerParts,
  group: string,
  topic: string,
  expression: string | undefined,
  type: string | undefined,
): SubscriptionData {
  const text = expression === undefined || expression === '' ? SUB_ALL : expression;
  const known = broker.consumers.findSubscription(group, topic);
  // Consumers repeat themselves with each request: the object made for the first one is used again.
  const wanted = isTagType(type) ? ExpressionType.TAG : type;
  if (known !== undefined && known.subString === text && known.expressionType === wanted) return known;
  let built: SubscriptionData;
  try {
    built = buildSubscriptionData(topic, text, type);
  } catch (cause) {
    throw new RequestRefused(
      ResponseCode.SUBSCRIPTION_PARSE_FAILED,
      "parse the consumer's subscription failed",
      { cause },
    );
  }
  broker.consumers.compensateSubscription(group, 'CONSUME_POP', 'CLUSTERING', built);
  return built;
}
