/**
 * The row of equally sized files that holds one queue, addressed by byte offset in the queue. A file's name is the
 * offset of its first byte, 20 digits. Units never cross files. Knows nothing of what the bytes mean.
 */
import { dirname, sep } from 'node:path';
import type { Disk, DiskFile } from '../disk/disk.js';
import type { FileHandles } from '../disk/file-handles.js';
import { ConsumeQueueError } from './consume-queue-error.js';

const ZEROS = Buffer.alloc(64 * 1024);

/** What all rows of a store share. */
export interface QueueFilesContext {
  readonly disk: Disk;
  readonly handles: FileHandles;
  readonly fileSizeBytes: number;
  /** Names in `dir` changed: it is synced with the next flush. */
  directoryChanged(dir: string): void;
}

export class QueueFiles {
  /** Offset of the first byte of the first file. */
  startBytes = 0;
  /** Offset behind the last byte of the last file; equal to `startBytes` when there is no file. */
  endBytes = 0;

  constructor(
    private readonly context: QueueFilesContext,
    readonly dir: string,
    /** Called before files are removed or cut. */
    private readonly aboutToShrink: () => void = () => undefined,
  ) {}

  get isEmpty(): boolean {
    return this.endBytes === this.startBytes;
  }

  get fileSizeBytes(): number {
    return this.context.fileSizeBytes;
  }

  /** Offset of the first byte of the file that holds (or would hold) `position`. */
  fileStart(position: number): number {
    return position - (position % this.context.fileSizeBytes);
  }

  pathOf(fileStart: number): string {
    // Not `join`: with many queues its look at every character is a good part of a start.
    return `${this.dir}${sep}${String(fileStart).padStart(20, '0')}`;
  }

  /**
   * Finds the files on disk. One that is too short is one whose size was not durable at a power cut: it is extended,
   * with zeros like any entry that was not written. (Were it one of other settings, the names would not fit.)
   * @throws ConsumeQueueError `BAD_FILE_SIZE`, `MISSING_FILE`
   */
  load(): void {
    const { disk, fileSizeBytes } = this.context;
    const starts = disk.list(this.dir).filter(isFileName).map(Number);
    starts.forEach((start, i) => {
      if (start % fileSizeBytes === 0 && (i === 0 || start === starts[i - 1]! + fileSizeBytes)) return;
      const sizeBytes = disk.stat(this.pathOf(start))?.sizeBytes ?? 0;
      const isOther = sizeBytes !== 0 && sizeBytes !== fileSizeBytes;
      throw isOther ? this.badSize(start, sizeBytes) : this.missingBefore(start);
    });
    for (const start of starts) {
      const path = this.pathOf(start);
      const sizeBytes = disk.stat(path)?.sizeBytes ?? 0;
      if (sizeBytes < fileSizeBytes) disk.open(path, { sizeBytes: fileSizeBytes }).close();
      else if (sizeBytes > fileSizeBytes) throw this.badSize(start, sizeBytes);
    }
    this.startBytes = starts[0] ?? 0;
    this.endBytes = starts.length === 0 ? 0 : starts[starts.length - 1]! + fileSizeBytes;
  }

  /** As `load`, without a look at the disk: somebody else knows that these are the files. */
  assume(startBytes: number, endBytes: number): void {
    this.startBytes = startBytes;
    this.endBytes = endBytes;
  }

  /** `DiskStat.changeStamp` of the last file; 0 without one, undefined where it is missing or of another size. */
  lastChangeStamp(): number | undefined {
    if (this.isEmpty) return 0;
    const facts = this.context.disk.stat(this.pathOf(this.endBytes - this.fileSizeBytes));
    return facts?.sizeBytes === this.fileSizeBytes ? facts.changeStamp : undefined;
  }

  /** The files that hold [from, to), and so their names, were created since `from` was the end of the queue. */
  namesChanged(from: number, to: number): void {
    const isInOneFile = from % this.fileSizeBytes !== 0 && this.fileStart(from) === this.fileStart(to - 1);
    if (isInOneFile) return;
    this.context.directoryChanged(this.dir);
    this.parentsChanged();
  }

  private badSize(start: number, sizeBytes: number): ConsumeQueueError {
    const detail = `has ${sizeBytes} bytes instead of ${this.fileSizeBytes}`;
    return new ConsumeQueueError('BAD_FILE_SIZE', this.pathOf(start), detail);
  }

  private missingBefore(start: number): ConsumeQueueError {
    return new ConsumeQueueError('MISSING_FILE', this.pathOf(start), 'does not continue the file before it');
  }

