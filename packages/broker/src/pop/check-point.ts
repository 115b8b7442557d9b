import { MAX_MESSAGES_OF_A_POP, type PopCheckPointRecord } from '@mq/remoting/protocol';

import type { PopQueue } from './pop-queue.js';

/** No place in the revive log yet. */
export const NOT_LOGGED = -1;

/** The name of a checkpoint within its queue. */
export const checkPointKey = (startOffset: number, popTime: number): string => `${startOffset}@${popTime}`;

/** Names a checkpoint, as a handle does. */
export interface CheckPointName {
  readonly startOffset: number;
  readonly popTime: number;
  readonly invisibleTime: number;
  readonly reviveQueueId: number;
  readonly brokerName: string;
}

/** Messages that were popped together from one queue, and which of them are acknowledged (upstream: PopCheckPoint). */
export class CheckPoint {
  /** Bit i: message i is acknowledged. */
  bits = 0;
  /** Acknowledgements that the revive log holds. */
  loggedBits = 0;
  /** Where the revive log holds it. */
  reviveOffset = NOT_LOGGED;
  /** Wall clock ms at which something has to be done about it. */
  dueAtMs: number;
  /** Wall clock ms at which it was written to the revive log last. */
  loggedAtMs: number;
  /** In memory alone so far. */
  isBuffered = false;
  /** Nothing is left to do. */
  isDone = false;
  rePutTimes = 0;
  readonly reviveTime: number;
  readonly key: string;

  constructor(
    readonly queue: PopQueue,
    readonly startOffset: number,
    readonly popTime: number,
    readonly invisibleTime: number,
    readonly reviveQueueId: number,
    /** Queue offsets of the messages, ascending; at most 32. Empty: a checkpoint not seen yet, of which acks came. */
    readonly offsets: readonly number[],
    readonly brokerName: string,
  ) {
    if (offsets.length > MAX_MESSAGES_OF_A_POP) throw new RangeError('a checkpoint holds 32 messages');
    this.reviveTime = popTime + invisibleTime;
    this.dueAtMs = this.reviveTime;
    this.loggedAtMs = popTime;
    this.key = checkPointKey(startOffset, popTime);
  }

  get isAcked(): boolean {
    return this.bits === this.allBits;
  }

  /** `bits` of a checkpoint with nothing left to acknowledge. */
  get allBits(): number {
    const { length } = this.offsets;
    return length === MAX_MESSAGES_OF_A_POP ? -1 : (1 << length) - 1;
  }

  /** True when the message is one of this checkpoint and was not acknowledged before. */
  ack(queueOffset: number): boolean {
    const index = this.offsets.indexOf(queueOffset);
    if (index < 0) return false;
    const before = this.bits;
    this.bits |= 1 << index;
    return this.bits !== before;
  }

  holds(queueOffset: number): boolean {
    return this.offsets.includes(queueOffset);
  }

  isAckedAt(queueOffset: number): boolean {
    const index = this.offsets.indexOf(queueOffset);
    return index >= 0 && (this.bits & (1 << index)) !== 0;
  }

  /** Offsets whose bit is set in `bits`. */
  offsetsOf(bits: number): number[] {
    return this.offsets.filter((_offset, index) => (bits & (1 << index)) !== 0);
  }

  toRecord(): PopCheckPointRecord {
    const { topic, group, queueId } = this.queue;
    return {
      topic,
      group,
      queueId,
      startOffset: this.startOffset,
      popTime: this.popTime,
      invisibleTime: this.invisibleTime,
      brokerName: this.brokerName,
      offsets: this.offsets,
      bits: this.bits,
      rePutTimes: this.rePutTimes,
    };
  }
}
