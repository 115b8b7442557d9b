/**
 * The key index of a store: index files in order of their names, the last one written to (upstream
 * store/index/IndexService). Derived from the log, so nothing here is the only copy of anything.
 *
 * Different on purpose: upstream makes an index durable only when a file is full, and after a crash throws the current
 * one away with up to 20 million keys, of which the log's replay brings back the newest. Here `flush` makes it durable
 * and moves the checkpoint's indexMsgTimestamp, so that after a crash the file is kept. The files stay Apache's.
 */
import { join } from 'node:path';
import { silentLogger, systemClock } from '@mq/remoting';
import type { Clock, Logger } from '@mq/remoting';
import { indexKeyHash, javaHashBytes, javaHashCode } from '@mq/remoting/message';
import type { StoreCheckpoint } from '../checkpoint.js';
import type { Disk, DiskError } from '../disk/disk.js';
import { descriptorShare } from '../disk/descriptor-share.js';
import { FileHandles } from '../disk/file-handles.js';
import { indexFileName } from './index-file-name.js';
import { HEADER_BYTES, indexFileSize } from './index-file-format.js';
import type { IndexFileShape } from './index-file-format.js';
import { IndexFile } from './index-file.js';
import type { IndexFileState } from './index-file.js';

export interface IndexServiceOptions {
  /** The `index` directory. */
  dir: string;
  /** `maxHashSlotNum`, upstream default 5,000,000. */
  maxHashSlotNum: number;
  /** `maxIndexNum`, upstream default 20,000,000; a file holds one key less. */
  maxIndexNum: number;
  /** `maxMsgsNumBatch`: bound of results of one query. Default 64. */
  maxMsgsNumBatch?: number;
}

export interface IndexServiceDeps {
  disk: Disk;
  checkpoint: StoreCheckpoint;
  clock?: Clock;
  logger?: Logger;
}

export interface QueryOffsetResult {
  /** Newest file first, newest entry first. Hashes collide: the caller compares topic and key. */
  readonly physicalOffsets: number[];
  readonly indexLastUpdateTimestamp: number;
  readonly indexLastUpdatePhyoffset: number;
}

const SPACE = 0x20;
const MAX_OPEN_FILES = 64;

export class IndexService {
  private files: IndexFile[] = [];
  private readonly handles: FileHandles;
  private readonly shape: IndexFileShape;
  private flushing: Promise<void> = Promise.resolve();
  private lastNameTime = 0;
  /** A file may have appeared since the directory was synced. */
  private created = false;
  /** A sync failed: what the files hold is unknown until a restart reads them again. */
  private fault: DiskError | undefined;
  /** Log offset of the first key of the files that `load` removed; undefined: it removed none. */
  private removedFrom: number | undefined;
  /** What the hashes of the last topic's keys begin with. */
  private seedTopic: string | undefined;
  private seed = 0;
  private readonly disk: Disk;
  private readonly checkpoint: StoreCheckpoint;
  private readonly clock: Clock;
  private readonly logger: Logger;

  constructor(
    private readonly options: IndexServiceOptions,
    { disk, checkpoint, clock = systemClock, logger = silentLogger }: IndexServiceDeps,
  ) {
    this.disk = disk;
    this.checkpoint = checkpoint;
    this.clock = clock;
    this.logger = logger;
    this.handles = new FileHandles(disk, descriptorShare(MAX_OPEN_FILES, 16));
    this.shape = { slots: options.maxHashSlotNum, entries: options.maxIndexNum };
  }

  /**
   * Finds the files. After an abnormal exit those that hold keys the checkpoint does not vouch for are removed; the
   * replay of the log brings their keys back.
   * @param isTrusted after an abnormal exit: the files are whole up to their headers all the same
   * @param states what an earlier process of this boot knew of its files, if {@link areAsIn} says that they still are so
   * @throws IndexFileError a file whose size is not that of the settings: its slots would be read as entries
   */
  load(
    lastExitOk: boolean,
    {
      isTrusted = lastExitOk,
      states = [],
    }: { readonly isTrusted?: boolean; readonly states?: readonly IndexFileState[] } = {},
  ): void {
    this.files = [];
    this.removedFrom = undefined;
    // Whoever made a file may have ended before he synced its name.
    this.created = !lastExitOk;
    for (const name of this.names()) {
      const path = join(this.options.dir, name);
      const sizeBytes = this.disk.stat(path)?.sizeBytes ?? 0;
      // Creation was cut short.
      if (sizeBytes === 0) this.disk.remove(path);
      else if (sizeBytes !== indexFileSize(this.shape)) throw new IndexFileError(path, sizeBytes, this.shape);
      else {
        const state = states.find((candidate) => candidate.name === name);
        this.adopt(IndexFile.load(this.handles, path, this.shape, lastExitOk, state), isTrusted);
      }
    }
  }

