// The header of a successful send, from fields to bytes (upstream: SendMessageResponseHeader). One object serves all
// responses of a broker: it is filled and written within one call. What hardly ever changes (trace fields, the host part
// of the id) lies ready as one block, at whose end only the digits of the offset are filled in.
import type { HotResponseHeader } from '@mq/remoting';

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

const OFFSET_DIGITS = 16;
const TWO_32 = 0x1_0000_0000;
const HEX_DIGITS = Buffer.from('0123456789ABCDEF', 'latin1');
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

  readonly #hostHex: string;
  #rocketmqBlock: Buffer = EMPTY;
  #jsonBlock: Buffer = EMPTY;

  constructor(storeHost: Buffer, region: string, traceOn: boolean) {
    this.#hostHex = storeHost.toString('hex').toUpperCase();
    this.setTrace(region, traceOn);
  }

  /** Settings changed. */
  setTrace(region: string, traceOn: boolean): void {
    const fields = {
      TRACE_ON: String(traceOn),
      MSG_REGION: region,
      msgId: this.#hostHex + '0'.repeat(OFFSET_DIGITS),
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
    this.#writeOffsetDigits(target, end - OFFSET_DIGITS);
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
    this.#writeOffsetDigits(target, end - JSON_AFTER_MSG_ID.length - OFFSET_DIGITS);
    end = writeJsonNumber(target, end, QUEUE_ID, this.queueId);
    if (uniqKeyEnd > uniqKeyStart) {
      end = writeJsonBytes(target, end, TRANSACTION_ID, uniqKeySource, uniqKeyStart, uniqKeyEnd);
    }
    const { recallHandle } = this;
    if (recallHandle.length > 0)
      end = writeJsonBytes(target, end, RECALL_HANDLE, recallHandle, 0, recallHandle.length);
    return writeJsonNumber(target, end, QUEUE_OFFSET, this.queueOffset, true);
  }

  /** The last part of an offsetMsgId: the commit log offset as 16 upper-case hex digits. */
  #writeOffsetDigits(target: Buffer, at: number): void {
    writeHex32(target, at, Math.floor(this.commitLogOffset / TWO_32));
    writeHex32(target, at + OFFSET_DIGITS / 2, this.commitLogOffset | 0);
  }
}

/** 32 bits as 8 upper-case hex digits: in integers, which is several times cheaper than dividing the whole offset. */
function writeHex32(target: Buffer, at: number, bits: number): void {
  for (let index = 0; index < 8; index++) {
    target[at + index] = HEX_DIGITS[(bits >>> (28 - index * 4)) & 15] as number;
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
