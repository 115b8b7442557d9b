// The log: encodes records into memory, writes what a turn appended with one positioned write, and rolls files.
//
//            flushed           written        appended
//   ------------|-----------------|---------------|
//     on disk     in the page cache   in the tail cache only: nobody has been told of these
//
// Invariants: flushed <= written <= appended; a record never spans two files nor touches the last 8 bytes of one; a
// full file ends with a blank record. Not here: who waits, who is told, what a queue is.
import {
  propertiesBytesOf,
  PropertySlot,
  recordBytes,
  transactionType,
  SysFlag,
  withoutPropertyCrc,
  writeBlankRecord,
  writeRecord,
  type PropertyScanner,
  type RecordFields,
} from '@mq/remoting/message';
import type { AppendBatch, AppendMessage } from '../message-store.js';
import type { LogFile } from './log-file.js';
import type { LogFiles } from './log-files.js';
import type { AppendedRecord } from './pending-put.js';
import { batchSuffix, MAX_BATCH_SUFFIX_BYTES } from './batch-suffix.js';
import { BlockSums } from './block-sums.js';
import { PreparedSpace } from './prepared-space.js';
import { END_OF_FILE_BYTES } from './put-check.js';
import type { AppendQueue } from './queue-table.js';
import type { TailCache, TailSegment } from './tail-cache.js';

/** Appended bytes that make an early write, so that one turn cannot hold more than this in memory. */
const MAX_UNWRITTEN_BYTES = 8 * 1024 * 1024;
/** The next file is created once the current one is this full. */
const NEXT_FILE_AT = 0.5;

const NO_BYTES = Buffer.alloc(0);
const SEPARATOR_BYTES = 1;

