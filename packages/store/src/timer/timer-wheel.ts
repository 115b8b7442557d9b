// The file `timerwheel`: a ring of slots, one for each unit of time, each the head of a chain in the timer log.
//
// Upstream maps the file and keeps a second copy of it on the heap (2 x 38.7 MB). Here a slot's page of 4 KiB is read when
// it is needed and written when it changed. Pending timers lie in the part of the ring that the roll window spans, two
// days or 1,350 pages by default, so the pages in memory stay below MAX_PAGES whatever the number of timers.
import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../disk/disk.js';
import { StoreError } from '../store-error.js';
import { NO_POSITION, readSlot, SLOT_BYTES, slotTime, writeSlot, type TimerSlot } from './timer-slot.js';

/** Slots ahead of and behind now that the ring can tell apart: seven days of seconds. The file has twice as many. */
export const SLOTS_TOTAL = 7 * 24 * 3600;

const PAGE_BYTES = 4096;
const SLOTS_PER_PAGE = PAGE_BYTES / SLOT_BYTES;
/** Clean pages beyond these leave memory: 8 MiB. */
const MAX_PAGES = 2048;
const SCAN_PAGES = 256;

interface Page {
  readonly index: number;
  readonly bytes: Buffer;
  isDirty: boolean;
}

export interface TimerWheelOptions {
  readonly path: string;
  /** Width of a slot, ms; that of the store's first start, for ever. */
  readonly precisionMs: number;
  /** Half of the file's slots. */
  readonly slotsTotal?: number;
}

export class TimerWheel {
  readonly precisionMs: number;
  /** The file was made by this start, or lost a part: the timer log has to tell all that is pending. */
  readonly isNew: boolean;
  readonly #file: DiskFile;
  readonly #slots: number;
  /** In order of use, oldest first. */
  readonly #pages = new Map<number, Page>();
  readonly #dirty = new Set<Page>();
  #needsSync = false;
  /** The file holds something. */
  #isWritten: boolean;
  /** Used last: slots that are asked for together mostly share it. */
  #page: Page | undefined;

  /** @throws StoreError FILE_SIZE_MISMATCH; DiskError */
  constructor(disk: Disk, { path, precisionMs, slotsTotal = SLOTS_TOTAL }: TimerWheelOptions) {
    this.precisionMs = precisionMs;
    this.#slots = slotsTotal * 2;
    const sizeBytes = this.#slots * SLOT_BYTES;
    const found = disk.stat(path)?.sizeBytes ?? 0;
    if (found > sizeBytes) {
      const message = `${path} has ${found} bytes instead of ${sizeBytes}`;
      throw new StoreError({ code: 'FILE_SIZE_MISMATCH', message, path });
    }
    // A shorter one is one whose size was not durable at a power cut.
    this.isNew = found < sizeBytes;
    this.#isWritten = found > 0;
    this.#file = disk.open(path, { create: true, sizeBytes });
    if (this.isNew) disk.syncDirectory(dirname(path));
  }

  /** Start of the slot that a time falls into. */
  floor(timeMs: number): number {
    return Math.floor(timeMs / this.precisionMs) * this.precisionMs;
  }

  /** The slot of a time; undefined when nothing is or was due then. */
  get(timeMs: number): TimerSlot | undefined {
    const slot = this.raw(timeMs);
    return slot.timeMs === this.floor(timeMs) ? slot : undefined;
  }

