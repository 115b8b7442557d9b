// The raw log as replication reads it: slices of the tail cache where it has the bytes, pooled reads elsewhere.
import type { CommitLog } from './commit-log/commit-log.js';
import type { LogChunk, LogStream } from './message-store.js';
import type { BufferPool } from './reading/buffer-pool.js';
import type { LogReader } from './reading/log-reader.js';

const NOTHING = Buffer.alloc(0);

export class CommitLogStream implements LogStream {
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly log: CommitLog,
    private readonly reader: LogReader,
    private readonly pool: BufferPool,
    private readonly flushed: () => number,
  ) {}

  get minOffset(): number {
    return this.log.minOffset;
  }

  get maxOffset(): number {
    return this.log.writtenOffset;
  }

  get flushedOffset(): number {
    return this.flushed();
  }

  read(offset: number, maxBytes: number): LogChunk | Promise<LogChunk> {
    const segment = this.log.tail.find(offset);
    if (segment === undefined) return this.#readFile(offset, maxBytes);
    const start = offset - segment.base;
    segment.pin();
    let held = true;
    return {
      offset,
      bytes: segment.buffer.subarray(start, Math.min(segment.written, start + maxBytes)),
      release: () => {
        if (held) segment.release();
        held = false;
      },
    };
  }

  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The log grew or its durable end moved. */
  announce(): void {
    for (const listener of this.#listeners) listener();
  }

  async #readFile(offset: number, maxBytes: number): Promise<LogChunk> {
    const fileEnd = this.log.files.fileAt(offset)?.endOffset ?? offset;
    const length = Math.min(maxBytes, Math.min(fileEnd, this.log.writtenOffset) - offset);
    if (length <= 0) return { offset, bytes: NOTHING, release: () => undefined };
    const buffer = this.pool.take(length);
    let held = true;
    const release = (): void => {
      if (held) this.pool.give(buffer);
      held = false;
    };
    try {
      const got = await this.reader.readFile(offset, buffer, length);
      return { offset, bytes: buffer.subarray(0, got), release };
    } catch (error) {
      release();
      throw error;
    }
  }
}
