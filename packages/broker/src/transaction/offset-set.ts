/** Offsets a page holds, a bit each. */
const PAGE_OFFSETS = 65_536;
const WORD_BITS = 32;

/**
 * A set of queue offsets that moves upward: a bit an offset, pages of 8 KiB, those below the lower end let go. A day of a
 * thousand transactions a second is 11 MB.
 */
export class OffsetSet {
  readonly #pages = new Map<number, Uint32Array>();

  has(offset: number): boolean {
    const page = this.#pages.get(Math.floor(offset / PAGE_OFFSETS));
    if (page === undefined) return false;
    const bit = offset % PAGE_OFFSETS;
    return (page[Math.floor(bit / WORD_BITS)]! & (1 << (bit % WORD_BITS))) !== 0;
  }

  add(offset: number): void {
    const number = Math.floor(offset / PAGE_OFFSETS);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint32Array(PAGE_OFFSETS / WORD_BITS);
      this.#pages.set(number, page);
    }
    const bit = offset % PAGE_OFFSETS;
    page[Math.floor(bit / WORD_BITS)]! |= 1 << (bit % WORD_BITS);
  }

  /** Forgets whole pages below `offset`; what is left below it may still be told. */
  dropBelow(offset: number): void {
    const first = Math.floor(offset / PAGE_OFFSETS);
    for (const number of this.#pages.keys()) if (number < first) this.#pages.delete(number);
  }

  clear(): void {
    this.#pages.clear();
  }
}