  /** Writes bytes at a position at or before the end of the files, creating files as needed. @throws DiskError */
  write(source: Buffer, sourceStart: number, length: number, position: number): void {
    let done = 0;
    while (done < length) {
      const at = position + done;
      const fileStart = this.fileStart(at);
      const part = Math.min(length - done, fileStart + this.fileSizeBytes - at);
      this.writable(fileStart).write(source, at - fileStart, part, sourceStart + done);
      done += part;
    }
  }

  /** Path of the file that a write at `position` would create; undefined where there is one. */
  pathToCreate(position: number): string | undefined {
    const fileStart = this.fileStart(position);
    return !this.isEmpty && fileStart < this.endBytes ? undefined : this.pathOf(fileStart);
  }

  /** Reads up to `length` bytes of one file (never beyond its end); returns how many. Blocking. */
  read(target: Buffer, position: number, length: number): number {
    const fileStart = this.fileStart(position);
    const part = Math.min(length, fileStart + this.fileSizeBytes - position);
    return this.context.handles.use(this.pathOf(fileStart)).read(target, position - fileStart, part);
  }

  /** As `read`, off the event loop. */
  readAsync(target: Buffer, position: number, length: number): Promise<number> {
    const fileStart = this.fileStart(position);
    const part = Math.min(length, fileStart + this.fileSizeBytes - position);
    return this.context.handles.readAsync(this.pathOf(fileStart), target, position - fileStart, part);
  }

  /** Makes the bytes of [from, to) durable; the names of new files are up to the context. */
  async sync(from: number, to: number): Promise<void> {
    for (let start = this.fileStart(from); start < to; start += this.fileSizeBytes) {
      if (start >= this.startBytes && start < this.endBytes)
        await this.context.handles.sync(this.pathOf(start));
    }
  }

  /**
   * Makes the queue end at `position`: later files are removed and what stood behind it in its file reads as zero,
   * because stale entries would count as written after the next crash.
   * @param staleEnd nothing was ever written from here on, if known
   * @returns whether anything stood there
   */
  truncate(position: number, staleEnd = Infinity): boolean {
    this.aboutToShrink();
    const isLast = this.isEmpty || this.endBytes - this.fileSizeBytes < position;
    while (!this.isEmpty && this.endBytes - this.fileSizeBytes >= position) {
      this.removeFile(this.endBytes - this.fileSizeBytes);
      this.endBytes -= this.fileSizeBytes;
      this.context.directoryChanged(this.dir);
    }
    return this.clear(position, Math.min(this.endBytes, staleEnd)) || !isLast;
  }

  /** Makes [from, to) of one file read as zero, durably. Space that was never written stays unallocated. */
  private clear(from: number, to: number): boolean {
    const found = Buffer.allocUnsafe(Math.max(0, Math.min(ZEROS.length, to - from)));
    let changed = false;
    for (let at = from; at < to; at += found.length) {
      const got = this.read(found, at, Math.min(found.length, to - at));
      if (found.compare(ZEROS, 0, got, 0, got) === 0) continue;
      this.write(ZEROS, 0, got, at);
      changed = true;
    }
    if (changed) this.context.handles.use(this.pathOf(this.fileStart(from))).syncNow();
    return changed;
  }

  removeFirst(): void {
    this.aboutToShrink();
    this.removeFile(this.startBytes);
    this.startBytes += this.fileSizeBytes;
  }

  destroy(): void {
    for (let start = this.startBytes; start < this.endBytes; start += this.fileSizeBytes) {
      this.context.handles.forget(this.pathOf(start));
    }
    this.context.disk.remove(this.dir);
    this.startBytes = this.endBytes = 0;
  }

  private writable(fileStart: number): DiskFile {
    const { handles, fileSizeBytes } = this.context;
    if (!this.isEmpty && fileStart < this.endBytes) return handles.use(this.pathOf(fileStart));
    if (this.isEmpty) this.makeDirectory();
    const file = handles.use(this.pathOf(fileStart), { create: true, sizeBytes: fileSizeBytes });
    if (this.isEmpty) this.startBytes = fileStart;
    this.endBytes = fileStart + fileSizeBytes;
    this.context.directoryChanged(this.dir);
    return file;
  }

  /** QID; TOPIC, consumequeue and the root may be as new as it is. */
  private makeDirectory(): void {
    this.context.disk.mkdir(this.dir);
    this.parentsChanged();
  }

  private parentsChanged(): void {
    let dir = this.dir;
    for (let level = 0; level < 3; level++) this.context.directoryChanged((dir = dirname(dir)));
  }

  private removeFile(fileStart: number): void {
    const path = this.pathOf(fileStart);
    this.context.handles.forget(path);
    this.context.disk.remove(path);
  }
}

function isFileName(name: string): boolean {
  return /^\d{20}$/.test(name);
}
