/**
 * All consume queues of a store directory: finding, filling, flushing, recovering and expiring them.
 *
 * Idle queues cost nothing but their object: what a flush looks at is the list of queues that have something to flush,
 * and a queue that was not written to between two thorough flushes gives its tail buffer back. File descriptors, tail
 * buffers and read caches have bounds that hold for all queues together.
 */
import { dirname, join } from 'node:path';
import { silentLogger, systemClock } from '@mq/remoting';
import type { Clock, Logger } from '@mq/remoting';
import { SCHEDULE_TOPIC } from '../commit-log/delay-levels.js';
import type { Disk, DiskError } from '../disk/disk.js';
import { DirectorySyncs } from '../disk/directory-syncs.js';
import { FileHandles } from '../disk/file-handles.js';
import { BATCH_ENTRY_BYTES } from './batch-consume-queue-entry.js';
import { BatchConsumeQueue } from './batch-consume-queue.js';
import { ENTRY_BYTES, tagsCodeHigh } from './consume-queue-entry.js';
import { ConsumeQueue } from './consume-queue.js';
import type { AnyQueue, QueueHost } from './entry-queue.js';
import type { QueueBlock } from './queue-block.js';
import type { QueueRow } from './queue-row.js';
import { QueueSet } from './queue-set.js';
import { Slice } from '../slice.js';

/** A queue, and the queue offset behind its last entry. */
export interface QueueReach {
  readonly topic: string;
  readonly queueId: number;
  readonly maxOffset: number;
}

export interface ConsumeQueueStoreOptions {
  /** The `consumequeue` directory: TOPIC/QID/files below it. */
  dir: string;
  /** `mappedFileSizeConsumeQueue`; rounded up to whole entries. */
  fileSizeBytes: number;
  /** The `batchconsumequeue` directory. Default: beside `dir`. */
  batchDir?: string;
  /** `mapperFileSizeBatchConsumeQueue`; rounded up to whole entries. Default 300,000 entries. */
  batchFileSizeBytes?: number;
  /** Bound of open file descriptors. Default 1,024. */
  maxOpenFiles?: number;
  /** Bound of memory in tails, bytes; beyond it tails stop growing and are written earlier. Default 128 MiB. */
  maxTailBytes?: number;
  /** Bound of cached cold reads, blocks of 16 KB. Default 512. */
  maxCachedBlocks?: number;
}

/** Queues handled in one go before the event loop gets its turn. */
const SLICE = 64;
/** Writes in one go, if they take no longer than a slice: a file may have to be created for one. */
const WRITES_A_SLICE = 64;
/** Files that are created while nothing is written. */
const CREATED_TOGETHER = 64;
/** Looking at a queue that has nothing to write costs next to nothing. */
const LOOKS_A_SLICE = 4096;
const PAGE_BYTES = 4096;
const DEFAULT_BATCH_FILE_ENTRIES = 300_000;
/** Syncs under way at once: half of libuv's default pool, the rest is for the log and for reads. */
const PARALLEL_SYNCS = 2;
/** When nothing else is left to do, or everything else waits. */
const PARALLEL_SYNCS_AT_CLOSE = 4;

export class ConsumeQueueStore {
  private readonly plain: QueueSet<ConsumeQueue>;
  /** Queues whose records hold several messages each. */
  private readonly batches: QueueSet<BatchConsumeQueue>;
  private readonly handles: FileHandles;
  private readonly directories: DirectorySyncs;
  private readonly logger: Logger;
  private readonly disk: Disk;
  private readonly clock: Clock;
  private readonly cachedBlocks = new Map<AnyQueue, QueueBlock>();
  /** Queues with something to flush. */
  private dirty: AnyQueue[] = [];
  /** Queues whose syncs are under way. */
  private round: readonly AnyQueue[] = [];
  /** Queues whose row was not taken since it changed. */
  private rowsDue = new Set<AnyQueue>();
  /** Told before files of a queue are removed or cut. */
  onShrink: ((topic: string, queueId: number) => void) | undefined;
  /** Told before a topic is removed. */
  onDelete: ((topic: string) => void) | undefined;
  /** Clean queues whose tail is still in memory. */
  private warm = new Set<AnyQueue>();
  private tailBytes = 0;
  private syncing: Promise<void> = Promise.resolve();
  private writing: Promise<void> = Promise.resolve();
  /** A sync failed: what the files hold is unknown until a restart reads them again. */
  private fault: DiskError | undefined;

