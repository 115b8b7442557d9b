/**
 * The consume queue of one topic and queue id: where its messages are in the log (upstream store/ConsumeQueue).
 *
 *   byte offset in the queue = 20 * queue offset
 *
 *        startBytes      minBytes              tailStart   writtenBytes    endBytes
 *   files |--- expired ----|--------------------|-----------|               |
 *   tail                                        |===========|== pending ====|
 *
 * New entries go to the tail, a buffer in memory; a flush writes the pending part of it to the files. What is pending
 * when the process dies is rebuilt from the log. The tail keeps written entries too, so that consumers at the tail are
 * answered from memory; a queue nobody writes to gives its tail back and costs a few numbers.
 */
import { BLANK_SIZE, ENTRY_BYTES, tagsCodeHigh, writeEntry } from './consume-queue-entry.js';
import { ConsumeQueueError } from './consume-queue-error.js';
import { EntryBlock } from './entry-block.js';
import { endAfterCrash, endOfContiguous } from './queue-end.js';
import { QueueFiles } from './queue-files.js';
import type { QueueFilesContext } from './queue-files.js';
import type { QueueRow } from './queue-row.js';

/** A tail starts with room for 16 entries and doubles up to 3,200. */
const FIRST_TAIL_BYTES = 16 * ENTRY_BYTES;
const MAX_TAIL_BYTES = 3200 * ENTRY_BYTES;

/** How much a cold read fetches at once: the next reads of a consumer that catches up are answered from it. */
const READ_BLOCK_BYTES = 800 * ENTRY_BYTES;
const BLANK_BLOCK_BYTES = 3200 * ENTRY_BYTES;

/** An entry this far beyond the end of its queue is not a gap but a mistake. */
const MAX_GAP_BYTES = 3_000_000 * ENTRY_BYTES;

const PAGE_BYTES = 4096;

/** What a queue needs from the store it belongs to. */
export interface QueueHost extends QueueFilesContext {
  /** Scratch of one page of whole entries, for blocking reads. */
  readonly page: Buffer;
  /** The queue has entries to flush; called once until it was flushed. */
  becameDirty(queue: ConsumeQueue): void;
  /** What `row` tells is another than before. */
  rowChanged(queue: ConsumeQueue): void;
  /** Files of the queue are about to be removed or cut: until `rowChanged` is called, no row of it holds. */
  aboutToShrink(queue: ConsumeQueue): void;
  /** Asks to keep `bytes` more in tails. False: the bound is reached, and they are not counted. */
  claimTailBytes(bytes: number): boolean;
  /** Counts bytes of tails that were taken without asking (positive) or given back (negative). */
  countTailBytes(bytes: number): void;
  /** The most recent cold read of a queue. */
  cachedBlock(queue: ConsumeQueue): EntryBlock | undefined;
  cacheBlock(queue: ConsumeQueue, block: EntryBlock | undefined): void;
  /** Entries were missing between the end of the queue and a put; they are filled with blanks. */
  reportGap(queue: ConsumeQueue, fromIndex: number, toIndex: number): void;
  /** An entry leads to no place a record can be at; it is stepped over. */
  reportDamage(queue: ConsumeQueue, index: number): void;
  /** A second record claims a queue offset; the first one keeps it. */
  reportOverlap(queue: ConsumeQueue, index: number): void;
}

export class ConsumeQueue {
  private readonly files: QueueFiles;
  private minBytes = 0;
  private endBytes = 0;
  private writtenBytes = 0;
  private syncedBytes = 0;
  /** As `syncedBytes`, the names of the files being durable too. */
  private durableBytes = 0;
  private tail: Buffer | undefined;
  private tailStart = 0;
  private dirty = false;
  private destroyed = false;
  private foundDamaged = false;
  /** Start in the log of the record at `minBytes`; -1 when it has to be looked up. */
  private minPhysicalOffset = -1;
  /** End in the log of the last record that has an entry; -1 when there is none. */
  maxPhysicalOffset = -1;

