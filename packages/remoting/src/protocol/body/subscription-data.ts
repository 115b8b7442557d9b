import { RemotingError } from '../../errors.js';
import { javaHashCode } from '../../message/java-hash.js';
import { ResponseCode } from '../response-code.js';
import { bean, flag, int, jsonBody, long, optional, or, setOf, text, type BodyOf } from './shape.js';

/** The expression that takes every message of a topic; upstream's `SubscriptionData.SUB_ALL`. */
export const SUB_ALL = '*';

/** The languages of subscriptions: tags (`A || B`) and SQL92; upstream's `ExpressionType`. */
export const ExpressionType = { TAG: 'TAG', SQL92: 'SQL92' } as const;

/** A missing type means tags. */
export const isTagType = (type: string | undefined): boolean =>
  type === undefined || type === '' || type === ExpressionType.TAG;

export const subscriptionData = bean({
  /** The filter is code, run by a filter server (4.x). */
  classFilterMode: flag,
  /** Java hash codes of the tags. */
  codeSet: setOf(int),
  expressionType: or(text, ExpressionType.TAG),
  /** The expression: tags `A || B`, or SQL92. */
  subString: or(text, SUB_ALL),
  /** ms when the subscription was made: a newer one replaces an older. */
  subVersion: long,
  tagsSet: setOf(text),
  topic: text,
});
/** What a consumer group wants of one topic. `subString` `*`: everything. */
export type SubscriptionData = BodyOf<typeof subscriptionData>;

const subscriptionDataCodec = jsonBody('SubscriptionData', subscriptionData);
/** Encodes one subscription as JSON, a part of HEART_BEAT (34): upstream's `SubscriptionData`. */
export const encodeSubscriptionData = subscriptionDataCodec.encode;
/**
 * Decodes one subscription as JSON, a part of HEART_BEAT (34): upstream's `SubscriptionData`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeSubscriptionData = subscriptionDataCodec.decode;

/**
 * A subscription from its expression: for tags `A || B`, `*` or nothing; any other type (`SQL92`) is kept as it is.
 *
 * Source: `FilterAPI.build`.
 * @param subVersion ms, the time it was made
 * @throws RemotingError `BAD_ARGUMENT` with SUBSCRIPTION_PARSE_FAILED for an expression without any tag, or none at
 * all where the type needs one
 */
export function buildSubscriptionData(
  topic: string,
  expression: string | undefined,
  type: string | undefined = ExpressionType.TAG,
  subVersion = 0,
): SubscriptionData {
  if (!isTagType(type)) {
    if (!expression) throw parseError(`Expression can't be null! ${type}`);
    return subscription(topic, expression, type, [], subVersion);
  }
  const subString = expression || SUB_ALL;
  if (subString === SUB_ALL) return subscription(topic, SUB_ALL, ExpressionType.TAG, [], subVersion);
  const parts = subString.split('||');
  if (parts.every((part) => part === '')) throw parseError('subString split error');
  const tags = parts.map((part) => part.trim()).filter((tag) => tag !== '');
  return subscription(topic, subString, ExpressionType.TAG, tags, subVersion);
}

function subscription(
  topic: string,
  subString: string,
  expressionType: string,
  tags: readonly string[],
  subVersion: number,
): SubscriptionData {
  const codeSet = new Set(tags.map((tag) => javaHashCode(tag)));
  return {
    classFilterMode: false,
    codeSet,
    expressionType,
    subString,
    subVersion,
    tagsSet: new Set(tags),
    topic,
  };
}

function parseError(message: string): RemotingError {
  return new RemotingError('BAD_ARGUMENT', message, { responseCode: ResponseCode.SUBSCRIPTION_PARSE_FAILED });
}

const querySubscriptionResponseBody = bean({
  group: optional(text),
  subscriptionData: optional(subscriptionData),
  topic: optional(text),
});
/** Answer of 345; without a subscription when the group is offline. */
export type QuerySubscriptionResponseBody = BodyOf<typeof querySubscriptionResponseBody>;

const querySubscriptionResponseBodyCodec = jsonBody(
  'QuerySubscriptionResponseBody',
  querySubscriptionResponseBody,
);
/**
 * Encodes the body of the answer to QUERY_SUBSCRIPTION_BY_CONSUMER (345), upstream's
 * `QuerySubscriptionResponseBody`.
 */
export const encodeQuerySubscriptionResponseBody = querySubscriptionResponseBodyCodec.encode;
/**
 * Decodes the body of the answer to QUERY_SUBSCRIPTION_BY_CONSUMER (345), upstream's
 * `QuerySubscriptionResponseBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeQuerySubscriptionResponseBody = querySubscriptionResponseBodyCodec.decode;

const checkClientRequestBody = bean({
  clientId: text,
  group: text,
  /** Of the client; absent: none. */
  namespace: optional(text),
  subscriptionData: subscriptionData,
});
/** Body of 46 CHECK_CLIENT_CONFIG. */
export type CheckClientRequestBody = BodyOf<typeof checkClientRequestBody>;

const checkClientRequestBodyCodec = jsonBody('CheckClientRequestBody', checkClientRequestBody);
/** Encodes the body of CHECK_CLIENT_CONFIG (46), upstream's `CheckClientRequestBody`. */
export const encodeCheckClientRequestBody = checkClientRequestBodyCodec.encode;
/**
 * Decodes the body of CHECK_CLIENT_CONFIG (46), upstream's `CheckClientRequestBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeCheckClientRequestBody = checkClientRequestBodyCodec.decode;
