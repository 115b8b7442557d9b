// Half messages: prepared, stored in RMQ_SYS_TRANS_HALF_TOPIC queue 0, invisible until committed (upstream:
// TransactionalMessageBridge). Their true target is in REAL_TOPIC and REAL_QID; their sysFlag says "no transaction", so
// that they get a place in the half queue.
import {
  encodeProperties,
  encodeProperty,
  MessageConst,
  PropertyScanner,
  PropertySlot,
  type RecordLayout,
  recordPhysicalOffset,
  recordQueueOffset,
  recordStoreTimestamp,
  SysFlag,
  withTransactionType,
} from '@mq/remoting/message';
import { SystemTopic } from '@mq/remoting/protocol';
import type { AppendMessage } from '@mq/store';

import { targetProperties } from '../schedule/delayed-message.js';
import { appendAgain, locateStored, StoredMessage } from '../schedule/stored-message.js';

export const HALF_TOPIC = SystemTopic.TRANS_HALF;
export const HALF_QUEUE_ID = 0;

const NONE = -1;

/** A stored half message and where it stands. */
export class HalfMessage extends StoredMessage {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly storeTimestamp: number;
  /** Queue offset of the transaction's first half message; its own unless it was appended again. */
  readonly origin: number;
  readonly producerGroup: string | undefined;
  /** CHECK_IMMUNITY_TIME_IN_SECONDS as ms; undefined when there is none, or no number from 0 on. */
  readonly immunityMs: number | undefined;
  /** Property WAIT: false only for a producer that takes its answer before the message is as durable as configured. */
  readonly waitStoreMsgOk: boolean;
  /** Whether the record has a checksum over its properties: as text it is of no use in another record. */
  readonly hasPropertyCrc: boolean;

  /** @param scanned the properties of this record, read from only here */
  constructor(
    record: Buffer,
    layout: RecordLayout,
    scanned: PropertyScanner,
    readonly realTopic: string,
    readonly realQueueId: number,
  ) {
    super(record, layout);
    this.queueOffset = recordQueueOffset(record, 0);
    this.commitLogOffset = recordPhysicalOffset(record, 0);
    this.storeTimestamp = recordStoreTimestamp(record, 0);
    const origin = scanned.integer(PropertySlot.TRAN_PREPARED_QUEUE_OFFSET, NONE);
    this.origin = origin < 0 ? this.queueOffset : origin;
    this.producerGroup = scanned.text(PropertySlot.PGROUP);
    const immunitySeconds = scanned.integer(PropertySlot.CHECK_IMMUNITY_TIME_IN_SECONDS, NONE);
    this.immunityMs = immunitySeconds < 0 ? undefined : immunitySeconds * 1_000;
    this.waitStoreMsgOk = !scanned.equalsIgnoreCase(PropertySlot.WAIT, 'false');
    this.hasPropertyCrc = scanned.has(PropertySlot['__CRC32#']);
  }
}

/** Serves one call after the other: nothing of it outlives the reading of a message. */
const scanned = new PropertyScanner();

/** Reads a whole, checked record; undefined when it is none of the half topic, or of `topic`, with a target. */
export function readHalfMessage(record: Buffer, topic: string = HALF_TOPIC): HalfMessage | undefined {
  const layout = locateStored(record);
  if (layout === undefined) return undefined;
  scanned.scan(record, layout.propertiesStart, layout.propertiesEnd);
  const realTopic = scanned.text(PropertySlot.REAL_TOPIC);
  const realQueueId = scanned.integer(PropertySlot.REAL_QID, NONE);
  if (realTopic === undefined || realQueueId < 0) return undefined;
  const half = new HalfMessage(record, layout, scanned, realTopic, realQueueId);
  return half.topic === topic ? half : undefined;
}

/** What a half message's properties say beyond those of the message it will be. */
export function halfProperties(realTopic: string, realQueueId: number, uniqKey: string): string {
  return encodeProperty(MessageConst.TRANSACTION_ID, uniqKey) + targetProperties(realTopic, realQueueId);
}

/** Redirects a message to the half queue; its properties must name the real target. Changes it. */
export function becomeHalf(message: AppendMessage): void {
  message.topic = HALF_TOPIC;
  message.queueId = HALF_QUEUE_ID;
  message.sysFlag = withTransactionType(message.sysFlag, SysFlag.TRANSACTION_NOT);
}

/**
 * The message that consumers get. Its properties are those of the half message to the letter, as in the records of Apache's
 * broker; PREPARED_TRANSACTION_OFFSET leads back to the half message.
 */
export function committedMessage(half: HalfMessage, storeHost: Buffer): AppendMessage {
  const message = appendAgain(half, {
    topic: half.realTopic,
    queueId: half.realQueueId,
    storeHost,
    properties: storedProperties(half),
  });
  message.sysFlag = withTransactionType(half.sysFlag, SysFlag.TRANSACTION_COMMIT);
  message.preparedTransactionOffset = half.commitLogOffset;
  message.waitStoreMsgOk = half.waitStoreMsgOk;
  return message;
}

/**
 * The same half message for the end of the half queue, acknowledged when it is as durable as configured: the queue's
 * progress moves past the older copy then.
 */
export function halfAgain(
  half: HalfMessage,
  storeHost: Buffer,
  change: { readonly checkTimes?: number },
): AppendMessage {
  const properties = { ...half.properties };
  properties[MessageConst.TRANSACTION_PREPARED_QUEUE_OFFSET] = String(half.origin);
  if (change.checkTimes !== undefined) {
    properties[MessageConst.TRANSACTION_CHECK_TIMES] = String(change.checkTimes);
  }
  return asHalf(half, storeHost, properties);
}

/** The same message as the first half message of a transaction, never checked. */
export function halfAnew(half: HalfMessage, storeHost: Buffer): AppendMessage {
  const properties = { ...half.properties };
  delete properties[MessageConst.TRANSACTION_PREPARED_QUEUE_OFFSET];
  delete properties[MessageConst.TRANSACTION_CHECK_TIMES];
  return asHalf(half, storeHost, properties);
}

function asHalf(half: HalfMessage, storeHost: Buffer, properties: Record<string, string>): AppendMessage {
  delete properties[MessageConst.CRC32];
  return {
    ...appendAgain(half, {
      topic: HALF_TOPIC,
      queueId: HALF_QUEUE_ID,
      storeHost,
      properties: Buffer.from(encodeProperties(properties)),
    }),
    waitStoreMsgOk: true,
  };
}

/** The properties text without the checksum of the record it was read from. */
export function storedProperties(half: HalfMessage): Buffer {
  if (!half.hasPropertyCrc) return half.propertiesBytes;
  const properties = { ...half.properties };
  delete properties[MessageConst.CRC32];
  return Buffer.from(encodeProperties(properties));
}

/** A decimal number from 0 on; undefined for anything else. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
