import type { Clock } from '@mq/remoting';

import { CheckPoint, type CheckPointName, checkPointKey } from './check-point.js';
import { DeadlineBuckets } from './deadline-buckets.js';
import type { PopQueue } from './pop-queue.js';

/** Acknowledgements without a checkpoint that are remembered; further ones are only in the log. */
const MAX_ORPHANS = 100_000;

/**
 * The checkpoints that are not done, by name and by deadline. An orphan stands for one that was not read yet, of which
 * acknowledgements came: it is still in another broker's timer wheel.
 */
export class CheckPointTable {
  readonly #deadlines: DeadlineBuckets<CheckPoint>;
  /** Orphan → queue offsets that are acknowledged. */
  readonly #orphans = new Map<CheckPoint, Set<number>>();

  /** @param onDue its deadline has passed, and it has none any more */
  constructor(clock: Clock, onDue: (checkPoint: CheckPoint) => void) {
    this.#deadlines = new DeadlineBuckets(clock, onDue);
  }

  /** No further orphan is remembered. */
  get isFullOfOrphans(): boolean {
    return this.#orphans.size >= MAX_ORPHANS;
  }

  /** Of this name, and no orphan. */
  find(
    queue: PopQueue,
    { startOffset, popTime }: Pick<CheckPointName, 'startOffset' | 'popTime'>,
  ): CheckPoint | undefined {
    const checkPoint = queue.checkPoints.get(checkPointKey(startOffset, popTime));
    return checkPoint !== undefined && !this.isOrphan(checkPoint) ? checkPoint : undefined;
  }

  isOrphan(checkPoint: CheckPoint): boolean {
    return this.#orphans.has(checkPoint);
  }

  /** By its name from now on; nothing comes due before `schedule`. */
  add(checkPoint: CheckPoint): void {
    checkPoint.queue.checkPoints.set(checkPoint.key, checkPoint);
  }

  /** `dueAtMs` must not change until it is due or `unschedule`d. */
  schedule(checkPoint: CheckPoint): void {
    this.#deadlines.add(checkPoint);
  }

  unschedule(checkPoint: CheckPoint): void {
    this.#deadlines.delete(checkPoint);
  }

  /** The checkpoint is done. */
  forget(checkPoint: CheckPoint): void {
    checkPoint.isDone = true;
    this.#orphans.delete(checkPoint);
    this.#deadlines.delete(checkPoint);
    const { checkPoints } = checkPoint.queue;
    if (checkPoints.get(checkPoint.key) === checkPoint) checkPoints.delete(checkPoint.key);
  }

  /** Remembers acknowledgements until `dueAtMs`, wall clock, for the checkpoint they are of. */
  ackOrphan(
    queue: PopQueue,
    name: CheckPointName,
    queueOffsets: readonly number[],
    dueAtMs: number,
  ): CheckPoint {
    const known = queue.checkPoints.get(checkPointKey(name.startOffset, name.popTime));
    const orphan = known ?? this.#addOrphan(queue, name, dueAtMs);
    for (const offset of queueOffsets) this.#orphans.get(orphan)?.add(offset);
    return orphan;
  }

  /** The checkpoint of this name has come: its orphan goes. Returns what was acknowledged. */
  adopt(
    queue: PopQueue,
    { startOffset, popTime }: Pick<CheckPointName, 'startOffset' | 'popTime'>,
  ): Iterable<number> {
    const orphan = queue.checkPoints.get(checkPointKey(startOffset, popTime));
    if (orphan === undefined) return [];
    const acked = this.#orphans.get(orphan) ?? [];
    this.forget(orphan);
    return acked;
  }

  /** Nothing comes due any more. */
  close(): void {
    this.#deadlines.close();
  }

  #addOrphan(queue: PopQueue, name: CheckPointName, dueAtMs: number): CheckPoint {
    const { startOffset, popTime, invisibleTime, reviveQueueId, brokerName } = name;
    const orphan = new CheckPoint(queue, startOffset, popTime, invisibleTime, reviveQueueId, [], brokerName);
    orphan.dueAtMs = dueAtMs;
    this.add(orphan);
    this.#orphans.set(orphan, new Set());
    this.schedule(orphan);
    return orphan;
  }
}
