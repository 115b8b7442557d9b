import { type SamplePeriod, Tallies, type TallySource } from './tallies.js';

export type GroupCounter =
  | 'GROUP_ACK_NUMS'
  | 'GROUP_CK_NUMS'
  | 'SNDBCK_PUT_NUMS'
  | 'DLQ_PUT_NUMS'
  | 'GROUP_GET_FROM_DISK_NUMS'
  | 'GROUP_GET_FROM_DISK_SIZE';

/** Whether an owner still does something. */
class Idleness {
  #timesAtLastCheck = 0;
  #checks = 0;

  /** How many calls in a row, this one included, saw nothing added. */
  check(times: number): number {
    this.#checks = times === this.#timesAtLastCheck ? this.#checks + 1 : 0;
    this.#timesAtLastCheck = times;
    return this.#checks;
  }
}

/** What one group takes from one topic. */
export class GroupStats {
  readonly traffic: Tallies;
  /** Counters that few requests touch, by upstream's name, made on first use. */
  readonly #rare = new Map<GroupCounter, Tallies>();
  readonly #idleness = new Idleness();

  constructor(private readonly source: TallySource) {
    this.traffic = new Tallies(source);
  }

  rare(name: GroupCounter): Tallies {
    let counter = this.#rare.get(name);
    if (counter === undefined) this.#rare.set(name, (counter = new Tallies(this.source)));
    return counter;
  }

  peekRare(name: GroupCounter): Tallies | undefined {
    return this.#rare.get(name);
  }

  sample(period: SamplePeriod, nowMs: number): void {
    this.traffic.sample(period, nowMs);
    for (const counter of this.#rare.values()) counter.sample(period, nowMs);
  }

  get times(): number {
    let { times } = this.traffic;
    for (const counter of this.#rare.values()) times += counter.times;
    return times;
  }

  checkIdle(): number {
    return this.#idleness.check(this.times);
  }

  release(): void {
    this.traffic.release();
    for (const counter of this.#rare.values()) counter.release();
  }
}

/** Everything counted about one topic: its sends, and what each group takes from it. */
export class TopicStats {
  readonly traffic: Tallies;
  readonly groups = new Map<string, GroupStats>();
  readonly #idleness = new Idleness();

  constructor(
    private readonly source: TallySource,
    /** Left out of the totals …_WITHOUT_SYSTEM_TOPIC. */
    readonly isSystem: boolean,
  ) {
    this.traffic = new Tallies(source);
  }

  group(name: string): GroupStats {
    let group = this.groups.get(name);
    if (group === undefined) this.groups.set(name, (group = new GroupStats(this.source)));
    return group;
  }

  deleteGroup(name: string): void {
    this.groups.get(name)?.release();
    this.groups.delete(name);
  }

  sample(period: SamplePeriod, nowMs: number): void {
    this.traffic.sample(period, nowMs);
    for (const group of this.groups.values()) group.sample(period, nowMs);
  }

  /** Drops groups to which nothing was added for `maxIdle` checks; true when the topic itself may go, too. */
  dropIdle(maxIdle: number): boolean {
    let { times } = this.traffic;
    for (const group of this.groups.values()) times += group.times;
    const isIdle = this.#idleness.check(times) >= maxIdle;
    for (const [name, group] of this.groups) if (group.checkIdle() >= maxIdle) this.deleteGroup(name);
    return isIdle;
  }

  release(): void {
    this.traffic.release();
    for (const group of this.groups.values()) group.release();
  }
}
