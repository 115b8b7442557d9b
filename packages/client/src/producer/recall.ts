// Takes timer messages back (upstream: DefaultMQProducerImpl#recallMessage, since 5.3.2).
import { RecallMessageRequestHeader, RecallMessageResponseHeader, RequestCode } from '@mq/remoting/protocol';
import { RemotingCommand } from '@mq/remoting';
import { MQClientError, assertArgument } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';

const VERSION = 'v1';
const NOT_NORMAL = /^%(RETRY|DLQ)%/;

/** The broker that has the message; a handle is base64url of `v1 <topic> <brokerName> <time> <msgId>`. */
export function brokerOfHandle(handle: string): string {
  const parts = Buffer.from(handle, 'base64url').toString('utf8').split(' ');
  const [version, , brokerName] = parts;
  const isHandle = version === VERSION && parts.length >= 5 && brokerName !== undefined && brokerName !== '';
  assertArgument(isHandle, 'the recall handle is invalid');
  return brokerName;
}

/** @throws MQClientError INVALID_ARGUMENT for a topic whose messages are no one's to recall */
export function assertRecallable(topic: string): void {
  assertArgument(!NOT_NORMAL.test(topic), `messages of ${topic} cannot be recalled`);
}

/** Resolves with the id of the message. The route of `wireTopic` is known. @throws MQClientError */
export async function recall(
  client: ClientInstance,
  producerGroup: string,
  wireTopic: string,
  handle: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<string> {
  const brokerName = brokerOfHandle(handle);
  const broker = await client.masterOf({ topic: wireTopic, brokerName, queueId: 0 }, options.signal);
  const ext = RecallMessageRequestHeader.encode({
    producerGroup,
    topic: wireTopic,
    recallHandle: handle,
    bname: brokerName,
  });
  const command = RemotingCommand.request(RequestCode.RECALL_MESSAGE, ext);
  const response = await client.brokers.call('recall', broker, command, options);
  try {
    return RecallMessageResponseHeader.decode(response.extFields).msgId;
  } catch (cause) {
    throw new MQClientError('BAD_RESPONSE', 'the answer to a recall names no message', { cause, brokerName });
  }
}
