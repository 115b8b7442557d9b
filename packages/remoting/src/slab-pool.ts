/** Bytes of one slab: a turn's small responses of one connection mostly fit. */
const slabBytes = 32 * 1024;

/** How many idle slabs are kept for reuse (2 MiB). */
const maxIdleSlabs = 64;

/**
 * Buffers that frames are encoded into. A connection takes one when a turn gives it something to say and returns it as
 * soon as the kernel has the bytes, so that thousands of quiet connections hold none.
 */
export class SlabPool {
  readonly #idle: Buffer[] = [];

  /** A buffer of at least `minBytes`. */
  take(minBytes: number): Buffer {
    if (minBytes > slabBytes) return Buffer.allocUnsafeSlow(minBytes);
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
  }

  /** Gives a buffer back. Only when nobody, the socket included, reads it any more. */
  giveBack(slab: Buffer): void {
    if (slab.length === slabBytes && this.#idle.length < maxIdleSlabs) this.#idle.push(slab);
  }
}
