import { TIMER_TOPIC, isLmq } from '@mq/remoting/protocol';

/**
 * Whose route leads to a topic. Light queues (`%LMQ%...`) and the timer's topic are registered nowhere: their parent's
 * route is used, which an operator names where upstream's commands take a cluster or parent.
 */
export function routeTopicOf(topic: string, clusterOrParent: string | undefined): string {
  return clusterOrParent !== undefined && (isLmq(topic) || topic === TIMER_TOPIC) ? clusterOrParent : topic;
}
