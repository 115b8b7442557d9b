import type { MessageQueue } from '@mq/remoting/protocol';
import type { AllocateMessageQueueStrategy } from './allocate-strategy.js';

/** "CONFIG": always exactly these queues, whatever exists and whoever else consumes. Upstream: AllocateMessageQueueByConfig. */
export function allocateByConfig(queues: readonly MessageQueue[]): AllocateMessageQueueStrategy {
  const fixed = [...queues];
  return { name: 'CONFIG', allocate: () => [...fixed] };
}
