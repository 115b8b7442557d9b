// Answers a producer once its message is as durable as configured. One small object a send, made by the processor and
// called by the store in log order.
import { RemotingCommand, type RequestContext } from '@mq/remoting';
import type { OffsetMsgIdEncoder } from '@mq/remoting/message';
import { SendMessageResponseHeader } from '@mq/remoting/protocol';
import type { PutResult, PutWaiter } from '@mq/store';

import type { BrokerParts } from '../../broker-parts.js';
import type { BytesInFlight } from './bytes-in-flight.js';
import { isStored, remarkOf, responseCodeOf } from './put-status.js';
import { needsNoEscape, type SendResponseHeader } from './send-response-header.js';

const EMPTY = Buffer.alloc(0);

/** What all waiters of a broker share. */
export interface SendAnswering {
  readonly broker: BrokerParts;
  readonly ids: OffsetMsgIdEncoder;
  readonly header: SendResponseHeader;
  readonly inFlight: BytesInFlight;
}

export class SendWaiter implements PutWaiter {
  #uniqKeySource: Buffer = EMPTY;
  #uniqKeyStart = 0;
  #uniqKeyEnd = 0;
  /** Of a timer message: what recalls it. */
  recallHandle: string | undefined;
  /** The batch is one record: the producer is told the id of the batch as such. */
  isInnerBatch = false;

  constructor(
    private readonly shared: SendAnswering,
    private readonly context: RequestContext,
    private readonly topic: string,
    /** Queue the producer is told; that of its own topic, also when the message is delayed. */
    private readonly queueId: number,
    private readonly bytes: number,
    private readonly messageCount: number,
  ) {}

  /** The UNIQ_KEY of the message, at `source[start, end)`; without it the answer has no transactionId. */
  setUniqKey(source: Buffer, start: number, end: number): void {
    this.#uniqKeySource = source;
    this.#uniqKeyStart = start;
    this.#uniqKeyEnd = end;
  }

  get uniqKey(): string {
    return this.#uniqKeySource.toString('utf8', this.#uniqKeyStart, this.#uniqKeyEnd);
  }

  onPutResult(result: PutResult): void {
    this.shared.inFlight.remove(this.bytes);
    const { status } = result;
    if (!isStored(status)) {
      this.context.respond(
        RemotingCommand.response(responseCodeOf(status), this.#remark(result), this.#traceExt()),
      );
      return;
    }
    this.shared.broker.stats.recordPut(this.topic, this.queueId, this.messageCount, result.sizeBytes);
    const isHot = status === 'PUT_OK' && this.messageCount === 1 && !this.isInnerBatch;
    if (isHot && this.#isPlainKey()) this.#answerHot(result);
    else this.#answerGeneral(result);
  }

  #answerHot(result: PutResult): void {
    const { header } = this.shared;
    header.queueId = this.queueId;
    header.queueOffset = result.queueOffset;
    header.commitLogOffset = result.commitLogOffset;
    header.uniqKeySource = this.#uniqKeySource;
    header.uniqKeyStart = this.#uniqKeyStart;
    header.uniqKeyEnd = this.#uniqKeyEnd;
    header.recallHandle = this.recallHandle === undefined ? EMPTY : Buffer.from(this.recallHandle, 'latin1');
    this.context.respondHot(header);
  }

  /** The same answer by the general path: batches, remarks, and ids with characters that JSON escapes. */
  #answerGeneral(result: PutResult): void {
    const { regionId, traceOn } = this.shared.broker.settings.broker;
    const ext = SendMessageResponseHeader.encode({
      msgId: this.#msgIds(result),
      queueId: this.queueId,
      queueOffset: result.queueOffset,
      transactionId: this.uniqKey || undefined,
      batchUniqId: (this.isInnerBatch && this.uniqKey) || undefined,
      recallHandle: this.recallHandle,
      msgRegion: regionId,
      traceOn,
    });
    this.context.respond(RemotingCommand.response(responseCodeOf(result.status), this.#remark(result), ext));
  }

  /** Comma-joined offsetMsgIds, one a record. */
  #msgIds(result: PutResult): string {
    const { ids } = this.shared;
    const offsets = result.commitLogOffsets;
    return offsets === undefined ? ids.encode(result.commitLogOffset) : ids.encodeAll(offsets);
  }

  #isPlainKey(): boolean {
    return needsNoEscape(this.#uniqKeySource, this.#uniqKeyStart, this.#uniqKeyEnd);
  }

  #remark(result: PutResult): string | undefined {
    return remarkOf(result, this.shared.broker.settings.store.maxMessageSize);
  }

  #traceExt(): Record<string, string> {
    const { regionId, traceOn } = this.shared.broker.settings.broker;
    return { MSG_REGION: regionId, TRACE_ON: String(traceOn) };
  }
}
