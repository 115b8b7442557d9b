/**
 * File content in memory that costs only what was written: index files are 420 MB of mostly nothing. A clone shares the
 * pages until one of the two writes to them, so that thousands of crash states of one disk cost little.
 */
import type { Hash } from 'node:crypto';

const PAGE = 4096;

export class SparseBytes {
  private pages = new Map<number, Buffer>();
  /** Pages that no clone shares. */
  private owned = new Set<number>();
  size = 0;

  /** Bytes held in memory. */
  get allocatedBytes(): number {
    return this.pages.size * PAGE;
  }

  read(target: Buffer, position: number, length: number, targetStart: number): number {
    const count = Math.max(0, Math.min(length, this.size - position));
    for (let done = 0; done < count;) {
      const { page, at, part } = locate(position + done, count - done);
      const bytes = this.pages.get(page);
      if (bytes === undefined) target.fill(0, targetStart + done, targetStart + done + part);
      else bytes.copy(target, targetStart + done, at, at + part);
      done += part;
    }
    return count;
  }

  write(source: Buffer, position: number): void {
    for (let done = 0; done < source.length;) {
      const { page, at, part } = locate(position + done, source.length - done);
      source.copy(this.writable(page), at, done, done + part);
      done += part;
    }
    this.size = Math.max(this.size, position + source.length);
  }

  /** Cuts, or extends with zeros. */
  truncate(size: number): void {
    if (size < this.size) {
      for (const page of this.pages.keys()) if (page * PAGE >= size) this.forget(page);
      const last = Math.floor(size / PAGE);
      if (this.pages.has(last)) this.writable(last).fill(0, size % PAGE);
    }
    this.size = size;
  }

  clone(): SparseBytes {
    const copy = new SparseBytes();
    copy.size = this.size;
    copy.pages = new Map(this.pages);
    this.owned = new Set();
    return copy;
  }

  /** Tells every byte, and the size, to a hash; pages that were never written may differ from pages of zeros. */
  addTo(hash: Hash): void {
    hash.update(`${this.size};`);
    for (const page of [...this.pages.keys()].sort((a, b) => a - b))
      hash.update(`${page}:`).update(this.pages.get(page)!);
  }

  private writable(page: number): Buffer {
    const bytes = this.pages.get(page);
    if (bytes !== undefined && this.owned.has(page)) return bytes;
    const own = bytes === undefined ? Buffer.alloc(PAGE) : Buffer.from(bytes);
    this.pages.set(page, own);
    this.owned.add(page);
    return own;
  }

  private forget(page: number): void {
    this.pages.delete(page);
    this.owned.delete(page);
  }
}

function locate(position: number, length: number): { page: number; at: number; part: number } {
  const page = Math.floor(position / PAGE);
  const at = position - page * PAGE;
  return { page, at, part: Math.min(length, PAGE - at) };
}
