// The checkpoints that wait for acknowledgements: from the pop that made them to the moment when everything is acknowledged
// or has to be delivered again (upstream: PopBufferMergeService).
//
//   pop ──► open ──► logged ──► acked ──────────────► done
//             │         ▲          ▲                    ▲
//             └► buffered (enablePopBufferMerge) ───────┤
//                                  due ──► reviver ─────┘
//
// Acknowledgements of one turn are written together, one record a checkpoint, and answered when they are in the log.
import type { Clock, Logger, TurnScheduler, TurnTask } from '@mq/remoting';

import type { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import type { BrokerSettings } from '../settings.js';
import { type CheckPoint, type CheckPointName, NOT_LOGGED } from './check-point.js';
import { CheckPointRecovery } from './check-point-recovery.js';
import { CheckPointTable } from './check-point-table.js';
import type { PoppedRange, PopQueue, PopQueues } from './pop-queue.js';
import type { ReviveLog, ReviveRecord } from './revive-log.js';

/** Too close to its end a checkpoint is not worth keeping in memory alone (upstream: PopBufferMergeService#addCk). */
const BUFFER_MARGIN_MS = 1_500;
/** Told once its acknowledgements are as durable as they will be. */
export interface AckWaiter {
  onAcked(): void;
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
  readonly #table: CheckPointTable;
  readonly #recovery: CheckPointRecovery;
  /** Ranges of checkpoints in memory alone: committed when the checkpoint is done or written. */
  readonly #buffered = new Map<CheckPoint, PoppedRange>();
  #acked = new Map<CheckPoint, AckWaiter[]>();
  #isFlushed = false;
  /** Of pops since then every checkpoint is known that is not done. */
  readonly #startedAtMs: number;

  constructor(deps: CheckPointsDeps) {
    this.#deps = deps;
    this.#startedAtMs = deps.clock.now();
    const table = new CheckPointTable(deps.clock, (checkPoint) => this.#due(checkPoint));
    this.#table = table;
    this.#recovery = new CheckPointRecovery({
      ...deps,
      table,
      finish: (checkPoint) => this.finish(checkPoint),
    });
  }

  /** One that is not done. */
  find(queue: PopQueue, name: Pick<CheckPointName, 'startOffset' | 'popTime'>): CheckPoint | undefined {
    return this.#table.find(queue, name);
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
    this.#table.add(checkPoint);
    if (this.#mayBuffer(checkPoint)) {
      checkPoint.isBuffered = true;
      const { popCkStayBufferTime, popCkStayBufferTimeOut } = this.#deps.settings.broker;
      checkPoint.dueAtMs = Math.min(
        checkPoint.popTime + popCkStayBufferTime,
        checkPoint.reviveTime - popCkStayBufferTimeOut,
      );
      this.#buffered.set(checkPoint, range);
      this.#table.schedule(checkPoint);
      done(true);
      return;
    }
    this.#deps.log.appendCheckPoint(checkPoint, (isLogged) => {
      if (isLogged) {
        this.#table.schedule(checkPoint);
        this.#settle(queue, range);
      } else {
        queue.withdraw(range);
        queue.acknowledged(checkPoint.offsets.length);
        this.#table.forget(checkPoint);
      }
      done(isLogged);
    });
  }

  /** Opens a checkpoint that no offset depends on: messages that stay invisible longer, or whose revival failed. */
  openAgain(checkPoint: CheckPoint, done: (isSafe: boolean) => void): void {
    this.#table.add(checkPoint);
    this.#deps.log.appendCheckPoint(checkPoint, (isLogged) => {
      if (isLogged) this.#table.schedule(checkPoint);
      else this.#table.forget(checkPoint);
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
    this.#table.forget(checkPoint);
  }

  /** The log takes no records now: the checkpoint itself comes due again after `delayMs`. */
  retryLater(checkPoint: CheckPoint, delayMs: number): void {
    if (checkPoint.isDone) return;
    checkPoint.dueAtMs = this.#deps.clock.now() + delayMs;
    this.#table.schedule(checkPoint);
  }

  /** See `CheckPointRecovery`. */
  apply(record: ReviveRecord): void {
    this.#recovery.apply(record);
  }

  /** See `CheckPointRecovery`. */
  recoverOffsets(savedAtMs: number): void {
    this.#recovery.recoverOffsets(savedAtMs);
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
    this.#table.close();
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
    if (this.#table.isOrphan(checkPoint)) this.#table.forget(checkPoint);
    else if (checkPoint.isBuffered) this.#logBuffered(checkPoint, () => undefined);
    else if (checkPoint.isAcked) this.finish(checkPoint);
    else this.#deps.onExpired(checkPoint);
  }

  #logBuffered(checkPoint: CheckPoint, done: () => void): void {
    this.#table.unschedule(checkPoint);
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
      this.#table.schedule(checkPoint);
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
    if (this.isGone(name) || this.#table.isFullOfOrphans) {
      waiter.onAcked();
      return;
    }
    const keepUntilMs = name.popTime + name.invisibleTime + settings.broker.reviveAckWaitMs;
    const orphan = this.#table.ackOrphan(queue, name, offsets, keepUntilMs);
    log.appendAcks(orphan, offsets, (place) => {
      if (place !== NOT_LOGGED && orphan.reviveOffset === NOT_LOGGED && !orphan.isDone) {
        orphan.reviveOffset = place;
        log.pin(orphan);
      }
      waiter.onAcked();
    });
  }

  #settle(queue: PopQueue, range: PoppedRange): void {
    const offset = queue.settle(range);
    if (offset >= 0)
      this.#deps.consumerOffsets.commit('pop', queue.group, queue.topic, queue.queueId, offset);
  }
}
