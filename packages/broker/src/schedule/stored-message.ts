// Re-storing a stored record: send-back and delayed delivery append what they read, under another topic.
import {
  bodyLengthAt,
  decodeProperties,
  HOST_BYTES_V4,
  HOST_BYTES_V6,
  RecordLayout,
  recordBornTimestamp,
  recordFlag,
  RecordOffset,
  recordPreparedTransactionOffset,
  recordReconsumeTimes,
  recordSysFlag,
  storeHostAt,
  storeTimestampAt,
  SysFlag,
} from '@mq/remoting/message';
import type { AppendMessage } from '@mq/store';

/** The parts of one record as an append needs them; buffers are views into the record. */
export class StoredMessage {
  readonly topic: string;
  readonly propertiesBytes: Buffer;
  readonly body: Buffer;
  readonly flag: number;
  /** As stored, a compressed body stays compressed. */
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly bornHost: Buffer;
  /** Of the broker that stored it first. */
  readonly storeHost: Buffer;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  #properties: Readonly<Record<string, string>> | undefined;

  /** @param layout where the parts of the record are */
  constructor(record: Buffer, layout: RecordLayout) {
    const sysFlag = recordSysFlag(record, 0);
    const hostBytes = (sysFlag & SysFlag.STOREHOST_V6) === 0 ? HOST_BYTES_V4 : HOST_BYTES_V6;
    this.topic = record.toString('utf8', layout.topicStart, layout.topicEnd);
    this.propertiesBytes = record.subarray(layout.propertiesStart, layout.propertiesEnd);
    this.body = record.subarray(layout.bodyStart, layout.bodyEnd);
    this.flag = recordFlag(record, 0);
    this.sysFlag = sysFlag;
    this.bornTimestamp = recordBornTimestamp(record, 0);
    this.bornHost = record.subarray(RecordOffset.BORN_HOST, storeTimestampAt(sysFlag));
    this.storeHost = record.subarray(storeHostAt(sysFlag), storeHostAt(sysFlag) + hostBytes);
    this.reconsumeTimes = recordReconsumeTimes(record, 0);
    this.preparedTransactionOffset = recordPreparedTransactionOffset(record, 0);
  }

  /** Decoded when they are asked for first. */
  get properties(): Readonly<Record<string, string>> {
    return (this.#properties ??= decodeProperties(this.propertiesBytes.toString('utf8')));
  }
}

/** Reads a whole, checked record; undefined when it is none. */
export function readStoredMessage(record: Buffer): StoredMessage | undefined {
  const layout = locateStored(record);
  return layout === undefined ? undefined : new StoredMessage(record, layout);
}

/** Where the parts of a whole, checked record are; undefined when it is none. */
export function locateStored(record: Buffer): RecordLayout | undefined {
  const layout = new RecordLayout();
  return record.length >= bodyLengthAt(0) && layout.locate(record, 0) ? layout : undefined;
}

/** An append of the same message to another queue. */
export function appendAgain(
  stored: StoredMessage,
  target: {
    readonly topic: string;
    readonly queueId: number;
    readonly storeHost: Buffer;
    readonly properties: Buffer;
  },
): AppendMessage {
  return {
    topic: target.topic,
    queueId: target.queueId,
    flag: stored.flag,
    sysFlag: stored.sysFlag,
    bornTimestamp: stored.bornTimestamp,
    bornHost: stored.bornHost,
    storeHost: target.storeHost,
    reconsumeTimes: stored.reconsumeTimes,
    preparedTransactionOffset: stored.preparedTransactionOffset,
    body: stored.body,
    properties: target.properties,
    propertiesSuffix: undefined,
    tagsCode: undefined,
    waitStoreMsgOk: false,
  };
}
