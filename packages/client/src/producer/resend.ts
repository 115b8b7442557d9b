import { MessageConst } from '@mq/remoting/message';
import { isDlqTopic, isRetryTopic } from '@mq/remoting/protocol';
import { DLQ_REASON } from '../consumer/message-returner.js';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { assertArgument } from '../errors.js';
import type { OutgoingMessage } from './outgoing-message.js';

/** What the system wrote; a message that is sent anew gets its own. */
const SYSTEM_PROPERTIES: ReadonlySet<string> = new Set<string>([...Object.values(MessageConst), DLQ_REASON]);

/**
 * A dead letter, or any received message, as a new message to the topic it was first sent to: same body, tags, keys, flag and
 * properties of the application. Every group of that topic gets it, not only the one that gave up on it; it has an id and
 * attempts of its own.
 *
 *     for await (const letter of consumer.messages('%DLQ%billing')) await producer.send(resendable(letter));
 *
 * @throws MQClientError INVALID_ARGUMENT for a message of a dead letter or retry topic that does not say where it came from
 */
export function resendable(received: ReceivedMessage): OutgoingMessage {
  const { body, flag, properties, tags, topic: current } = received;
  // A dead letter of those who consume dead letters tells both: where they had it from, and where it was first sent to.
  const origin = properties[MessageConst.DLQ_ORIGIN_TOPIC] ?? properties[MessageConst.RETRY_TOPIC];
  const isReturned = isDlqTopic(current) || isRetryTopic(current);
  const topic = isReturned ? origin : current;
  assertArgument(topic !== undefined, `message ${received.msgId} does not say which topic it was sent to`);
  const own = Object.entries(properties).filter(([name]) => !SYSTEM_PROPERTIES.has(name));
  const keys = properties[MessageConst.KEYS];
  return {
    topic,
    body,
    flag,
    properties: Object.fromEntries(own),
    ...(tags === undefined ? {} : { tags }),
    ...(keys === undefined ? {} : { keys }),
  };
}
