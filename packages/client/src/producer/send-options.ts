import type { MessageQueue } from '@mq/remoting/protocol';
import type { MessageQueueSelector } from './queue-selector.js';

/** What one send may ask for. At most one of `messageQueue`, `shardingKey` and `queueSelector`. */
export interface SendOptions {
  /** Limit of the whole send, retries included, milliseconds. Default `sendMsgTimeoutMs` of the producer. */
  timeoutMs?: number;
  /** Ends the wait with ABORTED. The message may still be stored. */
  signal?: AbortSignal;
  /** Exactly this queue. Not retried elsewhere. */
  messageQueue?: MessageQueue;
  /** Messages with the same key go to the same queue, in the order of the calls. Not retried elsewhere. */
  shardingKey?: string;
  /** Chooses the queue. Not retried elsewhere. */
  queueSelector?: MessageQueueSelector;
}
