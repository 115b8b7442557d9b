import type { CheckPoint } from './check-point.js';

/** A range that was popped and whose offset is not committed yet. */
export interface PoppedRange {
  readonly nextOffset: number;
  /** True once its messages are acknowledged or in a checkpoint on disk. */
  isSettled: boolean;
}

/**
 * What pops of one group know about one queue of a topic as it is stored: its lock, how far it was popped, and the
 * checkpoints that wait for acknowledgements. Upstream spreads this over QueueLockManager, PopBufferMergeService and
 * PopInflightMessageCounter, each keyed by `topic@group@queue`.
 */
export class PopQueue {
  /** A pop reads the queue, or its checkpoint is being written. */
  isLocked = false;
  /** Messages popped and not acknowledged, as far as this run of the broker knows. */
  inFlight = 0;
  /** Wall clock, ms. */
  lastPopTime = 0;
  /** By `checkPointKey`. */
  readonly checkPoints = new Map<string, CheckPoint>();
  readonly #ranges: PoppedRange[] = [];

  constructor(
    readonly topic: string,
    readonly group: string,
    readonly queueId: number,
  ) {}

  /** Queue offset the next pop begins at; -1 when everything popped is committed. */
  get nextOffset(): number {
    return this.#ranges.at(-1)?.nextOffset ?? -1;
  }

  /** Ranges not committed yet. */
  get openRanges(): number {
    return this.#ranges.length;
  }

  get isIdle(): boolean {
    return !this.isLocked && this.checkPoints.size === 0 && this.#ranges.length === 0;
  }

  /** Everything up to `nextOffset` was popped. */
  open(nextOffset: number): PoppedRange {
    const range: PoppedRange = { nextOffset, isSettled: false };
    this.#ranges.push(range);
    return range;
  }

  /** The offset to commit now that `range` is settled; -1 when an earlier one is not, or when it was forgotten. */
  settle(range: PoppedRange): number {
    range.isSettled = true;
    let settled = 0;
    while (this.#ranges[settled]?.isSettled === true) settled++;
    if (settled === 0) return -1;
    return this.#ranges.splice(0, settled).at(-1)?.nextOffset ?? -1;
  }

  /** The pop of `range` came to nothing: its messages were not given out. */
  withdraw(range: PoppedRange): void {
    const index = this.#ranges.indexOf(range);
    if (index >= 0) this.#ranges.splice(index, 1);
  }

  /** The group's offset was set by an operator: what is open is committed no more. */
  forgetRanges(): void {
    this.#ranges.length = 0;
  }

  acknowledged(messages: number): void {
    this.inFlight = Math.max(0, this.inFlight - messages);
  }
}

/** All pop queues of a broker. */
export class PopQueues {
  readonly #topics = new Map<string, Map<string, Map<number, PopQueue>>>();

  find(topic: string, group: string, queueId: number): PopQueue | undefined {
    return this.#topics.get(topic)?.get(group)?.get(queueId);
  }

  of(topic: string, group: string, queueId: number): PopQueue {
    let groups = this.#topics.get(topic);
    if (groups === undefined) this.#topics.set(topic, (groups = new Map()));
    let queues = groups.get(group);
    if (queues === undefined) groups.set(group, (queues = new Map()));
    let queue = queues.get(queueId);
    if (queue === undefined) queues.set(queueId, (queue = new PopQueue(topic, group, queueId)));
    return queue;
  }

  *all(): Iterable<PopQueue> {
    for (const groups of this.#topics.values()) for (const queues of groups.values()) yield* queues.values();
  }

  /** Forgets queues that hold nothing and were not popped since `popTime`. */
  removeIdle(popTime: number): void {
    for (const [topic, groups] of this.#topics) {
      for (const [group, queues] of groups) {
        for (const [queueId, queue] of queues) {
          if (queue.isIdle && queue.lastPopTime < popTime) queues.delete(queueId);
        }
        if (queues.size === 0) groups.delete(group);
      }
      if (groups.size === 0) this.#topics.delete(topic);
    }
  }
}
