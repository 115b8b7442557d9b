import { type AllocateMessageQueueStrategy, memberIndex } from './allocate-strategy.js';

/**
 * "AVG", the default: consecutive runs of queues, the first `queues % members` members one queue longer.
 * Upstream: AllocateMessageQueueAveragely.
 */
export const allocateAveragely: AllocateMessageQueueStrategy = {
  name: 'AVG',
  allocate(_group, currentClientId, queues, clientIds) {
    const index = memberIndex(currentClientId, queues, clientIds);
    if (index < 0) return [];
    const longer = queues.length % clientIds.length;
    const size = Math.floor(queues.length / clientIds.length) + (index < longer ? 1 : 0);
    const start = index < longer ? index * size : index * size + longer;
    return queues.slice(start, start + size);
  },
};
