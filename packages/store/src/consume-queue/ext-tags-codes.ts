/**
 * What the entries of queues mean whose tagsCode is an address, and such entries' units for new messages. Units are what
 * `enableConsumeQueueExt` adds: room for the bits that tell which SQL92 groups may want a message. They save work and are never
 * the truth: where one is lost, its message is judged by itself.
 *
 * Order on disk: units are synced before the recovery mark vouches for the entries that name them, and a start that cannot
 * believe the mark takes the units behind it away. Where there is no `consumequeue_ext` directory all this costs nothing.
 */
import { dirname, join } from 'node:path';
import type { Logger } from '@mq/remoting';
import { DirectorySyncs } from '../disk/directory-syncs.js';
import { DiskError, type Disk } from '../disk/disk.js';
import { FileHandles } from '../disk/file-handles.js';
import type { EntryExtension, MessageFilter } from '../message-store.js';
import type { ConsumeQueue } from './consume-queue.js';
import { ConsumeQueueError } from './consume-queue-error.js';
import { ConsumeQueueExt, type ConsumeQueueExtUnit } from './consume-queue-ext.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import type { EntryBlock } from './entry-block.js';
import type { QueueFilesContext } from './queue-files.js';

export interface ExtTagsCodesOptions {
  /** The `consumequeue_ext` directory. */
  readonly dir: string;
  /** `mappedFileSizeConsumeQueueExt` */
  readonly fileSizeBytes: number;
}

/** A ConsumeQueue of the store, always the same object for the same queue. */
export type QueueName = Pick<ConsumeQueue, 'topic' | 'queueId'>;

const MAX_OPEN_FILES = 16;
/** Queues that are only read whose units are kept at hand, 32 KiB each. */
const MAX_QUEUES = 64;
/** How far back the last address of a queue is looked for. */
const LOOK_BACK_ENTRIES = 1024;
const PARALLEL_SYNCS = 2;
/** The address of byte 0: the least number of 64 bits. */
const EXT_ADDRESS_BASE = -(2n ** 63n);

export class ExtTagsCodes {
  private readonly handles: FileHandles;
  private readonly directories: DirectorySyncs;
  private readonly context: QueueFilesContext;
  /** By directory, in order of use; null = its files cannot be read. */
  private readonly queues = new Map<string, ConsumeQueueExt | null>();
  /** Queues that get units; null = none can be written. */
  private readonly written = new Map<QueueName, ConsumeQueueExt | null>();
  /** Of those, the ones with units that are not on disk yet. */
  private dirty = new Set<ConsumeQueueExt>();

  constructor(
    private readonly options: ExtTagsCodesOptions,
    private readonly disk: Disk,
    private readonly logger: Logger,
  ) {
    this.handles = new FileHandles(disk, MAX_OPEN_FILES);
    this.directories = new DirectorySyncs(disk);
    const { fileSizeBytes } = options;
    const directoryChanged = (dir: string): void => this.directories.add(dir);
    this.context = { disk, handles: this.handles, fileSizeBytes, directoryChanged };
  }

  // ---- reading

  /** What entry `i` of a block leads to; undefined when it holds a plain code. @throws DiskError */
  extension(queue: QueueName, block: EntryBlock, i: number): EntryExtension | undefined {
    if (!block.isExtAddress(i)) return undefined;
    const extOffset = block.extOffset(i);
    const unit = this.units(queue)?.read(extOffset);
    return { address: EXT_ADDRESS_BASE + BigInt(extOffset), unit: unit && owned(unit) };
  }

  /**
   * Whether a filter lets entry `i` of a block through; one that leads nowhere is left to the record, and to the consumer.
   * @throws DiskError
   */
  matches(filter: MessageFilter, queue: QueueName, block: EntryBlock, i: number): boolean {
    if (!block.isExtAddress(i)) return filter.matchesTagsCode(block.tagsCode(i));
    const unit = this.units(queue)?.read(block.extOffset(i));
    if (unit === undefined) return true;
    if (!filter.matchesTagsCode(unit.tagsCode)) return false;
    const { filterBitMap } = unit;
    if (filterBitMap === undefined || filter.matchesBitMap === undefined) return true;
    return filter.matchesBitMap(filterBitMap, unit.storeTimestamp);
  }

  // ---- writing

  /**
   * Adds the unit of a message whose entry `queue` gets next. @returns its byte offset; -1: the entry is to hold the plain
   * code, because the unit is too large or cannot be written
   */
  put(
    queue: ConsumeQueue,
    tagsCode: number,
    storeTimestamp: number,
    filterBitMap: Buffer | undefined,
  ): number {
    let units = this.written.get(queue);
    if (units === undefined) this.written.set(queue, (units = this.startWriting(queue)));
    if (units === null) return -1;
    try {
      const extOffset = units.put(tagsCode, storeTimestamp, filterBitMap);
      this.dirty.add(units);
      return extOffset;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.logger.error('an extended entry cannot be written', { dir: queue.dir, error: error.message });
      return -1;
    }
  }

