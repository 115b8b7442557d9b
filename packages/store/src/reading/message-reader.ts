// getMessage: which records of a queue a reader gets, and where it goes on (upstream: DefaultMessageStore#getMessage).
import type { TailSegment } from '../commit-log/tail-cache.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import { ENTRY_BYTES } from '../consume-queue/consume-queue-entry.js';
import type { EntryBlock } from '../consume-queue/entry-block.js';
import type { GetMessageRequest, GetMessageResult, GetMessageStatus } from '../message-store.js';
import { BatchReader } from './batch-reader.js';
import { readCold, takeFromChunk } from './cold-read.js';
import { LogChunks } from './log-chunks.js';
import type { MessageReaderParts, ReadCursor, ReadRules } from './read-cursor.js';
import { ReadResult, type QueueBounds } from './read-result.js';

/** Whatever a request says, no answer is larger. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;
const EMPTY_QUEUE = { minOffset: 0, maxOffset: 0 };

export class MessageReader implements ReadRules {
  readonly chunks: LogChunks;
  readonly #batches: BatchReader;

  constructor(private readonly parts: MessageReaderParts) {
    this.#batches = new BatchReader(parts);
    const { log, logReader, pool } = parts;
    const source = {
      fileAt: (offset: number) => log.files.fileAt(offset),
      readFile: (offset: number, target: Buffer, length: number) =>
        logReader.readFile(offset, target, length),
      get writtenOffset() {
        return log.writtenOffset;
      },
      get inMemoryFrom() {
        return log.tail.startOffset;
      },
      sumOf: (offset: number) => log.sums.sumOf(offset),
    };
    this.chunks = new LogChunks(source, pool);
  }

  getMessage(request: GetMessageRequest): GetMessageResult | Promise<GetMessageResult> {
    const { consumeQueues } = this.parts;
    const queue = consumeQueues.find(request.topic, request.queueId);
    const batchQueue =
      queue === undefined ? consumeQueues.findBatch(request.topic, request.queueId) : undefined;
    const early = this.#outOfRange(request, queue ?? batchQueue);
    if (early !== undefined) return early;
    if (batchQueue !== undefined) {
      const maxBytes = Math.min(request.maxBytes ?? MAX_ANSWER_BYTES, MAX_ANSWER_BYTES);
      return this.#batches.read(request, batchQueue, { maxBytes, freshFrom: this.#freshFrom() });
    }
    const entries = queue!.entries(request.offset, this.#entriesWanted(request));
    if (entries instanceof Promise) return entries.then((block) => this.#readFrom(request, queue!, block));
    return this.#readFrom(request, queue!, entries);
  }

  /** The answer to an offset that no entry stands at; undefined when one does. */
  #outOfRange(request: GetMessageRequest, queue: QueueBounds | undefined): ReadResult | undefined {
    if (request.queueId < 0) return this.#empty(request, queue, 'NO_MATCHED_LOGIC_QUEUE', 0);
    const { offset } = request;
    // Upstream creates a queue that is asked for, so one that does not exist is one that is empty.
    const { minOffset, maxOffset } = queue ?? EMPTY_QUEUE;
    if (maxOffset === 0) return this.#empty(request, queue, 'NO_MESSAGE_IN_QUEUE', 0);
    if (offset < minOffset) return this.#empty(request, queue, 'OFFSET_TOO_SMALL', minOffset);
    if (offset === maxOffset) return this.#empty(request, queue, 'OFFSET_OVERFLOW_ONE', offset);
    if (offset > maxOffset) return this.#empty(request, queue, 'OFFSET_OVERFLOW_BADLY', maxOffset);
    return undefined;
  }

  #empty(
    request: GetMessageRequest,
    queue: QueueBounds | undefined,
    status: GetMessageStatus,
    nextOffset: number,
  ): ReadResult {
    const result = new ReadResult(queue ?? EMPTY_QUEUE, this.parts.pool);
    result.status = status;
    result.nextBeginOffset = this.#corrected(request, nextOffset);
    return result;
  }

  /** A slave's queue may just be behind: it does not correct its readers unless told to. */
  #corrected(request: GetMessageRequest, nextOffset: number): number {
    const { brokerRole, offsetCheckInSlave } = this.parts.settings();
    return brokerRole === 'SLAVE' && !offsetCheckInSlave ? request.offset : nextOffset;
  }

  /** Without a filter every entry is a message; with one, this many may be looked at. */
  #entriesWanted(request: GetMessageRequest): number {
    if (request.filter === undefined) return Math.max(1, request.maxMsgNums);
    const scanned = Math.floor(this.parts.settings().maxFilterMessageSize / ENTRY_BYTES);
    return Math.max(1, scanned, request.maxMsgNums);
  }

  #readFrom(
    request: GetMessageRequest,
    queue: ConsumeQueue,
    block: EntryBlock,
  ): GetMessageResult | Promise<GetMessageResult> {
    if (block.count === 0) {
      const nextFile = this.#nextQueueFile(request.offset);
      return this.#empty(request, queue, 'OFFSET_FOUND_NULL', nextFile);
    }
    const result = new ReadResult(queue, this.parts.pool);
    result.status = 'NO_MATCHED_MESSAGE';
    result.nextBeginOffset = request.offset;
    const cursor: ReadCursor = {
      request,
      queue,
      result,
      block,
      index: 0,
      skipBefore: 0,
      lastOffset: 0,
      segment: undefined,
      chunk: undefined,
      maxBytes: Math.min(request.maxBytes ?? MAX_ANSWER_BYTES, MAX_ANSWER_BYTES),
      freshFrom: this.#freshFrom(),
    };
    while (this.#takeFromMemory(cursor)) {
      const next = this.#nextBlock(cursor);
      if (next === undefined) return this.#finish(cursor);
      if (next instanceof Promise) return this.#finishOffLoop(cursor, next);
      cursor.block = next;
      cursor.index = 0;
    }
    return this.#finishOffLoop(cursor, undefined);
  }

  /** The entries to go on with, when the block is used up and the answer is not full; never across queue files. */
  #nextBlock({ request, queue, block, index }: ReadCursor): EntryBlock | Promise<EntryBlock> | undefined {
    if (index < block.count) return undefined;
    const from = block.firstIndex + block.count;
    const left = request.offset + this.#entriesWanted(request) - from;
    if (left <= 0 || from >= Math.min(queue.maxOffset, this.#nextQueueFile(request.offset))) return undefined;
    return queue.entries(from, left);
  }

  #nextQueueFile(offset: number): number {
    const perFile = Math.ceil(this.parts.settings().mappedFileSizeConsumeQueue / ENTRY_BYTES);
    return (Math.floor(offset / perFile) + 1) * perFile;
  }

  /** Goes on with what has to be read: first `block` if one is on its way, then the records of the current block. */
  async #finishOffLoop(
    cursor: ReadCursor,
    block: EntryBlock | Promise<EntryBlock> | undefined,
  ): Promise<GetMessageResult> {
    try {
      for (let next = block; ;) {
        if (next !== undefined) {
          cursor.block = await next;
          cursor.index = 0;
        }
        while (!this.#takeFromMemory(cursor)) await readCold(cursor, this.parts, this);
        next = cursor.block.count === 0 ? undefined : this.#nextBlock(cursor);
        if (next === undefined) return this.#finish(cursor);
      }
    } catch (error) {
      cursor.result.release();
      throw error;
    }
  }

  /** Takes records while the tail cache or a chunk has them; false when one has to be read. */
  #takeFromMemory(cursor: ReadCursor): boolean {
    const { block, result, request } = cursor;
    const { filter } = request;
    for (; cursor.index < block.count; cursor.index++) {
      const offset = block.physicalOffset(cursor.index);
      const size = block.sizeBytes(cursor.index);
      if (this.isFull(cursor, offset, size)) return true;
      if (this.isSkipped(cursor, offset)) continue;
      const segment = this.#segmentWith(cursor, offset, size);
      if (segment === undefined) {
        if (!this.#findChunk(cursor, offset, size)) return false;
        this.step(cursor, offset);
        takeFromChunk(cursor, this.parts, offset, size);
        continue;
      }
      const at = offset - segment.base;
      this.step(cursor, offset);
      if (filter?.matchesRecord !== undefined && !filter.matchesRecord(segment.buffer, at, size)) continue;
      result.add(segment.buffer, at, at + size);
    }
    return true;
  }

  /** The tail segment with a whole record; mostly that of the record before it. */
  #segmentWith(cursor: ReadCursor, offset: number, size: number): TailSegment | undefined {
    const known = cursor.segment;
    if (known?.holds(offset, size) === true) return known;
    const segment = this.parts.log.tail.find(offset);
    if (segment?.holds(offset, size) !== true) return undefined;
    cursor.result.pin(segment);
    cursor.segment = segment;
    return segment;
  }

  /** Whether the cursor's chunk has a whole record; another one takes its place if it does not. */
  #findChunk(cursor: ReadCursor, offset: number, size: number): boolean {
    if (cursor.chunk?.holds(offset, size) === true) return true;
    const chunk = this.chunks.find(offset, size);
    if (chunk === undefined) return false;
    cursor.result.hold(chunk);
    cursor.chunk = chunk;
    return true;
  }

  isFull(cursor: ReadCursor, offset: number, size: number): boolean {
    const { request, result } = cursor;
    if (result.messageCount === 0) return false;
    if (result.messageCount >= request.maxMsgNums) return true;
    const bytes = result.bufferTotalSize + size;
    if (bytes > cursor.maxBytes) return true;
    const settings = this.parts.settings();
    if (offset >= cursor.freshFrom) {
      return (
        bytes > settings.maxTransferBytesOnMessageInMemory ||
        result.messageCount >= settings.maxTransferCountOnMessageInMemory
      );
    }
    return (
      bytes > settings.maxTransferBytesOnMessageInDisk ||
      result.messageCount >= settings.maxTransferCountOnMessageInDisk
    );
  }

  isSkipped(cursor: ReadCursor, offset: number): boolean {
    const { block, index, result, request } = cursor;
    if (block.isBlank(index) || (offset >= 0 && offset < cursor.skipBefore)) {
      this.step(cursor, offset);
      return true;
    }
    if (offset < this.parts.log.minOffset) {
      // Behind an entry that is not expired, or before the log itself: not an entry that the expiry has left behind.
      if (offset < cursor.lastOffset || offset < 0)
        this.#reportEntry(cursor, 'leads before the start of the log');
      this.step(cursor, offset);
      if (result.messageCount === 0) result.status = 'MESSAGE_WAS_REMOVING';
      cursor.skipBefore = this.parts.log.minOffset;
      return true;
    }
    const { filter } = request;
    if (filter === undefined) return false;
    if (this.parts.tagsCodes.matches(filter, cursor.queue, block, index)) return false;
    this.step(cursor, offset);
    if (result.messageCount === 0) result.status = 'NO_MATCHED_MESSAGE';
    return true;
  }

  #reportEntry({ queue, block, index }: ReadCursor, problem: string): void {
    this.parts.logReader.reportEntry(queue, block.firstIndex + index, problem);
  }

  step(cursor: ReadCursor, offset: number): void {
    cursor.lastOffset = offset;
    cursor.result.nextBeginOffset = cursor.block.firstIndex + cursor.index + 1;
  }

  /** Where what is close enough to the end of the log to count as in memory begins, by the distance upstream goes by. */
  #freshFrom(): number {
    const { log, settings, totalMemoryBytes } = this.parts;
    const percent = settings().accessMessageInMemoryMaxRatio;
    return log.writtenOffset - (totalMemoryBytes * percent) / 100;
  }

  #finish(cursor: ReadCursor): ReadResult {
    const result = cursor.result.seal();
    if (result.messageCount > 0) result.status = 'FOUND';
    result.suggestPullingFromSlave = cursor.lastOffset < cursor.freshFrom;
    return result;
  }
}
