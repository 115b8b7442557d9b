import { MQClientError } from '../errors.js';
import type { ConsumeService } from './consume-service.js';
import type { ProcessQueue } from './process-queue.js';

/**
 * Hands nothing more out and lets handlers end, the second half of the time with their signal fired.
 * @returns the messages still with handlers
 */
export async function finishHandlers(
  consumeService: ConsumeService,
  queues: readonly ProcessQueue[],
  timeoutMs: number,
): Promise<number> {
  consumeService.stop();
  for (const queue of queues) queue.stopHandingOut();
  const drain = (ms: number): Promise<unknown> =>
    Promise.all(queues.map((queue) => queue.handlers.drain(ms)));
  await drain(timeoutMs / 2);
  if (consumeService.runningMessages > 0) {
    consumeService.abort(new MQClientError('CLOSED', 'the consumer closes'));
    await drain(timeoutMs / 2);
  }
  return consumeService.runningMessages;
}
