import type { MessageQueue } from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';

/** A queue of this broker. Members stand in the order fastjson writes them, since queues are keys of the answers' tables. */
export function queueOf(parts: BrokerParts, topic: string, queueId: number): MessageQueue {
  return { brokerName: parts.identity.brokerName, queueId, topic };
}
