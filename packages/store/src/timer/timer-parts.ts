// What the parts of the timer service share: the wheel, its log, and how far each side has come.
import type { Clock, Logger } from '@mq/remoting';
import type { DeliveryMarks } from '../delivery-marks.js';
import type { MessageStore } from '../message-store.js';
import type { Redelivery } from '../redelivery/redelivery.js';
import type { MessageStoreSettings } from '../settings.js';
import { SlotProgress } from './slot-progress.js';
import type { TimerLog } from './timer-log.js';
import type { TimerCounts } from './timer-metrics.js';
import type { TimerWheel } from './timer-wheel.js';

export class TimerPositions {
  /** The slot that is being delivered, or will be next; all before it are. */
  readTimeMs = 0;
  /** Now, rounded down to a slot. Messages that are due before it have no slot any more. Never before `readTimeMs`. */
  writeTimeMs = 0;
  /** Next entry of the timer topic to put into the wheel. */
  queueOffset = 0;
  /** Messages in slots that are not delivered as a whole. */
  pending = 0;
  /** Earliest occupied slot, undefined when none is. */
  nextDueMs: number | undefined;
  /** No slot behind this one is occupied. */
  horizonMs = 0;
  /** What of the slot `readTimeMs` is delivered. */
  progress = new SlotProgress();
}

export interface TimerParts {
  readonly store: MessageStore;
  readonly wheel: TimerWheel;
  readonly log: TimerLog;
  readonly positions: TimerPositions;
  readonly counts: TimerCounts;
  readonly redelivery: Redelivery;
  /** undefined: nothing is remembered across a kill but what the checkpoint tells. */
  readonly marks: DeliveryMarks | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: () => MessageStoreSettings;
  /** False on a slave, which puts into the wheel what its master puts there, late or not. */
  readonly isDelivering: () => boolean;
  /** False once the service closes, or the broker became a slave: nothing may be delivered. */
  readonly mayDeliver: () => boolean;
}
