// The newest part of the log, in the buffers it was encoded into. Readers at the tail get slices: no copy, no read.
//
//   segments:  [base, base+length) [base, base+length) ... ascending; a gap only where a file ended with a blank
//
// A segment never spans two log files. Old segments leave when the cache is over its bound; a segment that a reader
// still holds (pins) leaves the cache too, but its buffer is not used again before the last release.

export const SEGMENT_BYTES = 1024 * 1024;

export class TailSegment {
  /** Log offset of byte 0. */
  base = 0;
  /** Bytes encoded. */
  length = 0;
  /** Bytes accepted by the file; readers see no further. */
  written = 0;
  #pins = 0;
  #retired = false;

  constructor(
    readonly buffer: Buffer,
    private readonly recycle: (segment: TailSegment) => void,
  ) {}

  get end(): number {
    return this.base + this.length;
  }

  get room(): number {
    return this.buffer.length - this.length;
  }

  /** Whether readers may see all of `[offset, offset + sizeBytes)` here. */
  holds(offset: number, sizeBytes: number): boolean {
    return offset >= this.base && offset + sizeBytes <= this.base + this.written;
  }

  reset(base: number): this {
    this.base = base;
    this.length = 0;
    this.written = 0;
    this.#retired = false;
    return this;
  }

  pin(): void {
    this.#pins++;
  }

  release(): void {
    this.#pins--;
    if (this.#pins === 0 && this.#retired) this.recycle(this);
  }

  /** Out of the cache; the buffer is free once nobody holds it. */
  retire(): void {
    this.#retired = true;
    if (this.#pins === 0) this.recycle(this);
  }
}

export class TailCache {
  #segments: TailSegment[] = [];
  #bytes = 0;
  readonly #free: TailSegment[] = [];
  readonly #recycle = (segment: TailSegment): void => this.#keepFree(segment);

  /**
   * @param maxBytes bound of all cached segments; at least the segment being written stays
   * @param segmentBytes size of an ordinary segment; a segment never spans two files, so a file's size is enough
   */
  constructor(
    private readonly maxBytes: number,
    private readonly segmentBytes = SEGMENT_BYTES,
  ) {}

  /** The segment that is being written. */
  get current(): TailSegment | undefined {
    return this.#segments[this.#segments.length - 1];
  }

  /** First log offset in memory; Infinity when empty. */
  get startOffset(): number {
    return this.#segments[0]?.base ?? Infinity;
  }

  /** Ascending; the last ones may be unwritten. */
  get segments(): readonly TailSegment[] {
    return this.#segments;
  }

  /** A segment with room for `bytes` that starts at log offset `base`, as the new current one. */
  open(base: number, bytes: number): TailSegment {
    const segment = this.#allocate(bytes).reset(base);
    this.#segments.push(segment);
    this.#bytes += segment.buffer.length;
    this.#evict();
    return segment;
  }

  /** The segment that has byte `offset` written, or undefined. */
  find(offset: number): TailSegment | undefined {
    const segments = this.#segments;
    let low = 0;
    let high = segments.length - 1;
    if (high < 0 || offset < segments[0]!.base) return undefined;
    // The tail is asked for most.
    if (segments[high]!.base <= offset) low = high;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const segment = segments[middle]!;
      if (offset < segment.base) high = middle - 1;
      else if (offset >= segment.base + segment.written) low = middle + 1;
      else return segment;
    }
    return undefined;
  }

  clear(): void {
    for (const segment of this.#segments) segment.retire();
    this.#segments = [];
    this.#bytes = 0;
    this.#free.length = 0;
  }

  #allocate(bytes: number): TailSegment {
    if (bytes <= this.segmentBytes) {
      const reused = this.#free.pop();
      if (reused !== undefined) return reused;
    }
    return new TailSegment(Buffer.allocUnsafeSlow(Math.max(bytes, this.segmentBytes)), this.#recycle);
  }

  #evict(): void {
    let count = 0;
    while (this.#bytes > this.maxBytes && count < this.#segments.length - 1) {
      const oldest = this.#segments[count]!;
      if (oldest.written < oldest.length) break;
      this.#bytes -= oldest.buffer.length;
      oldest.retire();
      count++;
    }
    if (count > 0) this.#segments.splice(0, count);
  }

  #keepFree(segment: TailSegment): void {
    const isOrdinary = segment.buffer.length === this.segmentBytes;
    if (isOrdinary && this.#free.length < 4) this.#free.push(segment);
  }
}
