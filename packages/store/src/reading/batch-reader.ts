// getMessage of a topic with batch consume queues: a record that holds several messages is given whole, whatever offset
// inside it was asked for, and counts as that many messages. The reader takes it apart.
//
// An entry that is damaged is logged and left out. How far an answer leads is only believed of entries whose records were
// there, so no flipped bit makes a reader skip what is sound; and it always leads further than was asked.
import type { CommitLog } from '../commit-log/commit-log.js';
import type { TailSegment } from '../commit-log/tail-cache.js';
import { BATCH_ENTRY_BYTES } from '../consume-queue/batch-consume-queue-entry.js';
import type { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { BatchEntryBlock } from '../consume-queue/batch-entry-block.js';
import type { GetMessageRequest, GetMessageResult } from '../message-store.js';
import type { MessageStoreSettings } from '../settings.js';
import { BatchEntryCheck } from './batch-entry-check.js';
import { soundIndexOf, type IsSoundEntry } from './batch-search.js';
import type { BufferPool } from './buffer-pool.js';
import type { LogReader } from './log-reader.js';
import { ReadResult } from './read-result.js';

/** Entries asked for at a time. */
const ENTRIES_A_READ = 64;

export interface BatchReaderParts {
  readonly log: CommitLog;
  readonly logReader: LogReader;
  readonly pool: BufferPool;
  readonly settings: () => MessageStoreSettings;
}

/** Where one read of a queue stands. */
interface BatchCursor {
  readonly request: GetMessageRequest;
  readonly queue: BatchConsumeQueue;
  readonly result: ReadResult;
  readonly maxBytes: number;
  /** Records from this log offset on count as in memory. */
  readonly freshFrom: number;
  block: BatchEntryBlock | undefined;
  /** Next entry of the block to look at. */
  at: number;
  /** Number in the queue of the next block's first entry. */
  nextIndex: number;
  /** Entries that were looked at. */
  looked: number;
  lastOffset: number;
  /** Where the record before this one was found in memory; the result holds it. */
  segment: TailSegment | undefined;
}

export class BatchReader {
  readonly #check = new BatchEntryCheck();

  constructor(private readonly parts: BatchReaderParts) {}

  /**
   * Reads from an offset that lies in the queue. At once where all of it is in memory.
   * @param bounds what the answer may have, and where what counts as in memory begins
   */
  read(
    request: GetMessageRequest,
    queue: BatchConsumeQueue,
    bounds: { readonly maxBytes: number; readonly freshFrom: number },
  ): GetMessageResult | Promise<GetMessageResult> {
    const result = new ReadResult(queue, this.parts.pool);
    result.status = 'NO_MATCHED_MESSAGE';
    result.nextBeginOffset = request.offset;
    const state = { block: undefined, at: 0, nextIndex: 0, looked: 0, lastOffset: 0, segment: undefined };
    const cursor: BatchCursor = { request, queue, result, ...bounds, ...state };
    const index = queue.indexOf(request.offset);
    if (index instanceof Promise) return this.#finishOffLoop(cursor, this.#soundIndex(cursor, index));
    cursor.nextIndex = index;
    const waits = this.#takeFromMemory(cursor);
    return waits === undefined ? finish(cursor) : this.#finishOffLoop(cursor, waits);
  }

  /** Goes on with what has to be read: the first entry's number, a block of entries, or the record of the next entry. */
  async #finishOffLoop(
    cursor: BatchCursor,
    first: Promise<number> | Promise<BatchEntryBlock> | 'record',
  ): Promise<GetMessageResult> {
    try {
      for (let waits: typeof first | undefined = first; waits !== undefined;) {
        if (waits === 'record') await this.#takeFromFile(cursor);
        else {
          const found = await waits;
          if (typeof found === 'number') cursor.nextIndex = found;
          else enter(cursor, found);
        }
        waits = this.#takeFromMemory(cursor);
      }
      return finish(cursor);
    } catch (error) {
      cursor.result.release();
      throw error;
    }
  }

  /** Takes records while they are in memory; undefined at the end, else what has to be waited for. */
  #takeFromMemory(cursor: BatchCursor): Promise<BatchEntryBlock> | 'record' | undefined {
    for (;;) {
      const { block, at } = cursor;
      if (block === undefined || at === block.count) {
        if (cursor.nextIndex >= cursor.queue.range.end) return undefined;
        const next = cursor.queue.entries(cursor.nextIndex, ENTRIES_A_READ);
        if (next instanceof Promise) return next;
        if (next.count === 0) return undefined;
        enter(cursor, next);
        continue;
      }
      if (this.#isFull(cursor, block)) return undefined;
      if (this.#isSkipped(cursor, block)) continue;
      const offset = block.physicalOffset(at);
      const segment = this.#segmentWith(cursor, offset, block.sizeBytes(at));
      if (segment === undefined) return 'record';
      const start = offset - segment.base;
      // An entry of an earlier life may lead astray, to what was appended since.
      if (!this.#check.isPlaced(segment.buffer, start, cursor.queue, block, at)) return 'record';
      this.#take(cursor, block, segment.buffer, start);
    }
  }

  /** Reads the record of the entry at the cursor; one that is damaged or of another place is left out, and reported. */
  async #takeFromFile(cursor: BatchCursor): Promise<void> {
    const { block, at, queue, result } = cursor;
    if (block === undefined) return;
    const offset = block.physicalOffset(at);
    const record = await this.parts.logReader.recordAt(offset);
    if (record !== undefined && this.#check.isOf(record, queue, block, at))
      return this.#take(cursor, block, record, 0);
    // Else its file has expired meanwhile.
    if (offset >= this.parts.log.minOffset) {
      const problem =
        record === undefined ? 'leads to no whole record' : 'leads to a record of another place';
      this.parts.logReader.reportEntry(queue, block.baseOffset(at), problem);
    }
    look(cursor, block);
    if (result.messageCount === 0) result.status = 'MESSAGE_WAS_REMOVING';
  }

  async #soundIndex({ queue, request }: BatchCursor, index: Promise<number>): Promise<number> {
    const { log, logReader } = this.parts;
    const isSound: IsSoundEntry = async (entry) => {
      const offset = entry.physicalOffset(0);
      // Of a record that has expired nothing can be said any more.
      if (offset >= 0 && offset < log.minOffset) return true;
      const record = await logReader.recordAt(offset);
      return record !== undefined && this.#check.isOf(record, queue, entry, 0);
    };
    return soundIndexOf(queue, request.offset, await index, isSound);
  }

  #take(cursor: BatchCursor, block: BatchEntryBlock, buffer: Buffer, start: number): void {
    const { request, result, at } = cursor;
    const size = block.sizeBytes(at);
    look(cursor, block);
    result.nextBeginOffset = Math.max(result.nextBeginOffset, block.endOffset(at));
    if (request.filter?.matchesRecord?.(buffer, start, size) === false) return;
    result.add(buffer, start, start + size);
    // One record was counted; it holds this many messages.
    result.messageCount += block.batchSize(at) - 1;
  }

  /** The tail segment with a whole record; mostly that of the record before it. */
  #segmentWith(cursor: BatchCursor, offset: number, size: number): TailSegment | undefined {
    if (cursor.segment?.holds(offset, size) === true) return cursor.segment;
    const segment = this.parts.log.tail.find(offset);
    if (segment?.holds(offset, size) !== true) return undefined;
    cursor.result.pin(segment);
    return (cursor.segment = segment);
  }

  /** Whether the answer must not take the record at the cursor any more (upstream `isTheBatchFull`). */
  #isFull(cursor: BatchCursor, block: BatchEntryBlock): boolean {
    const { request, result, at, looked, maxBytes, freshFrom } = cursor;
    const settings = this.parts.settings();
    const scanBytes = Math.max(settings.maxFilterMessageSize, request.maxMsgNums * BATCH_ENTRY_BYTES);
    if (looked * BATCH_ENTRY_BYTES >= scanBytes) return true;
    if (result.messageCount === 0) return false;
    if (result.messageCount + block.batchSize(at) > request.maxMsgNums) return true;
    const bytes = result.bufferTotalSize + block.sizeBytes(at);
    if (bytes > maxBytes) return true;
    return block.physicalOffset(at) >= freshFrom
      ? bytes > settings.maxTransferBytesOnMessageInMemory ||
          result.messageCount >= settings.maxTransferCountOnMessageInMemory
      : bytes > settings.maxTransferBytesOnMessageInDisk ||
          result.messageCount >= settings.maxTransferCountOnMessageInDisk;
  }

  /** Steps over an entry without a record to give: filtered out, or in a file that is gone. */
  #isSkipped(cursor: BatchCursor, block: BatchEntryBlock): boolean {
    const { at, request, result } = cursor;
    const offset = block.physicalOffset(at);
    if (offset < this.parts.log.minOffset) {
      if (offset < 0)
        this.parts.logReader.reportEntry(
          cursor.queue,
          block.baseOffset(at),
          'leads before the start of the log',
        );
      skip(cursor, block);
      if (result.messageCount === 0) result.status = 'MESSAGE_WAS_REMOVING';
      return true;
    }
    // A batch has no tag, its messages do: whoever takes it apart filters them. Upstream gives it to nobody who wants a tag.
    const tagsCode = block.tagsCode(at);
    if (tagsCode === 0 || request.filter?.matchesTagsCode(tagsCode) !== false) return false;
    skip(cursor, block);
    if (result.messageCount === 0) result.status = 'NO_MATCHED_MESSAGE';
    return true;
  }
}

