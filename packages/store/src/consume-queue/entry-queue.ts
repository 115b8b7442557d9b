/**
 * A queue in its files: fixed-size entries, each of one record of the log, in log order. What an entry holds besides the
 * place of its record, and how a queue offset leads to one, is for the kinds of queues to say.
 *
 *   byte offset in the queue = size of an entry * number of the entry
 *
 *        startBytes      minBytes              tailStart   writtenBytes    endBytes
 *   files |--- expired ----|--------------------|-----------|               |
 *   tail                                        |===========|== pending ====|
 *
 * New entries go to the tail, a buffer in memory; a flush writes the pending part of it to the files. What is pending
 * when the process dies is rebuilt from the log. The tail keeps written entries too, so that consumers at the tail are
 * answered from memory; a queue nobody writes to gives its tail back and costs a few numbers.
 */
import { firstAtOrBehind, isAtOrBehind, isLive, physicalEnd } from './log-order.js';
import type { QueueBlock } from './queue-block.js';
import { endAfterCrash, endOfContiguous, type EntryFormat } from './queue-end.js';
import { QueueFiles } from './queue-files.js';
import type { QueueFilesContext } from './queue-files.js';
import type { QueueRow } from './queue-row.js';

/** A tail starts with room for 16 entries and doubles up to 3,200. */
const FIRST_TAIL_ENTRIES = 16;
const MAX_TAIL_ENTRIES = 3200;

/** How much a cold read fetches at once: the next reads of a consumer that catches up are answered from it. */
const READ_BLOCK_ENTRIES = 800;

const PAGE_BYTES = 4096;
const NO_BYTES = Buffer.alloc(0);

/** What a queue needs from the store it belongs to. */
export interface QueueHost extends QueueFilesContext {
  /** Scratch of one page of whole entries, for blocking reads. */
  readonly page: Buffer;
  /** The queue has entries to flush; called once until it was flushed. */
  becameDirty(queue: AnyQueue): void;
  /** What `row` tells is another than before. */
  rowChanged(queue: AnyQueue): void;
  /** Files of the queue are about to be removed or cut: until `rowChanged` is called, no row of it holds. */
  aboutToShrink(queue: AnyQueue): void;
  /** Asks to keep `bytes` more in tails. False: the bound is reached, and they are not counted. */
  claimTailBytes(bytes: number): boolean;
  /** Counts bytes of tails that were taken without asking (positive) or given back (negative). */
  countTailBytes(bytes: number): void;
  /** The most recent cold read of a queue. */
  cachedBlock(queue: AnyQueue): QueueBlock | undefined;
  cacheBlock(queue: AnyQueue, block: QueueBlock | undefined): void;
  /** Entries were missing between the end of the queue and a put; they are filled with blanks. */
  reportGap(queue: AnyQueue, fromIndex: number, toIndex: number): void;
  /** An entry leads to no place a record can be at; it is stepped over. */
  reportDamage(queue: AnyQueue, index: number): void;
  /** A second record claims a queue offset; the first one keeps it. */
  reportOverlap(queue: AnyQueue, queueOffset: number): void;
}

/** A queue of any kind. */
export type AnyQueue = EntryQueue<QueueBlock>;

export abstract class EntryQueue<Block extends QueueBlock> {
  protected readonly files: QueueFiles;
  protected readonly entryBytes: number;
  protected minBytes = 0;
  protected endBytes = 0;
  protected writtenBytes = 0;
  protected syncedBytes = 0;
  /** As `syncedBytes`, the names of the files being durable too. */
  protected durableBytes = 0;
  protected tail: Buffer | undefined;
  protected tailStart = 0;
  protected dirty = false;
  private destroyed = false;
  private foundDamaged = false;
  /** Start in the log of the record at `minBytes`; -1 when it has to be looked up. */
  protected minPhysicalOffset = -1;
  /** End in the log of the last record that has an entry; -1 when there is none. */
  maxPhysicalOffset = -1;

  constructor(
    protected readonly host: QueueHost,
    private readonly format: EntryFormat,
    readonly topic: string,
    readonly queueId: number,
    dir: string,
  ) {
    this.entryBytes = format.entryBytes;
    this.files = new QueueFiles(host, dir, () => host.aboutToShrink(this));
  }

  /** First queue offset that may be read. */
  abstract get minOffset(): number;

  /** Next queue offset to be written. */
  abstract get maxOffset(): number;

