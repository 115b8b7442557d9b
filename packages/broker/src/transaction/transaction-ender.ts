// Commit and rollback (upstream: EndTransactionProcessor). The order is what makes a crash harmless:
//
//   1. the real message is stored, as durable as configured      crash here: the half message still waits; it is checked
//   2. the transaction counts as ended, the producer is answered
//   3. an op message says so on disk                             crash before: the commit is found in the log
import type { Clock } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import { type HotEndTransactionHeader, ResponseCode } from '@mq/remoting/protocol';
import type { MessageStore, PutResult } from '@mq/store';

import { isStored, responseCodeOf } from '../processor/send/put-status.js';
import { RequestRefused } from '../request-refused.js';
import { committedMessage, type HalfMessage, readHalfMessage } from './half-message.js';
import type { TransactionState } from './transaction-state.js';

export interface TransactionEnderDeps {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly storeHost: () => Buffer;
  readonly onCommitted: (half: HalfMessage, result: PutResult) => void;
}

export class TransactionEnder {
  readonly #state: TransactionState;
  readonly #deps: TransactionEnderDeps;

  constructor(state: TransactionState, deps: TransactionEnderDeps) {
    this.#state = state;
    this.#deps = deps;
  }

  /** Delivers the message; resolves once it is stored. Rejects with RequestRefused when it is not to be, or cannot be. */
  commit(header: HotEndTransactionHeader): Promise<PutResult> {
    return this.#end(header, (half, waitingAt) => this.#commit(half, waitingAt));
  }

  /** Makes sure that the message is never delivered. Rejects with RequestRefused. */
  rollback(header: HotEndTransactionHeader): Promise<void> {
    return this.#end(header, (half, waitingAt) => this.#finish(half, waitingAt));
  }

  /** Calls `act` with the half message and the place of its newest copy, in a turn in which nobody else has it in hand. */
  async #end<T>(
    header: HotEndTransactionHeader,
    act: (half: HalfMessage, waitingAt: number) => Promise<T> | T,
  ): Promise<T> {
    const { ledger, ops, ending, moving } = this.#state;
    if (ops.isFull) {
      throw new RequestRefused(ResponseCode.SYSTEM_BUSY, 'the store does not take op messages');
    }
    const half = this.#halfOf(header, await this.#deps.store.recordAt(header.commitLogOffset));
    for (let move = moving.get(half.origin); move !== undefined; move = moving.get(half.origin)) await move;
    const waitingAt = ending.has(half.origin) ? undefined : ledger.waitingAt(half.origin, half.queueOffset);
    if (waitingAt === undefined) throw refused('The transaction has ended already');
    return act(half, waitingAt);
  }

  #commit(half: HalfMessage, waitingAt: number): Promise<PutResult> {
    const { store, storeHost, onCommitted } = this.#deps;
    const { ending } = this.#state;
    const message = committedMessage(half, storeHost());
    ending.set(half.origin, store.maxPhyOffset);
    return new Promise((resolve, reject) => {
      const onPutResult = (result: PutResult): void => {
        ending.delete(half.origin);
        if (!isStored(result.status)) {
          reject(new RequestRefused(responseCodeOf(result.status), result.remark ?? result.status));
          return;
        }
        this.#finish(half, waitingAt);
        onCommitted(half, result);
        resolve(result);
      };
      store.append(message, { onPutResult });
    });
  }

  /** The half message that the request names, if it stands in the record and the request fits it. */
  #halfOf(header: HotEndTransactionHeader, record: Buffer | undefined): HalfMessage {
    const half = record === undefined ? undefined : readHalfMessage(record);
    if (half === undefined) throw refused('Find prepared transaction message failed');
    if (half.producerGroup !== header.producerGroup) {
      throw refused('The producer group wrong');
    }
    if (half.queueOffset !== header.tranStateTableOffset) {
      throw refused('The transaction state table offset wrong');
    }
    this.#refuseAfterImmunity(half, header);
    return half;
  }

  /** 5.x: a producer that asked for a time of its own must keep to it; afterwards only checks decide. */
  #refuseAfterImmunity(half: HalfMessage, { fromTransactionCheck }: HotEndTransactionHeader): void {
    if (fromTransactionCheck === true) return;
    const { immunityMs } = half;
    if (immunityMs === undefined || this.#deps.clock.now() - half.bornTimestamp <= immunityMs) return;
    throw new RequestRefused(
      ResponseCode.ILLEGAL_OPERATION,
      `the time given by ${MessageConst.CHECK_IMMUNITY_TIME_IN_SECONDS} is over, wait for the check`,
    );
  }

  #finish(half: HalfMessage, waitingAt: number): void {
    const { ledger, ops, metrics } = this.#state;
    ledger.end(half.origin, waitingAt);
    ops.add(waitingAt);
    if (waitingAt !== half.queueOffset) ops.add(half.queueOffset);
    metrics.add(half.realTopic, -1);
  }
}

function refused(remark: string): RequestRefused {
  return new RequestRefused(ResponseCode.SYSTEM_ERROR, remark);
}
