import { type AllocateMessageQueueStrategy, memberIndex } from './allocate-strategy.js';

/** "AVG_BY_CIRCLE": queues are dealt like cards, one to each member in turn. Upstream: AllocateMessageQueueAveragelyByCircle. */
export const allocateAveragelyByCircle: AllocateMessageQueueStrategy = {
  name: 'AVG_BY_CIRCLE',
  allocate(_group, currentClientId, queues, clientIds) {
    const index = memberIndex(currentClientId, queues, clientIds);
    if (index < 0) return [];
    return queues.filter((_queue, at) => at % clientIds.length === index);
  },
};
