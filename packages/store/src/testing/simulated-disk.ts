/**
 * A disk in memory that forgets like a real one: what was written but not synced may be gone after a crash, whole, in
 * part (torn at sectors of 512 bytes) or out of order; a file that was created, renamed or removed may not have been
 * until its directory is synced. Deterministic: the same calls and the same seed give the same bytes.
 *
 *   const after = disk.crash({ seed: 7 });           // power cut: one possible state
 *   for (const { name, disk: after } of disk.crashStates(100)) ...
 *   const after = disk.kill();                       // only the process died: the page cache survives
 *   disk.failAt('sync', 3, 'EIO');                   // the third sync from now on fails
 *
 * Simplification: directories themselves are durable as soon as they are made.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, normalize } from 'node:path/posix';
import { DiskError } from '../disk/disk.js';
import type {
  Disk,
  DiskFile,
  DiskLock,
  DiskOperation,
  DiskStat,
  DiskUsage,
  OpenOptions,
} from '../disk/disk.js';
import { seededRandom } from './random.js';
import { SimulatedFile, failure } from './simulated-file.js';
import { SparseBytes } from './sparse-bytes.js';
import { applyContent, applyNames, directoryOf, isOfFile, renameTree, unlinkTree } from './unsynced-log.js';
import type { Names, SimulatedInode, Survives, UnsyncedOperation } from './unsynced-log.js';

/** Which calls a fault strikes, and how. */
export interface FaultOptions {
  /** A write takes this many bytes before it fails: a short write that could not be continued. */
  acceptBytes?: number;
  /** Only calls on paths that contain this text count. */
  path?: string;
  /** Fail every call from the nth on, not only that one. */
  sticky?: boolean;
}

interface Fault extends FaultOptions {
  readonly operation: DiskOperation;
  /** Calls left until it strikes. */
  countdown: number;
  readonly code: string;
}

/** One of the states a disk can be in after a power cut. */
export interface CrashState {
  /** What survived, for the name of a test. */
  readonly name: string;
  /** The disk after the cut, with no faults set. */
  readonly disk: SimulatedDisk;
}

/** A disk in memory that forgets what was not synced, and fails when told to. Deterministic. */
export class SimulatedDisk implements Disk {
  /** What `usage` answers. */
  usageNumbers: DiskUsage = { totalBytes: 1e12, usableBytes: 9e11 };
  /** Wall clock of modification times. */
  now: () => number = () => 0;
  /** While set, an asynchronous sync, of a file or a directory, waits for it before it takes effect. */
  syncGate: Promise<void> | undefined;
  /** Calls so far, by operation. */
  readonly calls = new Map<DiskOperation, number>();

  private names: Names = new Map([['/', undefined]]);
  private durableNames: Names = new Map([['/', undefined]]);
  private unsynced: UnsyncedOperation[] = [];
  private readonly locks = new Set<string>();
  private faults: Fault[] = [];
  private nextInode = 1;

  // ---- Disk

  open(path: string, { create = false, sizeBytes, readOnly = false }: OpenOptions = {}): DiskFile {
    const at = normalize(path);
    this.count('open', at);
    let inode = this.names.get(at);
    if (inode === undefined) {
      if (this.names.has(at)) throw failure('EISDIR', 'open', at);
      if (!create || !this.names.has(dirname(at))) throw failure('ENOENT', 'open', at);
      inode = this.createFile(at);
    }
    const file = new SimulatedFile(this, at, inode, readOnly);
    if (sizeBytes !== undefined && inode.cached.size < sizeBytes) this.resize(inode, sizeBytes);
    return file;
  }

  async createAsync(path: string, sizeBytes: number): Promise<void> {
    await Promise.resolve();
    this.mkdir(dirname(normalize(path)));
    this.open(path, { create: true, sizeBytes }).close();
  }

  list(dir: string): string[] {
    const at = normalize(dir);
    this.count('list', at);
    return [...this.names.keys()]
      .filter((name) => name !== '/' && dirname(name) === at)
      .map((name) => basename(name))
      .sort();
  }

  stat(path: string): DiskStat | undefined {
    const at = normalize(path);
    this.count('stat', at);
    if (!this.names.has(at)) return undefined;
    const inode = this.names.get(at);
    return {
      sizeBytes: inode?.cached.size ?? 0,
      mtimeMs: inode?.mtimeMs ?? 0,
      isDirectory: inode === undefined,
      identity: inode === undefined ? `directory ${at}` : `file ${inode.id}`,
      changeStamp: inode?.changes ?? 0,
    };
  }

  mkdir(dir: string): void {
    const at = normalize(dir);
    this.count('mkdir', at);
    if (!this.names.has(at)) this.settleRemovals(at);
    for (let path = at; !this.names.has(path); path = dirname(path)) {
      this.names.set(path, undefined);
      this.durableNames.set(path, undefined);
    }
  }

  rename(from: string, to: string): void {
    const [source, target] = [normalize(from), normalize(to)];
    this.count('rename', source);
    if (!this.names.has(source) || !this.names.has(dirname(target)))
      throw failure('ENOENT', 'rename', source);
    renameTree(this.names, source, target);
    this.unsynced.push({ kind: 'rename', from: source, to: target });
  }

