// The way of a put: checked and encoded at once, written at the end of the turn, shown to consumers up to the confirmed
// position, acknowledged when the configured durability holds. One write, one dispatch and one round of
// acknowledgements serve all puts of a turn.
import type { Clock, Logger, TurnScheduler, TurnTask } from '@mq/remoting';
import { MIN_BATCH_BLOCK_BYTES, SysFlag } from '@mq/remoting/message';
import { TIMER_TOPIC } from '@mq/remoting/protocol';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { DurabilityGate } from '../flush/durability-gate.js';
import { LogFlusher } from '../flush/log-flusher.js';
import type { AppendBatch, AppendMessage, PutResult, PutStatus, PutWaiter } from '../message-store.js';
import type { RunningFlags } from '../running-flags.js';
import type { MessageStoreSettings } from '../settings.js';
import type { StoreStats } from '../store-stats.js';
import type { CommitLog } from './commit-log.js';
import { SCHEDULE_TOPIC } from './delay-levels.js';
import { MAX_BATCH_SUFFIX_BYTES } from './batch-suffix.js';
import { PendingPut, refusal } from './pending-put.js';
import {
  checkFileRoom,
  checkInnerBatch,
  checkMessage,
  checkPropertiesBytes,
  checkRecordSize,
} from './put-check.js';
import type { AppendQueue, QueueTable } from './queue-table.js';

export interface PutPipelineParts {
  readonly log: CommitLog;
  readonly queues: QueueTable;
  readonly dispatcher: Dispatcher;
  readonly runningFlags: RunningFlags;
  readonly stats: StoreStats;
  readonly clock: Clock;
  readonly turn: TurnScheduler;
  readonly logger: Logger;
  readonly settings: () => MessageStoreSettings;
  /** The log grew or its durable end moved. */
  readonly onProgress: () => void;
  /** The log takes no more writes; all before `flushedOffset` is on disk. */
  readonly onFenced: (flushedOffset: number) => void;
}

export class PutPipeline implements TurnTask {
  queued = false;
  readonly gate: DurabilityGate;
  readonly flusher: LogFlusher;
  #isOpen = false;
  /** Puts of this turn, in log order. */
  #turnPuts: PendingPut[] = [];
  #busyUntilMs = 0;
  #lastWriteMs = 0;
  #nowMs = 0;
  /** Wall clock when the first put of this turn came. */
  #turnMs = 0;

