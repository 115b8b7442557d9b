import type { MessageQueue } from '@mq/remoting/protocol';
import { assertArgument } from '../errors.js';

/**
 * Decides which queues of one topic belong to one consumer of a group. Every member computes this for itself from the
 * same two sorted lists, so the function must be pure and every member must be configured with the same strategy;
 * otherwise a queue is consumed twice or by nobody.
 */
export interface AllocateMessageQueueStrategy {
  /** Upstream's name of the strategy, e.g. "AVG". */
  readonly name: string;
  /**
   * The queues that one consumer of a group gets.
   * @param consumerGroup only for messages
   * @param currentClientId the consumer to compute for
   * @param queues all queues of the topic, sorted by topic, brokerName, queueId
   * @param clientIds all consumers of the group, sorted by UTF-16 units
   * @returns the queues of `currentClientId`; empty when it is not a member
   * @throws MQClientError INVALID_ARGUMENT when a list or the client id is empty
   */
  allocate(
    consumerGroup: string,
    currentClientId: string,
    queues: readonly MessageQueue[],
    clientIds: readonly string[],
  ): MessageQueue[];
}

/** The checks every strategy makes (upstream AbstractAllocateMessageQueueStrategy.check). Returns own index or -1. */
export function memberIndex(
  currentClientId: string,
  queues: readonly MessageQueue[],
  clientIds: readonly string[],
): number {
  assertArgument(currentClientId.length > 0, 'rebalance needs the id of the current client');
  assertArgument(queues.length > 0, 'rebalance needs at least one queue');
  assertArgument(clientIds.length > 0, 'rebalance needs at least one client id');
  return clientIds.indexOf(currentClientId);
}
