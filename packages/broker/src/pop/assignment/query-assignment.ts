// QUERY_ASSIGNMENT and SET_MESSAGE_REQUEST_MODE: the broker says which queues a consumer takes, and whether it pulls or pops
// them (upstream: QueryAssignmentProcessor).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  compareMessageQueue,
  decodeQueryAssignmentRequestBody,
  decodeSetMessageRequestModeRequestBody,
  encodeQueryAssignmentResponseBody,
  isRetryTopic,
  type MessageQueue,
  type MessageRequestMode,
  type QueryAssignmentRequestBody,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { allocateForPop, strategies } from './allocate.js';
import { RouteCache } from './route-cache.js';

interface WantedMode {
  readonly mode: MessageRequestMode;
  readonly popShareQueueNum: number;
}

/** Serves 400. An answer without assignments tells the client to keep what it has. */
export function queryAssignment(broker: BrokerParts): RequestProcessor {
  const routes = new RouteCache(
    (topic) => broker.outerApi.readableQueues(topic),
    broker.clock,
    () => broker.settings.broker.loadBalancePollNameServerInterval,
  );
  return async (request) => {
    const body = decodeQueryAssignmentRequestBody(request.body);
    const wanted = modeOf(broker, body);
    const queues = (await routes.queuesOf(body.topic)) ?? ownQueues(broker, body.topic);
    const assigned = queues === undefined ? undefined : assign(broker, body, queues, wanted);
    const messageQueueAssignments = assigned?.map((messageQueue) => ({ messageQueue, mode: wanted.mode }));
    const answer = encodeQueryAssignmentResponseBody({ messageQueueAssignments });
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {}, answer);
  };
}

/** Serves 401. On disk when it is answered. */
export function setMessageRequestMode(broker: BrokerParts): RequestProcessor {
  return (request) => {
    const body = decodeSetMessageRequestModeRequestBody(request.body);
    if (isRetryTopic(body.topic)) {
      throw new RequestRefused(ResponseCode.NO_PERMISSION, 'retry topic is not allowed to set mode');
    }
    if (broker.topicConfig.select(body.topic) === undefined) {
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `topic[${body.topic}] not exist`);
    }
    if (broker.subscriptionGroups.find(body.consumerGroup) === undefined) {
      throw new RequestRefused(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        'subscription group does not exist',
      );
    }
    broker.pop.requestModes.set(body);
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
  };
}

function modeOf(broker: BrokerParts, { topic, consumerGroup }: QueryAssignmentRequestBody): WantedMode {
  const set = broker.pop.requestModes.find(topic, consumerGroup);
  if (set !== undefined) return set;
  const { defaultMessageRequestMode, defaultPopShareQueueNum } = broker.settings.broker;
  const mode = defaultMessageRequestMode === 'POP' && !isRetryTopic(topic) ? 'POP' : 'PULL';
  return { mode, popShareQueueNum: defaultPopShareQueueNum };
}

function assign(
  broker: BrokerParts,
  { consumerGroup, clientId, messageModel, strategyName, topic }: QueryAssignmentRequestBody,
  queues: readonly MessageQueue[],
  { mode, popShareQueueNum }: WantedMode,
): MessageQueue[] | undefined {
  if (messageModel === 'BROADCASTING' || !broker.settings.broker.serverLoadBalancerEnable) return [...queues];
  const clientIds = [...new Set(broker.consumers.groupInfo(consumerGroup)?.clientIds() ?? [])].sort();
  const allocate = strategies.get(strategyName ?? '');
  if (clientIds.length === 0 || queues.length === 0 || allocate === undefined) {
    const facts = {
      group: consumerGroup,
      topic,
      strategyName,
      members: clientIds.length,
      queues: queues.length,
    };
    broker.logger.warn('no assignment of queues', facts);
    return undefined;
  }
  const sorted = [...queues].sort(compareMessageQueue);
  return mode === 'POP'
    ? allocateForPop(allocate, clientId, sorted, clientIds, popShareQueueNum)
    : allocate(clientId, sorted, clientIds);
}

/** Without a NameServer, what this broker has itself. */
function ownQueues(broker: BrokerParts, topic: string): MessageQueue[] | undefined {
  const count =
    broker.outerApi.nameServers.length > 0 ? undefined : broker.topicConfig.select(topic)?.readQueueNums;
  if (count === undefined) return undefined;
  const { brokerName } = broker.identity;
  return Array.from({ length: count }, (_, queueId) => ({ topic, brokerName, queueId }));
}
