/**
 * Extended entries of a queue (upstream store/ConsumeQueueExt): what a tagsCode means that is an address.
 *
 *    0      2          10          18           20
 *    +------+----------+-----------+------------+--------+
 *    | size | tagsCode | storeTime | bitMapSize | bitMap |     size counts the whole unit, 20 to 32,767
 *    +------+----------+-----------+------------+--------+
 *
 * Units follow one another in files of `mappedFileSizeConsumeQueueExt` bytes, named by byte offset. A unit never crosses
 * files: a size of -1 ends one early, and its last 4 bytes stay empty. A queue may hold plain tags codes and addresses.
 */
import { writeInt64 } from '@mq/remoting/message';
import { QueueFiles } from './queue-files.js';
import type { QueueFilesContext } from './queue-files.js';

const SIZE_AT = 0;
const TAGS_CODE_AT = SIZE_AT + 2;
const STORE_TIME_AT = TAGS_CODE_AT + 8;
const BIT_MAP_SIZE_AT = STORE_TIME_AT + 8;
const BIT_MAP_AT = BIT_MAP_SIZE_AT + 2;
const MAX_UNIT_BYTES = 32_767;
const FILE_END_BYTES = 4;
const FILE_END_MARK = -1;
/** Units are gathered up to this before they are written. */
const PENDING_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/** One unit of a queue's extension file: what its entry has no room for (storage reference, ConsumeQueueExt). */
export interface ConsumeQueueExtUnit {
  /** Bytes of the unit itself. */
  readonly sizeBytes: number;
  /** What the queue's entry would hold without an extension: the hash of the tags, or a time. */
  readonly tagsCode: number;
  /** Of the message, ms since the epoch. */
  readonly storeTimestamp: number;
  /** Bloom filter bits of the SQL92 groups that want the message; undefined when there are none. */
  readonly filterBitMap: Buffer | undefined;
}

/** Bytes of a unit with such a bit map. */
export function consumeQueueExtUnitBytes(filterBitMap: Buffer | undefined): number {
  return BIT_MAP_AT + (filterBitMap?.length ?? 0);
}

/** Writes a unit of `consumeQueueExtUnitBytes`. */
export function writeConsumeQueueExtUnit(
  target: Buffer,
  at: number,
  tagsCode: number,
  storeTimestamp: number,
  filterBitMap: Buffer | undefined,
): void {
  target.writeInt16BE(consumeQueueExtUnitBytes(filterBitMap), at + SIZE_AT);
  writeInt64(target, at + TAGS_CODE_AT, tagsCode);
  writeInt64(target, at + STORE_TIME_AT, storeTimestamp);
  target.writeInt16BE(filterBitMap?.length ?? 0, at + BIT_MAP_SIZE_AT);
  filterBitMap?.copy(target, at + BIT_MAP_AT);
}

/** The unit at the start of `source`; undefined when there is none, or not all of it. */
export function decodeConsumeQueueExtUnit(source: Buffer): ConsumeQueueExtUnit | undefined {
  if (source.length < BIT_MAP_AT) return undefined;
  const sizeBytes = source.readInt16BE(SIZE_AT);
  const bitMapSize = source.readInt16BE(BIT_MAP_SIZE_AT);
  if (sizeBytes < BIT_MAP_AT || sizeBytes > source.length || bitMapSize !== sizeBytes - BIT_MAP_AT)
    return undefined;
  return {
    sizeBytes,
    tagsCode: Number(source.readBigInt64BE(TAGS_CODE_AT)),
    storeTimestamp: Number(source.readBigInt64BE(STORE_TIME_AT)),
    filterBitMap: bitMapSize === 0 ? undefined : source.subarray(BIT_MAP_AT, sizeBytes),
  };
}

export class ConsumeQueueExt {
  private readonly files: QueueFiles;
  private window = NOTHING;
  private windowStart = 0;
  /** Units not yet in the files: `pending[0, pendingLength)` stands at `pendingStart`. */
  private pending = NOTHING;
  private pendingStart = 0;
  private pendingLength = 0;
  /** Written and not yet synced from here on. */
  private syncedBytes = 0;

  /**
   * @param dir `consumequeue_ext/TOPIC/QID`
   * @throws ConsumeQueueError `BAD_FILE_SIZE`, `MISSING_FILE`
   */
  constructor(context: QueueFilesContext, dir: string) {
    this.files = new QueueFiles(context, dir);
    this.files.load();
  }

  /** The unit at a byte offset (`EntryBlock.extOffset`); undefined when there is none. Blocking, small. */
  read(extOffset: number): ConsumeQueueExtUnit | undefined {
    const inPending = extOffset - this.pendingStart;
    if (inPending >= 0 && inPending < this.pendingLength) {
      return decodeConsumeQueueExtUnit(this.pending.subarray(inPending, this.pendingLength));
    }
    if (extOffset < this.files.startBytes || extOffset >= this.files.endBytes) return undefined;
    return this.inWindow(extOffset) ?? this.inWindow(extOffset, true);
  }

