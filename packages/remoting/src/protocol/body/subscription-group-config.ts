import { dataVersionOrZero } from './data-version.js';
import {
  bean,
  enumOf,
  flag,
  int,
  jsonBody,
  list,
  long,
  optional,
  or,
  orNew,
  setList,
  table,
  text,
  type BodyOf,
} from './shape.js';

const simpleSubscriptionData = bean({
  expression: text,
  expressionType: or(text, 'TAG'),
  topic: text,
  /** ms when the subscription was made. */
  version: long,
});
/** A subscription as its group is stored with it; upstream's `SimpleSubscriptionData`. */
export type SimpleSubscriptionData = BodyOf<typeof simpleSubscriptionData>;

const groupRetryPolicy = bean({
  /** Delays in ms, by attempt. Upstream's default when absent: the delay levels. */
  customizedRetryPolicy: optional(bean({ next: setList(long) })),
  exponentialRetryPolicy: optional(
    bean({ initial: or(long, 5_000), max: or(long, 7_200_000), multiplier: or(long, 2) }),
  ),
  type: or(enumOf('EXPONENTIAL', 'CUSTOMIZED'), 'CUSTOMIZED'),
});
/** When a message whose consumption failed comes again, ms; upstream's `GroupRetryPolicy`. */
export type GroupRetryPolicy = BodyOf<typeof groupRetryPolicy>;

export const subscriptionGroupConfig = bean({
  attributes: table(text),
  /** The broker that consumers are told to pull from. */
  brokerId: long,
  /** Whether clients may each get every message. */
  consumeBroadcastEnable: or(flag, true),
  /** False: the group is refused. */
  consumeEnable: or(flag, true),
  consumeFromMinEnable: or(flag, true),
  consumeMessageOrderly: flag,
  consumeTimeoutMinute: or(int, 15),
  groupName: text,
  groupRetryPolicy: orNew(groupRetryPolicy, () => ({ type: 'CUSTOMIZED' as const })),
  groupSysFlag: int,
  /** Whether clients are told when others come and go. */
  notifyConsumerIdsChangedEnable: or(flag, true),
  /** Attempts before the dead letter topic. */
  retryMaxTimes: or(int, 16),
  /** Queues of the retry topic; 0 drops what is sent back. */
  retryQueueNums: or(int, 1),
  /** As an operator declares it; 5.3.3 brokers use it for metrics alone. */
  subscriptionDataSet: optional(setList(simpleSubscriptionData)),
  /** The broker id that a group far behind is told to pull from. */
  whichBrokerWhenConsumeSlowly: or(long, 1),
});
/** A consumer group as its broker holds it: body of 200, answer of 352. */
export type SubscriptionGroupConfig = BodyOf<typeof subscriptionGroupConfig>;

const subscriptionGroupConfigCodec = jsonBody('SubscriptionGroupConfig', subscriptionGroupConfig);
/**
 * Encodes the body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP (200) and of the answer to GET_SUBSCRIPTIONGROUP_CONFIG
 * (352), upstream's `SubscriptionGroupConfig`.
 */
export const encodeSubscriptionGroupConfig = subscriptionGroupConfigCodec.encode;
/**
 * Decodes the body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP (200) and of the answer to GET_SUBSCRIPTIONGROUP_CONFIG
 * (352), upstream's `SubscriptionGroupConfig`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeSubscriptionGroupConfig = subscriptionGroupConfigCodec.decode;

/** A group with every member at its default. */
export function defaultSubscriptionGroupConfig(groupName: string): SubscriptionGroupConfig {
  return subscriptionGroupConfig.decode({ groupName });
}

const subscriptionGroupList = bean({ groupConfigList: list(subscriptionGroupConfig) });
/** Body of 225 UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST (5.3.1). */
export type SubscriptionGroupList = BodyOf<typeof subscriptionGroupList>;

const subscriptionGroupListCodec = jsonBody('SubscriptionGroupList', subscriptionGroupList);
/** Encodes the body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST (225), upstream's `SubscriptionGroupList`. */
export const encodeSubscriptionGroupList = subscriptionGroupListCodec.encode;
/**
 * Decodes the body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST (225), upstream's `SubscriptionGroupList`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeSubscriptionGroupList = subscriptionGroupListCodec.decode;

const subscriptionGroupWrapper = bean({
  dataVersion: dataVersionOrZero,
  /** group, topic, bits of what is forbidden (5.x). */
  forbiddenTable: optional(table(table(int))),
  subscriptionGroupTable: table(subscriptionGroupConfig),
});
/** The group table: answer of 201, and the file `subscriptionGroup.json`. */
export type SubscriptionGroupWrapper = BodyOf<typeof subscriptionGroupWrapper>;

const subscriptionGroupWrapperCodec = jsonBody('SubscriptionGroupWrapper', subscriptionGroupWrapper);
/**
 * Encodes the body of the answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201) and `config/subscriptionGroup.json`,
 * upstream's `SubscriptionGroupWrapper`.
 */
export const encodeSubscriptionGroupWrapper = subscriptionGroupWrapperCodec.encode;
/**
 * Decodes the body of the answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201) and `config/subscriptionGroup.json`,
 * upstream's `SubscriptionGroupWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeSubscriptionGroupWrapper = subscriptionGroupWrapperCodec.decode;

const groupForbidden = bean({
  group: text,
  /** Whether the group may consume the topic. */
  readable: optional(flag),
  topic: text,
});
/** Answer of 353 UPDATE_AND_GET_GROUP_FORBIDDEN. */
export type GroupForbidden = BodyOf<typeof groupForbidden>;

const groupForbiddenCodec = jsonBody('GroupForbidden', groupForbidden);
/** Encodes the body of the answer to UPDATE_AND_GET_GROUP_FORBIDDEN (353), upstream's `GroupForbidden`. */
export const encodeGroupForbidden = groupForbiddenCodec.encode;
/**
 * Decodes the body of the answer to UPDATE_AND_GET_GROUP_FORBIDDEN (353), upstream's `GroupForbidden`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeGroupForbidden = groupForbiddenCodec.decode;
