// What a reader gets: slices of memory that belongs to others, and the duty to give it back.
import type { TailSegment } from '../commit-log/tail-cache.js';
import type { GetMessageResult, GetMessageStatus } from '../message-store.js';
import type { BufferPool } from './buffer-pool.js';
import type { LogChunk } from './log-chunks.js';

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
  #lastSource: Buffer | undefined;
  #lastStart = 0;
  #lastEnd = 0;

  constructor(
    bounds: QueueBounds,
    private readonly pool: BufferPool,
  ) {
    this.minOffset = bounds.minOffset;
    this.maxOffset = bounds.maxOffset;
  }

  /** Adds `[start, end)` of a tail segment; joined with the slice before it where both are neighbours. */
  addFromTail(segment: TailSegment, start: number, end: number): void {
    this.#segments ??= [];
    if (this.#segments[this.#segments.length - 1] !== segment) {
      segment.pin();
      this.#segments.push(segment);
    }
    this.#add(segment.buffer, start, end);
  }

  /** Adds `[start, end)` of a buffer registered with `own`, or of a chunk registered with `hold`. */
  addFromPool(buffer: Buffer, start: number, end: number): void {
    this.#add(buffer, start, end);
  }

  /** Makes a pooled buffer this result's: `release` gives it back. */
  own(buffer: Buffer): void {
    (this.#pooled ??= []).push(buffer);
  }

  /** Takes over the hold on a chunk that records are added from: `release` lets go of it. */
  hold(chunk: LogChunk): void {
    (this.#chunks ??= []).push(chunk);
  }

  release(): void {
    for (const segment of this.#segments ?? []) segment.release();
    for (const buffer of this.#pooled ?? []) this.pool.give(buffer);
    for (const chunk of this.#chunks ?? []) chunk.release();
    this.#segments = this.#pooled = this.#chunks = undefined;
    this.buffers.length = 0;
  }

  /** Makes `buffers` complete; call once after the last record was added. */
  seal(): this {
    if (this.#lastSource !== undefined)
      this.buffers.push(this.#lastSource.subarray(this.#lastStart, this.#lastEnd));
    this.#lastSource = undefined;
    return this;
  }

  #add(source: Buffer, start: number, end: number): void {
    this.messageCount++;
    this.bufferTotalSize += end - start;
    if (source !== this.#lastSource || start !== this.#lastEnd) {
      this.seal();
      this.#lastSource = source;
      this.#lastStart = start;
    }
    this.#lastEnd = end;
  }
}
