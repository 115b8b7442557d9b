import type { ConsumeMessageDirectlyResult } from '@mq/remoting/protocol';
import type { MQClientError } from '../errors.js';
import type { ProcessQueue } from './process-queue.js';
import type { ReceivedMessage } from './received-message.js';

/** Takes pulled messages to the handlers and deals with what they answer. */
export interface ConsumeService {
  /** New messages are in the process queue. `messages` are those of this pull. */
  submit(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): void;
  /** Hands one message to its handler, beside everything else; the result changes nothing. */
  consumeDirectly(
    message: ReceivedMessage,
    processQueue: ProcessQueue,
  ): Promise<ConsumeMessageDirectlyResult>;
  /** Fires the signals of running handlers: of one queue, or of all. */
  abort(reason: MQClientError, processQueue?: ProcessQueue): void;
  /** No further handler begins. */
  stop(): void;
  /** Messages that are with handlers now. */
  readonly runningMessages: number;
}