  constructor(private readonly parts: PutPipelineParts) {
    this.gate = new DurabilityGate(parts.clock, (put, status) => this.#settle(put, status));
    const events = { onFlushed: () => this.#onFlushed(), onFailed: () => this.#onSyncFailed() };
    this.flusher = new LogFlusher(parts.log, events, parts.logger);
    if (parts.settings().flushDiskType === 'SYNC_FLUSH')
      this.gate.addVoter(new DiskVoter(this.flusher, parts.settings));
  }

  /** A write that blocked for long: more puts would only queue up behind the next one. */
  get isBusy(): boolean {
    return this.#busyUntilMs > 0 && this.parts.clock.monotonic() < this.#busyUntilMs;
  }

  /** How long the last file write blocked, ms. */
  get lastWriteMs(): number {
    return this.#lastWriteMs;
  }

  /** Consumers and dispatch see the log up to here. */
  get confirmedOffset(): number {
    const isSync = this.parts.settings().flushDiskType === 'SYNC_FLUSH';
    return isSync ? this.flusher.flushedOffset : this.parts.log.writtenOffset;
  }

  open(): void {
    this.#isOpen = true;
  }

  append(message: AppendMessage, waiter: PutWaiter): void {
    const { log, queues } = this.parts;
    const known = queues.find(message.topic, message.queueId);
    const refused = this.#refuse(message, known);
    if (refused !== undefined) return this.#giveBack(refused, waiter, 1);
    try {
      const queue = known ?? queues.queue(message.topic, message.queueId);
      const size = log.recordSize(message, queue);
      const tooLarge = checkRecordSize(size, this.parts.settings());
      if (tooLarge !== undefined) return this.#giveBack(refusal(tooLarge.status, tooLarge.remark), waiter, 1);
      log.reserve(size);
      const storeTimestamp = this.#storeTimestampFor(message);
      const record = log.append(message, queue, size, storeTimestamp);
      this.parts.dispatcher.enqueue(record);
      const { commitLogOffset, queueOffset } = record;
      const end = commitLogOffset + size;
      this.#enter(
        new PendingPut(
          waiter,
          commitLogOffset,
          queueOffset,
          size,
          storeTimestamp,
          end,
          queue.batchQueue === undefined ? 1 : (message.innerCount ?? 1),
          message.waitStoreMsgOk,
        ),
      );
    } catch (error) {
      this.#giveBack(this.#failure(error), waiter, 1);
    }
  }

  appendBatch(batch: AppendBatch, waiter: PutWaiter): void {
    const { log, queues } = this.parts;
    const { message } = batch;
    const { count } = batch.blocks;
    const known = queues.find(message.topic, message.queueId);
    const refused =
      count === 0 ? refusal('MESSAGE_ILLEGAL', 'the batch is empty') : this.#refuse(message, known);
    if (refused !== undefined) return this.#giveBack(refused, waiter, count);
    try {
      const queue = known ?? queues.queue(message.topic, message.queueId);
      const total = this.#batchSize(batch, queue);
      if (typeof total !== 'number') return this.#giveBack(total, waiter, count);
      log.reserve(total);
      const storeTimestamp = this.#storeTimestampFor(message);
      const begin = log.appendedOffset;
      const queueOffset = queue.nextOffset;
      const commitLogOffsets: number[] = [];
      for (let index = 0; index < count; index++) {
        const record = log.append(message, queue, log.blockSize(batch, index, queue), storeTimestamp);
        this.parts.dispatcher.enqueue(record);
        commitLogOffsets.push(record.commitLogOffset);
      }
      const end = log.appendedOffset;
      const { waitStoreMsgOk } = message;
      const bytes = end - begin;
      const put = new PendingPut(
        waiter,
        begin,
        queueOffset,
        bytes,
        storeTimestamp,
        end,
        count,
        waitStoreMsgOk,
      );
      put.commitLogOffsets = commitLogOffsets;
      this.#enter(put);
    } catch (error) {
      this.#giveBack(this.#failure(error), waiter, count);
    }
  }

  /** The end of a turn: write, dispatch, acknowledge. Harmless when there is nothing to do. */
  runAtTurnEnd(): void {
    const puts = this.#turnPuts;
    if (puts.length === 0) return;
    this.#turnPuts = [];
    const { dispatcher, stats, settings } = this.parts;
    const written = this.#write();
    if (dispatcher.waitingCount > stats.dispatchMaxBuffer) stats.dispatchMaxBuffer = dispatcher.waitingCount;
    if (settings().flushDiskType === 'SYNC_FLUSH') this.flusher.request();
    this.dispatch();
    this.#nowMs = this.parts.clock.now();
    if (written) for (let index = 0; index < puts.length; index++) this.gate.enter(puts[index]!);
    else this.#failTurn(puts);
    this.parts.onProgress();
  }

  /** Dispatches up to the confirmed position; what fails stays and is tried again with the next call. */
  dispatch(): void {
    const { dispatcher, runningFlags, logger } = this.parts;
    try {
      dispatcher.advance(this.confirmedOffset);
      runningFlags.clear('logicQueueError');
    } catch (error) {
      if (runningFlags.raise('logicQueueError'))
        logger.error('dispatch failed: puts are refused', { error: String(error) });
    }
  }

  /** Refuses further puts, writes what was accepted and waits for its durability. Rejects when that failed. */
  async drain(): Promise<void> {
    this.#isOpen = false;
    this.runAtTurnEnd();
    try {
      await this.flusher.flushAll();
    } finally {
      this.gate.failAll();
    }
    this.dispatch();
  }

  /**
   * The clock, read once for all puts of a turn: reading it for each cost as much as writing two hosts. Not for delayed
   * messages: they are due so long after their store time, and must not come early by what a turn takes, nor seem to. Theirs
   * is that of the clock also when it was set back; all others never have one before that of the record before them.
   */
  #storeTimestampFor({ topic, isDue }: AppendMessage): number {
    const { clock, log } = this.parts;
    const isDelayed = topic === SCHEDULE_TOPIC || topic === TIMER_TOPIC;
    if (isDelayed || isDue === true || this.#turnPuts.length === 0) this.#turnMs = clock.now();
    const inOrder = log.nextStoreTimestamp(this.#turnMs);
    return isDelayed ? this.#turnMs : inOrder;
  }

  #enter(put: PendingPut): void {
    this.#turnPuts.push(put);
    if (!this.queued) this.parts.turn.atTurnEnd(0, this);
    if (this.parts.log.needsEarlyWrite) this.#write();
  }

  /** False when the log is fenced: what it did not take is lost. */
  #write(): boolean {
    const { log, clock, runningFlags, logger } = this.parts;
    if (runningFlags.has('fenced')) return log.unwrittenBytes === 0;
    const startMs = clock.monotonic();
    try {
      log.write();
    } catch (error) {
      this.#fence();
      logger.error('commit log write failed: no more writes', {
        error: String(error),
        offset: log.writtenOffset,
      });
      return false;
    }
    const endMs = clock.monotonic();
    this.#lastWriteMs = endMs - startMs;
    const limitMs = this.parts.settings().osPageCacheBusyTimeOutMills;
    if (this.#lastWriteMs > limitMs) this.#busyUntilMs = endMs + limitMs;
    return true;
  }

  /** The log took some puts of the turn, if an early write succeeded; the others are not in it. */
  #failTurn(puts: readonly PendingPut[]): void {
    const { log } = this.parts;
    for (const put of puts) {
      if (put.endOffset <= log.writtenOffset) {
        this.gate.enter(put);
        continue;
      }
      put.remark = 'the commit log could not be written; the broker takes no more messages';
      this.#settle(put, 'UNKNOWN_ERROR');
    }
  }