  constructor(
    private readonly host: QueueHost,
    readonly topic: string,
    readonly queueId: number,
    dir: string,
  ) {
    this.files = new QueueFiles(host, dir, () => host.aboutToShrink(this));
  }

  /** First queue offset that may be read. */
  get minOffset(): number {
    return this.minBytes / ENTRY_BYTES;
  }

  /** Next queue offset to be written. */
  get maxOffset(): number {
    return this.endBytes / ENTRY_BYTES;
  }

  get dir(): string {
    return this.files.dir;
  }

  /** Bytes of entries that are only in memory. */
  get pendingBytes(): number {
    return this.endBytes - this.writtenBytes;
  }

  /** Bytes on disk, as the sum of file sizes. */
  get totalSizeBytes(): number {
    return this.files.endBytes - this.files.startBytes;
  }

  // ---- writing

  /**
   * Adds the entry of a record. Entries that exist already are skipped, so a rebuild may start early.
   * @param tagsCode safe integer
   * @throws DiskError when the tail is full and cannot be written; nothing has changed then, and the put may be repeated
   */
  putPosition(queueOffset: number, physicalOffset: number, sizeBytes: number, tagsCode: number): void {
    this.putPositionBits(queueOffset, physicalOffset, sizeBytes, tagsCodeHigh(tagsCode), tagsCode | 0);
  }

  /** As `putPosition`, the tagsCode as the two halves of its 64 bits. */
  putPositionBits(
    queueOffset: number,
    physicalOffset: number,
    sizeBytes: number,
    tagsHigh: number,
    tagsLow: number,
  ): void {
    const recordEnd = physicalOffset + sizeBytes;
    if (recordEnd <= this.maxPhysicalOffset) return;
    const position = queueOffset * ENTRY_BYTES;
    if (position !== this.endBytes && !this.alignEnd(position)) return;
    let at = this.endBytes - this.tailStart;
    if (this.tail === undefined || at === this.tail.length) {
      this.makeRoom();
      at = this.endBytes - this.tailStart;
      if (position === this.minBytes) this.minPhysicalOffset = physicalOffset;
    }
    writeEntry(this.tail!, at, physicalOffset, sizeBytes, tagsHigh, tagsLow);
    this.endBytes += ENTRY_BYTES;
    this.maxPhysicalOffset = recordEnd;
    if (!this.dirty) {
      this.dirty = true;
      this.host.becameDirty(this);
    }
  }

  /** Brings the end of the queue to `position`; false when the entry there exists already. */
  private alignEnd(position: number): boolean {
    if (position < this.endBytes) {
      this.host.reportOverlap(this, position / ENTRY_BYTES);
      return false;
    }
    const isFirst = this.files.isEmpty && this.endBytes === 0;
    const from = isFirst ? this.files.fileStart(position) : this.endBytes;
    if (!isFirst) {
      if (position - from > MAX_GAP_BYTES) {
        throw new ConsumeQueueError(
          'GAP_TOO_LARGE',
          this.dir,
          `ends at queue offset ${this.maxOffset}, an entry for ${position / ENTRY_BYTES} does not belong here`,
        );
      }
      // Different on purpose: upstream appends at the end, and every later message answers to a wrong queue offset.
      this.host.reportGap(this, this.maxOffset, position / ENTRY_BYTES);
      this.writePending();
    }
    this.writeBlanks(from, position);
    this.dropTail();
    this.endBytes = this.writtenBytes = position;
    if (isFirst) {
      this.minBytes = position;
      this.minPhysicalOffset = -1;
      this.syncedBytes = this.durableBytes = from;
    }
    return true;
  }

  /** Blanks carry the end of the record before them, so that physical offsets never fall along the queue. */
  private writeBlanks(from: number, to: number): void {
    const block = Buffer.allocUnsafe(Math.min(to - from, BLANK_BLOCK_BYTES));
    const physicalOffset = Math.max(0, this.maxPhysicalOffset);
    for (let at = 0; at < block.length; at += ENTRY_BYTES)
      writeEntry(block, at, physicalOffset, BLANK_SIZE, 0, 0);
    for (let at = from; at < to; at += block.length)
      this.files.write(block, 0, Math.min(block.length, to - at), at);
  }

