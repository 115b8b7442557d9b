// What cold reads share: aligned pieces of the log files, read whole on the thread pool and kept for a while. The queues
// of a topic lie interleaved in the log, and who catches up reads all of them: without this each queue reads the same
// part of the log again (eight queues, 32 records of 350 bytes a pull: 90 KB read to send 11 KB), and each pull pays for
// a hop to another thread.
import type { BufferPool } from './buffer-pool.js';

export const CHUNK_BYTES = 128 * 1024;
/** Chunks kept while nobody holds them: 16 MiB. */
const MAX_CHUNKS = 128;

/** Where chunks come from. */
export interface ChunkSource {
  /** The file that holds `offset`, as a range of the log; undefined when there is none. */
  fileAt(offset: number): { readonly baseOffset: number; readonly endOffset: number } | undefined;
  /** End of what may be read; it only grows. */
  readonly writtenOffset: number;
  /** Reads `[offset, offset + length)` into `target`; fewer bytes at the end of the file. @throws DiskError */
  readFile(offset: number, target: Buffer, length: number): Promise<number>;
}

/** Bytes `[base, base + length)` of the log. They never change: what is written stays as it is. */
export class LogChunk {
  #holders = 1;

  constructor(
    readonly base: number,
    readonly length: number,
    readonly buffer: Buffer,
    private readonly pool: BufferPool,
  ) {}

  holds(offset: number, sizeBytes: number): boolean {
    return offset >= this.base && offset + sizeBytes <= this.base + this.length;
  }

  /** False when the buffer has gone back already: the chunk left the cache before its reader's turn came. */
  tryHold(): boolean {
    if (this.#holders === 0) return false;
    this.#holders++;
    return true;
  }

  /** Gives the buffer back when the last holder, the cache among them, has let go. */
  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.pool.give(this.buffer);
  }
}

export class LogChunks {
  /** By base; least recently used first. */
  readonly #chunks = new Map<number, LogChunk>();
  readonly #loading = new Map<number, Promise<LogChunk>>();

  constructor(
    private readonly source: ChunkSource,
    private readonly pool: BufferPool,
    private readonly maxChunks = MAX_CHUNKS,
  ) {}

  /**
   * The chunk with all of `[offset, offset + sizeBytes)`, held for the caller; undefined when no one chunk has it.
   * @throws DiskError
   */
  async holding(offset: number, sizeBytes: number): Promise<LogChunk | undefined> {
    const file = this.source.fileAt(offset);
    if (file === undefined) return undefined;
    const base = offset - ((offset - file.baseOffset) % CHUNK_BYTES);
    const end = Math.min(base + CHUNK_BYTES, file.endOffset, this.source.writtenOffset);
    if (offset + sizeBytes > end) return undefined;
    let chunk = this.#cached(base);
    if (chunk === undefined || !chunk.holds(offset, sizeBytes)) chunk = await this.#load(base, end);
    return chunk.holds(offset, sizeBytes) && chunk.tryHold() ? chunk : undefined;
  }

  /** Lets go of everything; what others hold stays with them. */
  clear(): void {
    for (const chunk of this.#chunks.values()) chunk.release();
    this.#chunks.clear();
  }

  #cached(base: number): LogChunk | undefined {
    const chunk = this.#chunks.get(base);
    if (chunk === undefined) return undefined;
    this.#chunks.delete(base);
    this.#chunks.set(base, chunk);
    return chunk;
  }

  /** One read for all who ask at the same time. */
  #load(base: number, end: number): Promise<LogChunk> {
    let loading = this.#loading.get(base);
    if (loading === undefined) {
      loading = this.#read(base, end).finally(() => this.#loading.delete(base));
      this.#loading.set(base, loading);
    }
    return loading;
  }

  async #read(base: number, end: number): Promise<LogChunk> {
    const buffer = this.pool.take(end - base);
    let got: number;
    try {
      got = await this.source.readFile(base, buffer, end - base);
    } catch (error) {
      this.pool.give(buffer);
      throw error;
    }
    const chunk = new LogChunk(base, got, buffer, this.pool);
    this.#chunks.get(base)?.release();
    this.#chunks.delete(base);
    this.#chunks.set(base, chunk);
    if (this.#chunks.size > this.maxChunks) {
      const [oldestBase, oldest] = this.#chunks.entries().next().value!;
      this.#chunks.delete(oldestBase);
      oldest.release();
    }
    return chunk;
  }
}
