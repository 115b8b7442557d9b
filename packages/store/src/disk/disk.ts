/**
 * The one door between the store and the disk. `FileDisk` is the real one, `SimulatedDisk` (testing/) loses what was
 * not synced, tears writes and fails on request. Nothing else in this package imports `node:fs`.
 *
 * Calls are synchronous except `sync`, `syncDirectoryAsync`, `createAsync` and `readAsync`: a positioned write into the page cache costs
 * less than a trip through the thread pool, while a sync or a cold read may take as long as the device likes.
 */

export interface Disk {
  /**
   * Opens a file for positioned reads and writes. A file that is absent is created only with `create`. With
   * `sizeBytes` a shorter file is extended, sparsely, to exactly that size; a longer one is left as it is.
   * @throws DiskError `ENOENT` when absent without `create`
   */
  open(path: string, options?: OpenOptions): DiskFile;
  /**
   * Creates a file of this size, sparse, with the directories above it, off the event loop: a journal that is busy holds
   * whoever creates. One that exists is left as it is.
   */
  createAsync(path: string, sizeBytes: number): Promise<void>;
  /** Names in a directory, sorted; empty when the directory does not exist. */
  list(dir: string): string[];
  /** Facts of a file or directory; undefined when there is none. */
  stat(path: string): DiskStat | undefined;
  /** Creates a directory and its missing parents. */
  mkdir(dir: string): void;
  /** Replaces `to` atomically. Durable only after `syncDirectory` of the parent. */
  rename(from: string, to: string): void;
  /** Removes a file, or a directory with all it holds; absent is no error. */
  remove(path: string): void;
  /** Makes creations, renames and removals inside `dir` durable. */
  syncDirectory(dir: string): void;
  /** As `syncDirectory`, off the event loop. A rejection is final, as that of `DiskFile.sync`. */
  syncDirectoryAsync(dir: string): Promise<void>;
  /** A whole small file; undefined when absent (absent is not the same as empty). */
  readFile(path: string): Buffer | undefined;
  /** Overwrites a small file in place. Neither atomic nor durable: state files go through `ConfigFile`. */
  writeFile(path: string, data: Buffer | string): void;
  /** Size and free space (for an unprivileged process) of the file system that holds `path` or its nearest parent. */
  usage(path: string): DiskUsage;
  /**
   * Takes the exclusive lock of a store directory: `path` is its `lock` file.
   * @throws DiskError `LOCKED` with a sentence naming the holder
   */
  lock(path: string): DiskLock;
}

/** `create` makes a file that is absent, `sizeBytes` extends a shorter one with zeros. Default: to read and write. */
export interface OpenOptions {
  /** Makes the file when it is absent; default false, which fails with `ENOENT`. */
  create?: boolean;
  /** A shorter file is extended with zeros to this; default: it stays as it is. */
  sizeBytes?: number;
  /** Default false. */
  readOnly?: boolean;
  /** A file created by this call can be read and written by its owner alone; else everybody may read it. */
  ownerOnly?: boolean;
}

/** Facts of a file or directory. */
export interface DiskStat {
  /** Length of a file. */
  readonly sizeBytes: number;
  /** Last modification, wall clock milliseconds. */
  readonly mtimeMs: number;
  /** False: a file. */
  readonly isDirectory: boolean;
  /** Names this very file: another one under its path, a copy of it included, has another. Empty where nothing tells. */
  readonly identity: string;
  /**
   * Another number after any change of content, size or name (as fine as the file system's clock, some milliseconds).
   * No program can set it.
   */
  readonly changeStamp: number;
}

/** Bytes of a file system, and those of them that an unprivileged process may still use. */
export interface DiskUsage {
  /** Size of the file system. */
  readonly totalBytes: number;
  /** What an unprivileged process may still use. */
  readonly usableBytes: number;
}

/** The lock of a store directory; held until `release`. */
export interface DiskLock {
  /** Another process may take the lock from then on. */
  release(): void;
}

/** An open file. Calls throw, or reject with, `DiskError`; after `close` with code `CLOSED`. */
export interface DiskFile {
  /** As it was opened. */
  readonly path: string;
  /** Size as this handle knows it: at open, moved by its own writes and truncates. */
  readonly sizeBytes: number;
  /**
   * Writes `length` bytes of `source` from `sourceStart` (default: all of it). Returns only when the kernel has
   * accepted every byte: a short write is continued. Accepted is not durable.
   * @throws DiskError whose `position` is the first byte that was not accepted
   */
  write(source: Buffer, position: number, length?: number, sourceStart?: number): void;
  /** Reads up to `length` bytes; returns how many, fewer only at the end of the file. */
  read(target: Buffer, position: number, length?: number, targetStart?: number): number;
  /** As `read`, off the event loop: for data that may not be in the page cache. */
  readAsync(target: Buffer, position: number, length?: number, targetStart?: number): Promise<number>;
  /**
   * Resolves when every byte written before the call is on the device (fdatasync, off the loop). A rejection is final
   * for the file: the kernel may have dropped the pages, and a second call that succeeds proves nothing.
   */
  sync(): Promise<void>;
  /** As `sync`, blocking. */
  syncNow(): void;
  /** Cuts the file, or extends it with zeros. */
  truncate(sizeBytes: number): void;
  /** Idempotent. Does not sync. */
  close(): void;
}

/** What was asked of a disk, as `DiskError` names it and as the simulated disk counts and fails it. */
export type DiskOperation =
  | 'open'
  | 'list'
  | 'stat'
  | 'mkdir'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'readFile'
  | 'writeFile'
  | 'usage'
  | 'lock'
  | 'write'
  | 'read'
  | 'sync'
  | 'truncate'
  | 'close';

export interface DiskErrorFacts {
  /** errno name (`EIO`, `ENOSPC`, `EROFS`, `EMFILE`, `ENOENT`, ...), `LOCKED`, or `CLOSED` for a closed handle. */
  code: string;
  operation: DiskOperation;
  path: string;
  /** Byte position inside the file, where one is known. */
  position?: number;
  detail?: string;
  cause?: unknown;
}

/** The world failed, not the program: expected, typed, and handled by whoever holds the file. */
export class DiskError extends Error {
  /** As `DiskErrorFacts.code`. */
  readonly code: string;
  /** What was asked of the disk. */
  readonly operation: DiskOperation;
  /** The file or directory concerned. */
  readonly path: string;
  /** Byte position inside the file; undefined where none is known. */
  readonly position: number | undefined;

  constructor({ code, operation, path, position, detail, cause }: DiskErrorFacts) {
    const where = position === undefined ? path : `${path} at byte ${position}`;
    super(`${operation} of ${where} failed: ${detail ?? code}`, cause === undefined ? undefined : { cause });
    this.name = 'DiskError';
    this.code = code;
    this.operation = operation;
    this.path = path;
    this.position = position;
  }

  /** Wraps what `node:fs` throws; a DiskError passes through unchanged. */
  static from(cause: unknown, operation: DiskOperation, path: string, position?: number): DiskError {
    if (cause instanceof DiskError) return cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    return new DiskError({ code: code ?? 'UNKNOWN', operation, path, position, detail: message, cause });
  }
}
