// What earlier runs of this broker, or another broker on this store, wrote to the revive topic: read again, it makes the
// checkpoints that were not done (upstream: PopReviveService#consumeReviveMessage).
import type { Clock } from '@mq/remoting';
import {
  decodePopAck,
  decodePopCheckPoint,
  POP_ACK_TAG,
  POP_BATCH_ACK_TAG,
  POP_CHECK_POINT_TAG,
  type PopAckRecord,
  type PopCheckPointRecord,
} from '@mq/remoting/protocol';

import type { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import type { BrokerSettings } from '../settings.js';
import { CheckPoint, NOT_LOGGED } from './check-point.js';
import type { CheckPointTable } from './check-point-table.js';
import type { PopQueues } from './pop-queue.js';
import type { ReviveLog, ReviveRecord } from './revive-log.js';

/** Acknowledgements of a record that went through the timer wheel come at most this much later than the checkpoint. */
const FOREIGN_ACK_WAIT_MS = 3_000;

export interface CheckPointRecoveryDeps {
  readonly clock: Clock;
  readonly settings: { readonly broker: BrokerSettings };
  readonly brokerName: string;
  readonly queues: PopQueues;
  readonly consumerOffsets: ConsumerOffsetManager;
  readonly log: ReviveLog;
  readonly table: CheckPointTable;
  /** Nothing is left to do for the checkpoint. */
  readonly finish: (checkPoint: CheckPoint) => void;
}

export class CheckPointRecovery {
  readonly #deps: CheckPointRecoveryDeps;
  /** Pops of earlier runs, until `recoverOffsets`. */
  #recovered: PopCheckPointRecord[] | undefined = [];

  constructor(deps: CheckPointRecoveryDeps) {
    this.#deps = deps;
  }

  /** Takes a record that another run of a broker wrote. @throws RemotingError for a body that is none */
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

  #applyCheckPoint(read: PopCheckPointRecord, { queueId, queueOffset, isThroughTimer }: ReviveRecord): void {
    const { clock, queues, table } = this.#deps;
    if (!isThroughTimer) this.#recovered?.push(read);
    const queue = queues.of(read.topic, read.group, read.queueId);
    const known = table.find(queue, read);
    if (known !== undefined) {
      // Written again further on: this is its place now.
      known.bits |= read.bits;
      known.loggedBits |= read.bits;
      this.#place(known, queueOffset);
      return;
    }
    const acked = table.adopt(queue, read);
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
    for (const offset of acked) checkPoint.ack(offset);
    checkPoint.loggedBits = checkPoint.bits;
    checkPoint.rePutTimes = read.rePutTimes;
    if (checkPoint.isAcked) return;
    if (isThroughTimer) {
      checkPoint.dueAtMs = Math.max(checkPoint.reviveTime, clock.now()) + FOREIGN_ACK_WAIT_MS;
    }
    table.add(checkPoint);
    this.#place(checkPoint, queueOffset);
    table.schedule(checkPoint);
  }

  #applyAck(read: PopAckRecord, record: ReviveRecord): void {
    const { queueId, queueOffset, deliverMs, isThroughTimer, isLate } = record;
    const { clock, queues, settings, table } = this.#deps;
    const queue = queues.of(read.topic, read.group, read.queueId);
    const checkPoint = table.find(queue, read);
    if (checkPoint !== undefined) {
      for (const offset of read.offsets) checkPoint.ack(offset);
      checkPoint.loggedBits |= checkPoint.bits;
      if (checkPoint.isAcked) this.#deps.finish(checkPoint);
      return;
    }
    // Out of the wheel an acknowledgement never comes before its checkpoint: that one is done.
    if (isThroughTimer && !isLate) return;
    const keepUntilMs = (isLate ? clock.now() : deliverMs) + settings.broker.reviveAckWaitMs;
    if (keepUntilMs <= clock.now() || table.isFullOfOrphans) return;
    const { startOffset, popTime, brokerName } = read;
    const name = {
      startOffset,
      popTime,
      brokerName,
      invisibleTime: deliverMs - popTime,
      reviveQueueId: queueId,
    };
    const orphan = table.ackOrphan(queue, name, read.offsets, keepUntilMs);
    if (orphan.reviveOffset === NOT_LOGGED) this.#place(orphan, queueOffset);
  }

  #place(checkPoint: CheckPoint, reviveOffset: number): void {
    checkPoint.reviveOffset = reviveOffset;
    this.#deps.log.pin(checkPoint);
  }
}
