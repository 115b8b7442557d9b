import { javaHashCode } from '@mq/remoting/message';
import type { MessageQueue } from '@mq/remoting/protocol';
import type { OutgoingMessage } from './outgoing-message.js';

/**
 * Chooses the queue of a message among those that may be written now, in broker and queue order. The list is never
 * empty; its length changes when brokers come and go. Upstream: MessageQueueSelector.
 */
export type MessageQueueSelector = (
  queues: readonly MessageQueue[],
  message: OutgoingMessage,
) => MessageQueue;

/** Equal keys go to the same queue, as upstream's SelectMessageQueueByHash does with a String. */
export function selectByHash(queues: readonly MessageQueue[], shardingKey: string): MessageQueue {
  return queues[Math.abs(javaHashCode(shardingKey) % queues.length)] as MessageQueue;
}
