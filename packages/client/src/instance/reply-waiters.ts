import { MessageConst, decodeProperties, decompressBody } from '@mq/remoting/message';
import { ReplyMessageRequestHeader } from '@mq/remoting/protocol';
import type { Clock, RemotingCommand } from '@mq/remoting';
import { toReceivedMessage, type ReceivedMessage } from '../consumer/received-message.js';

/**
 * Requests of this client that wait for their replies, by correlation id. Bounded by the requests in flight: whoever waits
 * takes its entry away when it stops. Upstream: RequestFutureHolder.
 */
export class ReplyWaiters {
  readonly #waiting = new Map<string, (reply: ReceivedMessage) => void>();

  get size(): number {
    return this.#waiting.size;
  }

  wait(correlationId: string, onReply: (reply: ReceivedMessage) => void): void {
    this.#waiting.set(correlationId, onReply);
  }

  forget(correlationId: string): void {
    this.#waiting.delete(correlationId);
  }

  /** A reply has come. False: nobody waits for it, or not any more. */
  accept(reply: ReceivedMessage): boolean {
    const correlationId = reply.properties[MessageConst.CORRELATION_ID] ?? '';
    const onReply = this.#waiting.get(correlationId);
    this.#waiting.delete(correlationId);
    onReply?.(reply);
    return onReply !== undefined;
  }
}

/**
 * The message a broker pushes with 326. It was never pulled: it has no place in a queue or log.
 * @throws RemotingError for a header or body that cannot be read
 */
export function decodeReply(
  request: RemotingCommand,
  clock: Pick<Clock, 'now'>,
  namespace: string | undefined,
): ReceivedMessage {
  const header = ReplyMessageRequestHeader.decode(request.extFields);
  const properties = decodeProperties(header.properties ?? '');
  properties[MessageConst.REPLY_MESSAGE_ARRIVE_TIME] = String(clock.now());
  const message = {
    topic: header.topic,
    body: request.body ?? Buffer.alloc(0),
    flag: header.flag,
    properties,
    queueId: header.queueId,
    storeSize: 0,
    queueOffset: -1,
    sysFlag: header.sysFlag,
    bornTimestamp: header.bornTimestamp,
    bornHost: header.bornHost.replace(/^\//, ''),
    storeTimestamp: header.storeTimestamp,
    storeHost: header.storeHost.replace(/^\//, ''),
    msgId: properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] ?? '',
    offsetMsgId: '',
    commitLogOffset: -1,
    bodyCRC: 0,
    reconsumeTimes: header.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
  };
  decompressBody(message);
  return toReceivedMessage(message, header.bname ?? '', namespace);
}