  /** Gives the tail room for at least one more entry. Bytes of blocks that were handed out are never written again. */
  private makeRoom(): void {
    const old = this.tail;
    if (old === undefined) {
      this.host.countTailBytes(FIRST_TAIL_BYTES);
      this.tail = Buffer.allocUnsafeSlow(FIRST_TAIL_BYTES);
      this.tailStart = this.endBytes;
      return;
    }
    if (old.length < MAX_TAIL_BYTES && this.host.claimTailBytes(old.length)) {
      this.tail = Buffer.allocUnsafeSlow(old.length * 2);
      old.copy(this.tail);
      return;
    }
    this.writePending();
    const kept = (old.length / ENTRY_BYTES / 2) * ENTRY_BYTES;
    this.tail = Buffer.allocUnsafeSlow(old.length);
    old.copy(this.tail, 0, old.length - kept);
    this.tailStart = this.endBytes - kept;
  }

  private dropTail(): void {
    if (this.tail !== undefined) this.host.countTailBytes(-this.tail.length);
    this.tail = undefined;
  }

  // ---- flushing (called by the store)

  /**
   * Writes pending entries to the files if they touch `leastPages` pages or more; 0 means any.
   * @returns whether nothing is pending any more
   * @throws DiskError; the entries stay pending and the next call repeats them
   */
  writePending(leastPages = 0): boolean {
    if (!this.isDue(leastPages)) return this.pendingBytes === 0;
    if (this.pendingBytes > 0) {
      this.files.write(this.tail!, this.writtenBytes - this.tailStart, this.pendingBytes, this.writtenBytes);
      this.writtenBytes = this.endBytes;
      this.host.rowChanged(this);
    }
    return true;
  }

  private isDue(leastPages: number): boolean {
    const pages = Math.floor(this.endBytes / PAGE_BYTES) - Math.floor(this.writtenBytes / PAGE_BYTES);
    return pages >= leastPages;
  }

  /** Path of the file that `writePending` would create, if it would; else undefined. */
  fileToCreate(leastPages: number): string | undefined {
    if (this.pendingBytes === 0 || !this.isDue(leastPages)) return undefined;
    return this.files.pathToCreate(this.writtenBytes);
  }

  /** Resolves when every entry written to the files before the call is durable. @throws DiskError, final for the queue */
  async syncWritten(): Promise<void> {
    const to = this.writtenBytes;
    if (this.destroyed || to === this.syncedBytes) return;
    await this.files.sync(Math.min(this.syncedBytes, to - ENTRY_BYTES), to);
    this.syncedBytes = Math.min(to, this.endBytes);
  }

  /** The directories of what `syncWritten` made durable were synced too. */
  confirmNames(): void {
    if (this.durableBytes === this.syncedBytes) return;
    this.durableBytes = this.syncedBytes;
    this.host.rowChanged(this);
  }

  /** Marks the queue as flushed unless entries arrived meanwhile; returns whether it is. */
  becomeClean(): boolean {
    this.dirty = !this.destroyed && (this.pendingBytes > 0 || this.syncedBytes !== this.writtenBytes);
    return !this.dirty;
  }

  get isDirty(): boolean {
    return this.dirty;
  }

  /** Gives the memory of a queue back that nobody writes to. */
  becomeIdle(): void {
    if (this.pendingBytes === 0) this.dropTail();
  }

  // ---- reading

  /**
   * Entries from a queue offset on: at least one if `fromIndex` is in [first file, maxOffset), at most `count`; fewer
   * at the end of a file or of what is in memory. From memory at once, else off the event loop.
   */
  entries(fromIndex: number, count: number): EntryBlock | Promise<EntryBlock> {
    const near = this.entriesInMemory(fromIndex, count);
    if (near !== undefined) return near;
    return this.readBlock(fromIndex).then((block) => block.slice(fromIndex, count));
  }

