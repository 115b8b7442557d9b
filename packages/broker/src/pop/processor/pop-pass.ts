// One pass of a pop over the queues it may take from, one after the other until it has enough (upstream:
// PopMessageProcessor#popMsgFromTopic, #popMsgFromQueue). Queues whose records are in memory are read without waiting.
import { recordQueueOffset, recordSize } from '@mq/remoting/message';
import {
  formatPopHandle,
  isRetryTopic,
  msgOffsetEntry,
  POP_ORDER_REVIVE_QUEUE,
  popRetryFlag,
  startOffsetEntry,
  type PopMessageRequestHeader,
} from '@mq/remoting/protocol';
import type { GetMessageResult, GetMessageStatus, MessageFilter } from '@mq/store';

import type { BrokerParts } from '../../broker-parts.js';
import { CheckPoint } from '../check-point.js';
import { popOffset, takePopOffset } from '../pop-offsets.js';
import type { PopQueue } from '../pop-queue.js';
import { retryRecord } from './retry-record.js';

/** A queue to take from. */
export interface PopSource {
  readonly topic: string;
  readonly queueId: number;
}

/** The group's offset is not in the queue: it goes where the store says, and is read again. */
const MISPLACED: ReadonlySet<GetMessageStatus> = new Set([
  'OFFSET_TOO_SMALL',
  'OFFSET_OVERFLOW_BADLY',
  'OFFSET_FOUND_NULL',
]);
/** Nothing to deliver up to the next offset. */
const PASSED_OVER: ReadonlySet<GetMessageStatus> = new Set([
  'NO_MATCHED_MESSAGE',
  'OFFSET_FOUND_NULL',
  'MESSAGE_WAS_REMOVING',
  'NO_MATCHED_LOGIC_QUEUE',
]);

export class PopPass {
  readonly popTime: number;
  readonly reviveQueueId: number;
  readonly startOffsets: string[] = [];
  readonly msgOffsets: string[] = [];
  readonly orderCounts: string[] = [];
  readonly buffers: Buffer[] = [];
  bytes = 0;
  messages = 0;
  /** Messages left in the queues looked at. */
  rest = 0;
  /** Queues that another pop held. */
  readonly lockedQueues: PopQueue[] = [];
  readonly #results: GetMessageResult[] = [];
  #at = 0;
  /** Checkpoints being written, and the pass itself. */
  #open = 1;

  /** @param done called once, when the messages may be given out */
  constructor(
    private readonly broker: BrokerParts,
    private readonly header: PopMessageRequestHeader,
    private readonly sources: readonly PopSource[],
    private readonly filter: MessageFilter | undefined,
    private readonly remoteAddress: string,
    private readonly done: (pass: PopPass) => void,
  ) {
    this.popTime = broker.clock.now();
    this.reviveQueueId = this.#isOrder ? POP_ORDER_REVIVE_QUEUE : broker.pop.log.nextQueueId();
  }

  /** Runs to the end, or to the first read that has to wait: then the promise goes on. Rejects with a DiskError. */
  run(): undefined | Promise<undefined> {
    while (this.#at < this.sources.length) {
      const waiting = this.#take(this.sources[this.#at++] as PopSource);
      if (waiting !== undefined) return waiting.then(() => this.run());
    }
    this.#close();
    return undefined;
  }

  /** Gives the memory of the records back; call once they have left. */
  release(): void {
    for (const result of this.#results.splice(0)) result.release();
  }

  get #isOrder(): boolean {
    return this.header.order ?? false;
  }

  #take({ topic, queueId }: PopSource): Promise<void> | undefined {
    const { pop, store, settings } = this.broker;
    const { consumerGroup, initMode, attemptId, invisibleTime } = this.header;
    const queue = pop.queues.of(topic, consumerGroup, queueId);
    if (queue.isLocked) {
      this.lockedQueues.push(queue);
      if (!this.#isOrder) this.#countRest(queue, popOffset(this.broker, queue, initMode));
      return undefined;
    }
    queue.lastPopTime = this.popTime;
    const { enablePopMessageThreshold, popInflightMessageThreshold } = settings.broker;
    if (enablePopMessageThreshold && queue.inFlight > popInflightMessageThreshold) {
      this.#countRest(queue, popOffset(this.broker, queue, initMode));
      return undefined;
    }
    const offset = takePopOffset(this.broker, queue, initMode);
    if (this.#isOrder) {
      if (pop.orderInfo.isBlocked(attemptId, topic, consumerGroup, queueId, invisibleTime)) return undefined;
      queue.inFlight = 0;
    }
    const max = store.maxOffsetInQueue(topic, queueId);
    if (offset === max) return undefined;
    if (this.messages >= this.header.maxMsgNums) {
      this.rest += max - offset;
      return undefined;
    }
    queue.isLocked = true;
    return this.#read(queue, offset);
  }

