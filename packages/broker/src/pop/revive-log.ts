// The revive topic: every checkpoint and every acknowledgement is a record of it, so that a restart knows what was popped
// and not acknowledged (upstream: PopReviveService, and the appending parts of PopBufferMergeService).
//
// A deliberate difference: upstream sends each record through the timer wheel, so that it appears in the revive topic when
// it is due, and reads it again then. Here a record goes to the revive topic at once, in the same bytes, and what is due is
// kept in memory; a record is read only after a restart. That is one write instead of four, and no read. Records that came
// through the wheel (of Apache's broker before, or of one that takes over) are read as they appear.
import type { Clock, Logger } from '@mq/remoting';
import {
  decodeProperties,
  encodeProperties,
  MessageConst,
  RecordLayout,
  recordQueueOffset,
  recordSize,
} from '@mq/remoting/message';
import { encodePopAck, encodePopCheckPoint, POP_CHECK_POINT_TAG, popAckTag } from '@mq/remoting/protocol';
import type { AppendMessage, GetMessageResult, MessageStore, PutResult, PutWaiter } from '@mq/store';

import type { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import { isStored } from '../processor/send/put-status.js';
import { type CheckPoint, NOT_LOGGED } from './check-point.js';
import { RevivePins } from './revive-pins.js';

/** Upstream: PopAckConstants.REVIVE_GROUP. Its offset of a revive queue is that of the last record dealt with. */
export const REVIVE_GROUP = 'CID_RMQ_SYS_REVIVE_GROUP';
/** Upstream sends a checkpoint this long before its messages come again. */
const CHECK_POINT_LEAD_MS = 1_000;
/** TIMER_ENQUEUE_MS of a message that was due before it could be put into the timer wheel (Java's Long.MAX_VALUE). */
const NEVER_ENQUEUED = '9223372036854775807';
const READ_MESSAGES = 512;
const READ_BYTES = 1024 * 1024;
/**
 * A checkpoint so many records, or so long, behind the end of its queue is written again: else one message that stays
 * invisible for hours would make a restart read all records of these hours, and its own could expire with the log.
 */
const MAX_BEHIND_RECORDS = 200_000;
const MAX_BEHIND_MS = 6 * 3_600_000;

/** What was read from the revive topic. */
export interface ReviveRecord {
  readonly tag: string | undefined;
  readonly body: Buffer;
  readonly queueId: number;
  readonly queueOffset: number;
  /** Property TIMER_DELIVER_MS; 0 without. */
  readonly deliverMs: number;
  /** It went through the timer wheel: records come in the order in which they were due. */
  readonly isThroughTimer: boolean;
  /** It was due before it could be put into the wheel: it may come before records that were due earlier. */
  readonly isLate: boolean;
}

export interface ReviveLogDeps {
  readonly topic: string;
  readonly queueCount: number;
  readonly store: MessageStore;
  readonly storeHost: Buffer;
  readonly consumerOffsets: ConsumerOffsetManager;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes a record that another run of a broker wrote. */
  readonly apply: (record: ReviveRecord) => void;
}

interface ReviveQueue {
  readonly queueId: number;
  /** First offset that was neither written by this run nor read. */
  next: number;
  /** Offsets behind `next` that this run wrote. */
  readonly own: Set<number>;
  readonly pins: RevivePins;
  reading: Promise<void> | undefined;
}

export class ReviveLog {
  readonly #deps: ReviveLogDeps;
  readonly #queues: ReviveQueue[] = [];
  #turn = 0;

  constructor(deps: ReviveLogDeps) {
    this.#deps = deps;
    for (let queueId = 0; queueId < deps.queueCount; queueId++) {
      const committed = deps.consumerOffsets.query(REVIVE_GROUP, deps.topic, queueId);
      const min = deps.store.minOffsetInQueue(deps.topic, queueId);
      const next = Math.min(Math.max(committed + 1, min), deps.store.maxOffsetInQueue(deps.topic, queueId));
      this.#queues.push({ queueId, next, own: new Set(), pins: new RevivePins(), reading: undefined });
    }
  }

  /** The revive queue of the next pop: all take turns. */
  nextQueueId(): number {
    this.#turn = (this.#turn + 1) % this.#queues.length;
    return this.#turn;
  }

  /** Writes the checkpoint with its acknowledgements so far; `done` gets whether the log has it now. */
  appendCheckPoint(checkPoint: CheckPoint, done: (isLogged: boolean) => void): void {
    const { bits } = checkPoint;
    const body = encodePopCheckPoint(checkPoint.toRecord());
    const deliverMs = checkPoint.reviveTime - CHECK_POINT_LEAD_MS;
    const queue = this.#queueOf(checkPoint.reviveQueueId);
    this.#append(queue, POP_CHECK_POINT_TAG, body, deliverMs, (result) => {
      if (!isStored(result.status)) {
        this.#deps.logger.error('a checkpoint could not be stored', {
          status: result.status,
          remark: result.remark,
        });
        done(false);
        return;
      }
      checkPoint.reviveOffset = result.queueOffset;
      checkPoint.loggedBits |= bits;
      queue.pins.add(checkPoint);
      done(true);
    });
  }

  /** Writes that these messages are acknowledged; `done` gets the place of the record, or NOT_LOGGED. */
  appendAcks(checkPoint: CheckPoint, offsets: readonly number[], done: (reviveOffset: number) => void): void {
    const { queue, startOffset, popTime, brokerName, reviveTime } = checkPoint;
    const { topic, group, queueId } = queue;
    const body = encodePopAck({ topic, group, queueId, startOffset, popTime, brokerName, offsets });
    const reviveQueue = this.#queueOf(checkPoint.reviveQueueId);
    this.#append(reviveQueue, popAckTag(offsets), body, reviveTime, (result) => {
      const isLogged = isStored(result.status);
      if (!isLogged) {
        const { status, remark } = result;
        this.#deps.logger.error('an acknowledgement could not be stored', { status, remark });
      }
      done(isLogged ? result.queueOffset : NOT_LOGGED);
    });
  }

  /** The checkpoint has the place `reviveOffset`, and must be read again after a restart. */
  pin(checkPoint: CheckPoint): void {
    this.#queueOf(checkPoint.reviveQueueId).pins.add(checkPoint);
  }

  /** Reads what this run did not write. Rejects with a DiskError; what was read before it counts. */
  async readForeign(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => this.#readForeign(queue)));
  }

  /** Commits how far the revive queues are dealt with, and writes a checkpoint again that keeps them from moving on. */
  commit(): void {
    const { consumerOffsets, topic } = this.#deps;
    for (const queue of this.#queues) {
      this.#rewriteFarBehind(queue);
      const dealtWith = (queue.pins.first()?.reviveOffset ?? queue.next) - 1;
      const { queueId } = queue;
      if (Math.min(dealtWith, queue.next - 1) <= consumerOffsets.query(REVIVE_GROUP, topic, queueId))
        continue;
      consumerOffsets.commit('pop revive', REVIVE_GROUP, topic, queueId, Math.min(dealtWith, queue.next - 1));
    }
  }

  #rewriteFarBehind(queue: ReviveQueue): void {
    const now = this.#deps.clock.now();
    const first = queue.pins.first();
    if (first === undefined || first.offsets.length === 0) return;
    const isFar = queue.next - first.reviveOffset > MAX_BEHIND_RECORDS;
    if (!isFar && now - first.loggedAtMs < MAX_BEHIND_MS) return;
    first.loggedAtMs = now;
    // The next one is looked at when this one is in its new place; when it is not stored, the old place stays.
    this.appendCheckPoint(first, () => undefined);
  }

  async #readForeign(queue: ReviveQueue): Promise<void> {
    queue.reading ??= this.#readGap(queue).finally(() => (queue.reading = undefined));
    await queue.reading;
  }

  async #readGap(queue: ReviveQueue): Promise<void> {
    const { store, topic } = this.#deps;
    for (;;) {
      while (queue.own.delete(queue.next)) queue.next++;
      if (queue.next >= store.maxOffsetInQueue(topic, queue.queueId)) return;
      const offset = queue.next;
      const result = await store.getMessage({
        group: REVIVE_GROUP,
        topic,
        queueId: queue.queueId,
        offset,
        maxMsgNums: READ_MESSAGES,
        maxBytes: READ_BYTES,
      });
      try {
        this.#applyAll(queue, result);
      } finally {
        result.release();
      }
      if (result.nextBeginOffset > queue.next) queue.next = result.nextBeginOffset;
      // Nothing moved: it is not readable now, the next round tries again.
      if (queue.next === offset) return;
    }
  }

  #applyAll(queue: ReviveQueue, { buffers }: GetMessageResult): void {
    const layout = new RecordLayout();
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length; at += recordSize(buffer, at)) {
        const queueOffset = recordQueueOffset(buffer, at);
        queue.next = queueOffset + 1;
        if (queue.own.delete(queueOffset) || !layout.locate(buffer, at)) continue;
        const properties = decodeProperties(
          buffer.toString('utf8', layout.propertiesStart, layout.propertiesEnd),
        );
        const record: ReviveRecord = {
          tag: properties[MessageConst.TAGS],
          body: buffer.subarray(layout.bodyStart, layout.bodyEnd),
          queueId: queue.queueId,
          queueOffset,
          deliverMs: Number(properties[MessageConst.TIMER_DELIVER_MS] ?? 0) || 0,
          isThroughTimer: properties[MessageConst.TIMER_ENQUEUE_MS] !== undefined,
          isLate: properties[MessageConst.TIMER_ENQUEUE_MS] === NEVER_ENQUEUED,
        };
        try {
          this.#deps.apply(record);
        } catch (error) {
          const { queueId } = queue;
          this.#deps.logger.error('a record of the revive topic cannot be read', {
            queueId,
            queueOffset,
            error,
          });
        }
      }
    }
  }

  /** A revive queue of a handle may lie beyond a count that was lowered since. */
  #queueOf(queueId: number): ReviveQueue {
    const { length } = this.#queues;
    return this.#queues[((queueId % length) + length) % length]!;
  }

  #append(
    queue: ReviveQueue,
    tag: string,
    body: Buffer,
    deliverMs: number,
    done: (result: PutResult) => void,
  ): void {
    const { topic, storeHost, clock, store } = this.#deps;
    const message: AppendMessage = {
      topic,
      queueId: queue.queueId,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: clock.now(),
      bornHost: storeHost,
      storeHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body,
      // The times say when it would have come out of the timer wheel: that is how Apache's broker reads it.
      properties: Buffer.from(
        encodeProperties({
          [MessageConst.TAGS]: tag,
          [MessageConst.TIMER_DELIVER_MS]: String(deliverMs),
          [MessageConst.TIMER_OUT_MS]: String(deliverMs),
        }),
      ),
      waitStoreMsgOk: true,
    };
    store.append(message, new OwnRecord(queue, done));
  }
}

class OwnRecord implements PutWaiter {
  constructor(
    private readonly queue: ReviveQueue,
    private readonly done: (result: PutResult) => void,
  ) {}

  onPutResult(result: PutResult): void {
    const { queue } = this;
    const { queueOffset } = result;
    if (queueOffset === queue.next) queue.next++;
    else if (queueOffset > queue.next) queue.own.add(queueOffset);
    this.done(result);
  }
}
