// Which messages the log refuses, and why (upstream: HookUtils#checkBeforePutMessage). Pure.
import {
  HOST_BYTES_V4,
  HOST_BYTES_V6,
  MAX_PROPERTIES_BYTES,
  MAX_TOPIC_BYTES_V1,
  recordPropertiesBytes,
} from '@mq/remoting/message';
import { isRetryTopic } from '@mq/remoting/protocol';
import { MAX_BATCH_SIZE } from '../consume-queue/batch-consume-queue-entry.js';
import type { AppendMessage, PutStatus } from '../message-store.js';

/** Retry topics may be longer: their name holds a group name. */
const MAX_RETRY_TOPIC_BYTES = 255;
/** A record may be this much larger than the largest body. */
const RECORD_OVERHEAD_BYTES = 64 * 1024;
/** Room that every file keeps for its blank record. */
export const END_OF_FILE_BYTES = 8;

export interface PutLimits {
  readonly maxMessageSize: number;
  readonly mappedFileSizeCommitLog: number;
  readonly autoMessageVersionOnTopicLen: boolean;
  readonly enabledAppendPropCRC: boolean;
}

export interface PutRefusal {
  readonly status: PutStatus;
  readonly remark: string;
}

/**
 * Checks what can be known before encoding; undefined = acceptable.
 * @param morePropertyBytes what the store adds to the properties at most
 */
export function checkMessage(
  message: AppendMessage,
  topicBytes: number,
  limits: PutLimits,
  morePropertyBytes = 0,
): PutRefusal | undefined {
  if (topicBytes === 0) return illegal('the topic is empty');
  if (topicBytes > MAX_TOPIC_BYTES_V1) {
    const allowed = isRetryTopic(message.topic) && limits.autoMessageVersionOnTopicLen;
    const max = allowed ? MAX_RETRY_TOPIC_BYTES : MAX_TOPIC_BYTES_V1;
    if (topicBytes > max) return illegal(`the topic has ${topicBytes} bytes, at most ${max} are allowed`);
  }
  if (!Number.isInteger(message.queueId) || message.queueId < 0) return illegal('the queue id is negative');
  if (
    !Number.isSafeInteger(message.bornTimestamp) ||
    !Number.isSafeInteger(message.preparedTransactionOffset)
  ) {
    return illegal('the born timestamp or the prepared transaction offset is no 64-bit integer');
  }
  if (!isHost(message.bornHost) || !isHost(message.storeHost))
    return illegal('a host has neither 8 nor 20 bytes');
  if (message.body.length > limits.maxMessageSize) {
    return illegal(`the body has ${message.body.length} bytes, at most ${limits.maxMessageSize} are allowed`);
  }
  const { properties, propertiesSuffix } = message;
  return checkPropertiesBytes(
    recordPropertiesBytes(properties, propertiesSuffix, limits.enabledAppendPropCRC) + morePropertyBytes,
  );
}

/** Checks the length of the properties of a record; undefined = acceptable. */
export function checkPropertiesBytes(bytes: number): PutRefusal | undefined {
  if (bytes <= MAX_PROPERTIES_BYTES) return undefined;
  const remark = `the properties have ${bytes} bytes, at most ${MAX_PROPERTIES_BYTES} are allowed`;
  return { status: 'PROPERTIES_SIZE_EXCEEDED', remark };
}

/** Checks a message with sysFlag INNER_BATCH; undefined = acceptable (upstream: DefaultMessageStore#asyncPutMessage). */
export function checkInnerBatch(
  { innerCount }: Pick<AppendMessage, 'innerCount'>,
  isBatchTopic: boolean,
): PutRefusal | undefined {
  if (!isBatchTopic) return illegal('the message is an inner batch, but the topic is not of type BatchCQ');
  if (innerCount !== undefined && innerCount >= 1 && innerCount <= MAX_BATCH_SIZE) return undefined;
  return illegal(
    `an inner batch holds 1 to ${MAX_BATCH_SIZE} messages, not ${innerCount ?? 'an unknown number'}`,
  );
}

/** Checks the size of one record; undefined = acceptable. */
export function checkRecordSize(sizeBytes: number, limits: PutLimits): PutRefusal | undefined {
  const max = limits.maxMessageSize + RECORD_OVERHEAD_BYTES;
  if (sizeBytes > max) return illegal(`the message has ${sizeBytes} bytes, at most ${max} are allowed`);
  return checkFileRoom(sizeBytes, limits);
}

/** Checks that records which must stay together fit into one file; undefined = acceptable. */
export function checkFileRoom(sizeBytes: number, limits: PutLimits): PutRefusal | undefined {
  if (sizeBytes + END_OF_FILE_BYTES <= limits.mappedFileSizeCommitLog) return undefined;
  return illegal(`${sizeBytes} bytes do not fit into a log file of ${limits.mappedFileSizeCommitLog}`);
}

function isHost(host: Buffer): boolean {
  return host.length === HOST_BYTES_V4 || host.length === HOST_BYTES_V6;
}

function illegal(remark: string): PutRefusal {
  return { status: 'MESSAGE_ILLEGAL', remark };
}
