import {
  type Disk,
  DiskError,
  type DiskFile,
  type DiskLock,
  type DiskOperation,
  type DiskStat,
  type DiskUsage,
  type OpenOptions,
} from '@mq/store';

/** Decides before each call to the disk; throws the DiskError that the call is to end with. */
export type DiskGuard = (operation: DiskOperation, path: string) => void;

/**
 * A disk whose calls can be made to fail. `freeze` makes it the disk of a killed process: what has been
 * written stays, and nothing more reaches it.
 */
export class FaultyDisk implements Disk {
  readonly #disk: Disk;
  readonly #guard: DiskGuard;
  #isFrozen = false;

  constructor(disk: Disk, guard: DiskGuard) {
    this.#disk = disk;
    this.#guard = guard;
  }

  /** From now on nothing is written, renamed or removed any more; the callers see EIO. */
  freeze(): void {
    this.#isFrozen = true;
  }

  open(path: string, options?: OpenOptions): DiskFile {
    if (options?.create === true) this.#changing('open', path);
    else this.#guard('open', path);
    const file = this.#disk.open(path, options);
    return new FaultyFile(file, this.#guard, (operation) => this.#changing(operation, path));
  }

  async createAsync(path: string, sizeBytes: number): Promise<void> {
    this.#changing('open', path);
    await this.#disk.createAsync(path, sizeBytes);
  }

  list(dir: string): string[] {
    this.#guard('list', dir);
    return this.#disk.list(dir);
  }

  stat(path: string): DiskStat | undefined {
    this.#guard('stat', path);
    return this.#disk.stat(path);
  }

  mkdir(dir: string): void {
    this.#changing('mkdir', dir);
    this.#disk.mkdir(dir);
  }

  rename(from: string, to: string): void {
    this.#changing('rename', from);
    this.#disk.rename(from, to);
  }

  remove(path: string): void {
    this.#changing('remove', path);
    this.#disk.remove(path);
  }

  syncDirectory(dir: string): void {
    this.#changing('syncDirectory', dir);
    this.#disk.syncDirectory(dir);
  }

  async syncDirectoryAsync(dir: string): Promise<void> {
    this.#changing('syncDirectory', dir);
    await this.#disk.syncDirectoryAsync(dir);
  }

  readFile(path: string): Buffer | undefined {
    this.#guard('readFile', path);
    return this.#disk.readFile(path);
  }

  writeFile(path: string, data: Buffer | string): void {
    this.#changing('writeFile', path);
    this.#disk.writeFile(path, data);
  }

  usage(path: string): DiskUsage {
    this.#guard('usage', path);
    return this.#disk.usage(path);
  }

  lock(path: string): DiskLock {
    this.#guard('lock', path);
    return this.#disk.lock(path);
  }

  #changing(operation: DiskOperation, path: string): void {
    if (this.#isFrozen)
      throw new DiskError({ code: 'EIO', operation, path, detail: 'the process was killed' });
    this.#guard(operation, path);
  }
}

class FaultyFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #guard: DiskGuard;
  readonly #changing: (operation: DiskOperation) => void;

  constructor(file: DiskFile, guard: DiskGuard, changing: (operation: DiskOperation) => void) {
    this.#file = file;
    this.#guard = guard;
    this.#changing = changing;
  }

  get path(): string {
    return this.#file.path;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  write(source: Buffer, position: number, length?: number, sourceStart?: number): void {
    this.#changing('write');
    this.#file.write(source, position, length, sourceStart);
  }

  read(target: Buffer, position: number, length?: number, targetStart?: number): number {
    this.#guard('read', this.path);
    return this.#file.read(target, position, length, targetStart);
  }

  async readAsync(target: Buffer, position: number, length?: number, targetStart?: number): Promise<number> {
    this.#guard('read', this.path);
    return this.#file.readAsync(target, position, length, targetStart);
  }

  async sync(): Promise<void> {
    this.#changing('sync');
    await this.#file.sync();
  }

  syncNow(): void {
    this.#changing('sync');
    this.#file.syncNow();
  }

  truncate(sizeBytes: number): void {
    this.#changing('truncate');
    this.#file.truncate(sizeBytes);
  }

  close(): void {
    this.#file.close();
  }
}
