import type { RequestContext } from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

export interface OrderedMessage {
  readonly topic: string;
  readonly group: string;
  readonly queueId: number;
  readonly offset: number;
  readonly popTime: number;
  readonly invisibleTime: number;
}

/**
 * Acknowledges a message that was popped in order; the next ones may be popped when it was the last of its pop (upstream:
 * AckMessageProcessor#ackOrderly). A handle of an earlier pop counts as acknowledged. Throws RequestRefused 13.
 */
export function ackInOrder(
  broker: BrokerParts,
  { connection }: RequestContext,
  message: OrderedMessage,
): void {
  const { topic, group, queueId, offset, popTime, invisibleTime } = message;
  const { consumerOffsets, pop } = broker;
  const committed = consumerOffsets.query(group, topic, queueId);
  if (offset < committed) return;
  const next = pop.orderInfo.commitAndNext(topic, group, queueId, offset, popTime);
  if (next === -1) {
    throw new RequestRefused(
      ResponseCode.MESSAGE_ILLEGAL,
      `offset is illegal, key:${topic}@${group}@${queueId}, old:${committed}, commit:${offset}, next:${next}, /${connection.remoteAddress}`,
    );
  }
  if (next < 0) return;
  if (!consumerOffsets.hasOffsetReset(topic, group, queueId)) {
    consumerOffsets.commit(connection.remoteAddress, group, topic, queueId, next);
  }
  pop.queues.of(topic, group, queueId).acknowledged(1);
  if (!pop.orderInfo.isBlocked(undefined, topic, group, queueId, invisibleTime))
    pop.notify(topic, group, queueId);
}
