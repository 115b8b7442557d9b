// Makes the log durable: one sync at a time, off the event loop, each covering all that was written before it began.
// Who waits while one runs is covered by the next (group commit). A failed sync is final: the kernel may have dropped
// the pages and would report success the next time, so the durable position never moves again.
import type { Logger } from '@mq/remoting';
import type { CommitLog } from '../commit-log/commit-log.js';

export interface LogFlusherEvents {
  /** The durable position moved. */
  onFlushed(): void;
  /** Once. */
  onFailed(error: unknown): void;
}

export class LogFlusher {
  #flushedOffset = 0;
  #failed = false;
  #again = false;
  #running: Promise<void> | undefined;

  constructor(
    private readonly log: CommitLog,
    private readonly events: LogFlusherEvents,
    private readonly logger: Logger,
  ) {}

  /** End of the log bytes known to be on disk. */
  get flushedOffset(): number {
    return this.#flushedOffset;
  }

  /** Recovery's word: everything before `offset` was read back and synced. */
  startAt(offset: number): void {
    this.#flushedOffset = offset;
  }

  /** Starts a sync of what is written, or makes the running one be followed by another. */
  request(): void {
    if (this.#failed || this.log.writtenOffset <= this.#flushedOffset) return;
    if (this.#running !== undefined) this.#again = true;
    else this.#running = this.#run();
  }

  /** Resolves once everything written before the call is on disk; rejects when it never will be. */
  async flushAll(): Promise<void> {
    const target = this.log.writtenOffset;
    while (this.#flushedOffset < target && !this.#failed) {
      this.request();
      await this.#running;
    }
    if (this.#failed) throw new Error('an earlier sync of the commit log failed');
  }

  /** Waits for a sync that is running, whatever comes of it. */
  async settle(): Promise<void> {
    await this.#running;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    for (;;) {
      this.#again = false;
      const target = this.log.writtenOffset;
      try {
        await this.log.syncWrittenFiles();
      } catch (error) {
        this.#failed = true;
        this.#running = undefined;
        this.logger.error('commit log sync failed: no more writes', { error: String(error), offset: target });
        this.events.onFailed(error);
        return;
      }
      this.#flushedOffset = target;
      const more = this.#again && this.log.writtenOffset > target;
      if (!more) this.#running = undefined;
      this.events.onFlushed();
      if (!more) return;
    }
  }
}
