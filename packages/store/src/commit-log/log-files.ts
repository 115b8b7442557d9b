// The files of the commit log: which exist, where the next one goes, which are open.
//
//   <dir>/00000000000000000000   [0, S)        every file has the same size S from its creation on (sparse),
//   <dir>/00000000000000S        [S, 2S)       is named by its first byte's offset, and follows the one before.
//
// Several directories: file n goes to write path n mod count (upstream `MultiPathMappedFileQueue`).
import { dirname, join } from 'node:path';
import type { Logger } from '@mq/remoting';
import type { Disk, DiskFile } from '../disk/disk.js';
import { FileHandles } from '../disk/file-handles.js';
import { StoreError } from '../store-error.js';
import { LOG_FILE_NAME, logFileName, type LogFile } from './log-file.js';

export interface LogFilesOptions {
  /** Directories new files go to; at least one. */
  writePaths: readonly string[];
  /** Directories that are only read. */
  readOnlyPaths: readonly string[];
  fileSizeBytes: number;
  /** Bound of open descriptors. */
  maxOpenFiles: number;
}

export class LogFiles {
  /** Ascending and without gaps. */
  #files: LogFile[] = [];
  readonly #handles: FileHandles;
  /** Directories taken out of turn because they are full. */
  #fullPaths: ReadonlySet<string> = new Set();

  constructor(
    private readonly disk: Disk,
    private readonly options: LogFilesOptions,
    private readonly logger: Logger,
  ) {
    this.#handles = new FileHandles(disk, options.maxOpenFiles);
  }

  get fileSizeBytes(): number {
    return this.options.fileSizeBytes;
  }

  get all(): readonly LogFile[] {
    return this.#files;
  }

  get first(): LogFile | undefined {
    return this.#files[0];
  }

  get last(): LogFile | undefined {
    return this.#files[this.#files.length - 1];
  }

  get paths(): readonly string[] {
    return [...new Set([...this.options.writePaths, ...this.options.readOnlyPaths])];
  }

