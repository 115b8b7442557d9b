import type { StatsItem } from './stats-item.js';

/** Makes counters until the manager's bound is reached; then all further ones are the same, unseen counter. */
export interface StatsItemFactory {
  newItem(): StatsItem;
}

/** Counters that few requests touch, by upstream's name, made on first use. */
export class Counters<Name extends string> {
  readonly #items = new Map<Name, StatsItem>();

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
}

/** Messages and their bytes: what every send or pull counts. */
class Traffic {
  readonly nums: StatsItem;
  readonly size: StatsItem;

  constructor(factory: StatsItemFactory) {
    this.nums = factory.newItem();
    this.size = factory.newItem();
  }

  inc(count: number, bytes: number): void {
    this.nums.inc(count);
    this.size.inc(bytes);
  }
}

/** Traffic of one owner, in all and by queue. */
class FlowStats {
  readonly total: Traffic;
  readonly #queues = new Map<number, Traffic>();
  #timesAtLastCheck = 0;
  #idleChecks = 0;

  constructor(protected readonly factory: StatsItemFactory) {
    this.total = new Traffic(factory);
  }

  queue(queueId: number): Traffic {
    let queue = this.#queues.get(queueId);
    if (queue === undefined) this.#queues.set(queueId, (queue = new Traffic(this.factory)));
    return queue;
  }

  peekQueue(queueId: number): Traffic | undefined {
    return this.#queues.get(queueId);
  }

  *items(): Generator<StatsItem> {
    yield this.total.nums;
    yield this.total.size;
    for (const { nums, size } of this.#queues.values()) {
      yield nums;
      yield size;
    }
  }

  /** How many calls in a row, this one included, saw no new increment. */
  checkIdle(): number {
    let times = 0;
    for (const item of this.items()) times += item.times;
    this.#idleChecks = times === this.#timesAtLastCheck ? this.#idleChecks + 1 : 0;
    this.#timesAtLastCheck = times;
    return this.#idleChecks;
  }
}

export type GroupCounter =
  | 'GROUP_ACK_NUMS'
  | 'GROUP_CK_NUMS'
  | 'SNDBCK_PUT_NUMS'
  | 'DLQ_PUT_NUMS'
  | 'GROUP_GET_FROM_DISK_NUMS'
  | 'GROUP_GET_FROM_DISK_SIZE';

/** What one group takes from one topic. */
export class GroupStats extends FlowStats {
  readonly rare = new Counters<GroupCounter>(this.factory);

  override *items(): Generator<StatsItem> {
    yield* super.items();
    yield* this.rare.values();
  }
}

/** Everything counted about one topic: its sends, and what each group takes from it. */
export class TopicStats extends FlowStats {
  readonly groups = new Map<string, GroupStats>();

  constructor(
    factory: StatsItemFactory,
    /** Left out of the totals …_WITHOUT_SYSTEM_TOPIC. */
    readonly isSystem: boolean,
  ) {
    super(factory);
  }

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
    const isIdle = this.checkIdle() >= maxIdle;
    for (const [name, group] of this.groups) if (group.checkIdle() >= maxIdle) this.groups.delete(name);
    return isIdle;
  }
}
