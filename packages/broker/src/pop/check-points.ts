// The checkpoints that wait for acknowledgements: from the pop that made them to the moment when everything is acknowledged
// or has to be delivered again (upstream: PopBufferMergeService, PopReviveService#consumeReviveMessage).
//
//   pop ──► open ──► logged ──► acked ──────────────► done
//             │         ▲          ▲                    ▲
//             └► buffered (enablePopBufferMerge) ───────┤
//                                  due ──► reviver ─────┘
//
// Acknowledgements of one turn are written together, one record a checkpoint, and answered when they are in the log.
import type { Clock, Logger, TurnScheduler, TurnTask } from '@mq/remoting';
import {
  decodePopAck,
  decodePopCheckPoint,
  POP_ACK_TAG,
  POP_BATCH_ACK_TAG,
  POP_CHECK_POINT_TAG,
  type PopAckRecord,
  type PopCheckPointRecord,
} from '@mq/remoting/protocol';

import type { BrokerSettings } from '../settings.js';
import type { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import { CheckPoint, checkPointKey, NOT_LOGGED } from './check-point.js';
import { DeadlineBuckets } from './deadline-buckets.js';
import type { PoppedRange, PopQueue, PopQueues } from './pop-queue.js';
import type { ReviveLog, ReviveRecord } from './revive-log.js';

/** Acknowledgements of a record that went through the timer wheel come at most this much later than the checkpoint. */
const FOREIGN_ACK_WAIT_MS = 3_000;
/** Too close to its end a checkpoint is not worth keeping in memory alone (upstream: PopBufferMergeService#addCk). */
const BUFFER_MARGIN_MS = 1_500;
/** Acknowledgements without a checkpoint that are remembered; further ones are only in the log. */
const MAX_ORPHANS = 100_000;

/** Told once its acknowledgements are as durable as they will be. */
export interface AckWaiter {
  onAcked(): void;
}

/** Names a checkpoint, as a handle does. */
export interface CheckPointName {
  readonly startOffset: number;
  readonly popTime: number;
  readonly invisibleTime: number;
  readonly reviveQueueId: number;
  readonly brokerName: string;
}

export interface CheckPointsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly turn: TurnScheduler;
  readonly settings: { readonly broker: BrokerSettings };
  readonly brokerName: string;
  readonly queues: PopQueues;
  readonly consumerOffsets: ConsumerOffsetManager;
  readonly log: ReviveLog;
  /** The time of these messages is over; the receiver ends the checkpoint with `finish`. */
  readonly onExpired: (checkPoint: CheckPoint) => void;
}

export class CheckPoints implements TurnTask {
  queued = false;
  readonly #deps: CheckPointsDeps;
  readonly #deadlines: DeadlineBuckets<CheckPoint>;
  /** Ranges of checkpoints in memory alone: committed when the checkpoint is done or written. */
  readonly #buffered = new Map<CheckPoint, PoppedRange>();
  /** Acknowledgements that came before their checkpoint, which is still in another broker's timer wheel. */
  readonly #orphans = new Map<CheckPoint, Set<number>>();
  #acked = new Map<CheckPoint, AckWaiter[]>();
  #isFlushed = false;
  /** Pops of earlier runs, until `recoverOffsets`. */
  #recovered: PopCheckPointRecord[] | undefined = [];
  /** Of pops since then every checkpoint is known that is not done. */
  readonly #startedAtMs: number;

  constructor(deps: CheckPointsDeps) {
    this.#deps = deps;
    this.#startedAtMs = deps.clock.now();
    this.#deadlines = new DeadlineBuckets(deps.clock, (checkPoint) => this.#due(checkPoint));
  }

  /** Checkpoints in memory alone. */
  get bufferedCount(): number {
    return this.#buffered.size;
  }

  find(
    queue: PopQueue,
    { startOffset, popTime }: Pick<CheckPointName, 'startOffset' | 'popTime'>,
  ): CheckPoint | undefined {
    const checkPoint = queue.checkPoints.get(checkPointKey(startOffset, popTime));
    return checkPoint !== undefined && !this.#orphans.has(checkPoint) ? checkPoint : undefined;
  }

  /** True when nothing is left to do for a checkpoint that `find` does not know: it is done, or its time is over. */
  isGone({ popTime, invisibleTime }: Pick<CheckPointName, 'popTime' | 'invisibleTime'>): boolean {
    return popTime >= this.#startedAtMs || popTime + invisibleTime <= this.#deps.clock.now();
  }

