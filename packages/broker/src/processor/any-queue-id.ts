import type { BrokerParts } from '../broker-parts.js';

/** One of `queues` queues, for a message whose sender does not care (upstream: randomQueueId). */
export function anyQueueId({ random }: Pick<BrokerParts, 'random'>, queues: number): number {
  return Math.floor(random() * queues);
}
