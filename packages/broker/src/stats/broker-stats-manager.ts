import type { Clock, Timer } from '@mq/remoting';
import { DailyTotals, msToNextMorning } from './daily-totals.js';
import type { StatsSnapshot } from './sample-window.js';
import { SAMPLE_PERIODS_MS, type SamplePeriod, StatsItem } from './stats-item.js';
import { findStatsItem } from './stats-keys.js';
import { Counters, type StatsItemFactory, TopicStats } from './topic-stats.js';

export interface BrokerStatsManagerOptions {
  readonly clock: Clock;
  readonly clusterName: string;
  /** Counters by queue, too (`enableDetailStat`); default true. */
  readonly enableDetailStat?: boolean;
  /** Counters kept at most; what is beyond is not counted. Default 100 000, about 1 KiB each. */
  readonly maxItems?: number;
  /** Whether a topic's traffic is left out of the …_WITHOUT_SYSTEM_TOPIC totals; default: none is. */
  readonly isSystemTopic?: (topic: string) => boolean;
}

export type BrokerCounter =
  | 'BROKER_PUT_NUMS'
  | 'BROKER_GET_NUMS'
  | 'BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC'
  | 'BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC'
  | 'BROKER_GET_FROM_DISK_NUMS'
  | 'BROKER_GET_FROM_DISK_SIZE'
  | 'SNDBCK2DLQ_TIMES';

/** Answer of VIEW_BROKER_STATS_DATA. */
export interface BrokerStatsData {
  readonly statsDay: StatsSnapshot;
  readonly statsHour: StatsSnapshot;
  readonly statsMinute: StatsSnapshot;
}

/** Hours without an increment after which a group's or topic's counters are dropped: the day window is all zero then. */
const MAX_IDLE_HOURS = 25;

/**
 * Counts what passes through the broker (upstream `BrokerStatsManager`), by topic, group, queue and in total.
 *
 * `recordPut` and `recordGet` are the hot paths: look-ups by the names at hand, no key is built, nothing is allocated
 * once the counters exist.
 */
export class BrokerStatsManager implements StatsItemFactory {
  readonly clusterName: string;
  readonly puts = new DailyTotals();
  readonly gets = new DailyTotals();
  readonly #topics = new Map<string, TopicStats>();
  readonly #broker: Counters<BrokerCounter>;
  readonly #clock: Clock;
  readonly #enableDetailStat: boolean;
  readonly #maxItems: number;
  readonly #isSystemTopic: (topic: string) => boolean;
  readonly #unseen: StatsItem;
  #itemCount = 0;
  #timers: Timer[] = [];

  constructor(options: BrokerStatsManagerOptions) {
    this.clusterName = options.clusterName;
    this.#clock = options.clock;
    this.#enableDetailStat = options.enableDetailStat ?? true;
    this.#maxItems = options.maxItems ?? 100_000;
    this.#isSystemTopic = options.isSystemTopic ?? (() => false);
    this.#unseen = new StatsItem(this.#clock.now());
    this.#broker = new Counters(this);
  }

