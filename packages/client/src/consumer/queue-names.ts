import { withoutNamespace, wrapNamespace, type MessageQueue } from '@mq/remoting/protocol';
import { assertTopic } from '../names.js';

/** The queue as brokers know it. @throws MQClientError INVALID_ARGUMENT */
export function wireQueue(
  namespace: string | undefined,
  { topic, brokerName, queueId }: MessageQueue,
): MessageQueue {
  assertTopic(topic);
  return { topic: wrapNamespace(namespace, topic), brokerName, queueId };
}

/** The topic as the application knows it. */
export function visibleTopic(namespace: string | undefined, wireTopic: string): string {
  return namespace === undefined ? wireTopic : withoutNamespace(wireTopic, namespace);
}

/** The queue as the application knows it. */
export function visibleQueue(namespace: string | undefined, queue: MessageQueue): MessageQueue {
  return namespace === undefined ? queue : { ...queue, topic: withoutNamespace(queue.topic, namespace) };
}
