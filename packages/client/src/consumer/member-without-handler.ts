import {
  CURRENT_VERSION,
  versionName,
  type ConsumerData,
  type ConsumerRunningInfo,
  type SubscriptionData,
} from '@mq/remoting/protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import type { ConsumerMember } from '../instance/group-members.js';

interface HandlerlessConsumer extends Pick<
  ConsumerMember,
  'rebalanceSoon' | 'resetOffsets' | 'consumerStatus'
> {
  readonly client: ClientInstance;
  /** With namespace. */
  readonly group: string;
  /** "a pull consumer": what an operator is told who wants it to consume a message. */
  readonly kind: string;
  readonly consumeType: ConsumerData['consumeType'];
  readonly settings: Pick<ConsumerData, 'messageModel' | 'consumeFromWhere'>;
  /** Wire topic → filter. */
  readonly subscriptions: ReadonlyMap<string, SubscriptionData>;
  readonly startedAtMs: () => number;
}

/** How brokers and operators see a consumer whose application asks for each message itself. */
export function memberWithoutHandler(consumer: HandlerlessConsumer): ConsumerMember {
  const { client, group, kind, consumeType, settings, subscriptions } = consumer;
  const { rebalanceSoon, resetOffsets, consumerStatus } = consumer;
  return {
    consumerGroup: group,
    consumerData: () => ({
      groupName: group,
      consumeType,
      messageModel: settings.messageModel,
      consumeFromWhere: settings.consumeFromWhere,
      subscriptionDataSet: [...subscriptions.values()],
      unitMode: client.unitMode,
    }),
    subscribedTopics: () => subscriptions.keys(),
    rebalanceSoon,
    resetOffsets,
    consumerStatus,
    runningInfo: () => runningInfo(consumer),
    consumeMessageDirectly: async () => ({
      order: false,
      autoCommit: true,
      consumeResult: 'CR_RETURN_NULL',
      remark: `${kind} has no handler`,
      spentTimeMills: 0,
    }),
  };
}

function runningInfo(consumer: HandlerlessConsumer): ConsumerRunningInfo {
  const { client, consumeType, startedAtMs, subscriptions } = consumer;
  return {
    mqTable: new Map(),
    mqPopTable: new Map(),
    properties: {
      PROP_NAMESERVER_ADDR: `${client.nameServers.join(';')};`,
      PROP_CONSUME_TYPE: consumeType,
      PROP_CLIENT_VERSION: versionName(CURRENT_VERSION),
      PROP_CONSUMER_START_TIMESTAMP: String(startedAtMs()),
    },
    statusTable: {},
    subscriptionSet: [...subscriptions.values()],
    userConsumerInfo: {},
  };
}
