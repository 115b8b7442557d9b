// What a reader gets: slices of memory that belongs to others, and the duty to give it back. Short pieces (records of
// queues that lie interleaved in the log) are gathered: a socket takes one piece at the price of a few hundred bytes copied.
import type { TailSegment } from '../commit-log/tail-cache.js';
import type { GetMessageResult, GetMessageStatus } from '../message-store.js';
import type { BufferPool } from './buffer-pool.js';
import type { LogChunk } from './log-chunks.js';

/** Neighbouring records of more bytes than this together are given as they lie. */
const MAX_GATHERED_RUN = 1024;
/** A pull of 32 ordinary records fits. */
const GATHER_BYTES = 16 * 1024;

/** Positions of a queue as they were when the read began. */
export interface QueueBounds {
  readonly minOffset: number;
  readonly maxOffset: number;
}

export class ReadResult implements GetMessageResult {
  status: GetMessageStatus = 'NO_MESSAGE_IN_QUEUE';
  nextBeginOffset = 0;
  bufferTotalSize = 0;
  messageCount = 0;
  suggestPullingFromSlave = false;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly buffers: Buffer[] = [];
  #segments: TailSegment[] | undefined;
  #pooled: Buffer[] | undefined;
  #chunks: LogChunk[] | undefined;
  /** The run of neighbouring records that was added last; not in `buffers` yet. */
  #runSource: Buffer | undefined;
  #runStart = 0;
  #runEnd = 0;
  /** Short runs one behind the other; `[#gatherStart, #gatherEnd)` is not in `buffers` yet. */
  #gather: Buffer | undefined;
  #gatherStart = 0;
  #gatherEnd = 0;

  constructor(
    bounds: QueueBounds,
    private readonly pool: BufferPool,
  ) {
    this.minOffset = bounds.minOffset;
    this.maxOffset = bounds.maxOffset;
  }

  /** Holds a tail segment that records are added from. */
  pin(segment: TailSegment): void {
    segment.pin();
    (this.#segments ??= []).push(segment);
  }

  /** Makes a pooled buffer this result's: `release` gives it back. */
  own(buffer: Buffer): void {
    (this.#pooled ??= []).push(buffer);
  }

  /** Takes over the hold on a chunk that records are added from: `release` lets go of it. */
  hold(chunk: LogChunk): void {
    (this.#chunks ??= []).push(chunk);
  }

  /** Adds the record `[start, end)` of a buffer that this result holds; joined with the one before it where they are neighbours. */
  add(source: Buffer, start: number, end: number): void {
    this.messageCount++;
    this.bufferTotalSize += end - start;
    if (source !== this.#runSource || start !== this.#runEnd) {
      this.#endRun();
      this.#runSource = source;
      this.#runStart = start;
    }
    this.#runEnd = end;
  }

  release(): void {
    for (const segment of this.#segments ?? []) segment.release();
    for (const buffer of this.#pooled ?? []) this.pool.give(buffer);
    for (const chunk of this.#chunks ?? []) chunk.release();
    this.#segments = this.#pooled = this.#chunks = this.#gather = undefined;
    this.buffers.length = 0;
  }

  /** Makes `buffers` complete; call once after the last record was added. */
  seal(): this {
    const source = this.#runSource;
    // One run alone needs no company.
    if (source !== undefined && this.#gather === undefined && this.buffers.length === 0) {
      this.#runSource = undefined;
      this.buffers.push(source.subarray(this.#runStart, this.#runEnd));
      return this;
    }
    this.#endRun();
    this.#endGathering();
    return this;
  }

  /** A long run is given as it lies, a short one is copied behind those before it. */
  #endRun(): void {
    const source = this.#runSource;
    if (source === undefined) return;
    this.#runSource = undefined;
    const bytes = this.#runEnd - this.#runStart;
    if (bytes > MAX_GATHERED_RUN) {
      this.#endGathering();
      this.buffers.push(source.subarray(this.#runStart, this.#runEnd));
      return;
    }
    const target = this.#gatherRoom(bytes);
    // Half the price of a Buffer: a plain view has no species to look up.
    target.set(new Uint8Array(source.buffer, source.byteOffset + this.#runStart, bytes), this.#gatherEnd);
    this.#gatherEnd += bytes;
  }

  #gatherRoom(bytes: number): Buffer {
    const gather = this.#gather;
    if (gather !== undefined && this.#gatherEnd + bytes <= gather.length) return gather;
    this.#endGathering();
    const fresh = this.pool.take(GATHER_BYTES);
    this.own(fresh);
    this.#gatherStart = this.#gatherEnd = 0;
    return (this.#gather = fresh);
  }

  #endGathering(): void {
    if (this.#gather === undefined || this.#gatherEnd === this.#gatherStart) return;
    this.buffers.push(this.#gather.subarray(this.#gatherStart, this.#gatherEnd));
    this.#gatherStart = this.#gatherEnd;
  }
}
