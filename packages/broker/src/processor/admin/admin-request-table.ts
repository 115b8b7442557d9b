import type { RequestProcessor } from '@mq/remoting';
import { RequestCode } from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { brokerConfigProcessors } from './broker-config.js';
import { viewBrokerStatsData } from './broker-stats.js';
import {
  getAllProducerInfo,
  getConsumerConnectionList,
  getProducerConnectionList,
} from './client-connections.js';
import { queryConsumeQueue } from './consume-queue.js';
import { getBrokerConsumeStats, getConsumeStats } from './consume-stats.js';
import { queryConsumeTimeSpan } from './consume-time-span.js';
import { invokeBrokerToGetConsumerStatus } from './consumer-status.js';
import { consumeMessageDirectly, getConsumerRunningInfo } from './forward-to-consumer.js';
import { getAllSubscriptionGroups, getSubscriptionGroup } from './group-query.js';
import {
  deleteSubscriptionGroup,
  updateAndGetGroupForbidden,
  updateSubscriptionGroup,
  updateSubscriptionGroupList,
} from './group-update.js';
import { getBrokerHaStatus } from './ha-status.js';
import { cloneGroupOffset, queryCorrectionOffset } from './offset-correction.js';
import { invokeBrokerToResetOffset } from './reset-offset.js';
import { getBrokerRuntimeInfo } from './runtime-info.js';
import {
  getAllConsumerOffset,
  getAllDelayOffset,
  getAllMessageRequestMode,
  getTimerCheckPoint,
  getTimerMetrics,
} from './slave-sync.js';
import { cleanUnusedTopic, deleteExpired } from './store-cleanup.js';
import {
  queryTopicConsumeByWho,
  queryTopicsByConsumer,
  querySubscriptionByConsumer,
} from './topic-consumers.js';
import { deleteTopic } from './topic-delete.js';
import { getAllTopicConfig, getSystemTopicList, getTopicConfig, getTopicStatsInfo } from './topic-query.js';
import { updateAndCreateTopic, updateAndCreateTopicList } from './topic-update.js';
import { resumeCheckHalfMessage } from '../../transaction/resume-check.js';

/** Everything an operator asks of a broker, by request code (upstream `AdminBrokerProcessor`). */
export function adminRequestTable(parts: BrokerParts): ReadonlyMap<number, RequestProcessor> {
  const config = brokerConfigProcessors(parts);
  return new Map<number, RequestProcessor>([
    // topics
    [RequestCode.UPDATE_AND_CREATE_TOPIC, updateAndCreateTopic(parts)],
    [RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, updateAndCreateTopicList(parts)],
    [RequestCode.DELETE_TOPIC_IN_BROKER, deleteTopic(parts)],
    [RequestCode.GET_TOPIC_CONFIG, getTopicConfig(parts)],
    [RequestCode.GET_ALL_TOPIC_CONFIG, getAllTopicConfig(parts)],
    [RequestCode.GET_TOPIC_STATS_INFO, getTopicStatsInfo(parts)],
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, getSystemTopicList(parts)],
    [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, queryTopicConsumeByWho(parts)],
    [RequestCode.QUERY_TOPICS_BY_CONSUMER, queryTopicsByConsumer(parts)],
    [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, querySubscriptionByConsumer(parts)],
    [RequestCode.CLEAN_UNUSED_TOPIC, cleanUnusedTopic(parts)],
    [RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, deleteExpired(parts)],
    [RequestCode.DELETE_EXPIRED_COMMITLOG, deleteExpired(parts)],

    // groups
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, updateSubscriptionGroup(parts)],
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, updateSubscriptionGroupList(parts)],
    [RequestCode.DELETE_SUBSCRIPTIONGROUP, deleteSubscriptionGroup(parts)],
    [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, getSubscriptionGroup(parts)],
    [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, getAllSubscriptionGroups(parts)],
    [RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, updateAndGetGroupForbidden(parts)],

    // connections
    [RequestCode.GET_CONSUMER_CONNECTION_LIST, getConsumerConnectionList(parts)],
    [RequestCode.GET_PRODUCER_CONNECTION_LIST, getProducerConnectionList(parts)],
    [RequestCode.GET_ALL_PRODUCER_INFO, getAllProducerInfo(parts)],
    [RequestCode.GET_CONSUMER_RUNNING_INFO, getConsumerRunningInfo(parts)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, consumeMessageDirectly(parts)],
    [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, invokeBrokerToGetConsumerStatus(parts)],

    // progress
    [RequestCode.GET_CONSUME_STATS, getConsumeStats(parts)],
    [RequestCode.GET_BROKER_CONSUME_STATS, getBrokerConsumeStats(parts)],
    [RequestCode.QUERY_CONSUME_TIME_SPAN, queryConsumeTimeSpan(parts)],
    [RequestCode.QUERY_CORRECTION_OFFSET, queryCorrectionOffset(parts)],
    [RequestCode.CLONE_GROUP_OFFSET, cloneGroupOffset(parts)],
    [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, invokeBrokerToResetOffset(parts)],
    [RequestCode.QUERY_CONSUME_QUEUE, queryConsumeQueue(parts)],
    [RequestCode.VIEW_BROKER_STATS_DATA, viewBrokerStatsData(parts)],

    // the broker
    [RequestCode.UPDATE_BROKER_CONFIG, config.update],
    [RequestCode.GET_BROKER_CONFIG, config.get],
    [RequestCode.GET_BROKER_RUNTIME_INFO, getBrokerRuntimeInfo(parts)],
    [RequestCode.GET_BROKER_HA_STATUS, getBrokerHaStatus(parts)],
    [RequestCode.RESUME_CHECK_HALF_MESSAGE, resumeCheckHalfMessage(parts)],

    // slaves
    [RequestCode.GET_ALL_CONSUMER_OFFSET, getAllConsumerOffset(parts)],
    [RequestCode.GET_ALL_DELAY_OFFSET, getAllDelayOffset(parts)],
    [RequestCode.GET_TIMER_CHECK_POINT, getTimerCheckPoint(parts)],
    [RequestCode.GET_TIMER_METRICS, getTimerMetrics(parts)],
    [RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, getAllMessageRequestMode(parts)],
  ]);
}