export class CommitLog {
  /** What was encoded, for cold reads to be compared with. */
  readonly sums = new BlockSums();
  readonly #space: PreparedSpace | undefined;
  #appendedOffset = 0;
  #writtenOffset = 0;
  #lastStoreTimestamp = 0;
  /** End of the file being appended to. */
  #fileEnd = 0;
  /** Segments with bytes that the file has not got yet, in log order. */
  #dirtySegments: TailSegment[] = [];
  /** Files written to since their last sync. */
  #unsyncedFiles = new Set<LogFile>();
  readonly #fields: RecordFields = {
    topic: NO_BYTES,
    queueId: 0,
    flag: 0,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: 0,
    bornTimestamp: 0,
    bornHost: NO_BYTES,
    storeTimestamp: 0,
    storeHost: NO_BYTES,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: NO_BYTES,
    bodyStart: 0,
    bodyEnd: 0,
    properties: NO_BYTES,
    propertiesStart: 0,
    propertiesEnd: 0,
    propertiesSuffix: undefined,
    appendPropertyCrc: false,
  };
  /** Of the properties in `#fields`, as they are there. */
  #scanned: PropertyScanner | undefined;

  constructor(
    readonly files: LogFiles,
    readonly tail: TailCache,
    /** Whether each write is synced at once, so that space should be ready for it. */
    isSynced = false,
    /** `enabledAppendPropCRC`: records end with a checksum of all of them. */
    appendsPropertyCrc = false,
  ) {
    this.#fields.appendPropertyCrc = appendsPropertyCrc;
    this.#space = isSynced ? new PreparedSpace() : undefined;
  }

  /** Start of the file being appended to. */
  get #fileBase(): number {
    return this.#fileEnd - this.files.fileSizeBytes;
  }

  get minOffset(): number {
    return this.files.first?.baseOffset ?? 0;
  }

  /** End of what is encoded. */
  get appendedOffset(): number {
    return this.#appendedOffset;
  }

  /** End of what the files have accepted. */
  get writtenOffset(): number {
    return this.#writtenOffset;
  }

  get unwrittenBytes(): number {
    return this.#appendedOffset - this.#writtenOffset;
  }

  /** Whether so much is unwritten that the turn should not wait for its end. */
  get needsEarlyWrite(): boolean {
    return this.unwrittenBytes >= MAX_UNWRITTEN_BYTES;
  }

  get lastStoreTimestamp(): number {
    return this.#lastStoreTimestamp;
  }

  /**
   * Continues the log at `offset`, where recovery found its end, and creates the file for it.
   * @throws DiskError
   */
  startAt(offset: number, lastStoreTimestamp: number): void {
    const base = offset - (offset % this.files.fileSizeBytes);
    this.#fileEnd = this.files.ensure(base).endOffset;
    this.#appendedOffset = this.#writtenOffset = offset;
    this.#lastStoreTimestamp = lastStoreTimestamp;
    this.tail.clear();
    this.sums.clear();
    this.#space?.clear();
    this.#dirtySegments = [];
  }

  /**
   * Makes room so that `bytes` can be appended to one file: closes the current file with a blank record and moves to
   * the next when they do not fit. @throws DiskError when the next file cannot be created; nothing has changed then
   */
  reserve(bytes: number): void {
    const remaining = this.#fileEnd - this.#appendedOffset;
    if (bytes + END_OF_FILE_BYTES <= remaining) return;
    const next = this.files.ensure(this.#fileEnd);
    if (remaining >= END_OF_FILE_BYTES) {
      const segment = this.#segmentFor(END_OF_FILE_BYTES);
      writeBlankRecord(segment.buffer, segment.length, remaining);
      segment.length += END_OF_FILE_BYTES;
    }
    this.#appendedOffset = next.baseOffset;
    this.#fileEnd = next.endOffset;
  }

  /** Store time of the next put: the clock's, but never before the one of the record before it. */
  nextStoreTimestamp(nowMs: number): number {
    if (nowMs > this.#lastStoreTimestamp) this.#lastStoreTimestamp = nowMs;
    return this.#lastStoreTimestamp;
  }

  /**
   * Size of the record of a message that takes the next offset of the queue; prepares its fields for the `append` that may
   * follow at once.
   */
  recordSize(message: AppendMessage, queue: AppendQueue): number {
    const { body, properties, scanned } = message;
    this.#fill(message, queue);
    this.#fillOwn(message.flag, body, 0, body.length, properties, 0, properties.length, scanned);
    return recordBytes(this.#fields);
  }

  /** The same for a message of a batch. */
  blockSize({ message, blocks, scanned }: AppendBatch, index: number, queue: AppendQueue): number {
    const { bytes } = blocks;
    const bodyEnd = blocks.bodyEnd(index);
    const start = blocks.propertiesStart(index);
    const end = blocks.propertiesEnd(index);
    this.#fill(message, queue);
    this.#fillOwn(
      blocks.flag(index),
      bytes,
      blocks.bodyStart(index),
      bodyEnd,
      bytes,
      start,
      end,
      scanned?.[index],
    );
    return recordBytes(this.#fields);
  }

  /**
   * What a record of a batch holds beside its own body and text, at most, all of it and in its properties alone. Bytes.
   */
  mostAround(message: AppendMessage, queue: AppendQueue): { recordBytes: number; propertiesBytes: number } {
    this.#fill(message, queue);
    this.#fillOwn(0, NO_BYTES, 0, 0, NO_BYTES, 0, 0, undefined);
    // A text that is not closed is; queue offsets behind the first one may have more digits.
    const more = SEPARATOR_BYTES + (queue.batchQueue === undefined ? 0 : MAX_BATCH_SUFFIX_BYTES);
    return {
      recordBytes: recordBytes(this.#fields) + more,
      propertiesBytes: propertiesBytesOf(this.#fields) + more,
    };
  }

  /**
   * Encodes one record and assigns its queue offset. The caller has checked the message, called `reserve`, and before
   * anything else is put, `recordSize` or `blockSize` for this very message. Allocates the returned object and nothing else.
   */
  append(
    message: AppendMessage,
    queue: AppendQueue,
    sizeBytes: number,
    storeTimestamp: number,
  ): AppendedRecord {
    const fields = this.#fields;
    const segment = this.#segmentFor(sizeBytes);
    const at = segment.length;
    const commitLogOffset = this.#appendedOffset;
    const inQueue = isInQueue(message.sysFlag);
    fields.queueOffset = inQueue ? queue.nextOffset : 0;
    fields.physicalOffset = commitLogOffset;
    fields.storeTimestamp = storeTimestamp;
    const size = writeRecord(segment.buffer, at, fields);
    if (size !== sizeBytes) throw new Error(`record has ${size} bytes, ${sizeBytes} were reserved`);
    segment.length += size;
    this.#appendedOffset += size;
    const { batchQueue } = queue;
    const batch =
      batchQueue === undefined ? undefined : { queue: batchQueue, count: message.innerCount ?? 1 };
    if (inQueue) queue.nextOffset += batch === undefined ? 1 : batch.count;
    const propertiesEnd = at + size;
    const propertiesStart = propertiesEnd - propertiesBytesOf(fields);
    const scanned = this.#scanned;
    /** From where the scan found them to where they are now. */
    const moved = propertiesStart - fields.propertiesStart!;
    return {
      topic: queue.topic.name,
      queueId: queue.queueId,
      consumeQueue: queue.consumeQueue,
      batch,
      queueOffset: fields.queueOffset,
      commitLogOffset,
      sizeBytes: size,
      sysFlag: message.sysFlag,
      storeTimestamp,
      tagsCode: message.tagsCode ?? scanned?.hashCode(PropertySlot.TAGS),
      isScanned: scanned !== undefined,
      uniqKeyStart: scanned === undefined ? 0 : moved + scanned.start(PropertySlot.UNIQ_KEY),
      uniqKeyEnd: scanned === undefined ? 0 : moved + scanned.end(PropertySlot.UNIQ_KEY),
      keysStart: scanned === undefined ? 0 : moved + scanned.start(PropertySlot.KEYS),
      keysEnd: scanned === undefined ? 0 : moved + scanned.end(PropertySlot.KEYS),
      segment,
      buffer: segment.buffer,
      propertiesStart,
      propertiesEnd,
    };
  }

  /**
   * Writes everything appended. When it returns, the kernel has accepted all of it.
   * @throws DiskError; `writtenOffset` then still is where it was, and the log must not be appended to again
   */
  write(): void {
    const segments = this.#dirtySegments;
    for (let index = 0; index < segments.length; index++) {
      const segment = segments[index]!;
      const position = segment.base + segment.written;
      const file = this.files.fileAt(position);
      if (file === undefined) throw new Error(`no log file holds offset ${position}`);
      const length = segment.length - segment.written;
      const handle = this.files.handle(file);
      this.#space?.prepare(file, handle, position, position + length);
      handle.write(segment.buffer, position - file.baseOffset, length, segment.written);
      this.#unsyncedFiles.add(file);
    }
    // Readers may see the bytes only when all of this write is accepted: a failed one is withdrawn as a whole.
    for (let index = 0; index < segments.length; index++) segments[index]!.written = segments[index]!.length;
    segments.length = 0;
    this.#writtenOffset = this.#appendedOffset;
    const { current } = this.tail;
    if (current !== undefined) this.sums.follow(current, this.#fileBase);
  }

  /** What an earlier process wrote to the file may not be on the device: the next sync covers it. */
  distrustSync(file: LogFile): void {
    this.#unsyncedFiles.add(file);
  }

  /** Syncs the files written to since the last call, oldest first. Must not overlap itself. */
  async syncWrittenFiles(): Promise<void> {
    const files = [...this.#unsyncedFiles];
    this.#unsyncedFiles.clear();
    // One that was removed meanwhile (a nearly full disk) cannot be synced, and need not be.
    for (const file of files) if (this.files.has(file)) await this.files.sync(file);
  }

  /** Creates the next file ahead of need. @throws DiskError */
  prepareNextFile(): void {
    const left = this.#fileEnd - this.#appendedOffset;
    if (left < this.files.fileSizeBytes * NEXT_FILE_AT) this.files.ensure(this.#fileEnd);
  }

  /** What the records of a batch have in common. */
  #fill(message: AppendMessage, queue: AppendQueue): void {
    const fields = this.#fields;
    fields.topic = queue.topic.bytes;
    fields.queueId = message.queueId;
    fields.sysFlag = message.sysFlag;
    fields.bornTimestamp = message.bornTimestamp;
    fields.bornHost = message.bornHost;
    fields.storeHost = message.storeHost;
    fields.reconsumeTimes = message.reconsumeTimes;
    fields.preparedTransactionOffset = message.preparedTransactionOffset;
    fields.propertiesSuffix =
      queue.batchQueue === undefined ? message.propertiesSuffix : batchSuffix(message, queue.nextOffset);
  }

  /** What each has for itself. */
  #fillOwn(
    flag: number,
    body: Buffer,
    bodyStart: number,
    bodyEnd: number,
    properties: Buffer,
    propertiesStart: number,
    propertiesEnd: number,
    scanned: PropertyScanner | undefined,
  ): void {
    const fields = this.#fields;
    fields.flag = flag;
    fields.body = body;
    fields.bodyStart = bodyStart;
    fields.bodyEnd = bodyEnd;
    fields.properties = properties;
    fields.propertiesStart = propertiesStart;
    fields.propertiesEnd = propertiesEnd;
    this.#scanned = scanned;
    if (fields.appendPropertyCrc !== true) return;
    const text = properties.subarray(propertiesStart, propertiesEnd);
    const bare = withoutPropertyCrc(text);
    if (bare === text) return;
    fields.properties = bare;
    fields.propertiesStart = 0;
    fields.propertiesEnd = bare.length;
    this.#scanned = undefined;
  }

  /** A segment that continues the log in the current file and has room for `bytes`; registered for the next write. */
  #segmentFor(bytes: number): TailSegment {
    let segment = this.tail.current;
    const fileStart = this.#fileEnd - this.files.fileSizeBytes;
    // A blank of just its own 8 bytes ends where the next file begins: a segment goes on there, but no write spans two files.
    if (
      segment === undefined ||
      segment.room < bytes ||
      segment.end !== this.#appendedOffset ||
      segment.base < fileStart
    ) {
      if (segment !== undefined) this.sums.take(segment, this.files.fileAt(segment.base)?.baseOffset ?? -1);
      segment = this.tail.open(this.#appendedOffset, bytes);
    }
    if (segment.written === segment.length) this.#dirtySegments.push(segment);
    return segment;
  }
}

/** Prepared and rolled-back records are in no queue: they carry queue offset 0 and use none up. */
export function isInQueue(sysFlag: number): boolean {
  const type = transactionType(sysFlag);
  return type !== SysFlag.TRANSACTION_PREPARED && type !== SysFlag.TRANSACTION_ROLLBACK;
}
