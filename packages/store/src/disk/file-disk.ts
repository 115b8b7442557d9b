/** The real disk: `node:fs`, with counts checked and errors typed. Holds no state but open descriptors. */
import {
  close,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  promises,
  read,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DiskError } from './disk.js';
import type { Disk, DiskFile, DiskLock, DiskOperation, DiskStat, DiskUsage, OpenOptions } from './disk.js';
import { lockStoreDirectory } from './store-lock.js';

/**
 * `mkdir -p`. Not `mkdirSync` with `recursive`: Node 20 never returns from it where the system refuses with ENOENT
 * although the parent exists (below /proc).
 */
function makeFolders(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(dir);
  if (parent !== dir) makeFolders(parent);
  try {
    mkdirSync(dir);
  } catch (error) {
    // Somebody else may have made it in between; anything but a folder in its place is still an error.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(dir).isDirectory()) throw error;
  }
}

/** The machine's own file system. Calls throw, or reject with, `DiskError`. */
export class FileDisk implements Disk {
  open(path: string, options: OpenOptions = {}): DiskFile {
    const { create = false, sizeBytes, readOnly = false, ownerOnly = false } = options;
    return guard('open', path, () => {
      const access = readOnly ? constants.O_RDONLY : constants.O_RDWR;
      const fd = openSync(path, create ? access | constants.O_CREAT : access, ownerOnly ? 0o600 : 0o644);
      try {
        let size = fstatSync(fd).size;
        if (sizeBytes !== undefined && size < sizeBytes) {
          ftruncateSync(fd, sizeBytes);
          size = sizeBytes;
        }
        return new OpenFile(path, fd, size);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    });
  }

  async createAsync(path: string, sizeBytes: number): Promise<void> {
    try {
      let file: FileHandle;
      try {
        file = await promises.open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        await promises.mkdir(dirname(path), { recursive: true });
        file = await promises.open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
      }
      try {
        if ((await file.stat()).size < sizeBytes) await file.truncate(sizeBytes);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw DiskError.from(error, 'open', path);
    }
  }

  list(dir: string): string[] {
    return guardAbsent('list', dir, () => readdirSync(dir).sort()) ?? [];
  }

  stat(path: string): DiskStat | undefined {
    return guardAbsent('stat', path, () => {
      const facts = statSync(path);
      const { size, mtimeMs, ctimeMs, birthtimeMs, dev, ino } = facts;
      return {
        sizeBytes: size,
        mtimeMs,
        isDirectory: facts.isDirectory(),
        // The number alone is given to another file once this one is gone; its birth no program can set.
        identity: birthtimeMs > 0 ? `${dev}:${ino}:${birthtimeMs}` : '',
        changeStamp: ctimeMs,
      };
    });
  }

  mkdir(dir: string): void {
    guard('mkdir', dir, () => makeFolders(dir));
  }

  rename(from: string, to: string): void {
    guard('rename', from, () => renameSync(from, to));
  }

  remove(path: string): void {
    guard('remove', path, () => rmSync(path, { recursive: true, force: true }));
  }

  syncDirectory(dir: string): void {
    guard('syncDirectory', dir, () => {
      const fd = openSync(dir, constants.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  syncDirectoryAsync(dir: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(DiskError.from(error, 'syncDirectory', dir));
      open(dir, constants.O_RDONLY, (openError, fd) => {
        if (openError !== null) return fail(openError);
        fsync(fd, (syncError) => {
          close(fd, (closeError) => {
            const error = syncError ?? closeError;
            if (error) fail(error);
            else resolve();
          });
        });
      });
    });
  }

  readFile(path: string): Buffer | undefined {
    return guardAbsent('readFile', path, () => readFileSync(path));
  }

  writeFile(path: string, data: Buffer | string): void {
    guard('writeFile', path, () => writeFileSync(path, data));
  }

  usage(path: string): DiskUsage {
    let at = path;
    while (this.stat(at) === undefined && dirname(at) !== at) at = dirname(at);
    return guard('usage', path, () => {
      const { blocks, bavail, bsize } = statfsSync(at);
      return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
    });
  }

  lock(path: string): DiskLock {
    return guard('lock', path, () => lockStoreDirectory(path));
  }
}

class OpenFile implements DiskFile {
  private closed = false;
  private inFlight = 0;

  constructor(
    readonly path: string,
    private fd: number,
    public sizeBytes: number,
  ) {}

  write(source: Buffer, position: number, length = source.length, sourceStart = 0): void {
    let done = 0;
    try {
      while (done < length) {
        const accepted = writeSync(this.fd, source, sourceStart + done, length - done, position + done);
        if (accepted === 0) throw this.refused(position + done);
        done += accepted;
      }
    } catch (error) {
      throw DiskError.from(error, 'write', this.path, position + done);
    } finally {
      this.grewTo(position + done);
    }
  }

  read(target: Buffer, position: number, length = target.length, targetStart = 0): number {
    let done = 0;
    try {
      while (done < length) {
        const got = readSync(this.fd, target, targetStart + done, length - done, position + done);
        if (got === 0) break;
        done += got;
      }
      return done;
    } catch (error) {
      throw DiskError.from(error, 'read', this.path, position + done);
    }
  }

  readAsync(target: Buffer, position: number, length = target.length, targetStart = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      const fd = this.beginAsync('read');
      let done = 0;
      const step = (error: NodeJS.ErrnoException | null, got: number): void => {
        done += got;
        if (error === null && got > 0 && done < length) {
          read(fd, target, targetStart + done, length - done, position + done, step);
          return;
        }
        this.endAsync();
        if (error === null) resolve(done);
        else reject(DiskError.from(error, 'read', this.path, position + done));
      };
      read(fd, target, targetStart, length, position, step);
    });
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.beginAsync('sync'), (error) => {
        this.endAsync();
        if (error === null) resolve();
        else reject(DiskError.from(error, 'sync', this.path));
      });
    });
  }

  syncNow(): void {
    guard('sync', this.path, () => fdatasyncSync(this.fd));
  }

  truncate(sizeBytes: number): void {
    guard('truncate', this.path, () => ftruncateSync(this.fd, sizeBytes));
    this.sizeBytes = sizeBytes;
  }

  close(): void {
    this.closed = true;
    if (this.inFlight > 0 || this.fd < 0) return;
    const fd = this.fd;
    this.fd = -1;
    guard('close', this.path, () => closeSync(fd));
  }

  /** A descriptor is closed only when nothing in the thread pool uses it: its number would be another file's by then. */
  private beginAsync(operation: DiskOperation): number {
    if (this.closed)
      throw new DiskError({ code: 'EBADF', operation, path: this.path, detail: 'the file is closed' });
    this.inFlight++;
    return this.fd;
  }

  private endAsync(): void {
    this.inFlight--;
    if (!this.closed) return;
    try {
      this.close();
    } catch {
      // Nobody waits for this close, and what it could report was synced or is derived.
    }
  }

  private grewTo(end: number): void {
    if (end > this.sizeBytes) this.sizeBytes = end;
  }

  private refused(position: number): DiskError {
    const detail = 'the kernel accepted no byte';
    return new DiskError({ code: 'EIO', operation: 'write', path: this.path, position, detail });
  }
}

function guard<T>(operation: DiskOperation, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw DiskError.from(error, operation, path);
  }
}

/** As `guard`; an absent path is an answer (undefined), not an error. */
function guardAbsent<T>(operation: DiskOperation, path: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw DiskError.from(error, operation, path);
  }
}
