// The header of a successful send, from fields to bytes (upstream: SendMessageResponseHeader). One object serves all
// responses of a broker: it is filled and written within one call. What hardly ever changes (trace fields, the host part
// of the id) lies ready as one block, at whose end only the digits of the offset are filled in.
import type { HotResponseHeader } from '@mq/remoting';
import {
  OFFSET_MSG_ID_OFFSET_DIGITS as OFFSET_DIGITS,
  type OffsetMsgIdEncoder,
  writeOffsetDigits,
} from '@mq/remoting/message';

import {
  ExtKey,
  MAX_DIGITS,
  rocketmqEntry,
  writeJsonBytes,
  writeJsonNumber,
  writeRocketmqBytes,
  writeRocketmqNumber,
} from '../hot-ext.js';

const QUEUE_ID = new ExtKey('queueId');
const QUEUE_OFFSET = new ExtKey('queueOffset');
const TRANSACTION_ID = new ExtKey('transactionId');
const RECALL_HANDLE = new ExtKey('recallHandle');

const JSON_AFTER_MSG_ID = '",';
const EMPTY = Buffer.alloc(0);

export class SendResponseHeader implements HotResponseHeader {
  queueId = 0;
  queueOffset = 0;
  /** Commit log offset of the record: makes the offsetMsgId with the store host. */
  commitLogOffset = 0;
  /** UNIQ_KEY of the message: bytes `[uniqKeyStart, uniqKeyEnd)`; empty: left out. Must need no escaping in JSON. */
  uniqKeySource: Buffer = EMPTY;
  uniqKeyStart = 0;
  uniqKeyEnd = 0;
  /** Of a timer message: base64, so that it needs no escaping; empty: left out. */
  recallHandle: Buffer = EMPTY;

  #rocketmqBlock: Buffer = EMPTY;
  #jsonBlock: Buffer = EMPTY;

  constructor(
    private readonly ids: OffsetMsgIdEncoder,
    region: string,
    traceOn: boolean,
  ) {
    this.setTrace(region, traceOn);
  }

  /** Settings changed. */
  setTrace(region: string, traceOn: boolean): void {
    const fields = {
      TRACE_ON: String(traceOn),
      MSG_REGION: region,
      msgId: this.ids.encode(0),
    };
    this.#rocketmqBlock = Buffer.concat(
      Object.entries(fields).map(([name, value]) => rocketmqEntry(name, value)),
    );
    this.#jsonBlock = Buffer.from(`${JSON.stringify(fields).slice(1, -1)},`);
  }

  get maxBytes(): number {
    return (
      Math.max(this.#rocketmqBlock.length, this.#jsonBlock.length) +
      QUEUE_ID.maxBytes(MAX_DIGITS) +
      QUEUE_OFFSET.maxBytes(MAX_DIGITS) +
      TRANSACTION_ID.maxBytes(this.uniqKeyEnd - this.uniqKeyStart) +
      RECALL_HANDLE.maxBytes(this.recallHandle.length)
    );
  }

  writeRocketmqExt(target: Buffer, at: number): number {
    const { uniqKeySource, uniqKeyStart, uniqKeyEnd } = this;
    target.set(this.#rocketmqBlock, at);
    let end = at + this.#rocketmqBlock.length;
    writeOffsetDigits(target, end - OFFSET_DIGITS, this.commitLogOffset);
    end = writeRocketmqNumber(target, end, QUEUE_ID, this.queueId);
    if (uniqKeyEnd > uniqKeyStart) {
      end = writeRocketmqBytes(target, end, TRANSACTION_ID, uniqKeySource, uniqKeyStart, uniqKeyEnd);
    }
    const { recallHandle } = this;
    if (recallHandle.length > 0)
      end = writeRocketmqBytes(target, end, RECALL_HANDLE, recallHandle, 0, recallHandle.length);
    return writeRocketmqNumber(target, end, QUEUE_OFFSET, this.queueOffset);
  }

  writeJsonExt(target: Buffer, at: number): number {
    const { uniqKeySource, uniqKeyStart, uniqKeyEnd } = this;
    target.set(this.#jsonBlock, at);
    let end = at + this.#jsonBlock.length;
    writeOffsetDigits(target, end - JSON_AFTER_MSG_ID.length - OFFSET_DIGITS, this.commitLogOffset);
    end = writeJsonNumber(target, end, QUEUE_ID, this.queueId);
    if (uniqKeyEnd > uniqKeyStart) {
      end = writeJsonBytes(target, end, TRANSACTION_ID, uniqKeySource, uniqKeyStart, uniqKeyEnd);
    }
    const { recallHandle } = this;
    if (recallHandle.length > 0)
      end = writeJsonBytes(target, end, RECALL_HANDLE, recallHandle, 0, recallHandle.length);
    return writeJsonNumber(target, end, QUEUE_OFFSET, this.queueOffset, true);
  }
}

/** True when the bytes `[start, end)` may stand inside a JSON string as they are. */
export function needsNoEscape(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}