  constructor(
    private readonly options: ConsumeQueueStoreOptions,
    { disk, logger = silentLogger, clock = systemClock }: { disk: Disk; logger?: Logger; clock?: Clock },
  ) {
    this.disk = disk;
    this.clock = clock;
    this.logger = logger;
    this.handles = new FileHandles(disk, options.maxOpenFiles ?? 1024);
    this.directories = new DirectorySyncs(disk);
    const host = this.makeHost(ENTRY_BYTES, options.fileSizeBytes);
    this.plain = new QueueSet(options.dir, disk, (topic, queueId, dir) => {
      return new ConsumeQueue(host, topic, queueId, dir);
    });
    const {
      batchDir = join(dirname(options.dir), 'batchconsumequeue'),
      batchFileSizeBytes = DEFAULT_BATCH_FILE_ENTRIES * BATCH_ENTRY_BYTES,
    } = options;
    const batchHost = this.makeHost(BATCH_ENTRY_BYTES, batchFileSizeBytes);
    this.batches = new QueueSet(batchDir, disk, (topic, queueId, dir) => {
      return new BatchConsumeQueue(batchHost, topic, queueId, dir);
    });
  }

  // ---- finding

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.plain.find(topic, queueId);
  }

  findBatch(topic: string, queueId: number): BatchConsumeQueue | undefined {
    return this.batches.find(topic, queueId);
  }

  /** The queue, whatever its kind. */
  findAny(topic: string, queueId: number): ConsumeQueue | BatchConsumeQueue | undefined {
    return this.plain.find(topic, queueId) ?? this.batches.find(topic, queueId);
  }

  /** Creates the queue in memory; its files appear with its first flush. @throws ConsumeQueueError `BAD_NAME` */
  findOrCreate(topic: string, queueId: number): ConsumeQueue {
    return this.plain.findOrCreate(topic, queueId);
  }

  /** As `findOrCreate`, for a topic whose records hold several messages each. @throws ConsumeQueueError `BAD_NAME` */
  findOrCreateBatch(topic: string, queueId: number): BatchConsumeQueue {
    return this.batches.findOrCreate(topic, queueId);
  }

  /** What kind of queues a topic has; undefined while it has none. */
  kindOf(topic: string): 'SimpleCQ' | 'BatchCQ' | undefined {
    if (this.plain.has(topic)) return 'SimpleCQ';
    return this.batches.has(topic) ? 'BatchCQ' : undefined;
  }

  topics(): Iterable<string> {
    return [...this.plain.topics(), ...this.batches.topics()];
  }

  /** Ascending. */
  queueIds(topic: string): number[] {
    const ids = this.plain.queueIds(topic);
    return ids.length > 0 ? ids : this.batches.queueIds(topic);
  }

  *queues(): Generator<AnyQueue> {
    yield* this.plain;
    yield* this.batches;
  }

  batchQueues(): Iterable<BatchConsumeQueue> {
    return this.batches;
  }

  /** Largest end of a record that has an entry in any queue; -1 when there is none. */
  get maxPhysicalOffset(): number {
    let max = -1;
    for (const queue of this.queues()) max = Math.max(max, queue.maxPhysicalOffset);
    return max;
  }

  /** As `maxPhysicalOffset`, of the plain queues: every store has some, so -1 tells that they were lost. */
  get maxPlainPhysicalOffset(): number {
    let max = -1;
    for (const queue of this.plain) max = Math.max(max, queue.maxPhysicalOffset);
    return max;
  }

  // ---- writing

  /** Adds the entry of a record to its queue, see `ConsumeQueue.putPosition`. Allocates nothing for a known queue. */
  putPosition(
    topic: string,
    queueId: number,
    queueOffset: number,
    physicalOffset: number,
    sizeBytes: number,
    tagsCode: number,
  ): void {
    const queue = this.plain.findOrCreate(topic, queueId);
    queue.putPositionBits(queueOffset, physicalOffset, sizeBytes, tagsCodeHigh(tagsCode), tagsCode | 0);
  }

  /**
   * Writes pending entries to the files. With `leastPages` > 0 only queues with as many dirty pages, and without a sync.
   * With 0 (thorough) everything: when the promise resolves, every entry put before the call is durable, and the
   * checkpoint may say so. Yields to the event loop; a second thorough call waits for the first.
   * @param closing nothing else needs the thread pool any more
   * @throws DiskError; after a failed sync every further flush fails with it
   */
  flush(leastPages: number, { closing = false }: { closing?: boolean } = {}): Promise<void> {
    if (leastPages > 0) return this.write(leastPages);
    const parallel = closing ? PARALLEL_SYNCS_AT_CLOSE : PARALLEL_SYNCS;
    const run = this.syncing.catch(() => undefined).then(() => this.flushNow(parallel));
    this.syncing = run;
    return run;
  }

  /**
   * Writes what is pending to the files, without a sync, also while a thorough flush waits for the device. With `leastPages`
   * 0 all of it: when the promise resolves, every entry put before the call is in the files.
   * @throws DiskError
   */
  write(leastPages: number): Promise<void> {
    const run = this.writing.catch(() => undefined).then(() => this.writeNow(leastPages));
    this.writing = run;
    return run;
  }

  private async writeNow(leastPages: number): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    const slice = new Slice(this.clock, WRITES_A_SLICE);
    const creating: AnyQueue[] = [];
    for (const queues of [this.round, this.dirty]) {
      for (let next = 0; next < queues.length; next++) {
        const queue = queues[next]!;
        const { pendingBytes } = queue;
        const pages = pagesToWrite(queue, leastPages);
        if (pendingBytes > 0 && queue.fileToCreate(pages) !== undefined) {
          creating.push(queue);
          if (creating.length === CREATED_TOGETHER) await this.createFiles(creating.splice(0), leastPages);
          continue;
        }
        queue.writePending(pages);
        if (queue.pendingBytes !== pendingBytes ? slice.isOver() : next % LOOKS_A_SLICE === LOOKS_A_SLICE - 1)
          await slice.next();
      }
    }
    await this.createFiles(creating, leastPages);
  }

  /** Creates the next file of each queue off the event loop, and writes what is pending to it. */
  private async createFiles(queues: readonly AnyQueue[], leastPages: number): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < queues.length) {
        const queue = queues[next++]!;
        const pages = pagesToWrite(queue, leastPages);
        const path = queue.fileToCreate(pages);
        if (path === undefined) continue;
        await this.disk.createAsync(path, queue.fileSizeBytes);
        const successor = this.setOf(queue).find(queue.topic, queue.queueId);
        if (successor === queue) queue.writePending(pages);
        // Removed meanwhile: nobody shall find an empty queue there.
        else if (successor === undefined) this.disk.remove(queue.dir);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_SYNCS }, worker));
  }

  private async flushNow(parallel: number): Promise<void> {
    await this.write(0);
    this.round = this.dirty;
    this.dirty = [];
    try {
      await this.syncRound(this.round, parallel);
    } finally {
      this.round = [];
    }
  }

  private async syncRound(round: readonly AnyQueue[], parallel: number): Promise<void> {
    const idle = this.warm;
    this.warm = new Set();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < round.length && this.fault === undefined) {
        const queue = round[next++]!;
        await queue.syncWritten();
        if (!queue.becomeClean()) this.dirty.push(queue);
        else this.warm.add(queue);
      }
    };
    try {
      await Promise.all(Array.from({ length: parallel }, worker));
      await this.directories.sync(parallel);
    } catch (error) {
      this.fault = error as DiskError;
      throw error;
    }
    for (const queue of round) queue.confirmNames();
    for (const queue of idle) if (!queue.isDirty && !this.warm.has(queue)) queue.becomeIdle();
  }

  // ---- recovery, truncation, expiry

  /** Finds the queues on disk. @throws ConsumeQueueError */
  load(): void {
    for (const set of [this.plain, this.batches]) {
      for (const { topic, name, queueId } of set.directories()) {
        if (Number.isNaN(queueId)) this.logger.warn('not a queue directory', { topic, name });
        else set.create(topic, queueId).load();
      }
    }
  }

  /**
   * Takes the queues over as an earlier process of this boot left them, without looking into their files; those that were
   * written to after their row was taken are loaded and recovered, and have to hold what the row tells.
   * @param logOffset entries of records before it are told of
   * @returns false where that cannot be: a queue is missing, or another than it was. Then `forget`, `load` and `recover`
   */
  restore(rows: readonly QueueRow[], logOffset: number): boolean {
    const byTopic = new Map<string, Map<number, QueueRow>>();
    for (const row of rows) {
      let byId = byTopic.get(row.topic);
      if (byId === undefined) byTopic.set(row.topic, (byId = new Map()));
      byId.set(row.queueId, row);
    }
    let found = 0;
    for (const set of [this.plain, this.batches]) {
      for (const { topic, queueId } of set.directories()) {
        if (Number.isNaN(queueId)) continue;
        const row = byTopic.get(topic)?.get(queueId);
        if (row !== undefined) found++;
        if (!this.restoreOne(set.create(topic, queueId), row, logOffset)) return false;
      }
    }
    this.directories.add(this.plain.dir);
    if (this.batches.topics().next().done !== true) this.directories.add(this.batches.dir);
    return found === rows.length;
  }

  private restoreOne(queue: AnyQueue, row: QueueRow | undefined, logOffset: number): boolean {
    if (row === undefined || !queue.restore(row)) {
      queue.load();
      queue.recover({ abnormal: false });
      if (queue.damagedFrom !== undefined) return false;
      // One that has no row did not exist, or had no entry, when the rows were taken.
      if (row === undefined ? queue.entriesBefore(logOffset) > 0 : !queue.continues(row)) return false;
      this.rowsDue.add(queue);
    }
    queue.distrustSyncs(row?.durableBytes ?? 0);
    return true;
  }

  /** Forgets all queues, as if nothing had been loaded. */
  forget(): void {
    this.handles.closeAll();
    this.plain.clear();
    this.batches.clear();
    this.cachedBlocks.clear();
    this.dirty = [];
    this.rowsDue.clear();
  }

  /** The queues whose row changed since they were last taken, or all queues. */
  takeRowsDue({ all = false }: { all?: boolean } = {}): Iterable<AnyQueue> {
    const due = all ? [...this.queues()] : this.rowsDue;
    this.rowsDue = new Set();
    return due;
  }

  /** Finds the end of every queue; see `ConsumeQueue.recover`. */
  recover(options: { abnormal: boolean }): void {
    for (const queue of this.queues()) queue.recover(options);
  }

  /** Log offset from which on entries are missing in a queue that `recover` found damaged; undefined where none is. */
  get damagedFrom(): number | undefined {
    let from: number | undefined;
    for (const { damagedFrom } of this.queues()) {
      if (damagedFrom !== undefined) from = Math.min(from ?? Infinity, damagedFrom);
    }
    return from;
  }

  /** Sum over all queues of the entries, expired ones included, of records before `physicalOffset`. Blocking. */
  entriesBefore(physicalOffset: number): number {
    let entries = 0;
    for (const queue of this.queues()) entries += queue.entriesBefore(physicalOffset);
    return entries;
  }

  /**
   * How far queues reach that have entries of records between `from` and `end`: what building them again between the two has
   * to reach as well.
   */
  reachOf(from: number, end: number): QueueReach[] {
    const reach: QueueReach[] = [];
    for (const queue of this.queues()) {
      if (queue.maxPhysicalOffset <= from) continue;
      reach.push({ topic: queue.topic, queueId: queue.queueId, maxOffset: queue.entriesBefore(end) });
    }
    return reach;
  }

  /** Removes the entries of records at or behind `physicalOffset`; see `ConsumeQueue.truncateDirty`. */
  truncateDirty(physicalOffset: number): void {
    for (const queue of this.queues()) queue.truncateDirty(physicalOffset);
  }

  /**
   * Makes the removal of files by {@link truncateDirty} durable. Due before the log grows again: a file that a power cut
   * brought back would hold entries of a past that the log no longer has.
   */
  async settleTruncation(): Promise<void> {
    try {
      await this.directories.sync(PARALLEL_SYNCS_AT_CLOSE);
    } catch (error) {
      this.fault = error as DiskError;
      throw error;
    }
  }

  correctMinOffset(minPhysicalOffset: number): void {
    for (const queue of this.queues()) queue.correctMinOffset(minPhysicalOffset);
  }

  /** Removes expired files and corrects min offsets, yielding between slices of queues; returns the number of files. */
  async deleteExpired(minPhysicalOffset: number): Promise<number> {
    let removed = 0;
    let handled = 0;
    for (const queue of [...this.queues()]) {
      if (++handled % SLICE === 0) await turn();
      removed += queue.deleteExpired(minPhysicalOffset);
    }
    return removed;
  }

  /** Removes the queues of a topic with their files. */
  deleteTopic(topic: string): void {
    this.onDelete?.(topic);
    for (const set of [this.plain, this.batches]) if (set.delete(topic)) this.directories.add(set.dir);
  }

  /** Removes every queue: there is no log they could belong to. */
  destroyAll(): void {
    for (const topic of this.topics()) this.deleteTopic(topic);
  }

  /** Closes the files without flushing. Idempotent. */
  close(): void {
    this.handles.closeAll();
  }

  // ---- what queues need

  private setOf(queue: AnyQueue): QueueSet<AnyQueue> {
    return queue instanceof BatchConsumeQueue ? this.batches : this.plain;
  }

  private makeHost(entryBytes: number, fileSizeBytes: number): QueueHost {
    const { maxTailBytes = 128 * 1024 * 1024, maxCachedBlocks = 512 } = this.options;
    return {
      disk: this.disk,
      handles: this.handles,
      page: Buffer.allocUnsafeSlow(PAGE_BYTES - (PAGE_BYTES % entryBytes)),
      directoryChanged: (dir) => this.directories.add(dir),
      fileSizeBytes: Math.ceil(fileSizeBytes / entryBytes) * entryBytes,
      becameDirty: (queue) => void this.dirty.push(queue),
      rowChanged: (queue) => void this.rowsDue.add(queue),
      aboutToShrink: ({ topic, queueId }) => this.onShrink?.(topic, queueId),
      claimTailBytes: (bytes) => {
        if (this.tailBytes + bytes > maxTailBytes) return false;
        this.tailBytes += bytes;
        return true;
      },
      countTailBytes: (bytes) => void (this.tailBytes += bytes),
      cachedBlock: (queue) => this.cachedBlocks.get(queue),
      cacheBlock: (queue, block) => {
        this.cachedBlocks.delete(queue);
        if (block === undefined) return;
        this.cachedBlocks.set(queue, block);
        if (this.cachedBlocks.size > maxCachedBlocks)
          this.cachedBlocks.delete(this.cachedBlocks.keys().next().value!);
      },
      reportDamage: (queue, index) =>
        this.logger.error('damaged consume queue entry, its message is not served', {
          topic: queue.topic,
          queueId: queue.queueId,
          index,
        }),
      reportOverlap: (queue, queueOffset) =>
        this.logger.error('two records claim one queue offset, the first keeps it', {
          topic: queue.topic,
          queueId: queue.queueId,
          index: queueOffset,
        }),
      reportGap: (queue, fromIndex, toIndex) =>
        this.logger.error('queue has a gap, filled with blanks', {
          topic: queue.topic,
          queueId: queue.queueId,
          fromIndex,
          toIndex,
        }),
    };
  }
}

/** The event loop's next turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Dirty pages with which a queue is written. Those of delay levels are at any number: a 4.9 broker that continues after a
 * kill builds entries that are missing before it knows its delays, and delivers their messages at once.
 */
function pagesToWrite(queue: AnyQueue, leastPages: number): number {
  return queue.topic === SCHEDULE_TOPIC ? 0 : leastPages;
}
