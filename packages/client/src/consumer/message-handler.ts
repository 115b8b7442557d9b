import type { MessageQueue } from '@mq/remoting/protocol';
import type { ReceivedMessage } from './received-message.js';

/** What a handler gets besides the messages. */
export interface ConsumeContext {
  /** Where all messages of the call come from. */
  readonly messageQueue: MessageQueue;
  /**
   * Fires when it is time to stop: the consumer closes, the queue was given to another consumer, or `consumeTimeoutMs` is
   * over. Hand it to whatever the handler waits for. Its `reason` is an MQClientError: CLOSED, ABORTED or TIMEOUT.
   */
  readonly signal: AbortSignal;
  /**
   * Concurrent only. When failed messages come again: 0 lets the broker choose (later with each attempt), a number above 0
   * is that delay level, -1 sends them to the dead letter queue. Default 0.
   */
  delayLevelWhenNextConsume: number;
  /** Concurrent only. On success, index of the last message that succeeded; those after it come again. Default: all. */
  ackIndex: number;
  /** Orderly only. Pause before failed messages come again, milliseconds, 10 to 30000. Default `suspendCurrentQueueTimeMs`. */
  suspendCurrentQueueTimeMs: number;
}

/**
 * Concurrent consumers say CONSUME_SUCCESS or RECONSUME_LATER, orderly ones SUCCESS or SUSPEND_CURRENT_QUEUE_A_MOMENT
 * (upstream's words). Either pair is understood in both modes.
 */
export type ConsumeStatus =
  'CONSUME_SUCCESS' | 'SUCCESS' | 'RECONSUME_LATER' | 'SUSPEND_CURRENT_QUEUE_A_MOMENT';

/**
 * Handles 1 to `consumeMessageBatchMaxSize` messages of one queue. Returning nothing is success; throwing, or a promise
 * that rejects, is failure. In TypeScript an `async` handler that always says one word needs `as const` behind it.
 */
export type MessageHandler<Message extends ReceivedMessage = ReceivedMessage> = (
  messages: readonly Message[],
  context: ConsumeContext,
) => Promise<ConsumeStatus | void> | ConsumeStatus | void;