function enter(cursor: BatchCursor, block: BatchEntryBlock): void {
  cursor.block = block;
  cursor.at = 0;
  cursor.nextIndex = block.firstIndex + block.count;
}

/** Goes on behind the entry at the cursor. */
function look(cursor: BatchCursor, block: BatchEntryBlock): void {
  cursor.lastOffset = block.physicalOffset(cursor.at);
  cursor.looked++;
  cursor.at++;
}

/** Goes on behind the entry at the cursor, whose record nobody looks at: it leads no further than to the next entry. */
function skip(cursor: BatchCursor, block: BatchEntryBlock): void {
  const { at, result, queue } = cursor;
  const next = at + 1 < block.count ? block.baseOffset(at + 1) : queue.maxOffset;
  look(cursor, block);
  result.nextBeginOffset = Math.max(result.nextBeginOffset, Math.min(block.endOffset(at), next));
}

function finish(cursor: BatchCursor): ReadResult {
  const { request, result, queue, block, looked, lastOffset, freshFrom } = cursor;
  result.seal();
  if (result.messageCount > 0) result.status = 'FOUND';
  if (looked > 0 && result.nextBeginOffset === request.offset) {
    // All that was looked at was damaged.
    const isAtEnd = cursor.nextIndex >= queue.range.end && cursor.at === block?.count;
    result.nextBeginOffset = isAtEnd ? Math.max(request.offset + 1, queue.maxOffset) : request.offset + 1;
  }
  result.suggestPullingFromSlave = lastOffset < freshFrom;
  return result;
}