  /**
   * Where the next unit goes, called once before the first one is put. Offsets that any entry of the queue names are never
   * used again, whether their units are still there or not: an old entry would be judged by another message's bits.
   * @param lastExtOffset the last one that a new entry names; undefined: no new entry is known to name one
   * @param entryCount entries that the queue ever had
   */
  startWriting(lastExtOffset: number | undefined, entryCount: number): void {
    const last = lastExtOffset === undefined ? undefined : this.read(lastExtOffset);
    let end: number;
    if (lastExtOffset === undefined) end = this.behindAnything(entryCount);
    else if (last === undefined) end = Math.max(this.files.endBytes, this.nextFile(lastExtOffset));
    else end = lastExtOffset + last.sizeBytes;
    this.pendingStart = this.syncedBytes = end;
  }

  /**
   * Adds a unit. @returns its byte offset; -1 when it is too large for a unit or a file
   * @throws DiskError when what is pending cannot be written; nothing has changed then
   */
  put(tagsCode: number, storeTimestamp: number, filterBitMap: Buffer | undefined): number {
    const size = consumeQueueExtUnitBytes(filterBitMap);
    const room = this.files.fileSizeBytes - FILE_END_BYTES;
    if (size > MAX_UNIT_BYTES || size > room) return -1;
    if (this.endBytes + size > this.files.fileStart(this.endBytes) + room) this.endFile();
    if (this.pendingLength + size > this.pending.length) this.makeRoom(size);
    const extOffset = this.endBytes;
    writeConsumeQueueExtUnit(this.pending, this.pendingLength, tagsCode, storeTimestamp, filterBitMap);
    this.pendingLength += size;
    return extOffset;
  }

  /** Writes what is pending to the files. @throws DiskError; it stays pending then */
  writePending(): void {
    if (this.pendingLength === 0) return;
    this.files.write(this.pending, 0, this.pendingLength, this.pendingStart);
    this.pendingStart = this.endBytes;
    this.pendingLength = 0;
    // A new one next time: units that were read may still point into this one.
    this.pending = NOTHING;
  }

  /** Makes durable what `writePending` has written; the names of new files are up to the context. @throws DiskError */
  async sync(): Promise<void> {
    const to = this.pendingStart;
    if (to === this.syncedBytes) return;
    await this.files.sync(this.syncedBytes, to);
    this.syncedBytes = to;
  }

  /** Removes files that end at or before a byte offset; the last one stays, the next unit goes there. */
  removeBefore(extOffset: number): void {
    const { files } = this;
    for (;;) {
      const firstEnd = files.startBytes + files.fileSizeBytes;
      if (firstEnd > extOffset || firstEnd >= files.endBytes) return;
      files.removeFirst();
    }
  }

  /** Takes away every unit from `from` to `last`; entries that name them are then judged by their message alone. */
  cut(from: number, last: number): void {
    if (from < this.files.endBytes) this.files.truncate(from, last + MAX_UNIT_BYTES);
    this.window = NOTHING;
  }

  destroy(): void {
    this.files.destroy();
  }

  /** Byte offset of the next unit. */
  private get endBytes(): number {
    return this.pendingStart + this.pendingLength;
  }

  /** Without files there may still be entries that name units: of as many as there are, each as large as can be. */
  private behindAnything(entryCount: number): number {
    const { files } = this;
    if (!files.isEmpty) return files.endBytes;
    return entryCount === 0 ? 0 : this.nextFile(entryCount * 2 * MAX_UNIT_BYTES);
  }

  private nextFile(extOffset: number): number {
    return this.files.fileStart(extOffset) + this.files.fileSizeBytes;
  }

  private endFile(): void {
    this.writePending();
    const at = this.endBytes;
    const mark = Buffer.alloc(2);
    mark.writeInt16BE(FILE_END_MARK);
    this.files.write(mark, 0, mark.length, at);
    this.pendingStart = this.nextFile(at);
  }

  private makeRoom(size: number): void {
    if (this.pendingLength + size > PENDING_BYTES) this.writePending();
    const larger = Buffer.allocUnsafeSlow(
      Math.min(
        Math.max(PENDING_BYTES, size),
        Math.max(1024, 2 * this.pending.length, this.pendingLength + size),
      ),
    );
    this.pending.copy(larger, 0, 0, this.pendingLength);
    this.pending = larger;
  }

  private inWindow(extOffset: number, load = false): ConsumeQueueExtUnit | undefined {
    if (load) {
      // Room for the largest unit, and for the hundreds of small ones that are asked for next. A new one each time:
      // units keep pointing into the window they came from.
      const window = Buffer.allocUnsafeSlow(MAX_UNIT_BYTES);
      this.window = window.subarray(0, this.files.read(window, extOffset, window.length));
      this.windowStart = extOffset;
    }
    const at = extOffset - this.windowStart;
    return at < 0 || at >= this.window.length
      ? undefined
      : decodeConsumeQueueExtUnit(this.window.subarray(at));
  }
}