  /** What stands where the slot of a time is or would be: maybe that of a time one turn of the ring away. */
  raw(timeMs: number): TimerSlot {
    const index = this.#indexOf(timeMs);
    return readSlot(this.#pageOf(index).bytes, offsetInPage(index), this.precisionMs);
  }

  put(slot: TimerSlot): void {
    const index = this.#indexOf(slot.timeMs);
    const page = this.#pageOf(index);
    writeSlot(page.bytes, offsetInPage(index), slot, this.precisionMs);
    page.isDirty = true;
    this.#dirty.add(page);
  }

  /** Makes the slot of a time empty. */
  clear(timeMs: number): void {
    this.put({ timeMs: this.floor(timeMs), firstPos: NO_POSITION, lastPos: NO_POSITION, num: 0 });
  }

  /** First time in `[fromMs, untilMs)` whose slot has a chain; undefined when there is none. */
  nextOccupied(fromMs: number, untilMs: number): number | undefined {
    const until = Math.min(untilMs, fromMs + this.#slots * this.precisionMs);
    for (let timeMs = this.floor(fromMs); timeMs < until; timeMs += this.precisionMs) {
      const index = this.#indexOf(timeMs);
      const bytes = this.#pageOf(index).bytes;
      const at = offsetInPage(index);
      if (slotTime(bytes, at) !== timeMs / this.precisionMs) continue;
      if (readSlot(bytes, at, this.precisionMs).lastPos !== NO_POSITION) return timeMs;
    }
    return undefined;
  }

  /** Every slot with a chain that is due at or after `fromMs`, in the order of the file. Reads the whole file. */
  forEach(fromMs: number, visit: (slot: TimerSlot) => void): void {
    const bytes = Buffer.alloc(SCAN_PAGES * PAGE_BYTES);
    // Most of the million slots never were used: two words tell.
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const from = this.floor(fromMs) / this.precisionMs;
    const until = from + this.#slots;
    for (let first = 0; first < this.#slots; first += SCAN_PAGES * SLOTS_PER_PAGE) {
      const slots = Math.min(SCAN_PAGES * SLOTS_PER_PAGE, this.#slots - first);
      if (this.#isWritten) this.#file.read(bytes, first * SLOT_BYTES, slots * SLOT_BYTES);
      else bytes.fill(0);
      this.#overlay(bytes, first, slots);
      for (let at = 0; at < slots * SLOT_BYTES; at += SLOT_BYTES) {
        if ((words[at / 4]! | words[at / 4 + 1]!) === 0) continue;
        const time = slotTime(bytes, at);
        if (time < from || time >= until) continue;
        const slot = readSlot(bytes, at, this.precisionMs);
        if (slot.lastPos !== NO_POSITION) visit(slot);
      }
    }
  }

  /** Writes the pages that changed. @throws DiskError; they are written again by the next call */
  write(): void {
    for (const page of this.#dirty) {
      const at = page.index * PAGE_BYTES;
      this.#file.write(page.bytes, at, Math.min(PAGE_BYTES, this.#slots * SLOT_BYTES - at));
      page.isDirty = false;
      this.#dirty.delete(page);
      this.#needsSync = this.#isWritten = true;
    }
    this.#evict();
  }

  /** Resolves when what was written is on disk. @throws DiskError */
  async sync(): Promise<void> {
    if (!this.#needsSync) return;
    this.#needsSync = false;
    try {
      await this.#file.sync();
    } catch (error) {
      this.#needsSync = true;
      throw error;
    }
  }

  /** Bytes of pages in memory. */
  get memoryBytes(): number {
    return this.#pages.size * PAGE_BYTES;
  }

  /** Closes the handle; what was not written is lost. */
  close(): void {
    this.#file.close();
  }

  #indexOf(timeMs: number): number {
    return Math.floor(timeMs / this.precisionMs) % this.#slots;
  }

  #pageOf(slotIndex: number): Page {
    const index = Math.floor(slotIndex / SLOTS_PER_PAGE);
    if (this.#page?.index === index) return this.#page;
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = { index, bytes: Buffer.alloc(PAGE_BYTES), isDirty: false };
      this.#file.read(page.bytes, index * PAGE_BYTES, PAGE_BYTES);
      if (this.#pages.size >= MAX_PAGES) this.#evict();
    } else this.#pages.delete(index);
    this.#pages.set(index, page);
    this.#page = page;
    return page;
  }

  /** Pages in memory are newer than the file. */
  #overlay(bytes: Buffer, firstSlot: number, slots: number): void {
    for (const { index, bytes: page, isDirty } of this.#pages.values()) {
      const at = (index * SLOTS_PER_PAGE - firstSlot) * SLOT_BYTES;
      if (isDirty && at >= 0 && at < slots * SLOT_BYTES) page.copy(bytes, at);
    }
  }

  #evict(): void {
    for (const page of this.#pages.values()) {
      if (this.#pages.size < MAX_PAGES) return;
      if (page.isDirty || page === this.#page) continue;
      this.#pages.delete(page.index);
    }
  }
}

function offsetInPage(slotIndex: number): number {
  return (slotIndex % SLOTS_PER_PAGE) * SLOT_BYTES;
}
