/**
 * All consume queues of a store directory: finding, filling, recovering and expiring them. Flushing is the `QueueFlusher`'s.
 *
 * File descriptors, tail buffers and read caches have bounds that hold for all queues together.
 */
import { dirname, join } from 'node:path';
import { silentLogger, systemClock } from '@mq/remoting';
import type { Clock, Logger } from '@mq/remoting';
import type { Disk } from '../disk/disk.js';
import { FileHandles } from '../disk/file-handles.js';
import { BATCH_ENTRY_BYTES } from './batch-consume-queue-entry.js';
import { BatchConsumeQueue } from './batch-consume-queue.js';
import { ENTRY_BYTES, tagsCodeHigh } from './consume-queue-entry.js';
import { ConsumeQueue } from './consume-queue.js';
import type { AnyQueue, QueueHost } from './entry-queue.js';
import type { QueueBlock } from './queue-block.js';
import { QueueFlusher } from './queue-flusher.js';
import type { QueueRow } from './queue-row.js';
import { QueueSet } from './queue-set.js';

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
const PAGE_BYTES = 4096;
const DEFAULT_BATCH_FILE_ENTRIES = 300_000;

export class ConsumeQueueStore {
  private readonly plain: QueueSet<ConsumeQueue>;
  /** Queues whose records hold several messages each. */
  private readonly batches: QueueSet<BatchConsumeQueue>;
  private readonly handles: FileHandles;
  private readonly flusher: QueueFlusher;
  private readonly logger: Logger;
  private readonly disk: Disk;
  private readonly cachedBlocks = new Map<AnyQueue, QueueBlock>();
  /** Queues whose row was not taken since it changed. */
  private rowsDue = new Set<AnyQueue>();
  /** Told before files of a queue are removed or cut. */
  onShrink: ((topic: string, queueId: number) => void) | undefined;
  /** Told before a topic is removed. */
  onDelete: ((topic: string) => void) | undefined;
  private tailBytes = 0;

  constructor(
    private readonly options: ConsumeQueueStoreOptions,
    { disk, logger = silentLogger, clock = systemClock }: { disk: Disk; logger?: Logger; clock?: Clock },
  ) {
    this.disk = disk;
    this.logger = logger;
    this.handles = new FileHandles(disk, options.maxOpenFiles ?? 1024);
    this.flusher = new QueueFlusher({
      disk,
      clock,
      successorOf: (queue) => this.setOf(queue).find(queue.topic, queue.queueId),
    });
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

  /** See `QueueFlusher.flush`. */
  flush(leastPages: number, options: { closing?: boolean } = {}): Promise<void> {
    return this.flusher.flush(leastPages, options);
  }

  /** See `QueueFlusher.write`. */
  write(leastPages: number): Promise<void> {
    return this.flusher.write(leastPages);
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
    this.flusher.directories.add(this.plain.dir);
    if (this.batches.topics().next().done !== true) this.flusher.directories.add(this.batches.dir);
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
    this.flusher.forget();
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
  settleTruncation(): Promise<void> {
    return this.flusher.syncDirectories();
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
    for (const set of [this.plain, this.batches])
      if (set.delete(topic)) this.flusher.directories.add(set.dir);
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
      directoryChanged: (dir) => this.flusher.directories.add(dir),
      fileSizeBytes: Math.ceil(fileSizeBytes / entryBytes) * entryBytes,
      becameDirty: (queue) => this.flusher.add(queue),
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