  /** As `entries`, but reads the file blocking: for recovery and single entries. */
  entriesNow(fromIndex: number, count: number): EntryBlock {
    const near = this.entriesInMemory(fromIndex, count);
    if (near !== undefined) return near;
    const position = fromIndex * ENTRY_BYTES;
    const buffer = Buffer.allocUnsafe(Math.min(count * ENTRY_BYTES, this.fileEntriesEnd() - position));
    const got = this.files.read(buffer, position, buffer.length);
    return new EntryBlock(buffer, 0, Math.floor(got / ENTRY_BYTES), fromIndex);
  }

  /**
   * First queue offset in [minOffset, maxOffset) whose record starts at or behind `physicalOffset`; maxOffset when
   * there is none. Blocking, a few reads of one entry.
   */
  binarySearchByPhysicalOffset(physicalOffset: number): number {
    return this.searchByPhysicalOffset(
      Math.max(this.minBytes, this.files.startBytes),
      this.endBytes,
      physicalOffset,
    );
  }

  private entriesInMemory(fromIndex: number, count: number): EntryBlock | undefined {
    const position = fromIndex * ENTRY_BYTES;
    if (count <= 0 || position >= this.endBytes || position < this.firstReadable())
      return EntryBlock.empty(fromIndex);
    if (this.tail !== undefined && position >= this.tailStart) {
      const available = (this.endBytes - position) / ENTRY_BYTES;
      return new EntryBlock(this.tail, position - this.tailStart, Math.min(count, available), fromIndex);
    }
    const block = this.host.cachedBlock(this);
    if (block !== undefined && fromIndex >= block.firstIndex && fromIndex < block.firstIndex + block.count) {
      return block.slice(fromIndex, count);
    }
    return undefined;
  }

