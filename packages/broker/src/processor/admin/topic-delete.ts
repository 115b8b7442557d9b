// 215 DELETE_TOPIC_IN_BROKER.
import type { RequestProcessor } from '@mq/remoting';
import {
  DeleteTopicRequestHeader,
  isTopicOrGroupIllegal,
  popRetryTopicV1,
  popRetryTopicV2,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { assertMaster, assertValid, done } from './answer.js';

/**
 * Deletes a topic with its queues, its offsets and the pop retry topics of its groups. The NameServers keep their route
 * until they are told by an operator (216). Answered once all of it is gone.
 */
export function deleteTopic(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    assertMaster(parts);
    const { topic } = DeleteTopicRequestHeader.decode(request.extFields);
    assertValid(problemOf(parts, topic));
    for (const name of [topic, ...popRetryTopics(parts, topic)]) await deleteOne(parts, name);
    parts.consumerOffsets.persist();
    return done();
  };
}

function problemOf(parts: BrokerParts, topic: string): string | undefined {
  if (topic.trim() === '') return 'The specified topic is blank.';
  if (topic.length > 255 || isTopicOrGroupIllegal(topic))
    return 'The specified topic is not a legal topic name.';
  if (parts.settings.broker.validateSystemTopicWhenUpdateTopic && parts.topicConfig.isSystemTopic(topic)) {
    return `The topic[${topic}] is conflict with system topic.`;
  }
  return undefined;
}

function popRetryTopics(parts: BrokerParts, topic: string): string[] {
  if (!parts.settings.broker.clearRetryTopicWhenDeleteTopic) return [];
  const groups = parts.consumerOffsets.whichGroupsByTopic(topic);
  const names = groups.flatMap((group) => [popRetryTopicV2(topic, group), popRetryTopicV1(topic, group)]);
  return names.filter((name) => parts.topicConfig.select(name) !== undefined);
}

async function deleteOne(parts: BrokerParts, topic: string): Promise<void> {
  parts.topicConfig.delete(topic);
  parts.consumerOffsets.removeByTopic(topic);
  parts.timers?.counts.remove(topic);
  parts.limits.rates.forget(topic);
  if (parts.settings.broker.autoDeleteUnusedStats) parts.stats.onTopicDeleted(topic);
  await parts.store.deleteTopic(topic);
}