  /** Starts sampling. Calling it again changes nothing. */
  start(): void {
    if (this.#timers.length > 0) return;
    for (const period of Object.keys(SAMPLE_PERIODS_MS) as SamplePeriod[]) {
      this.#timers.push(this.#clock.setInterval(() => this.sample(period), SAMPLE_PERIODS_MS[period]));
    }
    this.#awaitMorning(this.#timers.length);
    for (const timer of this.#timers) timer.unref?.();
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  /** Hot path: `count` messages of `bytes` in all were stored in a queue. */
  recordPut(topic: string, queueId: number, count: number, bytes: number): void {
    const stats = this.topic(topic);
    stats.counters.get('TOPIC_PUT_NUMS').inc(count);
    stats.counters.get('TOPIC_PUT_SIZE').inc(bytes);
    if (this.#enableDetailStat) {
      const queue = stats.queue(queueId);
      queue.get('QUEUE_PUT_NUMS').inc(count);
      queue.get('QUEUE_PUT_SIZE').inc(bytes);
    }
    this.#broker.get('BROKER_PUT_NUMS').inc(count);
    if (this.#isSystemTopic(topic)) return;
    this.#broker.get('BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC').inc(count);
    this.puts.now += count;
  }

  /** Hot path: a group took `count` messages of `bytes` in all from a queue. */
  recordGet(group: string, topic: string, queueId: number, count: number, bytes: number): void {
    const stats = this.topic(topic).group(group);
    stats.counters.get('GROUP_GET_NUMS').inc(count);
    stats.counters.get('GROUP_GET_SIZE').inc(bytes);
    if (this.#enableDetailStat) {
      const queue = stats.queue(queueId);
      queue.get('QUEUE_GET_NUMS').inc(count);
      queue.get('QUEUE_GET_SIZE').inc(bytes);
    }
    this.#broker.get('BROKER_GET_NUMS').inc(count);
    if (this.#isSystemTopic(topic)) return;
    this.#broker.get('BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC').inc(count);
    this.gets.now += count;
  }

  /** How long a put took, ms. */
  recordPutLatency(topic: string, queueId: number, elapsedMs: number): void {
    this.topic(topic).queue(queueId).get('TOPIC_PUT_LATENCY').inc(elapsedMs);
  }

  /** How long a pull took, ms. */
  recordGetLatency(group: string, topic: string, queueId: number, elapsedMs: number): void {
    this.topic(topic).group(group).queue(queueId).get('GROUP_GET_LATENCY').inc(elapsedMs);
  }

  /** How far a group is behind in a queue, in bytes of log and ms of time. */
  recordFallBehind(group: string, topic: string, queueId: number, bytes: number, elapsedMs: number): void {
    const queue = this.topic(topic).group(group).queue(queueId);
    queue.get('GROUP_GET_FALL_SIZE').inc(bytes);
    queue.get('GROUP_GET_FALL_TIME').inc(elapsedMs);
  }

  /** A group sent a message back for a retry. */
  recordSendBack(group: string, topic: string): void {
    this.topic(topic).group(group).counters.get('SNDBCK_PUT_NUMS').inc(1);
  }

  /** A message of a group became a dead letter. */
  recordDeadLetter(group: string, topic: string): void {
    this.topic(topic).group(group).counters.get('DLQ_PUT_NUMS').inc(1);
    this.#broker.get('SNDBCK2DLQ_TIMES').inc(1);
  }

  /** The counters of a topic, made on first use. */
  topic(name: string): TopicStats {
    let topic = this.#topics.get(name);
    if (topic === undefined) this.#topics.set(name, (topic = new TopicStats(this)));
    return topic;
  }

  /** Messages a second that the group takes from the topic, over the last minute. */
  tpsGroupGetNums(group: string, topic: string): number {
    return this.#minute(`${topic}@${group}`, 'GROUP_GET_NUMS').tps;
  }

  /** Messages a second that are sent to the topic, over the last minute. */
  tpsTopicPutNums(topic: string): number {
    return this.#minute(topic, 'TOPIC_PUT_NUMS').tps;
  }

  /** The windows of one counter under upstream's name and key; undefined when it was never counted. */
  statsData(statsName: string, statsKey: string): BrokerStatsData | undefined {
    const item = this.item(statsName, statsKey);
    if (item === undefined) return undefined;
    return {
      statsDay: item.snapshot('day'),
      statsHour: item.snapshot('hour'),
      statsMinute: item.snapshot('minute'),
    };
  }

  item(statsName: string, statsKey: string): StatsItem | undefined {
    return findStatsItem(
      { clusterName: this.clusterName, topics: this.#topics, broker: this.#broker },
      statsName,
      statsKey,
    );
  }

  onTopicDeleted(topic: string): void {
    this.#forget(this.#topics.get(topic)?.items());
    this.#topics.delete(topic);
  }

  onGroupDeleted(group: string): void {
    for (const topic of this.#topics.values()) {
      this.#forget(topic.groups.get(group)?.items());
      topic.groups.delete(group);
    }
  }

  /** Takes one sample of every counter; hourly it also drops counters that were idle for a day. */
  sample(period: SamplePeriod): void {
    const now = this.#clock.now();
    for (const item of this.#broker.values()) item.sample(period, now);
    for (const topic of this.#topics.values()) for (const item of topic.items()) item.sample(period, now);
    if (period === 'day') this.#dropIdle();
  }

  /** For the counters of this manager only. */
  newItem(): StatsItem {
    if (this.#itemCount >= this.#maxItems) return this.#unseen;
    this.#itemCount++;
    return new StatsItem(this.#clock.now());
  }

  #minute(key: string, name: string): StatsSnapshot {
    return this.item(name, key)?.snapshot('minute') ?? NOTHING;
  }

  #dropIdle(): void {
    for (const [name, topic] of this.#topics) {
      if (topic.dropIdle(MAX_IDLE_HOURS)) this.#topics.delete(name);
    }
    let count = [...this.#broker.values()].length;
    for (const topic of this.#topics.values())
      for (const item of topic.items()) if (item !== this.#unseen) count++;
    this.#itemCount = count;
  }

  #forget(items: Iterable<StatsItem> | undefined): void {
    for (const item of items ?? []) if (item !== this.#unseen) this.#itemCount--;
  }

  #awaitMorning(slot: number): void {
    this.#timers[slot] = this.#clock.setTimeout(() => {
      this.puts.record();
      this.gets.record();
      this.#awaitMorning(slot);
    }, msToNextMorning(this.#clock.now()));
    this.#timers[slot]?.unref?.();
  }
}

const NOTHING: StatsSnapshot = { sum: 0, tps: 0, avgpt: 0 };
