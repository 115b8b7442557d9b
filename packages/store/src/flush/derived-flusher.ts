// Writes what was derived from the log (queues, index) and then says so: checkpoint and recovery mark are written last,
// from positions noted first, so they never claim more than is on disk.
import { crc32, recordStoreTimestamp } from '@mq/remoting/message';
import type { Logger } from '@mq/remoting';
import type { StoreCheckpoint } from '../checkpoint.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { IndexService } from '../index/index-service.js';
import type { LogReader } from '../reading/log-reader.js';
import type { RecoveryHint } from '../recovery/recovery-hint.js';
import type { LogFlusher } from './log-flusher.js';

export interface DerivedFlusherParts {
  readonly consumeQueues: ConsumeQueueStore;
  readonly index: IndexService | undefined;
  readonly checkpoint: StoreCheckpoint;
  readonly hint: RecoveryHint;
  readonly dispatcher: Dispatcher;
  readonly logFlusher: LogFlusher;
  readonly logReader: LogReader;
  readonly bootId: string;
  readonly logger: Logger;
}

export class DerivedFlusher {
  #running: Promise<void> | undefined;
  #markedOffset = 0;

  constructor(private readonly parts: DerivedFlusherParts) {}

  /** Log offset that the last mark vouches for: a restart reads on from there. */
  get markedOffset(): number {
    return this.#markedOffset;
  }

  /** Recovery's word. */
  startAt(offset: number): void {
    this.#markedOffset = offset;
  }

  /** Writes queues with at least `leastPages` dirty pages, without a sync. @throws DiskError */
  async writeQueues(leastPages: number): Promise<void> {
    await this.parts.consumeQueues.flush(Math.max(1, leastPages));
  }

  /**
   * Makes all entries and keys dispatched so far durable, then the checkpoint and the mark. Does not overlap itself.
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
  }
}
