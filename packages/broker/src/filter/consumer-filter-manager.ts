// Which group filters which topic by which SQL92 expression (upstream: ConsumerFilterManager). Heartbeats tell; what they
// told outlives the consumers for a day and the broker in a file, so that messages stored meanwhile carry the groups' bits.
import { BloomFilter, SqlFilter, SqlFilterCache, SqlSyntaxError } from '@mq/filter';
import type { Clock, Logger } from '@mq/remoting';
import { ExpressionType, isTagType, type SubscriptionData } from '@mq/remoting/protocol';

import type { ConfigText } from '../config/config-text.js';
import { type ConsumerFilterData, isDead } from './consumer-filter-data.js';
import { decodeConsumerFilters, encodeConsumerFilters } from './consumer-filter-file.js';
import { ExpressionFilter, RegisteredExpressionFilter, RetryFilter } from './expression-filter.js';
import { RecordProperties } from './record-properties.js';
import type { SubscriptionFilter } from './subscription-filter.js';

export interface ConsumerFilterManagerOptions {
  /** Those of the bloom filter are read once, at the start. */
  readonly settings: {
    readonly broker: {
      readonly maxErrorRateOfBloomFilter: number;
      readonly expectConsumerNumUseFilter: number;
      readonly filterDataCleanTimeSpan: number;
    };
  };
  readonly clock: Clock;
  readonly logger: Logger;
  /** `config/consumerFilter.json`; memory only when absent. */
  readonly file?: ConfigText;
}

/** Expressions at most; the ones of further groups are not remembered, and their pulls are told so. */
const MAX_FILTERS = 100_000;
/** Consumers of before a restart count as gone for this long. */
const DEAD_AT_LOAD_MS = 30_000;

export class ConsumerFilterManager {
  readonly bloomFilter: BloomFilter;
  /** Topic → group → expression. */
  readonly #byTopic = new Map<string, Map<string, ConsumerFilterData>>();
  readonly #compiled = new SqlFilterCache();
  readonly #ofData = new WeakMap<ConsumerFilterData, SubscriptionFilter>();
  readonly #ofExpression = new WeakMap<SqlFilter, SubscriptionFilter>();
  readonly #properties = new RecordProperties();
  readonly #settings: ConsumerFilterManagerOptions['settings'];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #file: ConfigText | undefined;
  #size = 0;
  /** What the file holds, as far as it is known. */
  #persisted = encodeConsumerFilters(this.#byTopic);
  /** Of the newest message whose bits were computed. */
  #newestStoreTimestamp = 0;

  constructor(options: ConsumerFilterManagerOptions) {
    this.#settings = options.settings;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#file = options.file;
    const { maxErrorRateOfBloomFilter, expectConsumerNumUseFilter } = options.settings.broker;
    this.bloomFilter = new BloomFilter(maxErrorRateOfBloomFilter, expectConsumerNumUseFilter);
  }

  // ---- looking up

  get(topic: string, group: string): ConsumerFilterData | undefined {
    return this.#byTopic.get(topic)?.get(group);
  }

  /** Every group's expression for a topic; undefined when there is none, which is what a hot path sees mostly. */
  ofTopic(topic: string): ReadonlyMap<string, ConsumerFilterData> | undefined {
    return this.#byTopic.get(topic);
  }

  /** A compiled expression, from a cache. @throws SqlSyntaxError */
  compile(expression: string): SqlFilter {
    return this.#compiled.compile(expression);
  }

