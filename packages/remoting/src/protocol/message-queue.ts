/** One queue of a topic on one broker. */
export interface MessageQueue {
  /** As brokers know it, its namespace included. */
  readonly topic: string;
  /** Name of the broker group that holds it. */
  readonly brokerName: string;
  /** Within the topic on that broker, from 0. */
  readonly queueId: number;
}

/** Order of `MessageQueue.compareTo`: topic, broker (both by UTF-16 unit), then queue. Rebalance depends on it. */
export function compareMessageQueue(a: MessageQueue, b: MessageQueue): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  if (a.brokerName !== b.brokerName) return a.brokerName < b.brokerName ? -1 : 1;
  return a.queueId - b.queueId;
}

/** Key for a Map or Set of queues: `topic@brokerName@queueId`. */
export function messageQueueKey(mq: MessageQueue): string {
  return `${mq.topic}@${mq.brokerName}@${mq.queueId}`;
}

/** Both name the same queue; upstream's `MessageQueue.equals`. */
export function sameMessageQueue(a: MessageQueue, b: MessageQueue): boolean {
  return a.queueId === b.queueId && a.topic === b.topic && a.brokerName === b.brokerName;
}

/** Java's `MessageQueue.toString`, which the consistent hash allocation hashes. */
export function messageQueueText(mq: MessageQueue): string {
  return `MessageQueue [topic=${mq.topic}, brokerName=${mq.brokerName}, queueId=${mq.queueId}]`;
}
