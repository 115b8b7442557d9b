// Where a read of a queue stands, what it works with, and the rules it goes by: what warm and cold reads share.
import type { CommitLog } from '../commit-log/commit-log.js';
import type { TailSegment } from '../commit-log/tail-cache.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { EntryBlock } from '../consume-queue/entry-block.js';
import type { ExtTagsCodes } from '../consume-queue/ext-tags-codes.js';
import type { GetMessageRequest } from '../message-store.js';
import type { MessageStoreSettings } from '../settings.js';
import type { BufferPool } from './buffer-pool.js';
import type { LogChunk, LogChunks } from './log-chunks.js';
import type { LogReader } from './log-reader.js';
import type { ReadResult } from './read-result.js';

export interface MessageReaderParts {
  readonly log: CommitLog;
  readonly logReader: LogReader;
  readonly consumeQueues: ConsumeQueueStore;
  readonly pool: BufferPool;
  readonly tagsCodes: ExtTagsCodes;
  readonly settings: () => MessageStoreSettings;
  readonly totalMemoryBytes: number;
}

/** Where one read of a queue stands. */
export interface ReadCursor {
  readonly request: GetMessageRequest;
  readonly queue: ConsumeQueue;
  readonly result: ReadResult;
  block: EntryBlock;
  /** Next entry of the block to look at. */
  index: number;
  /** Entries before this log offset are gone with their file. */
  skipBefore: number;
  lastOffset: number;
  /** Where the record before this one was found in memory; the result holds it. */
  segment: TailSegment | undefined;
  chunk: LogChunk | undefined;
  /** Most bytes the answer may have, whatever is in memory. */
  readonly maxBytes: number;
  /** Records from this log offset on count as in memory, by the distance upstream goes by. */
  readonly freshFrom: number;
}

export interface ReadRules {
  /** What cold reads of all queues share. */
  readonly chunks: LogChunks;
  /** Whether the answer must not take this record any more (upstream `isTheBatchFull`). */
  isFull(cursor: ReadCursor, offset: number, size: number): boolean;
  /** Steps over an entry without a record to give: filtered out, a blank, or in a file that is gone. */
  isSkipped(cursor: ReadCursor, offset: number): boolean;
  /** Notes that the entry at the cursor was looked at. */
  step(cursor: ReadCursor, offset: number): void;
}