  /** The queue offset behind the entries before byte `position`. */
  protected abstract offsetAt(position: number): number;

  protected abstract block(buffer: Buffer, start: number, count: number, firstIndex: number): Block;

  get dir(): string {
    return this.files.dir;
  }

  get fileSizeBytes(): number {
    return this.files.fileSizeBytes;
  }

  /** Bytes of entries that are only in memory. */
  get pendingBytes(): number {
    return this.endBytes - this.writtenBytes;
  }

  // ---- writing (by the kinds of queues)

  /** An entry was added behind the last one. */
  protected grew(recordEnd: number): void {
    this.endBytes += this.entryBytes;
    this.maxPhysicalOffset = recordEnd;
    if (this.dirty) return;
    this.dirty = true;
    this.host.becameDirty(this);
  }

  /** Gives the tail room for at least one more entry. Bytes of blocks that were handed out are never written again. */
  protected makeRoom(): void {
    const old = this.tail;
    if (old === undefined) {
      const bytes = FIRST_TAIL_ENTRIES * this.entryBytes;
      this.host.countTailBytes(bytes);
      this.tail = Buffer.allocUnsafeSlow(bytes);
      this.tailStart = this.endBytes;
      return;
    }
    if (old.length < MAX_TAIL_ENTRIES * this.entryBytes && this.host.claimTailBytes(old.length)) {
      this.tail = Buffer.allocUnsafeSlow(old.length * 2);
      old.copy(this.tail);
      return;
    }
    this.writePending();
    const kept = (old.length / this.entryBytes / 2) * this.entryBytes;
    this.tail = Buffer.allocUnsafeSlow(old.length);
    old.copy(this.tail, 0, old.length - kept);
    this.tailStart = this.endBytes - kept;
  }

  protected dropTail(): void {
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
    await this.files.sync(Math.min(this.syncedBytes, to - this.entryBytes), to);
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
   * Entries from number `fromIndex` on: at least one if it is in [first file, end), at most `count`; fewer at the end of a
   * file or of what is in memory. From memory at once, else off the event loop.
   */
  entries(fromIndex: number, count: number): Block | Promise<Block> {
    const near = this.entriesInMemory(fromIndex, count);
    if (near !== undefined) return near;
    return this.readBlock(fromIndex).then((block) => this.part(block, fromIndex, count));
  }

  /** As `entries`, but reads the file blocking: for recovery and single entries. */
  entriesNow(fromIndex: number, count: number): Block {
    const near = this.entriesInMemory(fromIndex, count);
    if (near !== undefined) return near;
    const position = fromIndex * this.entryBytes;
    const buffer = Buffer.allocUnsafe(Math.min(count * this.entryBytes, this.fileEntriesEnd() - position));
    const got = this.files.read(buffer, position, buffer.length);
    return this.block(buffer, 0, Math.floor(got / this.entryBytes), fromIndex);
  }

  /**
   * Number of the first live entry whose record starts at or behind `physicalOffset`; that behind the last entry when there
   * is none. Blocking, a few reads of one entry.
   */
  binarySearchByPhysicalOffset(physicalOffset: number): number {
    return this.firstAtOrBehind(Math.max(this.minBytes, this.files.startBytes), physicalOffset);
  }

  protected entriesInMemory(fromIndex: number, count: number): Block | undefined {
    const position = fromIndex * this.entryBytes;
    if (count <= 0 || position >= this.endBytes || position < this.firstReadable())
      return this.block(NO_BYTES, 0, 0, fromIndex);
    if (this.tail !== undefined && position >= this.tailStart) {
      const available = (this.endBytes - position) / this.entryBytes;
      return this.block(this.tail, position - this.tailStart, Math.min(count, available), fromIndex);
    }
    const block = this.host.cachedBlock(this);
    if (block !== undefined && fromIndex >= block.firstIndex && fromIndex < block.firstIndex + block.count) {
      return this.part(block, fromIndex, count);
    }
    return undefined;
  }

  /** The entries of a block from number `index` on, at most `count`; shares the bytes. */
  private part(block: QueueBlock, index: number, count: number): Block {
    const skip = index - block.firstIndex;
    const start = block.start + skip * this.entryBytes;
    return this.block(block.buffer, start, Math.min(count, block.count - skip), index);
  }

  private async readBlock(fromIndex: number): Promise<Block> {
    const position = fromIndex * this.entryBytes;
    const buffer = Buffer.allocUnsafeSlow(
      Math.min(READ_BLOCK_ENTRIES * this.entryBytes, this.fileEntriesEnd() - position),
    );
    const got = await this.files.readAsync(buffer, position, buffer.length);
    const block = this.block(buffer, 0, Math.floor(got / this.entryBytes), fromIndex);
    const end = position + block.count * this.entryBytes;
    if (!this.destroyed && end <= this.endBytes) this.host.cacheBlock(this, block);
    return block;
  }

  /** Where the entries that are in the files end, as far as they are not in the tail as well. */
  private fileEntriesEnd(): number {
    return this.tail === undefined ? this.writtenBytes : Math.min(this.tailStart, this.writtenBytes);
  }

  protected firstReadable(): number {
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
      const end = endAfterCrash(this.files, this.format);
      this.foundDamaged = this.files.truncate(end);
      this.setEnd(end);
      this.maxPhysicalOffset = this.physicalEndBefore(this.endBytes);
      return;
    }
    const { end, lastPhysicalEnd, firstPhysicalOffset, isWhole } = endOfContiguous(
      this.files,
      this.format,
      this.host.page,
    );
    if (!isWhole) return this.recover({ abnormal: true });
    this.setEnd(end);
    this.maxPhysicalOffset = lastPhysicalEnd >= 0 ? lastPhysicalEnd : this.physicalEndBefore(this.endBytes);
    this.minPhysicalOffset = firstPhysicalOffset;
  }

