// Attribute queue.type of a topic (upstream: QueueTypeUtils). BatchCQ: a batch that is sent to it stays one record.
import type { TopicConfig } from '@mq/remoting/protocol';

export function isBatchTopic(config: TopicConfig | undefined): boolean {
  return config?.attributes?.['queue.type'] === 'BatchCQ';
}