  /** Reads by an expression that came with a request. */
  filterOf(filter: SqlFilter): SubscriptionFilter {
    let found = this.#ofExpression.get(filter);
    if (found === undefined) {
      found = new ExpressionFilter(filter, this.#properties);
      this.#ofExpression.set(filter, found);
    }
    return found;
  }

  /** Reads by what a group's heartbeats declared; undefined when its expression does not compile: nothing is filtered. */
  filterOfData(data: ConsumerFilterData): SubscriptionFilter | undefined {
    const { filter } = data;
    if (filter === undefined) return undefined;
    let found = this.#ofData.get(data);
    if (found === undefined) {
      found = new RegisteredExpressionFilter(filter, this.#properties, data, this.bloomFilter);
      this.#ofData.set(data, found);
    }
    return found;
  }

  /** Reads a group's retry topic, each message by the expression for the topic it came from. */
  retryFilter(group: string): SubscriptionFilter {
    return new RetryFilter((topic) => this.get(topic, group)?.filter, this.#properties);
  }

  // ---- what heartbeats tell

  /** The subscriptions of a group, all of them: its expressions for other topics are dead from now on. */
  register(group: string, subscriptions: readonly SubscriptionData[]): void {
    for (const subscription of subscriptions) {
      if (!isTagType(subscription.expressionType)) this.#registerOne(group, subscription);
    }
    if (this.#size === 0) return;
    for (const [topic, groups] of this.#byTopic) {
      const data = groups.get(group);
      if (data === undefined || isDead(data) || subscriptions.some((one) => one.topic === topic)) continue;
      this.#die(data);
    }
  }

  /** The last consumer of a group is gone. */
  unregister(group: string): void {
    if (this.#size === 0) return;
    for (const groups of this.#byTopic.values()) {
      const data = groups.get(group);
      if (data !== undefined && !isDead(data)) this.#die(data);
    }
  }

  #registerOne(group: string, subscription: SubscriptionData): void {
    const { topic, subString: expression, expressionType, subVersion } = subscription;
    if (expression === '') return;
    const old = this.get(topic, group);
    if (old !== undefined && this.#isSaid(old, subscription)) return;
    const filter = this.#compileForGroup(group, topic, expressionType, expression);
    // A new expression that does not compile takes the old one away: the consumer is to learn of it.
    if (filter === undefined) return this.#remove(topic, group);
    if (old === undefined && this.#size >= MAX_FILTERS) {
      this.#logger.warn('an SQL92 subscription is not remembered: too many', {
        group,
        topic,
        limit: MAX_FILTERS,
      });
      return;
    }
    this.#put({
      topic,
      consumerGroup: group,
      expression,
      expressionType,
      filter,
      // Store time may be ahead of the clock: what has no bits of this group must not count as stored after it.
      bornTime: Math.max(this.#clock.now(), this.#newestStoreTimestamp),
      deadTime: 0,
      clientVersion: subVersion,
      bloomFilterData: this.bloomFilter.generate(`${group}#${topic}`),
    });
    this.#logger.info('SQL92 subscription registered', { group, topic, expression, version: subVersion });
  }

  /** Whether a subscription says nothing new: an older version, or the same again. */
  #isSaid(old: ConsumerFilterData, { subString, expressionType, subVersion }: SubscriptionData): boolean {
    if (subVersion < old.clientVersion) return true;
    const isSame = old.expression === subString && old.expressionType === expressionType;
    if (!isSame && subVersion > old.clientVersion) return false;
    old.clientVersion = subVersion;
    if (isDead(old)) old.deadTime = 0;
    return true;
  }

  #compileForGroup(group: string, topic: string, type: string, expression: string): SqlFilter | undefined {
    if (type !== ExpressionType.SQL92) return undefined;
    try {
      return this.compile(expression);
    } catch (error) {
      if (!(error instanceof SqlSyntaxError)) throw error;
      this.#logger.warn('SQL92 subscription does not compile', { group, topic, error: error.message });
      return undefined;
    }
  }

  #die(data: ConsumerFilterData): void {
    data.deadTime = Math.max(this.#clock.now(), data.bornTime);
    this.#logger.info('SQL92 subscription without consumers', {
      group: data.consumerGroup,
      topic: data.topic,
    });
  }

  #put(data: ConsumerFilterData): void {
    let groups = this.#byTopic.get(data.topic);
    if (groups === undefined) this.#byTopic.set(data.topic, (groups = new Map()));
    if (!groups.has(data.consumerGroup)) this.#size++;
    groups.set(data.consumerGroup, data);
  }

  #remove(topic: string, group: string): void {
    const groups = this.#byTopic.get(topic);
    if (groups?.delete(group) !== true) return;
    this.#size--;
    if (groups.size === 0) this.#byTopic.delete(topic);
  }

  // ---- bits of new messages

  /** Bits of a message stored now were computed without groups that register later. */
  noteStored(storeTimestamp: number): void {
    if (storeTimestamp > this.#newestStoreTimestamp) this.#newestStoreTimestamp = storeTimestamp;
  }

  /** Where the properties of a message are, for as long as nobody else asks. */
  propertiesOf(buffer: Buffer, start: number, end: number): RecordProperties {
    return this.#properties.of(buffer, start, end);
  }

  // ---- the file

  /** Reads the file, if there is one. Throws when it cannot be read. */
  load(): void {
    const text = this.#file?.load();
    if (text === undefined) return;
    const stored = decodeConsumerFilters(text);
    if (!stored.every(({ bloomFilterData }) => this.bloomFilter.isValid(bloomFilterData))) {
      // Bits of before mean other groups: only expressions that are declared anew may be looked for in them.
      this.#logger.info('settings of the bloom filter changed: SQL92 subscriptions of before are forgotten');
      return;
    }
    const deadSince = this.#clock.now() - DEAD_AT_LOAD_MS;
    for (const data of stored) {
      const { topic, consumerGroup, expression, expressionType, bornTime, deadTime } = data;
      this.#put({
        ...data,
        deadTime: deadTime === 0 ? Math.max(deadSince, bornTime) : deadTime,
        filter: this.#compileForGroup(consumerGroup, topic, expressionType, expression),
      });
    }
  }

  /** Writes the file if something changed, without expressions that are dead for too long. Throws DiskError. */
  persist(): void {
    this.#clean();
    const text = encodeConsumerFilters(this.#byTopic);
    if (text === this.#persisted) return;
    this.#file?.persist(text);
    this.#persisted = text;
  }

  #clean(): void {
    const now = this.#clock.now();
    const { filterDataCleanTimeSpan } = this.#settings.broker;
    for (const [topic, groups] of this.#byTopic) {
      for (const [group, data] of groups) {
        if (isDead(data) && now - data.deadTime >= filterDataCleanTimeSpan) this.#remove(topic, group);
      }
    }
  }
}
