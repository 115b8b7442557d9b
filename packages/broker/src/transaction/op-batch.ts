// Writes which half messages have ended to RMQ_SYS_TRANS_OP_HALF_TOPIC: many in one op message, as 5.x does (upstream:
// TransactionalOpBatchService). Until it is written the knowledge is in memory only; a crash in between costs nothing for
// commits, which are found in the log (see transaction-recovery.ts), and another check for rollbacks.
import type { Clock, Logger, Timer } from '@mq/remoting';
import { encodeProperties, MessageConst } from '@mq/remoting/message';
import { SystemTopic } from '@mq/remoting/protocol';
import type { MessageStore, PutResult } from '@mq/store';

import { isStored } from '../processor/send/put-status.js';
import { HALF_QUEUE_ID } from './half-message.js';
import { OP_TAG, opEntry } from './op-body.js';

/**
 * Property of our op messages: every commit record below this commit log offset has its half message in this op message or
 * in one before it. Apache's brokers ignore it.
 */
export const COMMITS_RECORDED_BELOW = 'MQ_COMMITS_RECORDED_BELOW';

/** Above it the store has been refusing op messages for long, and transactions end no more. */
const MAX_PENDING_CHARACTERS = 16 * 1024 * 1024;
const RETRY_MS = 1_000;

export interface OpBatchOptions {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly storeHost: () => Buffer;
  /** Setting transactionOpMsgMaxSize, bytes. */
  readonly maxBytes: () => number;
  /** Setting transactionOpBatchInterval, ms: the longest wait of what has ended. */
  readonly intervalMs: () => number;
  /** Commit log offset below which no commit is on its way that `add` was not called for yet. */
  readonly commitsEndedBelow: () => number;
}

/** An op message that is not settled yet. */
interface WrittenOp {
  readonly opOffset: number;
  /** The highest half offset in it. */
  readonly highest: number;
}

export class OpBatch {
  readonly #options: OpBatchOptions;
  #text = '';
  #highest = -1;
  #timer: Timer | undefined;
  /** In the order of the op queue, from `#progress` on. Some 700 ended transactions each. */
  readonly #written: WrittenOp[] = [];
  #progress = 0;

  constructor(options: OpBatchOptions) {
    this.#options = options;
  }

  /** The store has refused op messages for so long that no more transactions should end. */
  get isFull(): boolean {
    return this.#text.length > MAX_PENDING_CHARACTERS;
  }

  /** The first op message that is not settled. */
  get progress(): number {
    return this.#progress;
  }

  /** Forgets what was written; `progress` is the op queue offset to go on from. */
  reset(progress: number): void {
    this.#written.length = 0;
    this.#progress = progress;
  }

  /** An op message found in the queue. */
  found(opOffset: number, highest: number): void {
    this.#written.push({ opOffset, highest });
  }

  /** The half message at this queue offset has ended. */
  add(halfOffset: number): void {
    this.#text += opEntry(halfOffset);
    if (halfOffset > this.#highest) this.#highest = halfOffset;
    if (this.#text.length >= this.#options.maxBytes()) this.flush();
    else this.#timer ??= this.#later(this.#options.intervalMs());
  }

  /** Writes what waits. Its place in the log is behind the commits it tells of. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#text === '') return;
    const text = this.#text;
    const highest = this.#highest;
    this.#text = '';
    this.#highest = -1;
    const { store, clock, storeHost, commitsEndedBelow } = this.#options;
    const properties = {
      [MessageConst.TAGS]: OP_TAG,
      [MessageConst.WAIT_STORE_MSG_OK]: 'true',
      [COMMITS_RECORDED_BELOW]: String(commitsEndedBelow()),
    };
    const message = {
      topic: SystemTopic.TRANS_OP_HALF,
      queueId: HALF_QUEUE_ID,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: clock.now(),
      bornHost: storeHost(),
      storeHost: storeHost(),
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from(text, 'latin1'),
      properties: Buffer.from(encodeProperties(properties)),
      waitStoreMsgOk: false,
    };
    store.append(message, { onPutResult: (result) => this.#onPut(result, text, highest) });
  }

  /** Op queue offset below which every op message tells only of half messages below `halfProgress`. */
  progressFor(halfProgress: number): number {
    let settled = 0;
    for (const { opOffset, highest } of this.#written) {
      if (opOffset > this.#progress || highest >= halfProgress) break;
      this.#progress = opOffset + 1;
      settled++;
    }
    this.#written.splice(0, settled);
    return this.#progress;
  }

  /** Writes what waits and sets no more timers. */
  close(): void {
    this.flush();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #onPut(result: PutResult, text: string, highest: number): void {
    if (isStored(result.status)) {
      this.found(result.queueOffset, highest);
      return;
    }
    this.#options.logger.error('op message not stored', { status: result.status, remark: result.remark });
    this.#text = text + this.#text;
    this.#highest = Math.max(highest, this.#highest);
    this.#timer ??= this.#later(RETRY_MS);
  }

  #later(ms: number): Timer {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, ms);
    timer.unref?.();
    return timer;
  }
}
