// 34 HEART_BEAT: a client says which producer and consumer groups it has and what they subscribe to (upstream:
// ClientManageProcessor#heartBeat). Creates the groups' retry topics.
import { RemotingCommand, type RequestContext, type RequestProcessor } from '@mq/remoting';
import {
  type ConsumerData,
  decodeHeartbeatData,
  HeartbeatResponseHeader,
  PermName,
  ResponseCode,
  retryTopic,
  type SubscriptionGroupConfig,
  TopicSysFlag,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { ClientChannelInfo } from '../../client/client-channel-info.js';
import { RequestRefused } from '../../request-refused.js';

/** Longer ones are no client's; the id is kept in tables and logs. */
const MAX_CLIENT_ID_LENGTH = 1024;

export function heartbeat(broker: BrokerParts): RequestProcessor {
  return (request, context) => {
    if (request.body === undefined)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'a heartbeat needs a body');
    const data = decodeHeartbeatData(request.body);
    if (data.clientID === '' || data.clientID.length > MAX_CLIENT_ID_LENGTH) {
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, 'clientID is missing or too long');
    }
    const client = clientOf(broker, request, context, data.clientID);
    let isSubChange = false;
    for (const consumer of data.consumerDataSet) {
      if (registerConsumer(broker, client, consumer, data.withoutSub ?? false)) isSubChange = true;
    }
    for (const { groupName } of data.producerDataSet) {
      if (broker.settings.broker.enableRegisterProducer) {
        broker.producers.registerProducer(groupName, clientOf(broker, request, context, data.clientID));
      }
    }
    const ext = HeartbeatResponseHeader.encode({ isSupportHeartbeatV2: true, isSubChange });
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext);
  };
}

function clientOf(
  broker: BrokerParts,
  request: RemotingCommand,
  { connection }: RequestContext,
  clientId: string,
): ClientChannelInfo {
  return new ClientChannelInfo(connection, clientId, request.language, request.version, broker.clock.now());
}

/** True when the group's members or topics changed: a client of heartbeat V2 then sends its subscriptions in full. */
function registerConsumer(
  broker: BrokerParts,
  client: ClientChannelInfo,
  data: ConsumerData,
  withoutSub: boolean,
): boolean {
  if (broker.settings.broker.rejectPullConsumerEnable && data.consumeType === 'CONSUME_ACTIVELY')
    return false;
  const group = broker.subscriptionGroups.find(data.groupName);
  // Unknown and not to be created: left out of the consumer table, as 5.x does.
  if (group === undefined) return false;
  createRetryTopic(broker, group, data, withoutSub);
  const isNotified = group.notifyConsumerIdsChangedEnable;
  const { groupName, consumeType, messageModel, consumeFromWhere } = data;
  const about = [groupName, client, consumeType, messageModel, consumeFromWhere] as const;
  if (withoutSub) return broker.consumers.registerConsumerWithoutSub(...about, isNotified);
  const changed = broker.consumers.registerConsumer(...about, data.subscriptionDataSet, isNotified);
  broker.filters.register(groupName, data.subscriptionDataSet);
  return changed;
}

/** It is an order topic while the group subscribes to one; a heartbeat without subscriptions leaves that as it is. */
function createRetryTopic(
  { topicConfig }: BrokerParts,
  group: SubscriptionGroupConfig,
  { unitMode, subscriptionDataSet }: ConsumerData,
  withoutSub: boolean,
): void {
  topicConfig.createInSendBackMethod(
    retryTopic(group.groupName),
    group.retryQueueNums,
    PermName.PERM_WRITE | PermName.PERM_READ,
    unitMode ? TopicSysFlag.FLAG_UNIT_SUB : 0,
    withoutSub ? undefined : subscriptionDataSet.some(({ topic }) => topicConfig.isOrderTopic(topic)),
  );
}
