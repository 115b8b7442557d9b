import type { ConsumeContext, ConsumeStatus, MessageHandler } from './message-handler.js';
import type { ReceivedMessage } from './received-message.js';

/**
 * Runs a handler on some messages of a batch, with a context in which `ackIndex` counts those alone. What the others are to
 * the outer batch is the caller's word: here they count as consumed.
 * @param kept indexes into `messages`, ascending
 */
export async function handlePart<Message extends ReceivedMessage>(
  messages: readonly Message[],
  kept: readonly number[],
  context: ConsumeContext,
  handler: MessageHandler<Message>,
): Promise<ConsumeStatus | void> {
  if (kept.length === messages.length) return handler(messages, context);
  if (kept.length === 0) return undefined;
  const part = new PartContext(context);
  const status = await handler(
    kept.map((index) => messages[index] as Message),
    part,
  );
  // Those behind the last one that succeeded come again: the first of them ends what is acknowledged of the whole batch.
  if (part.ackIndex < kept.length - 1)
    context.ackIndex = (kept[Math.max(0, part.ackIndex + 1)] as number) - 1;
  return status;
}

/** The outer context, but for an `ackIndex` of its own. */
class PartContext implements ConsumeContext {
  ackIndex = Number.MAX_SAFE_INTEGER;
  readonly #outer: ConsumeContext;

  constructor(outer: ConsumeContext) {
    this.#outer = outer;
  }

  get messageQueue(): ConsumeContext['messageQueue'] {
    return this.#outer.messageQueue;
  }

  get signal(): AbortSignal {
    return this.#outer.signal;
  }

  get delayLevelWhenNextConsume(): number {
    return this.#outer.delayLevelWhenNextConsume;
  }

  set delayLevelWhenNextConsume(level: number) {
    this.#outer.delayLevelWhenNextConsume = level;
  }

  get suspendCurrentQueueTimeMs(): number {
    return this.#outer.suspendCurrentQueueTimeMs;
  }

  set suspendCurrentQueueTimeMs(ms: number) {
    this.#outer.suspendCurrentQueueTimeMs = ms;
  }
}
