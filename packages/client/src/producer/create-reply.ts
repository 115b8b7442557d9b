import { MessageConst } from '@mq/remoting/message';
import { replyTopic } from '@mq/remoting/protocol';
import type { ReceivedMessage } from '../consumer/received-message.js';
import { assertArgument } from '../errors.js';
import type { OutgoingMessage } from './outgoing-message.js';

/**
 * The reply to a message that was sent with `Producer.request`; send it with any producer's `send`, in the handler or later,
 * but before the requester's time is over. A broker pushes it to the requester; it is not consumed. Upstream:
 * MessageUtil.createReplyMessage.
 * @throws MQClientError INVALID_ARGUMENT when the message is no request
 */
export function createReply(request: ReceivedMessage, body: string | Uint8Array): OutgoingMessage {
  const { properties, brokerName } = request;
  const cluster = properties[MessageConst.CLUSTER];
  const clientId = properties[MessageConst.MESSAGE_REPLY_TO_CLIENT];
  const correlationId = properties[MessageConst.CORRELATION_ID];
  assertArgument(
    cluster !== undefined && clientId !== undefined && correlationId !== undefined,
    `message ${request.msgId} asks for no reply: it lacks CLUSTER, REPLY_TO_CLIENT or CORRELATION_ID`,
  );
  const ttlMs = Number(properties[MessageConst.MESSAGE_TTL] ?? 0);
  return { topic: replyTopic(cluster), body, replyTo: { clientId, correlationId, ttlMs, brokerName } };
}