  private async readBlock(fromIndex: number): Promise<EntryBlock> {
    const position = fromIndex * ENTRY_BYTES;
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BLOCK_BYTES, this.fileEntriesEnd() - position));
    const got = await this.files.readAsync(buffer, position, buffer.length);
    const block = new EntryBlock(buffer, 0, Math.floor(got / ENTRY_BYTES), fromIndex);
    if (!this.destroyed && fromIndex + block.count <= this.maxOffset) this.host.cacheBlock(this, block);
    return block;
  }

  /** Where the entries that are in the files end, as far as they are not in the tail as well. */
  private fileEntriesEnd(): number {
    return this.tail === undefined ? this.writtenBytes : Math.min(this.tailStart, this.writtenBytes);
  }

  private firstReadable(): number {
    return this.files.isEmpty ? this.writtenBytes : this.files.startBytes;
  }

  // ---- recovery, truncation, expiry (blocking)

  /** Finds the files of the queue; until `recover` it reads as empty. @throws ConsumeQueueError */
  load(): void {
    this.files.load();
    this.minBytes = this.files.startBytes;
    this.minPhysicalOffset = -1;
    this.setEnd(this.files.startBytes);
  }

  /** What a later process needs to go on without looking into the files; undefined where there is nothing to tell. */
  row(): QueueRow | undefined {
    if (this.destroyed || this.files.isEmpty) return undefined;
    const changeStamp = this.files.lastChangeStamp();
    if (changeStamp === undefined) return undefined;
    const { topic, queueId, minBytes, maxPhysicalOffset, minPhysicalOffset } = this;
    return {
      topic,
      queueId,
      startBytes: this.files.startBytes,
      filesEndBytes: this.files.endBytes,
      minBytes,
      endBytes: this.writtenBytes,
      durableBytes: Math.min(this.durableBytes, this.writtenBytes),
      // With entries pending, it is their end: then nothing of the queue is told.
      maxPhysicalOffset:
        this.pendingBytes === 0 ? maxPhysicalOffset : this.physicalEndBefore(this.writtenBytes),
      minPhysicalOffset: this.minBytes < this.writtenBytes ? minPhysicalOffset : -1,
      changeStamp,
    };
  }

  /**
   * Takes over the row of an earlier process of this boot instead of `load` and `recover`.
   * @returns whether the files are what they were; if not, the queue has to be loaded
   */
  restore(row: QueueRow): boolean {
    this.files.assume(row.startBytes, row.filesEndBytes);
    if (this.files.isEmpty || this.files.lastChangeStamp() !== row.changeStamp) return false;
    this.minBytes = row.minBytes;
    this.minPhysicalOffset = row.minPhysicalOffset;
    this.setEnd(row.endBytes);
    this.maxPhysicalOffset = row.maxPhysicalOffset;
    return true;
  }

  /** Whether a queue that was loaded still holds what the row tells, and maybe more. */
  continues(row: QueueRow): boolean {
    if (this.files.startBytes !== row.startBytes || this.endBytes < row.endBytes) return false;
    return (
      row.endBytes <= this.firstReadable() || this.physicalEndBefore(row.endBytes) === row.maxPhysicalOffset
    );
  }

  /** Only what stands before `bytes` is on the device: the rest is flushed once more. */
  distrustSyncs(bytes: number): void {
    this.syncedBytes = this.durableBytes = Math.min(bytes, this.endBytes);
    if (this.syncedBytes === this.endBytes) return;
    this.files.namesChanged(this.syncedBytes, this.endBytes);
    if (this.dirty) return;
    this.dirty = true;
    this.host.becameDirty(this);
  }

  /**
   * Finds the end of the queue in its files. Where the entries of the last file are contiguous (all that was written is
   * there: `abnormal` is false) the end is searched for; else every entry of the last three files is looked at, and
   * what stands behind the first unwritten one is cleared.
   */
  recover({ abnormal }: { abnormal: boolean }): void {
    if (this.files.isEmpty) return;
    if (abnormal) {
      const end = endAfterCrash(this.files);
      this.foundDamaged = this.files.truncate(end);
      this.setEnd(end);
      this.maxPhysicalOffset = this.lastPhysicalEnd();
      return;
    }
    const { end, lastPhysicalEnd, firstPhysicalOffset, isWhole } = endOfContiguous(
      this.files,
      this.host.page,
    );
    if (!isWhole) return this.recover({ abnormal: true });
    this.setEnd(end);
    this.maxPhysicalOffset = lastPhysicalEnd >= 0 ? lastPhysicalEnd : this.lastPhysicalEnd();
    this.minPhysicalOffset = firstPhysicalOffset;
  }

  /** Log offset behind which `recover` found entries that are no entries; undefined where it found none. */
  get damagedFrom(): number | undefined {
    return this.foundDamaged ? Math.max(0, this.maxPhysicalOffset) : undefined;
  }

  /** Queue offset behind the entries of records before `physicalOffset`. Blocking where the queue goes further. */
  entriesBefore(physicalOffset: number): number {
    if (this.maxPhysicalOffset <= physicalOffset) return this.maxOffset;
    return this.searchByPhysicalOffset(this.firstReadable(), this.endBytes, physicalOffset);
  }

  /**
   * Removes the entries of records that start at or behind `physicalOffset`, from the end of the queue.
   *
   * After a power cut entries that were not durable may be torn in ways nothing shows (a tagsCode cut off at the end of a
   * sector), and there may be holes before the last three files. A recovery that dispatches the log again from offset P,
   * everything before P having been durable, is exact when it calls this with P first.
   */
  truncateDirty(physicalOffset: number): void {
    if (this.maxPhysicalOffset <= physicalOffset) return;
    const first = this.firstReadable();
    if (first >= this.endBytes || !this.isAtOrBehind(this.endBytes - ENTRY_BYTES, physicalOffset)) return;
    const end = this.searchByPhysicalOffset(first, this.endBytes, physicalOffset) * ENTRY_BYTES;
    if (end <= this.writtenBytes) {
      this.files.truncate(end, this.writtenBytes);
      this.dropTail();
      this.setEnd(end);
    } else {
      this.writePendingUpTo(end);
    }
    if (end <= this.minBytes) this.minPhysicalOffset = -1;
    this.minBytes = Math.min(this.minBytes, end);
    this.maxPhysicalOffset = this.lastPhysicalEnd();
    this.host.rowChanged(this);
  }

  /** Moves minOffset to the first entry whose record starts at or behind `minPhysicalOffset`, the start of the log. */
  correctMinOffset(minPhysicalOffset: number): void {
    // So that a store with many queues does not open every file because the log lost its oldest one.
    if (this.minPhysicalOffset >= minPhysicalOffset) return;
    const from = Math.max(this.minBytes, this.files.startBytes);
    if (from >= this.endBytes) {
      this.minBytes = this.endBytes;
      return;
    }
    let first = from;
    if (this.entriesNow(from / ENTRY_BYTES, 1).physicalOffset(0) < 0)
      this.host.reportDamage(this, from / ENTRY_BYTES);
    if (!this.isLive(from, minPhysicalOffset)) {
      // At least 1: the blanks before the first entry of a queue have physical offset 0.
      first = this.searchByPhysicalOffset(from, this.endBytes, Math.max(1, minPhysicalOffset)) * ENTRY_BYTES;
    }
    while (first < this.endBytes && !this.isLive(first, minPhysicalOffset)) first += ENTRY_BYTES;
    this.minBytes = first;
    this.minPhysicalOffset =
      first < this.endBytes ? this.entriesNow(first / ENTRY_BYTES, 1).physicalOffset(0) : -1;
  }

  /** Removes files whose last record lies before `minPhysicalOffset`, never the last one; returns how many. */
  deleteExpired(minPhysicalOffset: number): number {
    let removed = 0;
    while (this.files.endBytes - this.files.startBytes > this.files.fileSizeBytes) {
      const lastEntry = this.files.startBytes + this.files.fileSizeBytes - ENTRY_BYTES;
      if (lastEntry >= this.writtenBytes || this.isAtOrBehind(lastEntry, minPhysicalOffset)) break;
      this.files.removeFirst();
      removed++;
    }
    if (removed > 0) this.host.rowChanged(this);
    this.correctMinOffset(minPhysicalOffset);
    return removed;
  }

  /** Removes the queue with its files. */
  destroy(): void {
    this.destroyed = true;
    this.dropTail();
    this.host.cacheBlock(this, undefined);
    this.files.destroy();
    this.minBytes = 0;
    this.minPhysicalOffset = -1;
    this.setEnd(0);
    this.maxPhysicalOffset = -1;
  }

  private setEnd(end: number): void {
    this.endBytes = this.writtenBytes = this.syncedBytes = this.durableBytes = end;
    this.tailStart = end;
    this.host.cacheBlock(this, undefined);
  }

  /** Keeps the pending entries up to `end`: those behind it are in memory only. */
  private writePendingUpTo(end: number): void {
    this.endBytes = end;
    this.writePending();
    this.dropTail();
    this.tailStart = end;
  }

  /** Grows from false to true along a queue; a hole that a power cut left counts as true. */
  private isAtOrBehind(position: number, physicalOffset: number): boolean {
    const entry = this.entriesNow(position / ENTRY_BYTES, 1);
    return entry.sizeBytes(0) <= 0 || entry.physicalOffset(0) >= physicalOffset;
  }

  private isLive(position: number, minPhysicalOffset: number): boolean {
    const entry = this.entriesNow(position / ENTRY_BYTES, 1);
    return !entry.isBlank(0) && entry.physicalOffset(0) >= minPhysicalOffset;
  }

  private searchByPhysicalOffset(fromBytes: number, toBytes: number, physicalOffset: number): number {
    let low = fromBytes / ENTRY_BYTES;
    let high = toBytes / ENTRY_BYTES;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.isAtOrBehind(middle * ENTRY_BYTES, physicalOffset)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** End of the last record that has an entry; -1 when the queue holds blanks only. */
  private lastPhysicalEnd(): number {
    return this.physicalEndBefore(this.endBytes);
  }

  private physicalEndBefore(end: number): number {
    for (let at = end - ENTRY_BYTES; at >= this.firstReadable(); at -= ENTRY_BYTES) {
      const entry = this.entriesNow(at / ENTRY_BYTES, 1);
      if (entry.sizeBytes(0) > 0 && !entry.isBlank(0)) return entry.physicalOffset(0) + entry.sizeBytes(0);
    }
    return -1;
  }
}
