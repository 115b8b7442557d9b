import type { LinkedNode, Logger } from '@mq/remoting';
import type { MessageQueue } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import type { ConsumeContext, ConsumeStatus, MessageHandler } from './message-handler.js';
import type { ProcessQueue } from './process-queue.js';
import type { ReceivedMessage } from './received-message.js';

/** What a handler's answer amounts to. */
export type ConsumeOutcome =
  | { readonly kind: 'SUCCESS' }
  | { readonly kind: 'FAILURE'; readonly error: unknown }
  /** The answer is none of the words it may be. */
  | { readonly kind: 'INVALID'; readonly error: unknown };

const SUCCESS: ConsumeOutcome = { kind: 'SUCCESS' };

/** Messages that are with a handler now; also the context the handler sees. */
export class RunningBatch implements ConsumeContext {
  delayLevelWhenNextConsume = 0;
  ackIndex = Number.MAX_SAFE_INTEGER;
  suspendCurrentQueueTimeMs: number;
  /** Its time was over; set once, by RunningBatches. */
  hasTimedOut = false;
  /** Among all that run; that of RunningBatches. */
  place: LinkedNode<RunningBatch> | undefined = undefined;
  /** Made when first asked for: most handlers never do. */
  #controller: AbortController | undefined;
  #abortReason: MQClientError | undefined;

  constructor(
    readonly processQueue: ProcessQueue,
    readonly messages: readonly ReceivedMessage[],
    /** Monotonic, milliseconds. */
    readonly startedAtMs: number,
    suspendCurrentQueueTimeMs: number,
  ) {
    this.suspendCurrentQueueTimeMs = suspendCurrentQueueTimeMs;
  }

  get messageQueue(): MessageQueue {
    return this.processQueue.messageQueue;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  abort(reason: MQClientError): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(this.#abortReason);
  }

  /** Runs the handler to its end. Never rejects. */
  async run(handler: MessageHandler): Promise<ConsumeOutcome> {
    try {
      // A list of its own: handlers may take it apart, and what counts as consumed must not shrink with it.
      return outcomeOf(await handler(this.messages.slice(), this));
    } catch (error) {
      return { kind: 'FAILURE', error };
    }
  }
}

function outcomeOf(status: ConsumeStatus | void): ConsumeOutcome {
  switch (status) {
    case undefined:
    case 'CONSUME_SUCCESS':
    case 'SUCCESS':
      return SUCCESS;
    case 'RECONSUME_LATER':
    case 'SUSPEND_CURRENT_QUEUE_A_MOMENT':
      return { kind: 'FAILURE', error: status };
    default:
      // A handler written in JavaScript may return anything; only nothing and the words of success are success.
      return {
        kind: 'INVALID',
        error: new MQClientError(
          'INVALID_ARGUMENT',
          `the handler returned ${kindOf(status)}; it may return nothing, CONSUME_SUCCESS or RECONSUME_LATER`,
        ),
      };
  }
}

/** For a log, which shows no payloads. */
function kindOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`;
}

/** A handler that asks for a retry is no news; one that throws is. */
export function logFailure(logger: Logger, batch: RunningBatch, error: unknown): void {
  const facts = { ...batch.messageQueue, messages: batch.messages.length, error };
  if (error === 'RECONSUME_LATER' || error === 'SUSPEND_CURRENT_QUEUE_A_MOMENT')
    logger.debug('a handler asked to try again', facts);
  else logger.warn('a handler failed', facts);
}
