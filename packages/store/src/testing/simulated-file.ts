/** An open file of a `SimulatedDisk`: passes every byte, resize and sync to the disk's books. */
import { DiskError } from '../disk/disk.js';
import type { DiskFile, DiskOperation } from '../disk/disk.js';
import type { SimulatedDisk } from './simulated-disk.js';
import type { SimulatedInode, UnsyncedOperation } from './unsynced-log.js';

export class SimulatedFile implements DiskFile {
  private open = true;

  constructor(
    private readonly disk: SimulatedDisk,
    readonly path: string,
    private readonly inode: SimulatedInode,
    private readonly readOnly: boolean,
  ) {}

  get sizeBytes(): number {
    return this.inode.cached.size;
  }

  write(source: Buffer, position: number, length = source.length, sourceStart = 0): void {
    this.assertOpen('write', position);
    if (this.readOnly) throw failure('EBADF', 'write', this.path, position);
    const bytes = source.subarray(sourceStart, sourceStart + length);
    this.disk.count('write', this.path, position, ({ acceptBytes = 0 }) =>
      this.disk.accept(this.inode, bytes.subarray(0, acceptBytes), position),
    );
    this.disk.accept(this.inode, bytes, position);
  }

  read(target: Buffer, position: number, length = target.length, targetStart = 0): number {
    this.assertOpen('read', position);
    this.disk.count('read', this.path, position);
    return this.inode.cached.read(target, position, length, targetStart);
  }

  async readAsync(
    target: Buffer,
    position: number,
    length = target.length,
    targetStart = 0,
  ): Promise<number> {
    this.assertOpen('read', position);
    await Promise.resolve();
    this.disk.count('read', this.path, position);
    return this.inode.cached.read(target, position, length, targetStart);
  }

  async sync(): Promise<void> {
    this.assertOpen('sync');
    const covered = this.disk.unsyncedOf(this.inode);
    await this.disk.syncGate;
    this.settle(covered);
  }

  syncNow(): void {
    this.assertOpen('sync');
    this.settle(this.disk.unsyncedOf(this.inode));
  }

  truncate(sizeBytes: number): void {
    this.assertOpen('truncate');
    this.disk.count('truncate', this.path);
    this.disk.resize(this.inode, sizeBytes);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.disk.count('close', this.path);
  }

  private settle(covered: ReadonlySet<UnsyncedOperation>): void {
    this.disk.count('sync', this.path, undefined, () => this.disk.settle(covered, undefined));
    this.disk.settle(covered, this.inode.durable);
  }

  private assertOpen(operation: DiskOperation, position?: number): void {
    if (!this.open) throw failure('EBADF', operation, this.path, position);
  }
}

export function failure(code: string, operation: DiskOperation, path: string, position?: number): DiskError {
  return new DiskError({ code, operation, path, ...(position === undefined ? {} : { position }) });
}
