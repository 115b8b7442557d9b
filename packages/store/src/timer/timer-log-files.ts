// The row of equally sized files of the timer log. A file's name is the position of its first byte, 20 digits; the files
// follow each other without a gap.
import { dirname, join } from 'node:path';
import type { Disk, DiskFile } from '../disk/disk.js';
import { FileHandles } from '../disk/file-handles.js';
import { StoreError } from '../store-error.js';

const FILE_NAME = /^\d{20}$/;
const MAX_OPEN_FILES = 16;

export class TimerLogFiles {
  /** Position of the first byte of the first file. */
  start = 0;
  /** Position behind the last byte of the last file; equal to `start` without files. */
  end = 0;
  readonly #handles: FileHandles;
  /** From the start: whoever made a file may have been killed before he had synced its name. */
  #namesChanged = true;

  constructor(
    private readonly disk: Disk,
    private readonly dir: string,
    readonly fileSizeBytes: number,
  ) {
    this.#handles = new FileHandles(disk, MAX_OPEN_FILES);
  }

  /** Finds the files. One that is too short lost its size in a power cut. @throws StoreError FILE_SIZE_MISMATCH, CORRUPT; DiskError */
  load(): void {
    const starts = this.disk
      .list(this.dir)
      .filter((name) => FILE_NAME.test(name))
      .map(Number);
    starts.forEach((start, i) => {
      const path = this.#pathOf(start);
      const sizeBytes = this.disk.stat(path)?.sizeBytes ?? 0;
      if (sizeBytes > this.fileSizeBytes || start % this.fileSizeBytes !== 0) {
        const message = `${path} has ${sizeBytes} bytes; mappedFileSizeTimerLog is ${this.fileSizeBytes}`;
        throw new StoreError({ code: 'FILE_SIZE_MISMATCH', message, path });
      }
      if (i > 0 && start !== starts[i - 1]! + this.fileSizeBytes) {
        throw new StoreError({ code: 'CORRUPT', message: `${path}: the file before it is missing`, path });
      }
      if (sizeBytes < this.fileSizeBytes)
        this.disk.open(path, { create: true, sizeBytes: this.fileSizeBytes }).close();
    });
    this.start = starts[0] ?? 0;
    this.end = starts.length === 0 ? 0 : starts[starts.length - 1]! + this.fileSizeBytes;
  }

  /** Start of the file that holds a position. */
  fileStart(position: number): number {
    return position - (position % this.fileSizeBytes);
  }

  /** Bytes of one file, blocking; fewer at its end. @throws DiskError */
  read(target: Buffer, position: number, length: number): number {
    if (length <= 0 || position < this.start || position >= this.end) return 0;
    const fileStart = this.fileStart(position);
    const part = Math.min(length, fileStart + this.fileSizeBytes - position);
    return this.#handles.use(this.#pathOf(fileStart)).read(target, position - fileStart, part);
  }

  /** Bytes of one file, which is created when it is the next one. @throws DiskError */
  write(source: Buffer, length: number, position: number): void {
    const fileStart = this.fileStart(position);
    this.#writable(fileStart).write(source, position - fileStart, length);
  }

  /** Removes what stands at and behind `position`; the rest of its file reads as zero. @throws DiskError */
  cut(position: number): void {
    while (this.end > this.start && this.end - this.fileSizeBytes >= position) {
      this.end -= this.fileSizeBytes;
      this.#remove(this.end);
    }
    if (position <= this.start || position >= this.end) return;
    const fileStart = this.fileStart(position);
    const path = this.#pathOf(fileStart);
    if (this.#isZeroFrom(position)) return;
    this.#handles.use(path).truncate(position - fileStart);
    this.#handles.forget(path);
    this.#handles.use(path, { sizeBytes: this.fileSizeBytes }).syncNow();
  }

  removeFirst(): void {
    this.#remove(this.start);
    this.start += this.fileSizeBytes;
  }

  /** Makes the bytes of `[from, to)` and the names of the files durable. @throws DiskError */
  async sync(from: number, to: number): Promise<void> {
    for (let start = this.fileStart(from); start < to; start += this.fileSizeBytes) {
      if (start >= this.start && start < this.end) await this.#handles.sync(this.#pathOf(start));
    }
    if (!this.#namesChanged) return;
    this.#namesChanged = false;
    await this.disk.syncDirectoryAsync(this.dir);
    await this.disk.syncDirectoryAsync(dirname(this.dir));
  }

  close(): void {
    this.#handles.closeAll();
  }

  #writable(fileStart: number): DiskFile {
    const path = this.#pathOf(fileStart);
    if (fileStart < this.end) return this.#handles.use(path);
    if (this.end === this.start) {
      this.disk.mkdir(this.dir);
      this.start = fileStart;
    }
    const file = this.#handles.use(path, { create: true, sizeBytes: this.fileSizeBytes });
    this.end = fileStart + this.fileSizeBytes;
    this.#namesChanged = true;
    return file;
  }

  #isZeroFrom(position: number): boolean {
    const end = this.fileStart(position) + this.fileSizeBytes;
    const bytes = Buffer.alloc(Math.min(1024 * 1024, end - position));
    for (let at = position; at < end; at += bytes.length) {
      const length = this.read(bytes, at, bytes.length);
      for (let i = 0; i < length; i++) if (bytes[i] !== 0) return false;
    }
    return true;
  }

  #remove(fileStart: number): void {
    const path = this.#pathOf(fileStart);
    this.#handles.forget(path);
    this.disk.remove(path);
    this.#namesChanged = true;
  }

  #pathOf(fileStart: number): string {
    return join(this.dir, String(fileStart).padStart(20, '0'));
  }
}
