// Takes timer messages back (upstream: DefaultMQProducerImpl#recallMessage, since 5.3.2).
import { RemotingCommand } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import {
  RecallMessageRequestHeader,
  RecallMessageResponseHeader,
  RequestCode,
  ResponseCode,
} from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { errorFromResponse } from '../instance/response-errors.js';

const VERSION = 'v1';
const NOT_NORMAL = /^%(RETRY|DLQ)%/;

/** What a handle says of its message. */
export interface RecallHandle {
  readonly brokerName: string;
  readonly msgId: string;
}

/**
 * Reads a handle: base64url of `v1 <topic> <brokerName> <time> <msgId>`.
 * @throws MQClientError INVALID_ARGUMENT for a handle that is none
 */
export function parseRecallHandle(handle: string): RecallHandle {
  const parts = Buffer.from(handle, 'base64url').toString('utf8').split(' ');
  const [version, , brokerName, , msgId] = parts;
  const isHandle =
    version === VERSION && brokerName !== undefined && brokerName !== '' && msgId !== undefined;
  assertArgument(isHandle, 'the recall handle is invalid');
  return { brokerName, msgId };
}

/** @throws MQClientError INVALID_ARGUMENT for a topic whose messages are no one's to recall */
export function assertRecallable(topic: string): void {
  assertArgument(!NOT_NORMAL.test(topic), `messages of ${topic} cannot be recalled`);
}

/**
 * Resolves with the id of the message. The route of `wireTopic` is known. `onAnswer` hears whether the broker did it and the
 * region it named, also of a refusal; not of a request that nobody answered (upstream: DefaultRecallMessageTraceHook).
 * @throws MQClientError
 */
export async function recall(
  client: ClientInstance,
  producerGroup: string,
  wireTopic: string,
  handle: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  onAnswer: ((success: boolean, regionId: string | undefined) => void) | undefined,
): Promise<string> {
  const { brokerName } = parseRecallHandle(handle);
  const broker = await client.masterOf({ topic: wireTopic, brokerName, queueId: 0 }, options.signal);
  const ext = RecallMessageRequestHeader.encode({
    producerGroup,
    topic: wireTopic,
    recallHandle: handle,
    bname: brokerName,
  });
  const command = RemotingCommand.request(RequestCode.RECALL_MESSAGE, ext);
  const response = await client.brokers.ask('recall', broker, command, options);
  const success = response.code === ResponseCode.SUCCESS;
  onAnswer?.(success, response.extFields[MessageConst.MSG_REGION]);
  if (!success) throw errorFromResponse('recall', response, broker);
  try {
    return RecallMessageResponseHeader.decode(response.extFields).msgId;
  } catch (cause) {
    throw new MQClientError('BAD_RESPONSE', 'the answer to a recall names no message', { cause, brokerName });
  }
}