  remove(path: string): void {
    const at = normalize(path);
    this.count('remove', at);
    if (!this.names.has(at)) return;
    unlinkTree(this.names, at);
    this.unsynced.push({ kind: 'unlink', path: at });
  }

  syncDirectory(dir: string): void {
    const at = normalize(dir);
    this.count('syncDirectory', at);
    if (!this.names.has(at)) throw failure('ENOENT', 'syncDirectory', at);
    this.unsynced = this.unsynced.filter((operation) => {
      if (directoryOf(operation) !== at) return true;
      applyNames(operation, this.durableNames);
      return false;
    });
  }

  async syncDirectoryAsync(dir: string): Promise<void> {
    await this.syncGate;
    this.syncDirectory(dir);
  }

  readFile(path: string): Buffer | undefined {
    const at = normalize(path);
    this.count('readFile', at);
    const inode = this.names.get(at);
    if (inode === undefined) return undefined;
    const bytes = Buffer.alloc(inode.cached.size);
    inode.cached.read(bytes, 0, bytes.length, 0);
    return bytes;
  }

  writeFile(path: string, data: Buffer | string): void {
    const at = normalize(path);
    this.count('writeFile', at);
    if (!this.names.has(dirname(at))) throw failure('ENOENT', 'writeFile', at);
    const inode = this.names.get(at) ?? this.createFile(at);
    this.resize(inode, 0);
    this.accept(inode, Buffer.from(data), 0);
  }

  usage(path: string): DiskUsage {
    this.count('usage', path);
    return this.usageNumbers;
  }

  lock(path: string): DiskLock {
    const at = normalize(path);
    this.count('lock', at);
    if (this.locks.has(at)) {
      throw new DiskError({
        code: 'LOCKED',
        operation: 'lock',
        path: at,
        detail: 'another store is using this directory',
      });
    }
    if (!this.names.has(at)) this.writeFile(at, 'lock');
    this.locks.add(at);
    return { release: () => void this.locks.delete(at) };
  }

  // ---- faults

  /**
   * Makes the nth call of an operation from now on (1 = the next) fail with `code`. A failed sync drops what it was to
   * keep: it is still read back until a crash, and a later sync that succeeds does not bring it back.
   */
  failAt(operation: DiskOperation, nth: number, code: string, options: FaultOptions = {}): void {
    this.faults.push({ ...options, operation, code, countdown: nth });
  }

  /** Takes back every fault that was set. */
  clearFaults(): void {
    this.faults = [];
  }

  /** Sets a file's modification time: expiry goes by it. */
  setModified(path: string, mtimeMs: number): void {
    const inode = this.names.get(normalize(path));
    if (inode !== undefined) inode.mtimeMs = mtimeMs;
  }

  // ---- crashes

  /** How many operations a crash could lose. */
  get unsyncedCount(): number {
    return this.unsynced.length;
  }

  /** The same for two disks that show the same files: what one store makes of them, any other does. */
  fingerprint(): string {
    const hash = createHash('sha1');
    for (const path of [...this.names.keys()].sort()) {
      const inode = this.names.get(path);
      hash.update(`${path}\n${inode?.mtimeMs};`);
      inode?.cached.addTo(hash);
    }
    return hash.digest('hex');
  }

  /** The process died, the machine did not: every accepted byte is there, and still not synced. */
  kill(): SimulatedDisk {
    return this.copy((operation, names) => applyNames(operation, names), true);
  }

  /** A power cut: a disk with one possible outcome, each sector and each change of names drawn from the seed. */
  crash({ seed }: { seed: number }): SimulatedDisk {
    const random = seededRandom(seed);
    // A draw of the odds first, so that nearly all and nearly nothing are as likely as half.
    const odds = random();
    return this.after(() => random() < odds);
  }

  /**
   * Crash states in an order that finds most soonest: nothing unsynced survived; all of it; every prefix of it, whole
   * and with the last write torn in half; each operation alone missing; then random ones. At most `limit`.
   */
  *crashStates(limit: number): Generator<CrashState> {
    let left = limit;
    for (const [name, survives] of this.chosenStates()) {
      if (left-- <= 0) return;
      yield { name, disk: this.after(survives) };
    }
    for (let seed = 1; left > 0; seed++, left--)
      yield { name: `random, seed ${seed}`, disk: this.crash({ seed }) };
  }

  private *chosenStates(): Generator<[string, Survives]> {
    const count = this.unsynced.length;
    yield ['nothing unsynced survived', () => false];
    if (count === 0) return;
    yield ['everything survived', () => true];
    for (let end = 1; end <= count; end++) {
      if (end < count) yield [`the first ${end} of ${count} operations survived`, (_, index) => index < end];
      yield [
        `operation ${end} of ${count} torn, none after it`,
        (_, index, sector) => index < end - 1 || (index === end - 1 && sector % 2 === 0),
      ];
    }
    for (let lost = 0; lost < count; lost++) {
      yield [`only operation ${lost + 1} of ${count} lost`, (_, index) => index !== lost];
    }
  }

