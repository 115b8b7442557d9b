// The header of a successful send, from fields to bytes (upstream: SendMessageResponseHeader). One object serves all
// responses of a broker: it is filled and written within one call.
import type { HotResponseHeader } from '@mq/remoting';

import {
  ExtKey,
  ExtText,
  MAX_DIGITS,
  writeJsonBytes,
  writeJsonNumber,
  writeRocketmqBytes,
  writeRocketmqNumber,
} from '../hot-ext.js';

const MSG_ID = new ExtKey('msgId');
const QUEUE_ID = new ExtKey('queueId');
const QUEUE_OFFSET = new ExtKey('queueOffset');
const TRANSACTION_ID = new ExtKey('transactionId');
const MSG_REGION = new ExtKey('MSG_REGION');
const TRACE_ON = new ExtKey('TRACE_ON');

const OFFSET_DIGITS = 16;
const HEX_DIGITS = Buffer.from('0123456789ABCDEF', 'latin1');
const EMPTY = Buffer.alloc(0);

export class SendResponseHeader implements HotResponseHeader {
  queueId = 0;
  queueOffset = 0;
  /** UNIQ_KEY of the message; empty: left out. */
  transactionId: Buffer = EMPTY;
  #region: ExtText;
  #traceOn: ExtText;
  #fixedBytes = 0;
  /** Upper-case hex of the store host, then of the commit log offset: an offsetMsgId. */
  readonly #msgId: Buffer;
  readonly #hostHexLength: number;

  constructor(storeHost: Buffer, region: string, traceOn: boolean) {
    const hostHex = storeHost.toString('hex').toUpperCase();
    this.#hostHexLength = hostHex.length;
    this.#msgId = Buffer.from(hostHex + '0'.repeat(OFFSET_DIGITS), 'latin1');
    this.#region = new ExtText(region);
    this.#traceOn = new ExtText(String(traceOn));
    this.#measure();
  }

  /** Settings changed. */
  setTrace(region: string, traceOn: boolean): void {
    this.#region = new ExtText(region);
    this.#traceOn = new ExtText(String(traceOn));
    this.#measure();
  }

  /** Makes msgId the offsetMsgId of the record at `commitLogOffset`. */
  setMsgIdOf(commitLogOffset: number): void {
    const id = this.#msgId;
    let rest = commitLogOffset;
    for (let at = this.#hostHexLength + OFFSET_DIGITS - 1; at >= this.#hostHexLength; at--) {
      const next = Math.floor(rest / 16);
      id[at] = HEX_DIGITS[rest - next * 16] as number;
      rest = next;
    }
  }

  get maxBytes(): number {
    return this.#fixedBytes + this.transactionId.length;
  }

  writeRocketmqExt(target: Buffer, at: number): number {
    let end = writeRocketmqNumber(target, at, QUEUE_ID, this.queueId);
    if (this.transactionId.length > 0)
      end = writeRocketmqBytes(target, end, TRANSACTION_ID, this.transactionId);
    end = writeRocketmqBytes(target, end, MSG_ID, this.#msgId);
    end = writeRocketmqBytes(target, end, TRACE_ON, this.#traceOn.bytes);
    end = writeRocketmqBytes(target, end, MSG_REGION, this.#region.bytes);
    return writeRocketmqNumber(target, end, QUEUE_OFFSET, this.queueOffset);
  }

  writeJsonExt(target: Buffer, at: number): number {
    let end = writeJsonNumber(target, at, QUEUE_ID, this.queueId);
    if (this.transactionId.length > 0) end = writeJsonBytes(target, end, TRANSACTION_ID, this.transactionId);
    end = writeJsonBytes(target, end, MSG_ID, this.#msgId);
    end = writeJsonBytes(target, end, TRACE_ON, this.#traceOn.json);
    end = writeJsonBytes(target, end, MSG_REGION, this.#region.json);
    return writeJsonNumber(target, end, QUEUE_OFFSET, this.queueOffset, true);
  }

  #measure(): void {
    this.#fixedBytes =
      QUEUE_ID.maxBytes(MAX_DIGITS) +
      QUEUE_OFFSET.maxBytes(MAX_DIGITS) +
      MSG_ID.maxBytes(this.#msgId.length) +
      TRANSACTION_ID.maxBytes(0) +
      MSG_REGION.maxBytes(this.#region.maxBytes) +
      TRACE_ON.maxBytes(this.#traceOn.maxBytes);
  }
}

/** True when a text may stand inside a JSON string as it is. */
export function needsNoEscape(bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}
