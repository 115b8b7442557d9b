import type { Connection } from '@mq/remoting';

import type { BacklogQuotas } from './backlog-quotas.js';
import type { SendRates } from './send-rates.js';

/** Every limit that a send may meet. */
export class SendLimits {
  constructor(
    readonly rates: SendRates,
    readonly backlogs: BacklogQuotas,
  ) {}

  /** Hot path: with no limit set a send costs these two tests. */
  get isActive(): boolean {
    return this.rates.isActive || this.backlogs.isActive;
  }

  /** Admits `messages` of one send. @throws RequestRefused SYSTEM_BUSY */
  admit(topic: string, connection: Connection, messages: number): void {
    this.backlogs.refuseIfExceeded(topic);
    if (this.rates.isActive) this.rates.take(topic, connection, messages);
  }
}
