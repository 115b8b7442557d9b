// From a subscription to what it lets through: the one place that pulls and pops come to. Tags are the fast way.
import { type SqlFilter, SqlSyntaxError } from '@mq/filter';
import {
  ExpressionType,
  isRetryTopic,
  isTagType,
  ResponseCode,
  type SubscriptionData,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../broker-parts.js';
import { RequestRefused } from '../request-refused.js';
import type { SubscriptionFilter } from './subscription-filter.js';
import { tagFilter } from './tag-filter.js';

type Parts = Pick<BrokerParts, 'filters' | 'settings'>;

/**
 * Of a subscription that the request itself carries; undefined: everything.
 * @throws RequestRefused 23 with the position when the expression does not compile, 1 where SQL92 is not enabled
 */
export function announcedFilter(
  broker: Parts,
  group: string,
  subscription: SubscriptionData,
): SubscriptionFilter | undefined {
  if (isTagType(subscription.expressionType)) return tagFilter(subscription);
  const compiled = compile(broker, subscription);
  assertEnabled(broker, subscription.expressionType);
  return retryFilter(broker, group, subscription) ?? broker.filters.filterOf(compiled);
}

/**
 * Of a subscription that the group's heartbeats declared; undefined: everything.
 * @throws RequestRefused 27 when its expression was not accepted, 28 when an older one was, 1 where SQL92 is not enabled
 */
export function registeredFilter(
  broker: Parts,
  group: string,
  subscription: SubscriptionData,
  subVersion: number,
): SubscriptionFilter | undefined {
  if (isTagType(subscription.expressionType)) return tagFilter(subscription);
  const { topic, expressionType } = subscription;
  const data = broker.filters.get(topic, group);
  if (data === undefined) {
    const remark = "The broker's consumer filter data is not exist!Your expression may be wrong!";
    throw new RequestRefused(ResponseCode.FILTER_DATA_NOT_EXIST, remark);
  }
  if (data.clientVersion < subVersion) {
    throw new RequestRefused(
      ResponseCode.FILTER_DATA_NOT_LATEST,
      "the consumer's consumer filter data not latest",
    );
  }
  assertEnabled(broker, expressionType);
  return retryFilter(broker, group, subscription) ?? broker.filters.filterOfData(data);
}

/** What CHECK_CLIENT_CONFIG asks. @throws RequestRefused as `announcedFilter` */
export function assertSubscription(broker: Parts, subscription: SubscriptionData): void {
  if (isTagType(subscription.expressionType)) return;
  assertEnabled(broker, subscription.expressionType);
  compile(broker, subscription);
}

function retryFilter(
  { filters, settings }: Parts,
  group: string,
  { topic }: SubscriptionData,
): SubscriptionFilter | undefined {
  const isRetry = settings.broker.filterSupportRetry && isRetryTopic(topic);
  return isRetry ? filters.retryFilter(group) : undefined;
}

function assertEnabled({ settings }: Parts, expressionType: string): void {
  if (settings.broker.enablePropertyFilter) return;
  throw new RequestRefused(
    ResponseCode.SYSTEM_ERROR,
    `The broker does not support consumer to filter message by ${expressionType}`,
  );
}

function compile({ filters }: Parts, { subString, expressionType }: SubscriptionData): SqlFilter {
  if (expressionType !== ExpressionType.SQL92) {
    throw new RequestRefused(
      ResponseCode.SUBSCRIPTION_PARSE_FAILED,
      `expression type ${expressionType} is not known; there are TAG and SQL92`,
    );
  }
  try {
    return filters.compile(subString);
  } catch (cause) {
    if (!(cause instanceof SqlSyntaxError)) throw cause;
    const remark = `parse the consumer's subscription failed: ${cause.message}`;
    throw new RequestRefused(ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark, { cause });
  }
}