  /** The state where what was synced, and what `survives` chooses of the rest, is on the device. */
  private after(survives: Survives): SimulatedDisk {
    // Journals keep the order of changes inside one directory: behind a lost one nothing of it survives.
    const cutDirectories = new Set<string>();
    let index = 0;
    return this.copy((operation, names, content) => {
      const dir = directoryOf(operation);
      const at = index++;
      if (dir === undefined) applyContent(operation, content, (sector) => survives(operation, at, sector));
      else if (!cutDirectories.has(dir) && survives(operation, at, 0)) applyNames(operation, names);
      else cutDirectories.add(dir);
    }, false);
  }

  /** A new disk from the durable state plus what `apply` does with each unsynced operation. */
  private copy(
    apply: (operation: UnsyncedOperation, names: Names, content: SparseBytes) => void,
    keepCache: boolean,
  ): SimulatedDisk {
    const disk = new SimulatedDisk();
    disk.usageNumbers = this.usageNumbers;
    disk.now = this.now;
    disk.nextInode = this.nextInode;
    const copies = new Map<SimulatedInode, SimulatedInode>();
    const copyOf = (inode: SimulatedInode): SimulatedInode => {
      let copy = copies.get(inode);
      if (copy === undefined) {
        const durable = inode.durable.clone();
        copy = { ...inode, durable, cached: keepCache ? inode.cached.clone() : durable };
        copies.set(inode, copy);
      }
      return copy;
    };
    const names: Names = new Map();
    for (const [path, inode] of this.durableNames) names.set(path, inode && copyOf(inode));
    for (const operation of this.unsynced) {
      const own: UnsyncedOperation =
        'inode' in operation ? { ...operation, inode: copyOf(operation.inode) } : operation;
      if (keepCache) disk.unsynced.push(own);
      apply(own, names, 'inode' in own ? own.inode.durable : new SparseBytes());
    }
    disk.names = names;
    disk.durableNames = new Map(names);
    if (keepCache) {
      disk.durableNames = new Map(
        [...this.durableNames].map(([path, inode]) => [path, inode && copyOf(inode)]),
      );
    } else {
      for (const inode of copies.values()) inode.cached = inode.durable.clone();
    }
    return disk;
  }

  // ---- for SimulatedFile

  /** Counts a call and lets the fault that is due strike. */
  count(
    operation: DiskOperation,
    path: string,
    position?: number,
    onFault?: (fault: FaultOptions) => void,
  ): void {
    this.calls.set(operation, (this.calls.get(operation) ?? 0) + 1);
    for (const fault of this.faults) {
      if (fault.operation !== operation || (fault.path !== undefined && !path.includes(fault.path))) continue;
      if (--fault.countdown > 0) continue;
      if (fault.sticky !== true) this.faults = this.faults.filter((other) => other !== fault);
      onFault?.(fault);
      throw failure(fault.code, operation, path, (position ?? 0) + (fault.acceptBytes ?? 0));
    }
  }

  /** Takes bytes into the cache. */
  accept(inode: SimulatedInode, bytes: Buffer, position: number): void {
    if (bytes.length === 0) return;
    inode.cached.write(bytes, position);
    inode.mtimeMs = this.now();
    inode.changes++;
    this.unsynced.push({ kind: 'write', inode, position, bytes: Buffer.from(bytes) });
  }

  /** Sets the length in the cache, zeros behind the old end; durable with the next sync. */
  resize(inode: SimulatedInode, sizeBytes: number): void {
    inode.cached.truncate(sizeBytes);
    inode.mtimeMs = this.now();
    inode.changes++;
    this.unsynced.push({ kind: 'truncate', inode, sizeBytes });
  }

  /** What was done to the file since its last sync. */
  unsyncedOf(inode: SimulatedInode): Set<UnsyncedOperation> {
    return new Set(this.unsynced.filter((operation) => isOfFile(operation, inode)));
  }

  /** Takes operations off the list, into the durable content or, after a failed sync, into nothing. */
  settle(operations: ReadonlySet<UnsyncedOperation>, durable: SparseBytes | undefined): void {
    this.unsynced = this.unsynced.filter((operation) => {
      if (!operations.has(operation)) return true;
      if (durable !== undefined) applyContent(operation, durable);
      return false;
    });
  }

  /** Directories being durable at once, so is the removal of what had their name before. */
  private settleRemovals(dir: string): void {
    this.unsynced = this.unsynced.filter((operation) => {
      if (operation.kind !== 'unlink' || !`${dir}/`.startsWith(`${operation.path}/`)) return true;
      applyNames(operation, this.durableNames);
      return false;
    });
  }

  private createFile(path: string): SimulatedInode {
    const inode = {
      id: this.nextInode++,
      cached: new SparseBytes(),
      durable: new SparseBytes(),
      mtimeMs: this.now(),
      changes: 0,
    };
    this.names.set(path, inode);
    this.unsynced.push({ kind: 'link', path, inode });
    return inode;
  }
}
