/** The slots of the index file that is being written, in memory, with a mark on every 4 KiB page that changed. */
import { endianness } from 'node:os';
import { readInt32, writeInt32 } from '@mq/remoting/message';
import { SLOT_BYTES, slotPosition } from './index-file-format.js';

const PAGE_SHIFT = 12;
/** Bytes written in one go before the event loop gets its turn. */
const SLICE_BYTES = 1024 * 1024;

export class SlotTable {
  private readonly bytes: Buffer;
  private readonly dirtyPages: Uint8Array;
  private dirtyCount = 0;

  constructor(readonly count: number) {
    this.bytes = Buffer.alloc(count * SLOT_BYTES);
    this.dirtyPages = new Uint8Array(Math.ceil(this.bytes.length / (1 << PAGE_SHIFT)));
  }

  get isDirty(): boolean {
    return this.dirtyCount > 0;
  }

  get(slot: number): number {
    return readInt32(this.bytes, slot * SLOT_BYTES);
  }

  set(slot: number, entry: number): void {
    const at = slot * SLOT_BYTES;
    writeInt32(this.bytes, at, entry);
    const page = at >> PAGE_SHIFT;
    if (this.dirtyPages[page] === 0) {
      this.dirtyPages[page] = 1;
      this.dirtyCount++;
    }
  }

  /** Whether every slot is in [0, limit). */
  areBelow(limit: number): boolean {
    // In the machine's byte order five million are looked at in a tenth of the time.
    const copy = Buffer.allocUnsafeSlow(this.bytes.length);
    this.bytes.copy(copy);
    if (endianness() === 'LE') copy.swap32();
    const slots = new Uint32Array(copy.buffer, 0, this.count);
    for (let slot = 0; slot < slots.length; slot++) if (slots[slot]! >= limit) return false;
    return true;
  }

  /** Fills the table from a file. */
  load(read: (target: Buffer, position: number) => void): void {
    read(this.bytes, slotPosition(0));
  }

  /**
   * Hands runs of dirty pages from page `from` on to `write`, at most 1 MiB of them. Pages before `from` that became dirty
   * again wait for the next pass: under load there would be no end to it.
   * @returns the page to go on from; -1 when the pass is over
   * @throws what `write` throws; its run stays dirty
   */
  writeSlice(
    from: number,
    write: (source: Buffer, position: number, length: number, sourceStart: number) => void,
  ): number {
    let budget = SLICE_BYTES >> PAGE_SHIFT;
    for (let page = from; page < this.dirtyPages.length && this.dirtyCount > 0; page++) {
      if (this.dirtyPages[page] === 0) continue;
      if (budget === 0) return page;
      let end = page + 1;
      while (end < this.dirtyPages.length && this.dirtyPages[end] === 1 && end - page < budget) end++;
      const start = page << PAGE_SHIFT;
      write(
        this.bytes,
        slotPosition(0) + start,
        Math.min(end << PAGE_SHIFT, this.bytes.length) - start,
        start,
      );
      this.dirtyPages.fill(0, page, end);
      this.dirtyCount -= end - page;
      budget -= end - page;
      page = end - 1;
    }
    return -1;
  }
}