  /**
   * Opens the checkpoint of a pop that ends before `nextOffset`. `done` gets whether the messages may be given out: they
   * then come again when they are not acknowledged, whatever happens to this broker.
   */
  open(checkPoint: CheckPoint, nextOffset: number, done: (isSafe: boolean) => void): void {
    const { queue } = checkPoint;
    const range = queue.open(nextOffset);
    queue.inFlight += checkPoint.offsets.length;
    queue.checkPoints.set(checkPoint.key, checkPoint);
    if (this.#mayBuffer(checkPoint)) {
      checkPoint.isBuffered = true;
      const { popCkStayBufferTime, popCkStayBufferTimeOut } = this.#deps.settings.broker;
      checkPoint.dueAtMs = Math.min(
        checkPoint.popTime + popCkStayBufferTime,
        checkPoint.reviveTime - popCkStayBufferTimeOut,
      );
      this.#buffered.set(checkPoint, range);
      this.#deadlines.add(checkPoint);
      done(true);
      return;
    }
    this.#deps.log.appendCheckPoint(checkPoint, (isLogged) => {
      if (isLogged) {
        this.#deadlines.add(checkPoint);
        this.#settle(queue, range);
      } else {
        queue.withdraw(range);
        queue.acknowledged(checkPoint.offsets.length);
        this.#forget(checkPoint);
      }
      done(isLogged);
    });
  }

  /** Opens a checkpoint that no offset depends on: messages that stay invisible longer, or whose revival failed. */
  openAgain(checkPoint: CheckPoint, done: (isSafe: boolean) => void): void {
    const { queue } = checkPoint;
    queue.checkPoints.set(checkPoint.key, checkPoint);
    this.#deps.log.appendCheckPoint(checkPoint, (isLogged) => {
      if (isLogged) this.#deadlines.add(checkPoint);
      else this.#forget(checkPoint);
      done(isLogged);
    });
  }

  /** A range in which no message matched: nothing to acknowledge, its offset is committed in its turn. */
  skip(queue: PopQueue, nextOffset: number): void {
    this.#settle(queue, queue.open(nextOffset));
  }

  /** Acknowledges messages of a checkpoint; `waiter` may be told within the call. Unknown messages count as acknowledged. */
  ack(queue: PopQueue, name: CheckPointName, offsets: readonly number[], waiter: AckWaiter): void {
    const checkPoint = this.find(queue, name);
    if (checkPoint === undefined) {
      this.#ackOrphan(queue, name, offsets, waiter);
      return;
    }
    let count = 0;
    for (const offset of offsets) if (checkPoint.ack(offset)) count++;
    queue.acknowledged(count);
    if (checkPoint.isBuffered) {
      if (checkPoint.isAcked) this.finish(checkPoint);
      waiter.onAcked();
      return;
    }
    if (count === 0 && !this.#acked.has(checkPoint)) {
      waiter.onAcked();
      return;
    }
    const waiters = this.#acked.get(checkPoint);
    if (waiters === undefined) this.#acked.set(checkPoint, [waiter]);
    else waiters.push(waiter);
    this.#deps.turn.atTurnEnd(0, this);
  }

  /** Writes what was acknowledged in this turn. */
  runAtTurnEnd(): void {
    const acked = this.#acked;
    if (acked.size === 0) return;
    this.#acked = new Map();
    for (const [checkPoint, waiters] of acked) this.#logAcks(checkPoint, waiters);
  }

  /** Nothing is left to do for the checkpoint. */
  finish(checkPoint: CheckPoint): void {
    if (checkPoint.isDone) return;
    const range = this.#buffered.get(checkPoint);
    if (range !== undefined) {
      this.#buffered.delete(checkPoint);
      this.#settle(checkPoint.queue, range);
    }
    this.#forget(checkPoint);
  }

  /** The log takes no records now: the checkpoint itself comes due again after `delayMs`. */
  retryLater(checkPoint: CheckPoint, delayMs: number): void {
    if (checkPoint.isDone) return;
    checkPoint.dueAtMs = this.#deps.clock.now() + delayMs;
    this.#deadlines.add(checkPoint);
  }

  /** Takes a record that another run of a broker wrote. Throws RemotingError for a body that is none. */
  apply(record: ReviveRecord): void {
    const { brokerName } = this.#deps;
    if (record.tag === POP_CHECK_POINT_TAG)
      this.#applyCheckPoint(decodePopCheckPoint(record.body, brokerName), record);
    else if (record.tag === POP_ACK_TAG || record.tag === POP_BATCH_ACK_TAG)
      this.#applyAck(decodePopAck(record.body, brokerName), record);
  }

  /**
   * Moves the offsets of groups behind what was popped since they were saved: these messages are in checkpoints, they come
   * again if and when nobody acknowledges them. Call once, when everything was read; what was popped before `savedAtMs`, wall
   * clock, is in the saved offsets, or an operator set them back since.
   */
  recoverOffsets(savedAtMs: number): void {
    const { consumerOffsets } = this.#deps;
    const ranges = (this.#recovered ?? []).filter(({ popTime }) => popTime >= savedAtMs);
    this.#recovered = undefined;
    for (const { topic, group, queueId, startOffset, offsets } of ranges.sort(
      (a, b) => a.startOffset - b.startOffset,
    )) {
      const known = consumerOffsets.query(group, topic, queueId);
      const committed = known < 0 ? startOffset : known;
      const next = (offsets.at(-1) ?? startOffset - 1) + 1;
      // A gap was popped before, or passed over by a filter: it is popped again.
      if (startOffset <= committed && next > committed) {
        consumerOffsets.commit('pop recovery', group, topic, queueId, next);
      }
    }
  }

  /** Writes all that is in memory alone, and keeps nothing there any more; resolves once it is in the log, or cannot be. */
  async flush(): Promise<void> {
    this.#isFlushed = true;
    this.runAtTurnEnd();
    await Promise.all(
      [...this.#buffered.keys()].map(
        (checkPoint) => new Promise<void>((resolve) => this.#logBuffered(checkPoint, resolve)),
      ),
    );
  }

  close(): void {
    this.#deadlines.close();
  }

  #mayBuffer({ reviveTime, queue }: CheckPoint): boolean {
    const settings = this.#deps.settings.broker;
    return (
      settings.enablePopBufferMerge &&
      !this.#isFlushed &&
      reviveTime - this.#deps.clock.now() >= settings.popCkStayBufferTimeOut + BUFFER_MARGIN_MS &&
      this.#buffered.size < settings.popCkMaxBufferSize &&
      queue.openRanges <= settings.popCkOffsetMaxQueueSize
    );
  }

  #due(checkPoint: CheckPoint): void {
    if (checkPoint.isDone) return;
    if (this.#orphans.has(checkPoint)) this.#forget(checkPoint);
    else if (checkPoint.isBuffered) this.#logBuffered(checkPoint, () => undefined);
    else if (checkPoint.isAcked) this.finish(checkPoint);
    else this.#deps.onExpired(checkPoint);
  }

  #logBuffered(checkPoint: CheckPoint, done: () => void): void {
    this.#deadlines.delete(checkPoint);
    this.#deps.log.appendCheckPoint(checkPoint, (isLogged) => {
      if (checkPoint.isDone) return done();
      const range = this.#buffered.get(checkPoint);
      // Not written: it is tried again until its time is over, when it is as good as written.
      const isOver = checkPoint.reviveTime <= this.#deps.clock.now();
      if (isLogged || isOver) {
        checkPoint.isBuffered = false;
        this.#buffered.delete(checkPoint);
        if (range !== undefined && isLogged) this.#settle(checkPoint.queue, range);
        checkPoint.dueAtMs = checkPoint.reviveTime;
        // Acknowledgements that came meanwhile are not in the record.
        if (checkPoint.bits !== checkPoint.loggedBits) this.#logAcks(checkPoint, []);
      } else {
        checkPoint.dueAtMs = this.#deps.clock.now() + BUFFER_MARGIN_MS;
      }
      this.#deadlines.add(checkPoint);
      done();
    });
  }

  #logAcks(checkPoint: CheckPoint, waiters: readonly AckWaiter[]): void {
    const added = checkPoint.bits & ~checkPoint.loggedBits;
    if (added === 0 || checkPoint.isDone) {
      for (const waiter of waiters) waiter.onAcked();
      return;
    }
    this.#deps.log.appendAcks(checkPoint, checkPoint.offsetsOf(added), (place) => {
      if (place !== NOT_LOGGED) checkPoint.loggedBits |= added;
      if (checkPoint.loggedBits === checkPoint.allBits) this.finish(checkPoint);
      for (const waiter of waiters) waiter.onAcked();
    });
  }

  /** No such checkpoint: it is done, or still in the timer wheel of the broker that had this store before. */
  #ackOrphan(queue: PopQueue, name: CheckPointName, offsets: readonly number[], waiter: AckWaiter): void {
    const { settings, log } = this.#deps;
    if (this.isGone(name) || this.#orphans.size >= MAX_ORPHANS) {
      waiter.onAcked();
      return;
    }
    const orphan = this.#orphan(
      queue,
      name,
      name.popTime + name.invisibleTime + settings.broker.reviveAckWaitMs,
    );
    for (const offset of offsets) this.#orphans.get(orphan)?.add(offset);
    log.appendAcks(orphan, offsets, (place) => {
      if (place !== NOT_LOGGED && orphan.reviveOffset === NOT_LOGGED && !orphan.isDone) {
        orphan.reviveOffset = place;
        log.pin(orphan);
      }
      waiter.onAcked();
    });
  }

  #orphan(queue: PopQueue, name: CheckPointName, dueAtMs: number): CheckPoint {
    const known = queue.checkPoints.get(checkPointKey(name.startOffset, name.popTime));
    if (known !== undefined) return known;
    const { startOffset, popTime, invisibleTime, reviveQueueId, brokerName } = name;
    const orphan = new CheckPoint(queue, startOffset, popTime, invisibleTime, reviveQueueId, [], brokerName);
    orphan.dueAtMs = dueAtMs;
    queue.checkPoints.set(orphan.key, orphan);
    this.#orphans.set(orphan, new Set());
    this.#deadlines.add(orphan);
    return orphan;
  }

  #applyCheckPoint(read: PopCheckPointRecord, { queueId, queueOffset, isThroughTimer }: ReviveRecord): void {
    if (!isThroughTimer) this.#recovered?.push(read);
    const queue = this.#deps.queues.of(read.topic, read.group, read.queueId);
    const known = queue.checkPoints.get(checkPointKey(read.startOffset, read.popTime));
    const acked = known === undefined ? undefined : this.#orphans.get(known);
    if (known !== undefined && acked === undefined) {
      // Written again further on: this is its place now.
      known.bits |= read.bits;
      known.loggedBits |= read.bits;
      this.#place(known, queueOffset);
      return;
    }
    if (known !== undefined) this.#forget(known);
    const { startOffset, popTime, invisibleTime, offsets, brokerName } = read;
    const checkPoint = new CheckPoint(
      queue,
      startOffset,
      popTime,
      invisibleTime,
      queueId,
      offsets,
      brokerName,
    );
    checkPoint.bits = read.bits & checkPoint.allBits;
    for (const offset of acked ?? []) checkPoint.ack(offset);
    checkPoint.loggedBits = checkPoint.bits;
    checkPoint.rePutTimes = read.rePutTimes;
    if (checkPoint.isAcked) return;
    if (isThroughTimer) {
      checkPoint.dueAtMs = Math.max(checkPoint.reviveTime, this.#deps.clock.now()) + FOREIGN_ACK_WAIT_MS;
    }
    queue.checkPoints.set(checkPoint.key, checkPoint);
    this.#place(checkPoint, queueOffset);
    this.#deadlines.add(checkPoint);
  }

  #applyAck(read: PopAckRecord, { queueId, queueOffset, deliverMs, isThroughTimer }: ReviveRecord): void {
    const queue = this.#deps.queues.of(read.topic, read.group, read.queueId);
    const checkPoint = this.find(queue, read);
    if (checkPoint !== undefined) {
      for (const offset of read.offsets) checkPoint.ack(offset);
      checkPoint.loggedBits |= checkPoint.bits;
      if (checkPoint.isAcked) this.finish(checkPoint);
      return;
    }
    const keepUntilMs = deliverMs + this.#deps.settings.broker.reviveAckWaitMs;
    // Through the wheel an acknowledgement never comes before its checkpoint: that one is done.
    if (isThroughTimer || keepUntilMs <= this.#deps.clock.now() || this.#orphans.size >= MAX_ORPHANS) return;
    const { startOffset, popTime, brokerName } = read;
    const name = {
      startOffset,
      popTime,
      brokerName,
      invisibleTime: deliverMs - popTime,
      reviveQueueId: queueId,
    };
    const orphan = this.#orphan(queue, name, keepUntilMs);
    for (const offset of read.offsets) this.#orphans.get(orphan)?.add(offset);
    if (orphan.reviveOffset === NOT_LOGGED) this.#place(orphan, queueOffset);
  }

  #place(checkPoint: CheckPoint, reviveOffset: number): void {
    checkPoint.reviveOffset = reviveOffset;
    this.#deps.log.pin(checkPoint);
  }

  #settle(queue: PopQueue, range: PoppedRange): void {
    const offset = queue.settle(range);
    if (offset >= 0)
      this.#deps.consumerOffsets.commit('pop', queue.group, queue.topic, queue.queueId, offset);
  }

  #forget(checkPoint: CheckPoint): void {
    checkPoint.isDone = true;
    this.#orphans.delete(checkPoint);
    this.#deadlines.delete(checkPoint);
    const { checkPoints } = checkPoint.queue;
    if (checkPoints.get(checkPoint.key) === checkPoint) checkPoints.delete(checkPoint.key);
  }
}
