// SQL92 while a queue is read (upstream: ExpressionMessageFilter, ExpressionForRetryMessageFilter): first the bits of the
// extended entry, if they say anything about this group, then the expression over the record's own properties.
import { type BloomFilter, mayBeInBits, type SqlFilter } from '@mq/filter';
import { MessageConst } from '@mq/remoting/message';

import type { ConsumerFilterData } from './consumer-filter-data.js';
import type { RecordProperties } from './record-properties.js';
import type { SubscriptionFilter } from './subscription-filter.js';

/** By an expression alone: that of a request, whose group the bits know nothing about. */
export class ExpressionFilter implements SubscriptionFilter {
  constructor(
    protected readonly filter: SqlFilter,
    protected readonly properties: RecordProperties,
  ) {}

  /** Tags are no matter of an expression but through its properties. */
  matchesTagsCode(): boolean {
    return true;
  }

  matchesRecord(record: Buffer, at: number, length: number): boolean {
    return this.filter.matches(this.properties.ofRecord(record, at, length));
  }

  matchesProperties(buffer: Buffer, start: number, end: number): boolean {
    return this.filter.matches(this.properties.of(buffer, start, end));
  }
}

/** Of a group whose expression the broker knows: its bits are in what was stored since. */
export class RegisteredExpressionFilter extends ExpressionFilter {
  constructor(
    filter: SqlFilter,
    properties: RecordProperties,
    private readonly data: ConsumerFilterData,
    private readonly bloomFilter: BloomFilter,
  ) {
    super(filter, properties);
  }

  matchesBitMap(bitMap: Buffer, storeTimestamp: number): boolean {
    const { bloomFilterData, bornTime } = this.data;
    if (storeTimestamp <= bornTime || !this.bloomFilter.isValid(bloomFilterData)) return true;
    return bitMap.length * 8 !== bloomFilterData.bitNum || mayBeInBits(bloomFilterData, bitMap);
  }
}

/** A retry topic (`filterSupportRetry`): each message is judged by the group's expression for the topic it came from. */
export class RetryFilter implements SubscriptionFilter {
  /** @param filterOf the group's filter for a topic */
  constructor(
    private readonly filterOf: (topic: string) => SqlFilter | undefined,
    private readonly properties: RecordProperties,
  ) {}

  matchesTagsCode(): boolean {
    return true;
  }

  matchesRecord(record: Buffer, at: number, length: number): boolean {
    return this.#matches(this.properties.ofRecord(record, at, length));
  }

  matchesProperties(buffer: Buffer, start: number, end: number): boolean {
    return this.#matches(this.properties.of(buffer, start, end));
  }

  #matches(properties: RecordProperties): boolean {
    const topic = properties.property(MessageConst.RETRY_TOPIC);
    const filter = topic === undefined ? undefined : this.filterOf(topic);
    return filter === undefined || filter.matches(properties);
  }
}
