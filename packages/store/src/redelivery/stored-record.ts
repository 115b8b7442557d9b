// A record of the log, looked at where it lies. One instance serves record after record.
import {
  HOST_BYTES_V4,
  HOST_BYTES_V6,
  PropertyScanner,
  PropertySlot,
  RecordLayout,
  recordBornTimestamp,
  recordFlag,
  RecordOffset,
  recordPreparedTransactionOffset,
  recordQueueOffset,
  recordReconsumeTimes,
  recordStoreTimestamp,
  recordSysFlag,
  SysFlag,
} from '@mq/remoting/message';
import type { AppendMessage } from '../message-store.js';
import { TextCache } from './text-cache.js';

const NO_BYTES: Buffer = Buffer.alloc(0);

/** A record of the log, looked at in its buffer. One instance serves record after record. */
export class StoredRecord {
  /** Positions count from the first byte of `propertiesBytes`. */
  readonly properties = new PropertyScanner();
  /** The encoded properties: a view into the buffer that was read. */
  propertiesBytes = NO_BYTES;
  #buffer = NO_BYTES;
  #at = 0;
  readonly #layout = new RecordLayout();
  readonly #texts = new TextCache();

  /** Takes the record that begins at `buffer[at]`; false when none does. */
  read(buffer: Buffer, at: number): boolean {
    const layout = this.#layout;
    if (!layout.locate(buffer, at)) return false;
    this.#buffer = buffer;
    this.#at = at;
    this.propertiesBytes = buffer.subarray(layout.propertiesStart, layout.propertiesEnd);
    this.properties.scan(this.propertiesBytes);
    return true;
  }

  /** The topic it is stored under. */
  get topic(): string {
    return this.#texts.get(this.#buffer, this.#layout.topicStart, this.#layout.topicEnd);
  }

  /** Its place in the queue. */
  get queueOffset(): number {
    return recordQueueOffset(this.#buffer, this.#at);
  }

  /** ms, the clock of the broker that stored it. */
  get storeTimestamp(): number {
    return recordStoreTimestamp(this.#buffer, this.#at);
  }

  /** REAL_TOPIC: where the message was sent to; undefined when it was not delayed. */
  get realTopic(): string | undefined {
    const { properties } = this;
    if (!properties.has(PropertySlot.REAL_TOPIC)) return undefined;
    const start = properties.start(PropertySlot.REAL_TOPIC);
    return this.#texts.get(this.propertiesBytes, start, properties.end(PropertySlot.REAL_TOPIC));
  }

  /** REAL_QID, -1 when it is absent or no number. */
  get realQueueId(): number {
    return this.properties.integer(PropertySlot.REAL_QID, -1);
  }

  /**
   * Makes `message` an append of this record to another queue: body, flags, born host, times and properties as they
   * are stored. Its buffers are views of the record's.
   */
  copyTo(message: AppendMessage, topic: string, queueId: number): void {
    const buffer = this.#buffer;
    const at = this.#at;
    const layout = this.#layout;
    const sysFlag = recordSysFlag(buffer, at);
    const bornAt = at + RecordOffset.BORN_HOST;
    const hostBytes = (sysFlag & SysFlag.BORNHOST_V6) === 0 ? HOST_BYTES_V4 : HOST_BYTES_V6;
    message.topic = topic;
    message.queueId = queueId;
    message.flag = recordFlag(buffer, at);
    message.sysFlag = sysFlag;
    message.bornTimestamp = recordBornTimestamp(buffer, at);
    message.bornHost = buffer.subarray(bornAt, bornAt + hostBytes);
    message.reconsumeTimes = recordReconsumeTimes(buffer, at);
    message.preparedTransactionOffset = recordPreparedTransactionOffset(buffer, at);
    message.body = buffer.subarray(layout.bodyStart, layout.bodyEnd);
    message.properties = this.propertiesBytes;
    message.propertiesSuffix = undefined;
  }
}