  /** Whether the files of `states` are there, and nobody wrote their headers since. */
  areAsIn(states: readonly IndexFileState[]): boolean {
    const bytes = Buffer.alloc(HEADER_BYTES);
    return states.every(({ name, writtenHeader }) => {
      const path = join(this.options.dir, name);
      if (this.disk.stat(path)?.sizeBytes !== indexFileSize(this.shape)) return false;
      this.handles.use(path).read(bytes, 0);
      return bytes.toString('hex') === writtenHeader;
    });
  }

  private names(): string[] {
    return this.disk.list(this.options.dir).filter((entry) => /^\d{17}$/.test(entry));
  }

  private adopt(file: IndexFile, isTrusted: boolean): void {
    if (isTrusted || file.header.endTimestamp <= this.checkpoint.indexMsgTimestamp) {
      this.files.push(file);
      return;
    }
    this.logger.warn('index file is newer than the checkpoint, removed', { path: file.path, ...file.header });
    this.removedFrom = Math.min(this.removedFrom ?? Infinity, file.header.beginPhyOffset);
    file.destroy((path) => this.disk.remove(path));
  }

  /** From this log offset on keys are missing that were there before `load`; undefined: none are. */
  get missingFrom(): number | undefined {
    return this.removedFrom;
  }

  // ---- writing

  /**
   * Indexes one key of a record, given as bytes. Records the current file is past are skipped.
   * @throws DiskError when a file cannot be created or written; nothing has changed then, and the put may be repeated
   */
  put(
    topic: string,
    key: Buffer,
    start: number,
    end: number,
    phyOffset: number,
    storeTimestamp: number,
  ): void {
    let file = this.currentFile();
    if (phyOffset < file.header.endPhyOffset) return;
    const keyHash = indexKeyHash(javaHashBytes(key, start, end, this.seedOf(topic)));
    while (!file.put(keyHash, phyOffset, storeTimestamp)) file = this.currentFile();
  }

  /** Indexes each non-empty part of a KEYS value, parts being separated by single spaces. */
  putKeys(
    topic: string,
    keys: Buffer,
    start: number,
    end: number,
    phyOffset: number,
    storeTimestamp: number,
  ): void {
    let partStart = start;
    for (let at = start; at <= end; at++) {
      if (at < end && keys[at] !== SPACE) continue;
      if (at > partStart) this.put(topic, keys, partStart, at, phyOffset, storeTimestamp);
      partStart = at + 1;
    }
  }

  /**
   * Writes the entries of all keys put so far and tells what a later process of this boot needs to find them. Neither
   * syncs nor writes slots and headers: that is up to `flush`. @throws DiskError
   */
  writeEntries(): IndexFileState[] {
    return this.files.map((file) => {
      file.writeEntries();
      return file.state();
    });
  }

  /** Hash of `topic#`. Computing it takes less than finding it among those of a thousand topics. */
  private seedOf(topic: string): number {
    if (topic !== this.seedTopic) {
      this.seed = javaHashCode('#', javaHashCode(topic));
      this.seedTopic = topic;
    }
    return this.seed;
  }

  /** The file to write to; a full one is flushed and given back in the background. */
  private currentFile(): IndexFile {
    const last = this.files[this.files.length - 1];
    if (last !== undefined && !last.isFull) return last;
    if (this.files.length === 0) this.disk.mkdir(this.options.dir);
    const file = IndexFile.create(this.handles, this.newPath(), this.shape, last?.header);
    this.files.push(file);
    this.created = true;
    if (last !== undefined) {
      this.flush().catch((error: unknown) =>
        this.logger.error('flush of a full index file failed', { error }),
      );
    }
    return file;
  }

  /** One file a millisecond, later names being greater. */
  private newPath(): string {
    for (let time = Math.max(this.clock.now(), this.lastNameTime + 1); ; time++) {
      const path = join(this.options.dir, indexFileName(time));
      if (this.disk.stat(path) !== undefined) continue;
      this.lastNameTime = time;
      return path;
    }
  }

