/**
 * Brings the entries of consume queues from memory to the files and to the device.
 *
 * Idle queues cost nothing but their object: what a flush looks at is the list of queues that have something to flush,
 * and a queue that was not written to between two thorough flushes gives its tail buffer back.
 */
import type { Clock } from '@mq/remoting';
import { SCHEDULE_TOPIC } from '../commit-log/delay-levels.js';
import { DirectorySyncs } from '../disk/directory-syncs.js';
import type { Disk, DiskError } from '../disk/disk.js';
import { Slice } from '../slice.js';
import type { AnyQueue } from './entry-queue.js';

/** Writes in one go, if they take no longer than a slice: a file may have to be created for one. */
const WRITES_A_SLICE = 64;
/** Files that are created while nothing is written. */
const CREATED_TOGETHER = 64;
/** Looking at a queue that has nothing to write costs next to nothing. */
const LOOKS_A_SLICE = 4096;
/** Syncs under way at once: half of libuv's default pool, the rest is for the log and for reads. */
const PARALLEL_SYNCS = 2;
/** When nothing else is left to do, or everything else waits. */
const PARALLEL_SYNCS_AT_CLOSE = 4;

/** What a flusher asks of the store whose queues it flushes. */
export interface QueueFlusherDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  /** The queue that has the place of `queue` now: itself, a new one, or none when it was removed. */
  readonly successorOf: (queue: AnyQueue) => AnyQueue | undefined;
}

export class QueueFlusher {
  /** Where names of files came or went since they were synced. */
  readonly directories: DirectorySyncs;
  /** Queues with something to flush. */
  private dirty: AnyQueue[] = [];
  /** Queues whose syncs are under way. */
  private round: readonly AnyQueue[] = [];
  /** Clean queues whose tail is still in memory. */
  private warm = new Set<AnyQueue>();
  private syncing: Promise<void> = Promise.resolve();
  private writing: Promise<void> = Promise.resolve();
  /** A sync failed: what the files hold is unknown until a restart reads them again. */
  private fault: DiskError | undefined;

  constructor(private readonly deps: QueueFlusherDeps) {
    this.directories = new DirectorySyncs(deps.disk);
  }

  /** The queue has something to flush. */
  add(queue: AnyQueue): void {
    this.dirty.push(queue);
  }

  /** Forgets what is to be flushed. */
  forget(): void {
    this.dirty = [];
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

  /** Makes names and removals of files durable. @throws DiskError, final */
  async syncDirectories(): Promise<void> {
    try {
      await this.directories.sync(PARALLEL_SYNCS_AT_CLOSE);
    } catch (error) {
      this.fault = error as DiskError;
      throw error;
    }
  }

  private async writeNow(leastPages: number): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    const slice = new Slice(this.deps.clock, WRITES_A_SLICE);
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
        await this.deps.disk.createAsync(path, queue.fileSizeBytes);
        const successor = this.deps.successorOf(queue);
        if (successor === queue) queue.writePending(pages);
        // Removed meanwhile: nobody shall find an empty queue there.
        else if (successor === undefined) this.deps.disk.remove(queue.dir);
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
}

/**
 * Dirty pages with which a queue is written. Those of delay levels are at any number: a 4.9 broker that continues after a
 * kill builds entries that are missing before it knows its delays, and delivers their messages at once.
 */
function pagesToWrite(queue: AnyQueue, leastPages: number): number {
  return queue.topic === SCHEDULE_TOPIC ? 0 : leastPages;
}
