import { StatsItem } from './stats-item.js';

/** Makes counters until the manager's bound is reached; then all further ones are the same, unseen counter. */
export interface StatsItemFactory {
  newItem(): StatsItem;
}

/** Counters by name, made on first use. */
export class Counters<Name extends string> {
  readonly #items = new Map<Name, StatsItem>();
  #timesAtLastCheck = 0;
  #idleChecks = 0;

  constructor(private readonly factory: StatsItemFactory) {}

  get(name: Name): StatsItem {
    let item = this.#items.get(name);
    if (item === undefined) this.#items.set(name, (item = this.factory.newItem()));
    return item;
  }

  peek(name: Name): StatsItem | undefined {
    return this.#items.get(name);
  }

  values(): Iterable<StatsItem> {
    return this.#items.values();
  }

  /** How many calls in a row, this one included, saw no new increment. */
  checkIdle(): number {
    let times = 0;
    for (const item of this.#items.values()) times += item.times;
    this.#idleChecks = times === this.#timesAtLastCheck ? this.#idleChecks + 1 : 0;
    this.#timesAtLastCheck = times;
    return this.#idleChecks;
  }
}

export type TopicCounter = 'TOPIC_PUT_NUMS' | 'TOPIC_PUT_SIZE';
export type TopicQueueCounter = 'QUEUE_PUT_NUMS' | 'QUEUE_PUT_SIZE' | 'TOPIC_PUT_LATENCY';
export type GroupCounter =
  | 'GROUP_GET_NUMS'
  | 'GROUP_GET_SIZE'
  | 'GROUP_ACK_NUMS'
  | 'GROUP_CK_NUMS'
  | 'SNDBCK_PUT_NUMS'
  | 'DLQ_PUT_NUMS'
  | 'GROUP_GET_FROM_DISK_NUMS'
  | 'GROUP_GET_FROM_DISK_SIZE';
export type GroupQueueCounter =
  'QUEUE_GET_NUMS' | 'QUEUE_GET_SIZE' | 'GROUP_GET_LATENCY' | 'GROUP_GET_FALL_SIZE' | 'GROUP_GET_FALL_TIME';

/** Counters of one owner and of its queues. */
export class QueuedCounters<Name extends string, QueueName extends string> {
  readonly counters: Counters<Name>;
  readonly #queues = new Map<number, Counters<QueueName>>();

  constructor(protected readonly factory: StatsItemFactory) {
    this.counters = new Counters(factory);
  }

  queue(queueId: number): Counters<QueueName> {
    let queue = this.#queues.get(queueId);
    if (queue === undefined) this.#queues.set(queueId, (queue = new Counters(this.factory)));
    return queue;
  }

  peekQueue(queueId: number): Counters<QueueName> | undefined {
    return this.#queues.get(queueId);
  }

  *items(): Generator<StatsItem> {
    yield* this.counters.values();
    for (const queue of this.#queues.values()) yield* queue.values();
  }

  checkIdle(): number {
    let idle = this.counters.checkIdle();
    for (const queue of this.#queues.values()) idle = Math.min(idle, queue.checkIdle());
    return idle;
  }
}

export class GroupStats extends QueuedCounters<GroupCounter, GroupQueueCounter> {}

/** Everything counted about one topic: its sends, and what each group takes from it. */
export class TopicStats extends QueuedCounters<TopicCounter, TopicQueueCounter> {
  readonly groups = new Map<string, GroupStats>();

  group(name: string): GroupStats {
    let group = this.groups.get(name);
    if (group === undefined) this.groups.set(name, (group = new GroupStats(this.factory)));
    return group;
  }

  override *items(): Generator<StatsItem> {
    yield* super.items();
    for (const group of this.groups.values()) yield* group.items();
  }

  /** Drops groups without a new increment for `maxIdle` checks; true when the topic itself may go, too. */
  dropIdle(maxIdle: number): boolean {
    for (const [name, group] of this.groups) if (group.checkIdle() >= maxIdle) this.groups.delete(name);
    return this.checkIdle() >= maxIdle && this.groups.size === 0;
  }
}