  /**
   * Finds the files of all directories.
   * @throws StoreError FILE_SIZE_MISMATCH, CORRUPT (a gap)
   */
  load(): void {
    const found: LogFile[] = [];
    for (const dir of this.paths) {
      this.disk.mkdir(dir);
      // Whoever made the directory, or its newest file, may have been killed before he had synced its name.
      if (this.options.writePaths.includes(dir)) {
        this.disk.syncDirectory(dirname(dir));
        this.disk.syncDirectory(dir);
      }
      for (const name of this.disk.list(dir)) {
        if (!LOG_FILE_NAME.test(name)) continue;
        found.push(this.#file(join(dir, name), Number(name)));
      }
    }
    found.sort((a, b) => a.baseOffset - b.baseOffset);
    this.#dropEmptyLast(found);
    for (const file of found) this.#checkSize(file);
    checkContiguous(found);
    this.#files = found;
  }

  /** The file that holds `offset`, open or not. */
  fileAt(offset: number): LogFile | undefined {
    const first = this.#files[0];
    if (first === undefined || offset < first.baseOffset) return undefined;
    return this.#files[Math.floor((offset - first.baseOffset) / this.fileSizeBytes)];
  }

  /** Whether the file is still part of the log. */
  has(file: LogFile): boolean {
    return this.fileAt(file.baseOffset) === file;
  }

  /** The open handle of a file, for use before the next call of this class. @throws DiskError */
  handle(file: LogFile): DiskFile {
    return this.#handles.use(file.path);
  }

  /** Reads off the event loop. @throws DiskError */
  readAsync(file: LogFile, target: Buffer, position: number, length: number): Promise<number> {
    return this.#handles.readAsync(file.path, target, position, length);
  }

  /** Syncs one file off the event loop. A rejection is final for the file. */
  sync(file: LogFile): Promise<void> {
    return this.#handles.sync(file.path);
  }

  /** The file that starts at `baseOffset`, created with its full size if it does not exist yet. @throws DiskError */
  ensure(baseOffset: number): LogFile {
    const existing = this.fileAt(baseOffset);
    if (existing !== undefined) return existing;
    const path = join(this.#directoryFor(baseOffset), logFileName(baseOffset));
    const file = this.#file(path, baseOffset);
    // Its size and name are durable before it holds a record: no crash leaves a file that is too short.
    try {
      this.#handles.use(path, { create: true, sizeBytes: this.fileSizeBytes }).syncNow();
      this.disk.syncDirectory(dirname(path));
    } catch (error) {
      // A failed sync is final for a file: the next attempt begins with a new one.
      this.#discard(path);
      throw error;
    }
    this.#files.push(file);
    return file;
  }

  /** Removes the oldest file; reads that run finish. */
  removeFirst(file: LogFile): void {
    if (this.#files[0] !== file) throw new Error('log files are removed oldest first');
    this.#files.shift();
    this.#remove(file);
  }

  /** Removes the files that start behind `offset`: what recovery found to be no part of the log. */
  removeBehind(offset: number): void {
    for (let file = this.last; file !== undefined && file.baseOffset > offset; file = this.last) {
      this.logger.warn('log file behind the end of the log removed', { path: file.path });
      this.#files.pop();
      this.#remove(file);
    }
  }

  setFullPaths(paths: ReadonlySet<string>): void {
    this.#fullPaths = paths;
  }

  close(): void {
    this.#handles.closeAll();
  }

  #discard(path: string): void {
    this.#handles.forget(path);
    try {
      this.disk.remove(path);
    } catch (error) {
      this.logger.warn('a log file that is not durable could not be removed', { path, error: String(error) });
    }
  }

  #remove(file: LogFile): void {
    this.#handles.forget(file.path);
    this.disk.remove(file.path);
    this.disk.syncDirectory(dirname(file.path));
  }

  /** Upstream: write paths without the full ones, sorted; if none is left, all write paths. */
  #directoryFor(baseOffset: number): string {
    const roomy = this.options.writePaths.filter((path) => !this.#fullPaths.has(path));
    const candidates = [...(roomy.length > 0 ? roomy : this.options.writePaths)].sort();
    const dir = candidates[Math.floor(baseOffset / this.fileSizeBytes) % candidates.length];
    if (dir === undefined) throw new Error('no directory to write the log to');
    return dir;
  }

  /** A crash between creating and sizing a file leaves it empty: it never held anything. */
  #dropEmptyLast(found: LogFile[]): void {
    const last = found[found.length - 1];
    if (last === undefined || this.disk.stat(last.path)?.sizeBytes !== 0) return;
    this.logger.warn('empty last log file removed', { path: last.path });
    this.disk.remove(last.path);
    found.pop();
  }

  #checkSize(file: LogFile): void {
    const actual = this.disk.stat(file.path)?.sizeBytes;
    if (actual === this.fileSizeBytes) return;
    throw new StoreError({
      code: 'FILE_SIZE_MISMATCH',
      path: file.path,
      message: `${file.path} has ${actual} bytes, mappedFileSizeCommitLog says ${this.fileSizeBytes}: set it to what the store was written with, or restore the file`,
    });
  }

  #file(path: string, baseOffset: number): LogFile {
    return { path, baseOffset, endOffset: baseOffset + this.fileSizeBytes };
  }
}

function checkContiguous(files: readonly LogFile[]): void {
  for (let index = 1; index < files.length; index++) {
    const before = files[index - 1]!;
    const file = files[index]!;
    if (file.baseOffset === before.endOffset) continue;
    throw new StoreError({
      code: 'CORRUPT',
      path: file.path,
      position: 0,
      message: `the log has a gap: ${file.path} should start at ${before.endOffset}, where ${before.path} ends`,
    });
  }
}
