import type { Logger } from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';

import { RequestRefused } from '../request-refused.js';
import { TopicNumbers } from './topic-numbers.js';

/** The settings that quotas come from. */
export interface BacklogQuotaSettings {
  readonly backlogQuotaPerTopic: number;
  readonly backlogQuotas: readonly string[];
}

/** What the quotas are compared with. */
export interface BacklogSource {
  /** Every topic that may be sent to. */
  topics(): Iterable<string>;
  /** Whether a topic is never refused. */
  isExempt(topic: string): boolean;
  groupsOf(topic: string): Iterable<string>;
  queueIds(topic: string): Iterable<number>;
  maxOffset(topic: string, queueId: number): number;
  minOffset(topic: string, queueId: number): number;
  /** -1: none. */
  committedOffset(group: string, topic: string, queueId: number): number;
}

/** A topic that takes no more. */
interface Exceeded {
  readonly group: string;
  readonly backlog: number;
  readonly quota: number;
}

/**
 * Refuses sends to topics whose slowest group is too far behind. Looks at the offsets when `check` is called, so a quota is
 * kept to within what is sent between two calls.
 */
export class BacklogQuotas {
  readonly #source: BacklogSource;
  readonly #logger: Logger;
  readonly #exceeded = new Map<string, Exceeded>();
  #quotas: TopicNumbers;

  constructor(settings: BacklogQuotaSettings, source: BacklogSource, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
    this.#quotas = new TopicNumbers(settings.backlogQuotaPerTopic, settings.backlogQuotas);
  }

  /** Read before every send: no topic over its quota costs one test. */
  get isActive(): boolean {
    return this.#exceeded.size > 0;
  }

  /** Takes other settings over at once. */
  update(settings: BacklogQuotaSettings): void {
    this.#quotas = new TopicNumbers(settings.backlogQuotaPerTopic, settings.backlogQuotas);
    this.check();
  }

  /** Looks at how far the groups are. */
  check(): void {
    const topics = this.#quotas.ofAll > 0 ? this.#source.topics() : this.#quotas.topics;
    const before = new Map(this.#exceeded);
    this.#exceeded.clear();
    if (!this.#quotas.isSet) return;
    for (const topic of topics) {
      const quota = this.#quotas.of(topic);
      if (quota === 0 || this.#source.isExempt(topic)) continue;
      const exceeded = this.#exceededBy(topic, quota);
      if (exceeded === undefined) continue;
      this.#exceeded.set(topic, exceeded);
      if (!before.delete(topic))
        this.#logger.warn('a topic is over its backlog quota', { topic, ...exceeded });
    }
    for (const topic of before.keys())
      this.#logger.info('a topic is within its backlog quota again', { topic });
  }

  /** @throws RequestRefused SYSTEM_BUSY, naming the group that is behind */
  refuseIfExceeded(topic: string): void {
    const exceeded = this.#exceeded.get(topic);
    if (exceeded === undefined) return;
    const { group, backlog, quota } = exceeded;
    throw new RequestRefused(
      ResponseCode.SYSTEM_BUSY,
      `[BACKLOG_QUOTA]group ${group} is ${backlog} messages behind in topic ${topic}, backlogQuotas allows ${quota}: ` +
        'let it catch up, skip what it need not see (mqadmin resetOffsetByTime), or delete the group if it is no longer used',
    );
  }

  #exceededBy(topic: string, quota: number): Exceeded | undefined {
    const queueIds = [...this.#source.queueIds(topic)];
    for (const group of this.#source.groupsOf(topic)) {
      let backlog = 0;
      for (const queueId of queueIds) {
        const committed = this.#source.committedOffset(group, topic, queueId);
        // A queue that the group has not begun with, and what has expired already, hold nobody up.
        if (committed < 0) continue;
        const from = Math.max(committed, this.#source.minOffset(topic, queueId));
        backlog += Math.max(0, this.#source.maxOffset(topic, queueId) - from);
      }
      if (backlog > quota) return { group, backlog, quota };
    }
    return undefined;
  }
}
