// The SQL92 expression of one group for one topic, as the broker remembers it (upstream: ConsumerFilterData).
import type { BloomFilterData, SqlFilter } from '@mq/filter';

export interface ConsumerFilterData {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly expression: string;
  readonly expressionType: string;
  /** undefined: the expression does not compile, and nothing is filtered by it. */
  readonly filter: SqlFilter | undefined;
  /** ms from which on messages carry this group's bits; those stored before are judged by themselves. */
  readonly bornTime: number;
  /** ms since which the group has no consumer; 0: it has. */
  deadTime: number;
  /** `subVersion` of the newest subscription that said the same. */
  clientVersion: number;
  /** Of a request's own expression there is none. */
  readonly bloomFilterData: BloomFilterData | undefined;
}

export function isDead({ deadTime, bornTime }: ConsumerFilterData): boolean {
  return deadTime >= bornTime;
}
