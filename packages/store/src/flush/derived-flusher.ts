// Writes what was derived from the log (queues, index) and then says so: checkpoint and recovery marks are written last,
// from positions noted first, so they never claim more than is on disk.
//
//   mark            written          says so to                       costs
//   boot mark       to the cache     a process of the same boot       what the writes cost
//   durable mark    to the device    whoever starts next              a sync of every file that changed
import { crc32, recordStoreTimestamp } from '@mq/remoting/message';
import type { Clock, Logger } from '@mq/remoting';
import type { StoreCheckpoint } from '../checkpoint.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { ExtTagsCodes } from '../consume-queue/ext-tags-codes.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { IndexService } from '../index/index-service.js';
import type { LogReader } from '../reading/log-reader.js';
import type { BootJournal } from '../recovery/boot-journal.js';
import type { RecoveryHint } from '../recovery/recovery-hint.js';
import type { LogFlusher } from './log-flusher.js';

export interface DerivedFlusherParts {
  readonly consumeQueues: ConsumeQueueStore;
  readonly tagsCodes: ExtTagsCodes;
  readonly index: IndexService | undefined;
  readonly checkpoint: StoreCheckpoint;
  readonly hint: RecoveryHint;
  readonly dispatcher: Dispatcher;
  readonly logFlusher: LogFlusher;
  readonly logReader: LogReader;
  readonly journal: BootJournal;
  readonly bootId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class DerivedFlusher {
  #running: Promise<void> | undefined;
  #markedOffset = 0;
  #bootMarking: Promise<void> | undefined;
  #bootMarkedOffset = 0;

  constructor(private readonly parts: DerivedFlusherParts) {}

  /** Log offset that the last durable mark vouches for: after a power cut a restart reads on from there. */
  get markedOffset(): number {
    return this.#markedOffset;
  }

  /** As `markedOffset`, after a kill. */
  get bootMarkedOffset(): number {
    return this.#bootMarkedOffset;
  }

  /** Recovery's word. */
  startAt(offset: number, bootOffset: number): void {
    this.#markedOffset = offset;
    this.#bootMarkedOffset = bootOffset;
  }

  /** Writes queues with at least `leastPages` dirty pages, without a sync. @throws DiskError */
  async writeQueues(leastPages: number): Promise<void> {
    this.parts.tagsCodes.write();
    await this.parts.consumeQueues.flush(Math.max(1, leastPages));
  }

  /**
   * Brings all entries and keys dispatched so far into the page cache, then says so in the boot journal. Also while
   * `flushThoroughly` waits for the device. Does not overlap itself.
   * @throws DiskError
   */
  markBoot(): Promise<void> {
    this.#bootMarking ??= this.#markBoot().finally(() => (this.#bootMarking = undefined));
    return this.#bootMarking;
  }

  async #markBoot(): Promise<void> {
    const { consumeQueues, index, checkpoint, journal, dispatcher, logFlusher, logReader, clock } =
      this.parts;
    const { dispatchedOffset: logOffset, lastRecordOffset } = dispatcher;
    if (lastRecordOffset < 0) return;
    const indexStates = index?.writeEntries() ?? [];
    const record = await logReader.recordAt(lastRecordOffset);
    this.parts.tagsCodes.write();
    await consumeQueues.write(0);
    if (record === undefined) return;
    const mark = {
      logOffset,
      lastRecordOffset,
      lastRecordCrc: crc32(record),
      flushedOffset: Math.min(logFlusher.flushedOffset, logOffset),
      checkpointTimestamps: checkpoint.timestamps,
      index: indexStates,
    };
    await journal.commit(mark, consumeQueues, clock);
    this.#bootMarkedOffset = logOffset;
  }

  /**
   * Makes all entries and keys dispatched so far durable, then the checkpoint and the durable mark; a boot mark follows,
   * since the old one does not hold with the new checkpoint. Does not overlap itself.
   * @param closing nothing else needs the thread pool any more
   * @throws DiskError
   */
  flushThoroughly({ closing = false }: { closing?: boolean } = {}): Promise<void> {
    this.#running ??= this.#flush(closing).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #flush(closing: boolean): Promise<void> {
    const { consumeQueues, index, checkpoint, hint, dispatcher, logFlusher, logReader, bootId } = this.parts;
    const logOffset = dispatcher.dispatchedOffset;
    const lastRecordOffset = dispatcher.lastRecordOffset;
    const maxQueuePhysicalOffset = consumeQueues.maxPhysicalOffset;
    const queueEntries = consumeQueues.entriesBefore(logOffset);
    const indexEndOffset = index?.endPhyOffset ?? 0;
    await this.parts.tagsCodes.flush();
    await consumeQueues.flush(0, { closing });
    await index?.flush();
    await logFlusher.flushAll();
    const record = lastRecordOffset < 0 ? undefined : await logReader.recordAt(lastRecordOffset);
    const before = checkpoint.physicMsgTimestamp;
    if (record !== undefined) {
      const storeTimestamp = recordStoreTimestamp(record, 0);
      checkpoint.physicMsgTimestamp = Math.max(before, storeTimestamp);
      checkpoint.logicsMsgTimestamp = Math.max(checkpoint.logicsMsgTimestamp, storeTimestamp);
    }
    hint.persist({
      logOffset,
      lastRecordOffset: record === undefined ? -1 : lastRecordOffset,
      lastRecordCrc: record === undefined ? 0 : crc32(record),
      maxQueuePhysicalOffset,
      queueEntries,
      indexEndOffset,
      checkpointTimestamps: [before, checkpoint.physicMsgTimestamp],
      bootId,
    });
    checkpoint.flush();
    this.#markedOffset = logOffset;
    // One that is under way may have noted the checkpoint as it was.
    await this.#bootMarking?.catch(() => undefined);
    await this.markBoot();
  }
}
