import type { ConsumeMessageDirectlyResult } from '@mq/remoting/protocol';
import type { Clock } from '@mq/remoting';
import type { MessageHandler } from './message-handler.js';
import type { RunningBatch } from './running-batch.js';

/** Runs a handler because an operator wants to see what it does (309). Never rejects. */
export async function consumeDirectly(
  batch: RunningBatch,
  handler: MessageHandler | undefined,
  order: boolean,
  clock: Clock,
): Promise<ConsumeMessageDirectlyResult> {
  const result = { autoCommit: true, order, spentTimeMills: 0 };
  if (handler === undefined)
    return { ...result, consumeResult: 'CR_RETURN_NULL', remark: 'no handler for this topic' };
  const startedMs = clock.monotonic();
  const outcome = await batch.run(handler);
  result.spentTimeMills = Math.round(clock.monotonic() - startedMs);
  if (outcome.kind === 'SUCCESS') return { ...result, consumeResult: 'CR_SUCCESS' };
  if (outcome.kind === 'INVALID') return { ...result, consumeResult: 'CR_RETURN_NULL' };
  if (typeof outcome.error === 'string') return { ...result, consumeResult: 'CR_LATER' };
  return { ...result, consumeResult: 'CR_THROW_EXCEPTION', remark: String(outcome.error) };
}
