import type { Clock, Timer } from '@mq/remoting';
import { DailyTotals, msToNextMorning } from './daily-totals.js';
import type { StatsSnapshot } from './sample-window.js';
import { findStatsItem } from './stats-keys.js';
import {
  SAMPLE_PERIODS_MS,
  type SamplePeriod,
  type StatsItem,
  TallyBudget,
  type TallySource,
} from './tallies.js';
import { type BrokerTotals, newTotals } from './broker-totals.js';
import { TopicStats } from './topic-stats.js';

export interface BrokerStatsManagerOptions {
  readonly clock: Clock;
  readonly clusterName: string;
  /** Counters by queue, too (`enableDetailStat`); default true. */
  readonly enableDetailStat?: boolean;
  /** Owners and queues that are counted at most, the others are not. Default 100,000, about 1 KiB each. */
  readonly maxTallies?: number;
  /** Whether a topic's traffic is left out of the …_WITHOUT_SYSTEM_TOPIC totals; default: none is. */
  readonly isSystemTopic?: (topic: string) => boolean;
}

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
export class BrokerStatsManager {
  readonly clusterName: string;
  readonly puts = new DailyTotals();
  readonly gets = new DailyTotals();
  readonly #topics = new Map<string, TopicStats>();
  readonly #totals: BrokerTotals;
  readonly #clock: Clock;
  readonly #enableDetailStat: boolean;
  readonly #isSystemTopic: (topic: string) => boolean;
  readonly #source: TallySource;
  #timers: Timer[] = [];

  constructor(options: BrokerStatsManagerOptions) {
    this.clusterName = options.clusterName;
    this.#clock = options.clock;
    this.#enableDetailStat = options.enableDetailStat ?? true;
    this.#isSystemTopic = options.isSystemTopic ?? (() => false);
    const budget = new TallyBudget(options.maxTallies ?? 100_000);
    this.#source = { budget, now: () => this.#clock.now() };
    this.#totals = newTotals(this.#source);
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
    stats.traffic.add(count, bytes, this.#enableDetailStat ? queueId : -1);
    this.#totals.put.add(count);
    if (stats.isSystem) return;
    this.#totals.putWithoutSystem.add(count);
    this.puts.now += count;
  }

  /** Hot path: a group took `count` messages of `bytes` in all from a queue. */
  recordGet(group: string, topic: string, queueId: number, count: number, bytes: number): void {
    const ofTopic = this.topic(topic);
    ofTopic.group(group).traffic.add(count, bytes, this.#enableDetailStat ? queueId : -1);
    this.#totals.get.add(count);
    if (ofTopic.isSystem) return;
    this.#totals.getWithoutSystem.add(count);
    this.gets.now += count;
  }

  /** A group sent a message back for a retry. */
  recordSendBack(group: string, topic: string): void {
    this.topic(topic).group(group).rare('SNDBCK_PUT_NUMS').add(1);
  }

  /** A message of a group became a dead letter. */
  recordDeadLetter(group: string, topic: string): void {
    this.topic(topic).group(group).rare('DLQ_PUT_NUMS').add(1);
    this.#totals.sentToDlq.add(1);
  }

  /** The counters of a topic, made on first use. */
  topic(name: string): TopicStats {
    let topic = this.#topics.get(name);
    if (topic === undefined)
      this.#topics.set(name, (topic = new TopicStats(this.#source, this.#isSystemTopic(name))));
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
      { clusterName: this.clusterName, topics: this.#topics, totals: this.#totals },
      statsName,
      statsKey,
    );
  }

  onTopicDeleted(topic: string): void {
    this.#topics.get(topic)?.release();
    this.#topics.delete(topic);
  }

  onGroupDeleted(group: string): void {
    for (const topic of this.#topics.values()) topic.deleteGroup(group);
  }

  /** Takes one sample of every counter; hourly it also drops counters that were idle for a day. */
  sample(period: SamplePeriod): void {
    const now = this.#clock.now();
    for (const total of Object.values(this.#totals)) total.sample(period, now);
    for (const topic of this.#topics.values()) topic.sample(period, now);
    if (period === 'day') this.#dropIdle();
  }

  #minute(key: string, name: string): StatsSnapshot {
    return this.item(name, key)?.snapshot('minute') ?? NOTHING;
  }

  #dropIdle(): void {
    for (const [name, topic] of this.#topics) if (topic.dropIdle(MAX_IDLE_HOURS)) this.onTopicDeleted(name);
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