  #onFlushed(): void {
    this.dispatch();
    this.#nowMs = this.parts.clock.now();
    this.gate.advance();
    this.parts.onProgress();
  }

  #fence(): void {
    if (this.parts.runningFlags.raise('fenced')) this.parts.onFenced(this.flusher.flushedOffset);
  }

  #onSyncFailed(): void {
    this.#fence();
    this.gate.failAll();
  }

  #settle(put: PendingPut, status: PutStatus): void {
    const { stats, logger } = this.parts;
    put.status = status;
    if (status === 'PUT_OK') {
      stats.countPut(put.messageCount, put.sizeBytes, Math.max(0, this.#nowMs - put.storeTimestamp));
    } else {
      stats.putMessageFailedTimes += put.messageCount;
    }
    try {
      put.waiter.onPutResult(put);
    } catch (error) {
      logger.error('a put waiter threw', { error: String(error) });
    }
  }

  #giveBack(result: PutResult, waiter: PutWaiter, count: number): void {
    this.parts.stats.putMessageFailedTimes += count;
    waiter.onPutResult(result);
  }

  /** Why a put is refused before anything is encoded; undefined = it is not. */
  #refuse(message: AppendMessage, known: AppendQueue | undefined): PutResult | undefined {
    const { runningFlags, queues } = this.parts;
    const settings = this.parts.settings();
    if (!this.#isOpen) return refusal('SERVICE_NOT_AVAILABLE', 'the store is not running');
    if (settings.brokerRole === 'SLAVE') return refusal('SERVICE_NOT_AVAILABLE', 'this broker is a slave');
    if (!runningFlags.isWriteable) return refusal('SERVICE_NOT_AVAILABLE', runningFlags.explainRefusal());
    if (this.isBusy || this.gate.waitingCount >= settings.maxAsyncPutMessageRequests) {
      return refusal('OS_PAGE_CACHE_BUSY', 'the disk does not keep up');
    }
    const topicBytes = known?.topic.bytes.length ?? Buffer.byteLength(message.topic);
    const isBatchTopic =
      known === undefined ? queues.isBatchTopic(message.topic) : known.batchQueue !== undefined;
    const illegal =
      checkMessage(message, topicBytes, settings, isBatchTopic ? MAX_BATCH_SUFFIX_BYTES : 0) ??
      ((message.sysFlag & SysFlag.INNER_BATCH) !== 0 ? checkInnerBatch(message, isBatchTopic) : undefined);
    if (illegal !== undefined) return refusal(illegal.status, illegal.remark);
    return undefined;
  }

  /** Bytes of all records of a batch at most, or why it is refused. */
  #batchSize({ message, blocks }: AppendBatch, queue: AppendQueue): number | PutResult {
    const settings = this.parts.settings();
    const { propertiesBytes, recordBytes } = this.parts.log.mostAround(message, queue);
    const total = blocks.bytes.length + blocks.count * (recordBytes - MIN_BATCH_BLOCK_BYTES);
    const illegal =
      checkPropertiesBytes(blocks.longestProperties + propertiesBytes) ?? checkFileRoom(total, settings);
    return illegal === undefined ? total : refusal(illegal.status, illegal.remark);
  }

  /** The next file could not be created, or the topic is no directory name; nothing was stored. */
  #failure(error: unknown): PutResult {
    const code = (error as { code?: string }).code;
    if (code === 'BAD_NAME') return refusal('MESSAGE_ILLEGAL', (error as Error).message);
    this.parts.logger.error('put failed', { error: String(error) });
    return refusal('CREATE_MAPPED_FILE_FAILED', `no room for the record: ${(error as Error).message}`);
  }
}

/** SYNC_FLUSH: the disk's word counts. */
class DiskVoter {
  readonly name = 'disk';
  readonly timeoutStatus = 'FLUSH_DISK_TIMEOUT' as const;

  constructor(
    private readonly flusher: LogFlusher,
    private readonly settings: () => MessageStoreSettings,
  ) {}

  get durableOffset(): number {
    return this.flusher.flushedOffset;
  }

  get timeoutMs(): number {
    return this.settings().syncFlushTimeout;
  }
}
