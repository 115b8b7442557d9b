// 300 QUERY_TOPIC_CONSUME_BY_WHO, 343 QUERY_TOPICS_BY_CONSUMER, 345 QUERY_SUBSCRIPTION_BY_CONSUMER.
import type { RequestProcessor } from '@mq/remoting';
import {
  QuerySubscriptionByConsumerRequestHeader,
  QueryTopicConsumeByWhoRequestHeader,
  QueryTopicsByConsumerRequestHeader,
  encodeGroupList,
  encodeQuerySubscriptionResponseBody,
  encodeTopicList,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { found } from './answer.js';

/** 300: groups that subscribe to the topic now or have offsets of it. (5.3.3 lists the topic's own name among them.) */
export function queryTopicConsumeByWho(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { topic } = QueryTopicConsumeByWhoRequestHeader.decode(request.extFields);
    const online = parts.consumers.groupsSubscribing(topic);
    const withOffsets = parts.consumerOffsets.whichGroupsByTopic(topic);
    return found(encodeGroupList({ groupList: [...new Set([...online, ...withOffsets])] }));
  };
}

/** 343 (5.x): topics the group has offsets of. */
export function queryTopicsByConsumer(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { group } = QueryTopicsByConsumerRequestHeader.decode(request.extFields);
    const topicList = parts.consumerOffsets.whichTopicsByGroup(group);
    return found(encodeTopicList({ brokerAddr: parts.identity.brokerAddr, topicList }));
  };
}

/** 345 (5.x): how an online group subscribes to a topic; subscriptionData is absent when it does not. */
export function querySubscriptionByConsumer(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { group, topic } = QuerySubscriptionByConsumerRequestHeader.decode(request.extFields);
    const subscriptionData = parts.consumers.findSubscription(group, topic ?? '');
    return found(encodeQuerySubscriptionResponseBody({ group, topic, subscriptionData }));
  };
}
