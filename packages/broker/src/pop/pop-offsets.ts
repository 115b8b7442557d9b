// Where a pop of a queue begins (upstream: PopMessageProcessor#getPopOffset, #getInitOffset).
import { isRetryTopic } from '@mq/remoting/protocol';

import type { BrokerParts } from '../broker-parts.js';
import { isReadFromStart } from '../processor/consumer/consumer-offset.js';
import type { PopQueue } from './pop-queue.js';

/** Where a group without an offset begins (upstream: ConsumeInitMode). */
export const PopInitMode = { MIN: 0, MAX: 1 } as const;

type Parts = Pick<BrokerParts, 'store' | 'consumerOffsets' | 'settings' | 'topicConfig' | 'pop'>;

/** The offset the next pop begins at. Changes nothing. */
export function popOffset(parts: Parts, queue: PopQueue, initMode: number): number {
  const { topic, group, queueId } = queue;
  const committed = parts.consumerOffsets.query(group, topic, queueId);
  return Math.max(committed < 0 ? initialOffset(parts, queue, initMode) : committed, queue.nextOffset);
}

/** The same for the pop that holds the queue's lock: commits a first offset, and carries a reset out. */
export function takePopOffset(parts: Parts, queue: PopQueue, initMode: number): number {
  const { topic, group, queueId } = queue;
  const { consumerOffsets, pop } = parts;
  const reset = consumerOffsets.queryThenEraseResetOffset(topic, group, queueId);
  if (reset !== undefined) {
    pop.orderInfo.clearBlock(topic, group, queueId);
    queue.forgetRanges();
    consumerOffsets.commit('pop after a reset', group, topic, queueId, reset);
    return reset;
  }
  const committed = consumerOffsets.query(group, topic, queueId);
  if (committed >= 0) return Math.max(committed, queue.nextOffset);
  const initial = initialOffset(parts, queue, initMode);
  consumerOffsets.commit('first pop', group, topic, queueId, initial);
  return Math.max(initial, queue.nextOffset);
}

function initialOffset(parts: Parts, { topic, queueId }: PopQueue, initMode: number): number {
  const { store, settings } = parts;
  if (initMode === PopInitMode.MIN || isRetryTopic(topic)) return store.minOffsetInQueue(topic, queueId);
  if (settings.broker.initPopOffsetByCheckMsgInMem && isReadFromStart(parts, topic, queueId)) return 0;
  // The newest message is popped, too.
  return Math.max(0, store.maxOffsetInQueue(topic, queueId) - 1);
}
