import { MessageConst, type MessageExt } from '@mq/remoting/message';
import { isRetryTopic, withoutNamespace } from '@mq/remoting/protocol';

/** A message as a consumer gets it: topic without namespace, a retried message under its original topic. */
export interface ReceivedMessage extends MessageExt {
  /** The broker that delivered it. */
  brokerName: string;
  /** The one tag of the message. */
  tags: string | undefined;
}

/** The keys of a message, in the order the producer gave them. */
export function messageKeys(message: MessageExt): string[] {
  return message.properties[MessageConst.KEYS]?.split(' ').filter((key) => key.length > 0) ?? [];
}

/** Makes a decoded record what the application sees. Works in place: the record is ours and used nowhere else. */
export function toReceivedMessage(
  message: MessageExt,
  brokerName: string,
  namespace: string | undefined,
): ReceivedMessage {
  const received = message as ReceivedMessage;
  received.brokerName = brokerName;
  received.tags = message.properties[MessageConst.TAGS];
  const original = message.properties[MessageConst.RETRY_TOPIC];
  if (original !== undefined && isRetryTopic(message.topic)) received.topic = original;
  if (namespace !== undefined) received.topic = withoutNamespace(received.topic, namespace);
  return received;
}
