import {
  decodeSubscriptionGroupConfig,
  parseFastjson,
  type SubscriptionGroupConfig,
} from '@mq/remoting/protocol';
import { parseAttributes } from '../../../operations/topics.js';
import { brokerTargets, forEach } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { groupText } from '../../config-text.js';
import { bool, integer, required, text } from '../../option.js';
import { UsageError } from '@mq/remoting/settings';

const POLICY_HELP =
  'the json string of retry policy ( exp: ' +
  '{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2}} ' +
  '{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[1000,5000,10000]}} )';

export const updateSubGroup = defineCommand({
  name: 'updateSubGroup',
  summary: 'Update or create subscription group.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'create subscription group to which broker'),
    clusterName: text('c', 'clusterName', 'create subscription group to which cluster'),
    groupName: required(text('g', 'groupName', 'consumer group name')),
    consumeEnable: bool('s', 'consumeEnable', 'consume enable'),
    consumeFromMinEnable: bool('m', 'consumeFromMinEnable', 'from min offset'),
    consumeBroadcastEnable: bool('d', 'consumeBroadcastEnable', 'broadcast'),
    consumeMessageOrderly: bool('o', 'consumeMessageOrderly', 'consume message orderly'),
    retryQueueNums: integer('q', 'retryQueueNums', 'retry queue nums'),
    retryMaxTimes: integer('r', 'retryMaxTimes', 'retry max times'),
    groupRetryPolicy: text('p', 'groupRetryPolicy', POLICY_HELP),
    brokerId: integer('i', 'brokerId', 'consumer from which broker id'),
    whichBrokerWhenConsumeSlowly: integer(
      'w',
      'whichBrokerWhenConsumeSlowly',
      'which broker id when consume slowly',
    ),
    notifyConsumerIdsChanged: bool('a', 'notifyConsumerIdsChanged', 'notify consumerId changed'),
    attributes: text('', 'attributes', 'attribute(+a=b,+c=d,-e)'),
  },
  async run(options, context) {
    const { groupRetryPolicy, notifyConsumerIdsChanged, attributes, brokerAddr, clusterName, ...settings } =
      options;
    const given = Object.entries({
      // Unlike a group that a broker creates by itself, upstream's command has these off.
      consumeFromMinEnable: false,
      consumeBroadcastEnable: false,
      ...withoutUndefined(settings),
      attributes: parseAttributes(attributes ?? ''),
      ...withoutUndefined({ notifyConsumerIdsChangedEnable: notifyConsumerIdsChanged }),
      ...(groupRetryPolicy === undefined ? {} : { groupRetryPolicy: parsePolicy(groupRetryPolicy) }),
    });
    const config: SubscriptionGroupConfig = decodeSubscriptionGroupConfig(
      JSON.stringify(Object.fromEntries(given)),
    );
    await forEach(await brokerTargets({ brokerAddr, clusterName }, context), context, async (address) => {
      await context.admin.groups.createOrUpdate(address, config);
      context.out.line('create subscription group to %s success.', address);
    });
    context.out.line('%s', groupText(config));
  },
});

const withoutUndefined = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

function parsePolicy(json: string): unknown {
  try {
    return parseFastjson(json);
  } catch {
    throw new UsageError(`--groupRetryPolicy is no JSON: ${json}`);
  }
}