  /** Log offset behind which `recover` found entries that are no entries; undefined where it found none. */
  get damagedFrom(): number | undefined {
    return this.foundDamaged ? Math.max(0, this.maxPhysicalOffset) : undefined;
  }

  /** Queue offset behind the entries of records before `physicalOffset`. Blocking where the queue goes further. */
  entriesBefore(physicalOffset: number): number {
    if (this.maxPhysicalOffset <= physicalOffset) return this.maxOffset;
    const index = this.firstAtOrBehind(this.firstReadable(), physicalOffset);
    return this.offsetAt(index * this.entryBytes);
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
    const last = this.endBytes / this.entryBytes - 1;
    if (first >= this.endBytes || !isAtOrBehind(this, last, physicalOffset)) return;
    const end = this.firstAtOrBehind(first, physicalOffset) * this.entryBytes;
    if (end <= this.writtenBytes) {
      this.files.truncate(end, this.writtenBytes);
      this.dropTail();
      this.setEnd(end);
    } else {
      this.writePendingUpTo(end);
    }
    if (end <= this.minBytes) this.minPhysicalOffset = -1;
    this.minBytes = Math.min(this.minBytes, end);
    this.maxPhysicalOffset = this.physicalEndBefore(this.endBytes);
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
    const end = this.endBytes / this.entryBytes;
    let first = from / this.entryBytes;
    if (this.entriesNow(first, 1).physicalOffset(0) < 0) this.host.reportDamage(this, first);
    if (!isLive(this, first, minPhysicalOffset)) {
      // At least 1: the blanks before the first entry of a queue have physical offset 0.
      first = this.firstAtOrBehind(from, Math.max(1, minPhysicalOffset));
    }
    while (first < end && !isLive(this, first, minPhysicalOffset)) first++;
    this.minBytes = first * this.entryBytes;
    this.minPhysicalOffset = first < end ? this.entriesNow(first, 1).physicalOffset(0) : -1;
  }

  /** Removes files whose last record lies before `minPhysicalOffset`, never the last one; returns how many. */
  deleteExpired(minPhysicalOffset: number): number {
    let removed = 0;
    while (this.files.endBytes - this.files.startBytes > this.files.fileSizeBytes) {
      const lastEntry = this.files.startBytes + this.files.fileSizeBytes - this.entryBytes;
      if (
        lastEntry >= this.writtenBytes ||
        isAtOrBehind(this, lastEntry / this.entryBytes, minPhysicalOffset)
      )
        break;
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

  private firstAtOrBehind(fromBytes: number, physicalOffset: number): number {
    const { entryBytes } = this;
    return firstAtOrBehind(this, fromBytes / entryBytes, this.endBytes / entryBytes, physicalOffset);
  }

  /** End of the last record that has an entry before byte `end`; -1 when the queue holds blanks only there. */
  private physicalEndBefore(end: number): number {
    return physicalEnd(this, this.firstReadable() / this.entryBytes, end / this.entryBytes);
  }
}
