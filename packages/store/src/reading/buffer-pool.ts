// Buffers for cold reads, reused by size class: 4 KiB, 8 KiB, ... 1 MiB. Larger ones are made and dropped.

const SMALLEST_BITS = 12;
const LARGEST_BITS = 20;

export class BufferPool {
  readonly #free: Buffer[][] = Array.from({ length: LARGEST_BITS - SMALLEST_BITS + 1 }, () => []);
  #freeBytes = 0;

  /** @param maxFreeBytes bound of the memory kept for reuse */
  constructor(private readonly maxFreeBytes = 16 * 1024 * 1024) {}

  /** A buffer of at least `bytes`, content undefined. */
  take(bytes: number): Buffer {
    const bits = sizeClass(bytes);
    if (bits > LARGEST_BITS) return Buffer.allocUnsafeSlow(bytes);
    const reused = this.#free[bits - SMALLEST_BITS]?.pop();
    if (reused === undefined) return Buffer.allocUnsafeSlow(2 ** bits);
    this.#freeBytes -= reused.length;
    return reused;
  }

  /** Takes a buffer back that nobody looks at any more. */
  give(buffer: Buffer): void {
    const bits = sizeClass(buffer.length);
    if (bits > LARGEST_BITS || this.#freeBytes + buffer.length > this.maxFreeBytes) return;
    this.#free[bits - SMALLEST_BITS]?.push(buffer);
    this.#freeBytes += buffer.length;
  }
}

function sizeClass(bytes: number): number {
  return Math.max(SMALLEST_BITS, Math.ceil(Math.log2(Math.max(1, bytes))));
}
