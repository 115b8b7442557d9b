import type { PutResult, PutWaiter } from '@mq/store';

import { isStored } from '../processor/send/put-status.js';
import type { TransactionMetrics } from './transaction-metrics.js';

/** Counts a half message once it is stored, then answers its producer. */
export class HalfWaiter implements PutWaiter {
  constructor(
    private readonly answer: PutWaiter,
    private readonly metrics: TransactionMetrics,
    private readonly realTopic: string,
  ) {}

  onPutResult(result: PutResult): void {
    if (isStored(result.status)) this.metrics.add(this.realTopic, 1);
    this.answer.onPutResult(result);
  }
}
