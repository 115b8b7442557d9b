import type { Logger } from '@mq/remoting';
import type { SendResult } from '../producer/send-result.js';
import type { HookedMessage, MessageHook, MessageType, SendObserved, SendOutcome } from './message-hook.js';

/** What is known of a send before its first attempt. */
export interface SendFacts {
  readonly topic: string;
  readonly producerGroup: string;
  readonly messageType: MessageType;
  readonly messages: readonly HookedMessage[];
}

/** One send that hooks watch. It ends once, whoever says so first. */
export class Sending implements SendObserved {
  readonly topic: string;
  readonly producerGroup: string;
  readonly messageType: MessageType;
  readonly messages: readonly HookedMessage[];
  attempts = 0;
  brokerName: string | undefined;
  brokerAddress: string | undefined;
  queueId: number | undefined;
  attemptStartedAt = 0;
  readonly #ends: ((outcome: SendOutcome) => void)[] = [];
  #ended = false;

  constructor(
    facts: SendFacts,
    hooks: readonly MessageHook[],
    private readonly logger: Logger,
  ) {
    this.topic = facts.topic;
    this.producerGroup = facts.producerGroup;
    this.messageType = facts.messageType;
    this.messages = facts.messages;
    for (const hook of hooks) this.#begin(hook);
  }

  /** An attempt begins. */
  attempt(brokerName: string, brokerAddress: string, queueId: number, now: number): void {
    this.attempts++;
    this.brokerName = brokerName;
    this.brokerAddress = brokerAddress;
    this.queueId = queueId;
    this.attemptStartedAt = now;
  }

  /** The send has ended; later calls do nothing. */
  end(outcome: SendOutcome): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const end of this.#ends) guarded(this.logger, () => end(outcome));
  }

  /** Ends with the promise, whichever way it goes. */
  async follow(sent: Promise<SendResult>): Promise<SendResult> {
    try {
      const result = await sent;
      this.end({ result });
      return result;
    } catch (error) {
      this.end({ error });
      throw error;
    }
  }

  #begin(hook: MessageHook): void {
    const end = guarded(this.logger, () => hook.onSend?.(this));
    if (end) this.#ends.push(end);
  }
}

/** Runs a hook; what it throws is logged and nothing else. */
export function guarded<T>(logger: Logger, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    logger.warn('a message hook threw', { error });
    return undefined;
  }
}
