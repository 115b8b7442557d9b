import type { RemotingCommand } from '@mq/remoting';
import { ResponseCode, type MessageQueue } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';

/**
 * SEND_OK: every condition of the broker's configuration held. The others: the message is stored on the master, but
 * flushing to disk, or copying to a slave, was not confirmed in time.
 */
export type SendStatus = 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE';

/** What became of a message that a broker stored. */
export interface SendResult {
  /** Whether it is as durable as the broker is set to make it. */
  readonly status: SendStatus;
  /** The id the message carries (UNIQ_KEY), comma-joined for a batch. The same after every retry. */
  readonly msgId: string;
  /** The id made of the broker's address and the position in its log, comma-joined for a batch. */
  readonly offsetMsgId: string;
  /** Where it was stored. */
  readonly messageQueue: MessageQueue;
  /** Its position in the queue; the first one's for a batch. */
  readonly queueOffset: number;
  /** As the broker names it, of a message sent in a transaction; undefined when it does not. */
  readonly transactionId: string | undefined;
  /** Of a batch that the broker keeps as one record (topics of type BatchCQ): the id by which that record is found. */
  readonly batchUniqId?: string | undefined;
  /** Of a message with a delivery time of its own: what `Producer.recall` takes it back with. Brokers from 5.3.2 on. */
  readonly recallHandle: string | undefined;
  /** Region the broker says it is in, for tracing. */
  readonly regionId: string;
  /** False: the broker asks for no trace of this message. */
  readonly traceOn: boolean;
}

const STATUS_OF_CODE: ReadonlyMap<number, SendStatus> = new Map<number, SendStatus>([
  [ResponseCode.SUCCESS, 'SEND_OK'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'FLUSH_DISK_TIMEOUT'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE'],
]);

/** The status a response code stands for; undefined: the broker refused. */
export function sendStatusOf(responseCode: number): SendStatus | undefined {
  return STATUS_OF_CODE.get(responseCode);
}

/**
 * Reads the answer to a send. Hot: takes the fields it needs instead of decoding the header.
 * @param topic as the application named it, without namespace
 * @throws MQClientError BAD_RESPONSE when queue or offset is no number
 */
export function readSendResult(
  response: RemotingCommand,
  status: SendStatus,
  sent: { msgId: string; topic: string; brokerName: string },
): SendResult {
  const ext = response.extFields;
  const queueId = Number(ext['queueId']);
  const queueOffset = Number(ext['queueOffset']);
  if (!Number.isInteger(queueId) || !Number.isInteger(queueOffset)) {
    throw new MQClientError('BAD_RESPONSE', 'the answer to a send names no queue or offset', {
      brokerName: sent.brokerName,
    });
  }
  return {
    status,
    msgId: sent.msgId,
    offsetMsgId: ext['msgId'] ?? '',
    messageQueue: { topic: sent.topic, brokerName: sent.brokerName, queueId },
    queueOffset,
    transactionId: ext['transactionId'],
    batchUniqId: ext['batchUniqId'],
    recallHandle: ext['recallHandle'],
    regionId: ext['MSG_REGION'] || 'DefaultRegion',
    traceOn: ext['TRACE_ON'] !== 'false',
  };
}