  #read(queue: PopQueue, offset: number, isSecond = false): Promise<void> | undefined {
    const { topic, group, queueId } = queue;
    let result: GetMessageResult | Promise<GetMessageResult>;
    try {
      result = this.broker.store.getMessage({
        group,
        topic,
        queueId,
        offset,
        maxMsgNums: this.header.maxMsgNums - this.messages,
        filter: this.filter,
      });
    } catch (error) {
      queue.isLocked = false;
      throw error;
    }
    if (!(result instanceof Promise)) return this.#handle(queue, offset, result, isSecond);
    return result.then(
      (read) => this.#handle(queue, offset, read, isSecond),
      (error: unknown) => {
        queue.isLocked = false;
        throw error;
      },
    );
  }

  #handle(
    queue: PopQueue,
    offset: number,
    result: GetMessageResult,
    isSecond: boolean,
  ): Promise<void> | undefined {
    const { consumerOffsets } = this.broker;
    const { topic, group, queueId } = queue;
    const { status, nextBeginOffset } = result;
    if (!isSecond && MISPLACED.has(status)) {
      result.release();
      this.broker.logger.warn('the offset of a pop corrected', {
        topic,
        group,
        queueId,
        offset,
        nextBeginOffset,
        status,
      });
      consumerOffsets.commit(this.remoteAddress, group, topic, queueId, nextBeginOffset);
      return this.#read(queue, nextBeginOffset, true);
    }
    this.rest += Math.max(0, result.maxOffset - nextBeginOffset);
    if (result.messageCount > 0) {
      this.#found(queue, offset, result);
      return undefined;
    }
    result.release();
    queue.isLocked = false;
    if (PASSED_OVER.has(status) && nextBeginOffset > -1) {
      if (this.#isOrder) consumerOffsets.commit(this.remoteAddress, group, topic, queueId, nextBeginOffset);
      else this.broker.pop.checkPoints.skip(queue, nextBeginOffset);
    }
    return undefined;
  }

  #found(queue: PopQueue, offset: number, result: GetMessageResult): void {
    const { topic, group, queueId } = queue;
    const offsets = queueOffsetsOf(result);
    this.messages += offsets.length;
    if (this.#isOrder) {
      const { attemptId, invisibleTime } = this.header;
      const { pop, consumerOffsets } = this.broker;
      this.orderCounts.push(
        ...pop.orderInfo.update(attemptId, topic, group, queueId, this.popTime, invisibleTime, offsets),
      );
      consumerOffsets.commit(this.remoteAddress, group, topic, queueId, offset);
      queue.inFlight += offsets.length;
      queue.isLocked = false;
      this.#give(queue, offset, offsets, result);
      return;
    }
    const { invisibleTime } = this.header;
    const { brokerName } = this.broker.identity;
    const checkPoint = new CheckPoint(
      queue,
      offset,
      this.popTime,
      invisibleTime,
      this.reviveQueueId,
      offsets,
      brokerName,
    );
    this.#open++;
    this.broker.pop.checkPoints.open(checkPoint, result.nextBeginOffset, (isSafe) => {
      queue.isLocked = false;
      if (isSafe) {
        this.#give(queue, offset, offsets, result);
      } else {
        this.messages -= offsets.length;
        this.rest += offsets.length;
        result.release();
      }
      this.#close();
    });
  }

  /** The messages are this consumer's. */
  #give(queue: PopQueue, startOffset: number, offsets: readonly number[], result: GetMessageResult): void {
    const { topic, group, queueId } = queue;
    const flag = popRetryFlag(topic);
    this.startOffsets.push(startOffsetEntry(flag, queueId, startOffset));
    this.msgOffsets.push(msgOffsetEntry(flag, queueId, offsets));
    this.broker.stats.recordGet(group, topic, queueId, offsets.length, result.bufferTotalSize);
    this.#results.push(result);
    const isRewritten =
      isRetryTopic(topic) &&
      topic !== this.header.topic &&
      !this.broker.settings.broker.popResponseReturnActualRetryTopic;
    if (isRewritten) this.#addRewritten(queue, startOffset, result);
    else for (const buffer of result.buffers) this.#add(buffer);
  }

  #addRewritten({ topic, queueId }: PopQueue, checkpointOffset: number, { buffers }: GetMessageResult): void {
    const { popTime, reviveQueueId, header } = this;
    const { brokerName } = this.broker.identity;
    const retryFlag = popRetryFlag(topic);
    const common = { checkpointOffset, popTime, reviveQueueId, retryFlag, brokerName, queueId };
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length; at += recordSize(buffer, at)) {
        const record = buffer.subarray(at, at + recordSize(buffer, at));
        const queueOffset = recordQueueOffset(record, 0);
        const handle = formatPopHandle({ ...common, invisibleTime: header.invisibleTime, queueOffset });
        const rewritten = retryRecord(record, header.topic, handle);
        if (rewritten !== undefined) this.#add(rewritten);
      }
    }
  }

  #add(buffer: Buffer): void {
    this.buffers.push(buffer);
    this.bytes += buffer.length;
  }

  #countRest({ topic, queueId }: PopQueue, offset: number): void {
    this.rest += Math.max(0, this.broker.store.maxOffsetInQueue(topic, queueId) - offset);
  }

  #close(): void {
    if (--this.#open === 0) this.done(this);
  }
}

function queueOffsetsOf({ buffers }: GetMessageResult): number[] {
  const offsets: number[] = [];
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += recordSize(buffer, at))
      offsets.push(recordQueueOffset(buffer, at));
  }
  return offsets;
}
