// What cold reads share: pieces of the log files, read whole on the thread pool and kept for a while. The queues of a
// topic lie interleaved in the log, and who catches up reads all of them: without this each queue reads the same part of
// the log again (eight queues, 32 records of 350 bytes a pull: 90 KB read to send 11 KB), and each pull pays for a hop to
// another thread. Who reads on finds the next piece there: it is fetched when a reader is halfway through the one before.
//
//   file  |------- chunk 0 -------|
//                              |------- chunk 1 -------|
//                                                   |------- chunk 2 ---
//
// Neighbours overlap, so that an ordinary record lies whole in one of them, and a pull is served in one go.
import { crc32 } from 'node:zlib';
import { BLOCK_BYTES } from '../commit-log/block-sums.js';
import type { BufferPool } from './buffer-pool.js';

/** Records up to this size never lie across the end of a chunk. */
export const OVERLAP_BYTES = 4 * 1024;
/** Distance of two chunks. */
export const STRIDE_BYTES = BLOCK_BYTES;
export const CHUNK_BYTES = STRIDE_BYTES + OVERLAP_BYTES;
/** Chunks kept while nobody holds them: 16 MiB. */
const MAX_CHUNKS = 64;
/** Records are longer than this, so at most one starts in each line of a chunk. */
const LINE_BITS = 6;
const LINE_MASK = (1 << LINE_BITS) - 1;

/** Where chunks come from. */
export interface ChunkSource {
  /** The file that holds `offset`, as a range of the log; undefined when there is none. */
  fileAt(offset: number): { readonly baseOffset: number; readonly endOffset: number } | undefined;
  /** End of what may be read; it only grows. */
  readonly writtenOffset: number;
  /** What starts here or behind is in memory anyway; Infinity when nothing is. */
  readonly inMemoryFrom: number;
  /** CRC-32 of the `STRIDE_BYTES` that were written at `offset`, the start of a chunk; undefined when it is not known. */
  sumOf(offset: number): number | undefined;
  /** Reads `[offset, offset + length)` into `target`; fewer bytes at the end of the file. @throws DiskError */
  readFile(offset: number, target: Buffer, length: number): Promise<number>;
}

/** Bytes `[base, base + length)` of the log. They never change: what is written stays as it is. */
export class LogChunk {
  #holders = 1;
  /** By line, one more than the place in it where a record starts that was found to be sound; 0 none. */
  #sound: Uint8Array | undefined;
  /** Somebody began to read at its start; then that its end was reached. */
  startWasRead = false;
  endWasRead = false;

  constructor(
    readonly base: number,
    readonly length: number,
    readonly buffer: Buffer,
    private readonly pool: BufferPool,
    /** As many bytes at its start are those that were written; the records in the rest have to be checked. */
    readonly trustedBytes = 0,
  ) {}

  holds(offset: number, sizeBytes: number): boolean {
    return offset >= this.base && offset + sizeBytes <= this.base + this.length;
  }

  /** Whether the bytes of the record at byte `at` are what was written, or `markSound` was called for it. */
  isKnownSound(at: number, sizeBytes: number): boolean {
    if (at + sizeBytes <= this.trustedBytes) return true;
    return this.#sound !== undefined && this.#sound[at >>> LINE_BITS] === (at & LINE_MASK) + 1;
  }

  /** Remembers that the record at byte `at` was checked since the chunk was read: other readers need not do it again. */
  markSound(at: number): void {
    this.#sound ??= new Uint8Array((CHUNK_BYTES >>> LINE_BITS) + 1);
    this.#sound[at >>> LINE_BITS] = (at & LINE_MASK) + 1;
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
  /** The last one of `#chunks`. */
  #newest: LogChunk | undefined;
  readonly #loading = new Map<number, Promise<LogChunk>>();

  constructor(
    private readonly source: ChunkSource,
    private readonly pool: BufferPool,
    private readonly maxChunks = MAX_CHUNKS,
  ) {}

  /** The chunk with all of `[offset, offset + sizeBytes)`, held for the caller, if it is here already. */
  find(offset: number, sizeBytes: number): LogChunk | undefined {
    if (this.#chunks.size === 0) return undefined;
    const base = this.#baseOf(offset);
    const chunk = this.#chunks.get(base);
    if (chunk === undefined || !chunk.holds(offset, sizeBytes)) return undefined;
    if (chunk !== this.#newest) {
      this.#chunks.delete(base);
      this.#chunks.set(base, chunk);
      this.#newest = chunk;
    }
    this.#readAhead(chunk, offset);
    chunk.tryHold();
    return chunk;
  }

  /**
   * As `find`, but reads the chunk if it has to; undefined when no one chunk has those bytes.
   * @throws DiskError
   */
  async load(offset: number, sizeBytes: number): Promise<LogChunk | undefined> {
    const base = this.#baseOf(offset);
    const end = Math.min(base + CHUNK_BYTES, this.#fileEnd(base), this.source.writtenOffset);
    if (!(offset + sizeBytes <= end)) return undefined;
    const chunk = await this.#load(base, end);
    if (!chunk.holds(offset, sizeBytes) || !chunk.tryHold()) return undefined;
    this.#readAhead(chunk, offset);
    return chunk;
  }

  /** Lets go of everything; what others hold stays with them. */
  clear(): void {
    for (const chunk of this.#chunks.values()) chunk.release();
    this.#chunks.clear();
    this.#newest = undefined;
  }

  /** Start of the chunk that a record at `offset` is looked for in; NaN where no file is. */
  #baseOf(offset: number): number {
    const file = this.source.fileAt(offset);
    return file === undefined ? NaN : offset - ((offset - file.baseOffset) % STRIDE_BYTES);
  }

  #fileEnd(offset: number): number {
    return this.source.fileAt(offset)?.endOffset ?? NaN;
  }

  /** Fetches the next chunk once a reader that came in at the start of this one is in its second half. */
  #readAhead(chunk: LogChunk, offset: number): void {
    if (chunk.endWasRead) return;
    if (offset - chunk.base < CHUNK_BYTES / 2) {
      chunk.startWasRead = true;
      return;
    }
    if (!chunk.startWasRead) return;
    chunk.endWasRead = true;
    const { writtenOffset, inMemoryFrom } = this.source;
    const base = chunk.base + STRIDE_BYTES;
    const end = base + CHUNK_BYTES;
    // The end of a file, and what is in memory, is left to those who ask for it.
    if (this.#chunks.has(base) || !(end <= Math.min(this.#fileEnd(chunk.base), writtenOffset, inMemoryFrom)))
      return;
    // Whoever needs the chunk asks again, and is told what is wrong.
    this.#load(base, end).catch(() => undefined);
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
    const chunk = new LogChunk(base, got, buffer, this.pool, this.#trusted(base, buffer, got));
    this.#chunks.get(base)?.release();
    this.#chunks.delete(base);
    this.#chunks.set(base, chunk);
    this.#newest = chunk;
    if (this.#chunks.size > this.maxChunks) {
      const [oldestBase, oldest] = this.#chunks.entries().next().value!;
      this.#chunks.delete(oldestBase);
      oldest.release();
    }
    return chunk;
  }

  /** How much of what was read for the chunk at `base` is what was written there. */
  #trusted(base: number, buffer: Buffer, got: number): number {
    const sum = got < STRIDE_BYTES ? undefined : this.source.sumOf(base);
    return sum !== undefined && crc32(buffer.subarray(0, STRIDE_BYTES)) === sum ? STRIDE_BYTES : 0;
  }
}
