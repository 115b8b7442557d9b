// From the log to the queues: in log order, up to the confirmed position of the mode, each record gets its
// ConsumeQueue entry and its index keys, and whoever waits for the queue is told (upstream `ReputMessageService`).
import { SysFlag, transactionType } from '@mq/remoting/message';
import { isInnerBatch } from '../commit-log/batch-suffix.js';
import { DelayLevels, SCHEDULE_TOPIC } from '../commit-log/delay-levels.js';
import { isInQueue } from '../commit-log/commit-log.js';
import type { AppendedRecord } from '../commit-log/pending-put.js';
import { PropertyFacts } from '../commit-log/property-facts.js';
import type { IndexService } from '../index/index-service.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import { extAddressHigh } from '../consume-queue/consume-queue-entry.js';
import type { ExtTagsCodes } from '../consume-queue/ext-tags-codes.js';
import type { ArrivalListener, FilterBitMap } from '../message-store.js';
import type { BatchPlace, DispatchRecord } from './dispatch-record.js';

export class Dispatcher {
  /** Told of every record that consumers can read from now on. */
  onArrival: ArrivalListener | undefined;
  /** Where entries get extended ones; undefined = nowhere, and during recovery. */
  extended: ExtTagsCodes | undefined;
  /** Bits of the extended entries. */
  filterBitMap: FilterBitMap | undefined;
  #waiting: AppendedRecord[] = [];
  #head = 0;
  #dispatchedOffset = 0;
  #lastRecordOffset = -1;
  readonly #facts = new PropertyFacts();
  /** Of the record that was built last. */
  #tagsCode = 0;

  /** @param index undefined = no index is kept */
  constructor(
    private readonly index: IndexService | undefined,
    private readonly delayLevels: DelayLevels,
  ) {}

  /** Log offset up to which everything has its entries. */
  get dispatchedOffset(): number {
    return this.#dispatchedOffset;
  }

  /** Start of the last record before `dispatchedOffset`; -1 when there is none. */
  get lastRecordOffset(): number {
    return this.#lastRecordOffset;
  }

  /** Records that wait for the limit to pass them. */
  get waitingCount(): number {
    return this.#waiting.length - this.#head;
  }

  startAt(offset: number, lastRecordOffset: number): void {
    this.#dispatchedOffset = offset;
    this.#lastRecordOffset = lastRecordOffset;
  }

  /** Queues a record; call in log order. Its segment is held until it is dispatched. */
  enqueue(record: AppendedRecord): void {
    record.segment.pin();
    this.#waiting.push(record);
  }

  /**
   * Dispatches what ends at or before `limit`.
   * @throws DiskError when an entry could not be stored; that record is next again
   */
  advance(limit: number): void {
    const waiting = this.#waiting;
    try {
      while (this.#head < waiting.length) {
        const record = waiting[this.#head]!;
        const end = record.commitLogOffset + record.sizeBytes;
        if (end > limit) break;
        this.build(record);
        this.#dispatchedOffset = end;
        this.#lastRecordOffset = record.commitLogOffset;
        this.#head++;
        this.#announce(record);
        record.segment.release();
      }
    } finally {
      this.#compact();
    }
    // Nothing waits: what stands between the last record and the limit is a blank.
    if (waiting.length === 0 && limit > this.#dispatchedOffset) this.#dispatchedOffset = limit;
  }

  /** Forgets what waits: it never will be confirmed. */
  dropWaiting(): void {
    for (let index = this.#head; index < this.#waiting.length; index++)
      this.#waiting[index]!.segment.release();
    this.#waiting.length = 0;
    this.#head = 0;
  }

  /** Stores the entries of one record. Repeating it is harmless. @throws DiskError */
  build(record: DispatchRecord): void {
    const facts = this.#facts;
    const { buffer, topic, commitLogOffset, storeTimestamp, sysFlag } = record;
    if (record.isScanned) facts.take(record);
    else facts.scan(buffer, record.propertiesStart, record.propertiesEnd);
    const { consumeQueue, queueOffset, sizeBytes } = record;
    if (consumeQueue !== undefined && isInQueue(sysFlag)) {
      this.#tagsCode = this.#tagsCodeOf(record);
      const extOffset = this.extended === undefined ? -1 : this.#extend(record, consumeQueue);
      if (extOffset < 0) consumeQueue.putPosition(queueOffset, commitLogOffset, sizeBytes, this.#tagsCode);
      else
        consumeQueue.putPositionBits(
          queueOffset,
          commitLogOffset,
          sizeBytes,
          extAddressHigh(extOffset),
          extOffset | 0,
        );
    } else if (record.batch !== undefined && isInQueue(sysFlag)) {
      this.#putBatch(record, record.batch);
    }
    if (this.index === undefined || transactionType(sysFlag) === SysFlag.TRANSACTION_ROLLBACK) return;
    if (facts.uniqKeyStart >= 0) {
      this.index.put(topic, buffer, facts.uniqKeyStart, facts.uniqKeyEnd, commitLogOffset, storeTimestamp);
    }
    if (facts.keysStart >= 0) {
      this.index.putKeys(topic, buffer, facts.keysStart, facts.keysEnd, commitLogOffset, storeTimestamp);
    }
  }

  #putBatch(record: DispatchRecord, { queue, count }: BatchPlace): void {
    this.#tagsCode = this.#tagsCodeOf(record);
    queue.put({
      physicalOffset: record.commitLogOffset,
      sizeBytes: record.sizeBytes,
      tagsCode: this.#tagsCode,
      storeTimestamp: record.storeTimestamp,
      baseOffset: record.queueOffset,
      batchSize: count,
    });
  }

  /** The place of the record's extended entry; -1 when it gets none. */
  #extend(record: DispatchRecord, consumeQueue: ConsumeQueue): number {
    const { topic, buffer, storeTimestamp, propertiesStart, propertiesEnd } = record;
    // The entry exists, with whatever it names. Delivery times are no hint, and must not be lost as one may be.
    if (record.commitLogOffset < consumeQueue.maxPhysicalOffset || topic === SCHEDULE_TOPIC) return -1;
    const bitMap = this.filterBitMap?.(topic, storeTimestamp, buffer, propertiesStart, propertiesEnd);
    return this.extended!.put(consumeQueue, this.#tagsCode, storeTimestamp, bitMap);
  }

  #announce(record: AppendedRecord): void {
    if (this.onArrival === undefined || !isInQueue(record.sysFlag)) return;
    const { batch } = record;
    this.onArrival(
      record.topic,
      record.queueId,
      record.queueOffset + (batch === undefined ? 1 : batch.count),
      batch === undefined || !isInnerBatch(record.sysFlag) ? this.#tagsCode : undefined,
      record.storeTimestamp,
      record.commitLogOffset,
      record.buffer,
      record.propertiesStart,
      record.propertiesEnd,
    );
  }

  /** Of the record whose properties were scanned last. */
  #tagsCodeOf(record: DispatchRecord): number {
    if (record.tagsCode !== undefined) return record.tagsCode;
    if (record.topic === SCHEDULE_TOPIC) {
      const level = this.#facts.delayLevel(record.buffer);
      if (level > 0) return this.delayLevels.deliverTimestamp(level, record.storeTimestamp);
    }
    return this.#facts.tagsCode(record.buffer);
  }

  #compact(): void {
    if (this.#head === this.#waiting.length) this.#waiting.length = 0;
    else if (this.#head >= 1024) this.#waiting.splice(0, this.#head);
    else return;
    this.#head = 0;
  }
}