  /**
   * Makes every key put before the call durable and moves the checkpoint's indexMsgTimestamp. Writes up to 20 MB of slots: a
   * matter for the thorough flush, not for every second.
   * @throws DiskError; after a failed sync every further flush fails with it
   */
  flush(): Promise<void> {
    const run = this.flushing.catch(() => undefined).then(() => this.flushNow());
    this.flushing = run;
    return run;
  }

  private async flushNow(): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    try {
      await this.flushFiles();
    } catch (error) {
      if ((error as DiskError).operation === 'sync') this.fault = error as DiskError;
      throw error;
    }
  }

  private async flushFiles(): Promise<void> {
    for (const file of [...this.files]) {
      if (!file.isDirty) continue;
      // Before anything vouches for what is in it.
      if (this.created) this.disk.syncDirectory(this.options.dir);
      this.created = false;
      await file.flush((endTimestamp) => this.vouch(endTimestamp));
      if (file.isFull && !file.isDirty) file.retire();
    }
  }

  private vouch(endTimestamp: number): void {
    if (endTimestamp <= this.checkpoint.indexMsgTimestamp) return;
    this.checkpoint.indexMsgTimestamp = endTimestamp;
    this.checkpoint.flush();
  }

  // ---- reading

  /**
   * Physical offsets of the records with a key and a store time in [begin, end] (whole seconds, see IndexFile.select).
   * @param maxNum cut to `maxMsgsNumBatch`
   */
  async query(
    topic: string,
    key: string,
    maxNum: number,
    begin: number,
    end: number,
  ): Promise<QueryOffsetResult> {
    const physicalOffsets: number[] = [];
    const limit = Math.min(maxNum, this.options.maxMsgsNumBatch ?? 64);
    const keyHash = indexKeyHash(javaHashCode(`${topic}#${key}`));
    const last = this.files[this.files.length - 1]?.header;
    const result = {
      physicalOffsets,
      indexLastUpdateTimestamp: last?.endTimestamp ?? 0,
      indexLastUpdatePhyoffset: last?.endPhyOffset ?? 0,
    };
    for (const file of [...this.files].reverse()) {
      if (file.overlaps(begin, end)) await file.select(physicalOffsets, keyHash, limit, begin, end);
      if (file.header.beginTimestamp < begin || physicalOffsets.length >= limit) break;
    }
    return result;
  }

  /** Start of the last record that has a key; 0 when none has. */
  get endPhyOffset(): number {
    // Not the last file's: that may have been created just before a crash and say nothing yet.
    return this.files.reduce((end, file) => Math.max(end, file.header.endPhyOffset), 0);
  }

  /** Headers of all files, oldest first. */
  headers(): Readonly<IndexFile['header']>[] {
    return this.files.map((file) => file.header);
  }

  // ---- truncation, expiry

  /**
   * Removes the keys of records that start at or behind `phyOffset`, where the log was cut. Until this is done, records
   * that take their place are skipped as indexed already. Durable with the next flush.
   */
  truncateDirty(phyOffset: number): void {
    while (this.files.length > 0 && !this.files[this.files.length - 1]!.truncate(phyOffset)) {
      this.files.pop()!.destroy((path) => this.disk.remove(path));
    }
  }

  /** After a crash, once `truncateDirty` is done: the slots of the last file may be ahead of its entries. Blocking. */
  mendSlots(): void {
    this.files[this.files.length - 1]?.mendSlots();
  }

  /** Removes files whose last record lies before `minPhyOffset`, never the last file; returns how many. */
  deleteExpired(minPhyOffset: number): number {
    let removed = 0;
    while (this.files.length > 1 && this.files[0]!.header.endPhyOffset < minPhyOffset) {
      this.files.shift()!.destroy((path) => this.disk.remove(path));
      removed++;
    }
    return removed;
  }

  /** Removes every file. */
  destroy(): void {
    for (const file of this.files) file.destroy((path) => this.disk.remove(path));
    this.files = [];
  }

  /** Closes the files without flushing. Idempotent. */
  close(): void {
    this.handles.closeAll();
  }
}

/** An index file that does not have the size the settings give it. */
export class IndexFileError extends Error {
  readonly code = 'BAD_FILE_SIZE';

  constructor(
    readonly path: string,
    sizeBytes: number,
    shape: IndexFileShape,
  ) {
    super(
      `${path}: has ${sizeBytes} bytes instead of ${indexFileSize(shape)} (maxHashSlotNum ${shape.slots}, ` +
        `maxIndexNum ${shape.entries}). Set both as they were, or remove the index directory.`,
    );
    this.name = 'IndexFileError';
  }
}
