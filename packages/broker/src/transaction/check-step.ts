// What to do with a half message that nobody has decided (upstream: TransactionalMessageServiceImpl#check and needDiscard,
// needSkip, getImmunityTime). Pure.
import { MessageConst } from '@mq/remoting/message';

import { type HalfMessage, wholeNumber } from './half-message.js';

export interface CheckLimits {
  /** Setting transactionTimeOut, ms: younger ones are not checked yet. */
  readonly timeoutMs: number;
  /** Setting transactionCheckMax. */
  readonly maxChecks: number;
  /** Setting fileReservedTime in ms: the log does not keep older ones. */
  readonly retentionMs: number;
}

/**
 * - `later`: it, and with it whatever came after it, is too young;
 * - `immune`: younger than its own CHECK_IMMUNITY_TIME_IN_SECONDS; append it again, so that others are not held up;
 * - `check`: append it again and ask a producer;
 * - `give-up`: asked too often, or older than the log keeps anything.
 */
export type CheckStep = 'later' | 'immune' | 'check' | 'give-up';

type Undecided = Pick<HalfMessage, 'bornTimestamp' | 'immunityMs' | 'properties'>;

export function checkStep(half: Undecided, nowMs: number, limits: CheckLimits): CheckStep {
  const ageMs = nowMs - half.bornTimestamp;
  if (checkTimesOf(half) >= limits.maxChecks || ageMs > limits.retentionMs) return 'give-up';
  const { immunityMs } = half;
  if (immunityMs !== undefined) return ageMs < immunityMs ? 'immune' : 'check';
  // Born in the future: the clocks disagree, and age means nothing.
  return ageMs >= 0 && ageMs < limits.timeoutMs ? 'later' : 'check';
}

/** How often the producers were asked. */
export function checkTimesOf({ properties }: Pick<Undecided, 'properties'>): number {
  return wholeNumber(properties[MessageConst.TRANSACTION_CHECK_TIMES]) ?? 0;
}
