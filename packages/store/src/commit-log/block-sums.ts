// Checksums of the log as this process encoded it, one a block: what a cold read brings back is compared with what was
// written by one call into zlib, instead of record by record. Blocks lie in a file one behind the other from its start.
// What was written before this process, and the end of a file, has no sum; its records have their own.
import { crc32 } from 'node:zlib';
import type { TailSegment } from './tail-cache.js';

export const BLOCK_BYTES = 252 * 1024;
/** Blocks that are remembered: those of the newest 16 GiB. */
const MAX_BLOCKS = 65_536;
/** Bytes summed at once: few enough to be in the processor's cache still. */
const STEP_BYTES = 32 * 1024;

export class BlockSums {
  /** By log offset of the block; oldest first. */
  readonly #sums = new Map<number, number>();
  /** End of the bytes taken. */
  #at = -1;
  #fileBase = -1;
  /** The block that `#at` is in. */
  #block = 0;
  /** Whether the block was taken from its first byte on. */
  #isWhole = false;
  #running = 0;

  constructor(private readonly maxBlocks = MAX_BLOCKS) {}

  /** CRC-32 of the block that starts at this log offset; undefined when not all of it passed here. */
  sumOf(blockOffset: number): number | undefined {
    return this.#sums.get(blockOffset);
  }

  /** Takes what a segment has got, once that is worth a call. */
  follow(segment: TailSegment, fileBase: number): void {
    if (segment.end - Math.max(this.#at, segment.base) >= STEP_BYTES) this.take(segment, fileBase);
  }

  /** Takes all that a segment has got; call in log order, and for each segment before the next one is begun. */
  take({ buffer, base, end }: TailSegment, fileBase: number): void {
    let at = Math.max(this.#at, base);
    if (at !== this.#at || fileBase !== this.#fileBase) this.#begin(at, fileBase);
    while (at < end) {
      const blockEnd = this.#block + BLOCK_BYTES;
      const to = Math.min(end, blockEnd);
      if (this.#isWhole) this.#running = crc32(buffer.subarray(at - base, to - base), this.#running);
      if (to === blockEnd) this.#endBlock();
      at = to;
    }
    this.#at = at;
  }

  /** Forgets everything: the log goes on somewhere else. */
  clear(): void {
    this.#sums.clear();
    this.#at = this.#fileBase = -1;
  }

  #begin(at: number, fileBase: number): void {
    this.#fileBase = fileBase;
    this.#block = at - ((at - fileBase) % BLOCK_BYTES);
    this.#isWhole = this.#block === at;
    this.#running = 0;
  }

  #endBlock(): void {
    if (this.#isWhole) this.#sums.set(this.#block, this.#running);
    if (this.#sums.size > this.maxBlocks) this.#sums.delete(this.#sums.keys().next().value!);
    this.#block += BLOCK_BYTES;
    this.#isWhole = true;
    this.#running = 0;
  }
}
