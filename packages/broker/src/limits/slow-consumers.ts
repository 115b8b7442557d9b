// Groups that read what has long left memory (upstream: BrokerController#protectBroker). Upstream measures with every pull;
// here positions are looked up when it is time to judge, so a pull pays nothing for it.
import type { Logger } from '@mq/remoting';

/** What says who is slow, and what is done about it; read with every check. */
export interface SlowConsumerSettings {
  /** Bytes of log. */
  readonly consumerFallbehindThreshold: number;
  /** Whether a slow group may not consume any more, until an operator lets it. */
  readonly disableConsumeIfConsumerReadSlowly: boolean;
}

/** Where connected groups stand. */
export interface ConsumerPositions {
  /** Bytes of log that there are: nobody can be further behind. */
  logBytes(): number;
  /** Connected groups and the topics they subscribe to. */
  groups(): Iterable<{ readonly group: string; readonly topics: Iterable<string> }>;
  queueIds(topic: string): Iterable<number>;
  /** Bytes of log between what the group reads next in the queue and the end of the log; 0: it has read all. */
  bytesBehind(group: string, topic: string, queueId: number): Promise<number>;
  /** Refuses what the group asks for from now on; false: that is so already. */
  disableConsume(group: string): boolean;
}

/** One queue in which a group is too far behind. */
export interface SlowQueue {
  readonly topic: string;
  readonly queueId: number;
  readonly bytesBehind: number;
}

/** Reports groups that are too far behind, once each time it happens, and disables them where that is wanted. */
export class SlowConsumers {
  #reported = new Set<string>();
  #isChecking = false;

  constructor(
    private readonly settings: () => SlowConsumerSettings,
    private readonly positions: ConsumerPositions,
    private readonly logger: Logger,
  ) {}

  /** Looks at every connected group; a call while another one looks does nothing. */
  async check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      this.#reported = await this.#judge();
    } finally {
      this.#isChecking = false;
    }
  }

  async #judge(): Promise<Set<string>> {
    const slow = new Set<string>();
    const { consumerFallbehindThreshold: threshold } = this.settings();
    if (this.positions.logBytes() <= threshold) return slow;
    for (const { group, topics } of [...this.positions.groups()]) {
      const queue = await this.#slowQueueOf(group, [...topics], threshold);
      if (queue === undefined) continue;
      slow.add(group);
      this.#report(group, queue);
    }
    return slow;
  }

  async #slowQueueOf(
    group: string,
    topics: readonly string[],
    threshold: number,
  ): Promise<SlowQueue | undefined> {
    for (const topic of topics) {
      for (const queueId of [...this.positions.queueIds(topic)]) {
        const bytesBehind = await this.positions.bytesBehind(group, topic, queueId);
        if (bytesBehind > threshold) return { topic, queueId, bytesBehind };
      }
    }
    return undefined;
  }

  #report(group: string, queue: SlowQueue): void {
    const isDisabled =
      this.settings().disableConsumeIfConsumerReadSlowly && this.positions.disableConsume(group);
    if (isDisabled) this.logger.error('a group consumes too slowly and is disabled', { group, ...queue });
    else if (!this.#reported.has(group)) this.logger.warn('a group consumes too slowly', { group, ...queue });
  }
}
