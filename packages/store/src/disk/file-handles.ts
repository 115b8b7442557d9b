/**
 * Open handles of many files under one bound: 100,000 queues must not hold 100,000 descriptors. Least recently used
 * handles are closed; one that an asynchronous call is using is pinned and outlives its eviction.
 */
import type { Disk, DiskFile, OpenOptions } from './disk.js';

interface Handle {
  readonly file: DiskFile;
  pins: number;
  /** Left the table while pinned: closed by the last unpin. */
  dropped: boolean;
}

export class FileHandles {
  /** In order of use, oldest first. */
  private readonly open = new Map<string, Handle>();
  /** The one used last: a log is written to the same file for hours. */
  private newest: Handle | undefined;
  private newestPath = '';

  /** @param maxOpen bound of open descriptors; pinned ones may exceed it for as long as their call runs */
  constructor(
    private readonly disk: Disk,
    private readonly maxOpen = 1024,
  ) {}

  get size(): number {
    return this.open.size;
  }

  /** The handle of a file, for use before the next call of this class. @throws DiskError */
  use(path: string, options?: OpenOptions): DiskFile {
    return this.handle(path, options).file;
  }

  async readAsync(
    path: string,
    target: Buffer,
    position: number,
    length: number,
    targetStart = 0,
  ): Promise<number> {
    const handle = this.handle(path);
    handle.pins++;
    try {
      return await handle.file.readAsync(target, position, length, targetStart);
    } finally {
      this.unpin(handle);
    }
  }

  async sync(path: string): Promise<void> {
    const handle = this.handle(path);
    handle.pins++;
    try {
      await handle.file.sync();
    } finally {
      this.unpin(handle);
    }
  }

  /** Closes the handle of a file that is about to be removed. */
  forget(path: string): void {
    const handle = this.open.get(path);
    if (handle === undefined) return;
    this.open.delete(path);
    this.drop(handle);
  }

  closeAll(): void {
    for (const handle of this.open.values()) this.drop(handle);
    this.open.clear();
  }

  private handle(path: string, options?: OpenOptions): Handle {
    if (this.newest !== undefined && path === this.newestPath) return this.newest;
    let handle = this.open.get(path);
    if (handle === undefined) {
      if (this.open.size >= this.maxOpen) this.evictOldest();
      handle = { file: this.disk.open(path, options), pins: 0, dropped: false };
    } else {
      this.open.delete(path);
    }
    this.open.set(path, handle);
    this.newest = handle;
    this.newestPath = path;
    return handle;
  }

  private evictOldest(): void {
    const oldest = this.open.entries().next().value;
    if (oldest === undefined) return;
    this.open.delete(oldest[0]);
    this.drop(oldest[1]);
  }

  private drop(handle: Handle): void {
    if (handle === this.newest) this.newest = undefined;
    handle.dropped = true;
    if (handle.pins === 0) handle.file.close();
  }

  private unpin(handle: Handle): void {
    handle.pins--;
    if (handle.dropped && handle.pins === 0) handle.file.close();
  }
}