  private startWriting(queue: ConsumeQueue): ConsumeQueueExt | null {
    const units = this.units(queue);
    units?.startWriting(lastExtOffset(queue), queue.maxOffset);
    // What is written to lives in one place: its newest units are nowhere else.
    this.queues.delete(this.dirOf(queue));
    return units;
  }

  /** Writes units to their files, without a sync. @throws DiskError */
  write(): void {
    for (const units of this.dirty) units.writePending();
  }

  /** Makes every unit that was put before the call durable. @throws DiskError */
  async flush(): Promise<void> {
    if (this.dirty.size === 0) return;
    this.write();
    const round = this.dirty;
    this.dirty = new Set();
    for (const units of round) await units.sync();
    await this.directories.sync(PARALLEL_SYNCS);
  }

  // ---- what goes with the queues

  /** Takes away the units of entries from a log offset on: after a crash nobody vouches for them. @throws DiskError */
  cutFrom(physicalOffset: number, consumeQueues: ConsumeQueueStore): void {
    for (const [queue, units] of this.existing(consumeQueues)) {
      const first = firstExtOffset(queue, queue.binarySearchByPhysicalOffset(physicalOffset));
      if (first !== undefined) units.cut(first, lastExtOffset(queue) ?? first);
    }
  }

  /** Removes files whose units no entry names any more, after entries expired. */
  deleteExpired(consumeQueues: ConsumeQueueStore): void {
    for (const [queue, units] of this.existing(consumeQueues)) {
      const first = firstExtOffset(queue, queue.minOffset);
      if (first !== undefined) units.removeBefore(first);
    }
  }

  /** Removes the units of a topic's queues with their files. */
  deleteTopic(topic: string): void {
    const dir = join(this.options.dir, topic);
    for (const [name, units] of this.written) {
      if (name.topic !== topic) continue;
      this.written.delete(name);
      if (units === null) continue;
      this.dirty.delete(units);
      units.destroy();
    }
    for (const [path, units] of this.queues) {
      if (dirname(path) !== dir) continue;
      this.queues.delete(path);
      units?.destroy();
    }
    if (this.disk.stat(dir) !== undefined) this.disk.remove(dir);
  }

  /** Closes the files; they open again when they are asked for. */
  close(): void {
    this.queues.clear();
    this.written.clear();
    this.dirty.clear();
    this.handles.closeAll();
  }

  /** Queues with units on disk. */
  private *existing(consumeQueues: ConsumeQueueStore): Generator<[ConsumeQueue, ConsumeQueueExt]> {
    for (const topic of this.disk.list(this.options.dir)) {
      for (const queueId of this.disk.list(join(this.options.dir, topic))) {
        const queue = consumeQueues.find(topic, Number(queueId));
        const units = queue === undefined ? null : this.units(queue);
        if (queue !== undefined && units !== null) yield [queue, units];
      }
    }
  }

  private dirOf({ topic, queueId }: QueueName): string {
    return join(this.options.dir, topic, String(queueId));
  }

  /** null: they cannot be read. */
  private units(name: QueueName): ConsumeQueueExt | null {
    const written = this.written.get(name);
    if (written !== undefined) return written;
    const dir = this.dirOf(name);
    let units = this.queues.get(dir);
    if (units === undefined) units = this.open(dir);
    else this.queues.delete(dir);
    this.queues.set(dir, units);
    if (this.queues.size > MAX_QUEUES) this.queues.delete(this.queues.keys().next().value!);
    return units;
  }

  private open(dir: string): ConsumeQueueExt | null {
    try {
      return new ConsumeQueueExt(this.context, dir);
    } catch (error) {
      if (!(error instanceof ConsumeQueueError)) throw error;
      this.logger.error('extended entries cannot be read: messages are not filtered by tag', {
        dir,
        error: error.message,
      });
      return null;
    }
  }
}

/** A copy: units point into memory that is written again. */
function owned(unit: ConsumeQueueExtUnit): ConsumeQueueExtUnit {
  const { filterBitMap } = unit;
  return filterBitMap === undefined ? unit : { ...unit, filterBitMap: Buffer.from(filterBitMap) };
}

/** The last address among the newest entries of a queue. */
function lastExtOffset(queue: ConsumeQueue): number | undefined {
  const from = Math.max(queue.minOffset, queue.maxOffset - LOOK_BACK_ENTRIES);
  let last: number | undefined;
  for (let index = from; index < queue.maxOffset;) {
    const block = queue.entriesNow(index, queue.maxOffset - index);
    if (block.count === 0) break;
    for (let i = 0; i < block.count; i++) if (block.isExtAddress(i)) last = block.extOffset(i);
    index += block.count;
  }
  return last;
}

/** The first address among the entries from `fromIndex` on. */
function firstExtOffset(queue: ConsumeQueue, fromIndex: number): number | undefined {
  for (let index = fromIndex; index < queue.maxOffset;) {
    const block = queue.entriesNow(index, LOOK_BACK_ENTRIES);
    if (block.count === 0) break;
    for (let i = 0; i < block.count; i++) if (block.isExtAddress(i)) return block.extOffset(i);
    index += block.count;
  }
  return undefined;
}
