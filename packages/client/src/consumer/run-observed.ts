// Deliveries that hooks watch.
import type { MessageQueue } from '@mq/remoting/protocol';
import type { ConsumeOutcomeObserved } from '../hooks/message-hook.js';
import type { MessageHooks } from '../hooks/message-hooks.js';
import type { ConsumeDeps } from './consume-deps.js';
import type { MessageHandler } from './message-handler.js';
import type { ReceivedMessage } from './received-message.js';
import type { ConsumeOutcome, RunningBatch } from './running-batch.js';

/** Runs the handler as `RunningBatch.run` does, inside the hooks. Never rejects. */
export async function runObserved(
  deps: Pick<ConsumeDeps, 'consumerGroup'>,
  hooks: MessageHooks,
  batch: RunningBatch,
  handler: MessageHandler,
): Promise<ConsumeOutcome> {
  const { messageQueue, messages } = batch;
  const observer = hooks.beginConsume({ consumerGroup: deps.consumerGroup, messageQueue, messages });
  const outcome = await batch.run((all, context) => observer.run(() => handler(all, context)));
  observer.end(observedOutcome(batch, outcome));
  return outcome;
}

/** A pull consumer's application took these messages: that they came is all there is to observe (as upstream has it). */
export function observeTaken(
  hooks: MessageHooks,
  consumerGroup: string,
  messageQueue: MessageQueue,
  messages: readonly ReceivedMessage[],
): void {
  if (messages.length === 0) return;
  hooks.beginConsume({ consumerGroup, messageQueue, messages }).end({ success: true, returnType: 'SUCCESS' });
}

/** Upstream: the ConsumeReturnType that ConsumeMessageConcurrentlyService works out. */
function observedOutcome(batch: RunningBatch, outcome: ConsumeOutcome): ConsumeOutcomeObserved {
  const success = outcome.kind === 'SUCCESS';
  const failure = success ? {} : { error: outcome.error };
  if (batch.hasTimedOut) return { success, returnType: 'TIME_OUT', ...failure };
  if (outcome.kind === 'SUCCESS') return { success, returnType: 'SUCCESS' };
  if (outcome.kind === 'INVALID') return { success, returnType: 'RETURNNULL', ...failure };
  return { success, returnType: typeof outcome.error === 'string' ? 'FAILED' : 'EXCEPTION', ...failure };
}
