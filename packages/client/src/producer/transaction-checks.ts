import type { Logger } from '@mq/remoting';
import { toReceivedMessage, type ReceivedMessage } from '../consumer/received-message.js';
import type { TransactionCheck } from '../instance/group-members.js';
import { runLocal, type CheckTransaction, type LocalOutcome } from './local-transaction.js';

interface TransactionChecksOptions {
  readonly checkTransaction: CheckTransaction;
  readonly namespace: string | undefined;
  readonly logger: Logger;
  /** Checks that run at a time. */
  readonly concurrency: number;
  /** Checks that wait for their turn; more are dropped, the broker asks again. */
  readonly maxWaiting: number;
  /** Tells the broker; must not reject. */
  readonly answer: (
    check: TransactionCheck,
    message: ReceivedMessage,
    outcome: LocalOutcome,
  ) => Promise<void>;
}

/** Runs the checks that brokers ask for, a bounded number at a time, in the order in which they came. */
export class TransactionChecks {
  readonly #waiting: TransactionCheck[] = [];
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  constructor(private readonly options: TransactionChecksOptions) {}

  /** Begins the check, or puts it in the queue. */
  take(check: TransactionCheck): void {
    const { concurrency, maxWaiting, logger } = this.options;
    if (this.#isClosed) return;
    if (this.#running.size < concurrency) this.#begin(check);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(check);
    else logger.warn('check of a transaction dropped: too many wait', { msgId: check.header.msgId });
  }

  /** Takes no more and drops what waits; resolves when those that run have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    await Promise.all(this.#running);
  }

  #begin(check: TransactionCheck): void {
    const running = this.#run(check).finally(() => {
      this.#running.delete(running);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#begin(next);
    });
    this.#running.add(running);
  }

  async #run(check: TransactionCheck): Promise<void> {
    const { checkTransaction, namespace, logger, answer } = this.options;
    const message = toReceivedMessage(check.message, check.header.bname ?? '', namespace);
    const outcome = await runLocal(() => checkTransaction(message));
    if (outcome.error !== undefined) {
      logger.error('checkTransaction failed', {
        msgId: message.msgId,
        topic: message.topic,
        error: outcome.error,
      });
    }
    await answer(check, message, outcome);
  }
}
