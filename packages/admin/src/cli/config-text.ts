// Topics and groups as upstream's commands print them: Java's toString.
import { permString, type SubscriptionGroupConfig, type TopicConfig } from '@mq/remoting/protocol';

/** `{a=1, b=2}`, as Java prints a map. */
export const mapText = (map: Readonly<Record<string, string>>): string =>
  `{${Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')}}`;

export function topicText(topic: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order } = topic;
  return (
    `TopicConfig [topicName=${topicName}, readQueueNums=${readQueueNums}, writeQueueNums=${writeQueueNums}, ` +
    `perm=${permString(perm)}, topicFilterType=${topicFilterType}, topicSysFlag=${topicSysFlag}, order=${order}, ` +
    `attributes=${mapText(topic.attributes)}]`
  );
}

/** A group's settings in upstream's order, each as text; `undefined` is Java's null. */
export function groupFields(group: SubscriptionGroupConfig): [name: string, value: string | undefined][] {
  const { subscriptionDataSet } = group;
  return [
    ['groupName', group.groupName],
    ['consumeEnable', String(group.consumeEnable)],
    ['consumeFromMinEnable', String(group.consumeFromMinEnable)],
    ['consumeBroadcastEnable', String(group.consumeBroadcastEnable)],
    ['consumeMessageOrderly', String(group.consumeMessageOrderly)],
    ['retryQueueNums', String(group.retryQueueNums)],
    ['retryMaxTimes', String(group.retryMaxTimes)],
    ['groupRetryPolicy', retryPolicyText(group.groupRetryPolicy)],
    ['brokerId', String(group.brokerId)],
    ['whichBrokerWhenConsumeSlowly', String(group.whichBrokerWhenConsumeSlowly)],
    ['notifyConsumerIdsChangedEnable', String(group.notifyConsumerIdsChangedEnable)],
    ['groupSysFlag', String(group.groupSysFlag)],
    ['consumeTimeoutMinute', String(group.consumeTimeoutMinute)],
    [
      'subscriptionDataSet',
      subscriptionDataSet === undefined ? undefined : JSON.stringify(subscriptionDataSet),
    ],
    ['attributes', mapText(group.attributes)],
  ];
}

export const groupText = (group: SubscriptionGroupConfig): string =>
  `SubscriptionGroupConfig{${groupFields(group)
    .map(([name, value]) => `${name}=${value ?? 'null'}`)
    .join(', ')}}`;

function retryPolicyText({
  type,
  exponentialRetryPolicy: exponential,
  customizedRetryPolicy: customized,
}: SubscriptionGroupConfig['groupRetryPolicy']): string {
  const exponentialText =
    exponential === undefined
      ? 'null'
      : `ExponentialRetryPolicy{initial=${exponential.initial}, max=${exponential.max}, multiplier=${exponential.multiplier}}`;
  const customizedText =
    customized === undefined ? 'null' : `CustomizedRetryPolicy{next=[${customized.next.join(', ')}]}`;
  return `GroupRetryPolicy{type=${type}, exponentialRetryPolicy=${exponentialText}, customizedRetryPolicy=${customizedText}}`;
}
