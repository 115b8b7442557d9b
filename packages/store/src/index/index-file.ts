/**
 * One hash index file. The one that is written to keeps its slots and its newest entries in memory; the others are read
 * entry by entry off the event loop and keep their header only.
 *
 * Durable order of a flush: entries, slots, sync, checkpoint, header, sync. The header says how many entries are valid,
 * so a crash in between leaves slots that are ahead of it; they are made again from the entries when the file is opened.
 * The checkpoint comes before the header because a file whose header is newer than the checkpoint
 * is thrown away after a crash, and with it keys that no recovery brings back.
 */
import { basename } from 'node:path';
import { readInt32 } from '@mq/remoting/message';
import type { DiskFile } from '../disk/disk.js';
import type { FileHandles } from '../disk/file-handles.js';
import {
  HEADER_BYTES,
  INDEX_ENTRY_BYTES,
  decodeIndexHeader,
  encodeIndexHeader,
  entryPosition,
  indexFileSize,
  readIndexEntry,
  slotPosition,
  writeIndexEntry,
} from './index-file-format.js';
import type { IndexEntry, IndexFileShape, IndexHeader } from './index-file-format.js';
import { SlotTable } from './slot-table.js';

/** Entries gathered before they are written: 64 KB. */
const GATHERED_ENTRIES = 3276;
const MAX_INT = 0x7fffffff;

/** What a later process of this boot needs to go on with a file although its header on disk is older. */
export interface IndexFileState {
  readonly name: string;
  /** The header in the file, as hexadecimal text: another one means that somebody else wrote it. */
  readonly writtenHeader: string;
  /** The header as it would have to be: all its entries are in the file. */
  readonly header: Readonly<IndexHeader>;
  /** The slots in the file lead to every entry before this one, and maybe to later ones; 0: they are not to be used. */
  readonly slotsUpTo: number;
}

export class IndexFile {
  private slots: SlotTable | undefined;
  /** Entries [gatheredFrom, indexCount), not yet in the file. */
  private gathered: Buffer | undefined;
  private gatheredFrom = 1;
  private headerDirty = false;
  private destroyed = false;
  /** As in `IndexFileState`. */
  private slotsUpTo: number;
  private writtenHeader = '';

  private constructor(
    private readonly handles: FileHandles,
    readonly path: string,
    private readonly shape: IndexFileShape,
    private readonly facts: IndexHeader,
  ) {
    this.gatheredFrom = this.slotsUpTo = facts.indexCount;
  }

  /**
   * A new, empty file of full (sparse) size. It begins with the end of the file before it, which upstream does too:
   * until the first key arrives, and in that key's time difference, those are its begin.
   */
  static create(
    handles: FileHandles,
    path: string,
    shape: IndexFileShape,
    previous?: Readonly<IndexHeader>,
  ): IndexFile {
    // Its size is durable before it holds a key: no crash leaves a file that looks like one of other settings.
    handles.use(path, { create: true, sizeBytes: indexFileSize(shape) }).syncNow();
    const phyOffset = previous?.endPhyOffset ?? 0;
    const timestamp = previous?.endTimestamp ?? 0;
    const file = new IndexFile(handles, path, shape, {
      beginTimestamp: timestamp,
      endTimestamp: timestamp,
      beginPhyOffset: phyOffset,
      endPhyOffset: phyOffset,
      hashSlotCount: 0,
      indexCount: 1,
    });
    file.slots = new SlotTable(shape.slots);
    file.writeHeader(file.facts);
    return file;
  }

  /**
   * Reads the header of a file that exists.
   * @param isDurable false after an abnormal exit: whoever wrote the file may have ended before he had synced it, and what is
   * read here be in the cache only. The next flush syncs it then, although no key is added.
   * @param state what an earlier process of this boot knew of the file; its `writtenHeader` is the one in the file
   */
  static load(
    handles: FileHandles,
    path: string,
    shape: IndexFileShape,
    isDurable: boolean,
    state?: IndexFileState,
  ): IndexFile {
    const bytes = Buffer.alloc(HEADER_BYTES);
    handles.use(path).read(bytes, 0);
    const facts = state === undefined ? decodeIndexHeader(bytes) : { ...state.header };
    // More than fit are damage; nothing shall look for them.
    facts.indexCount = Math.min(facts.indexCount, shape.entries);
    const file = new IndexFile(handles, path, shape, facts);
    file.writtenHeader = bytes.toString('hex');
    file.headerDirty = !isDurable;
    if (state === undefined) return file;
    file.slotsUpTo = state.slotsUpTo;
    if (file.slotsUpTo < facts.indexCount) file.slots = file.loadSlots();
    return file;
  }

  /** Entries put so far are in the file when it returns; not synced, and no header or slot says so. @throws DiskError */
  writeEntries(): void {
    if (!this.destroyed) this.writeGathered();
  }

  /** As of now; call `writeEntries` first. */
  state(): IndexFileState {
    const { writtenHeader, slotsUpTo } = this;
    return { name: basename(this.path), writtenHeader, header: { ...this.facts }, slotsUpTo };
  }

  get header(): Readonly<IndexHeader> {
    return this.facts;
  }

  get isFull(): boolean {
    return this.facts.indexCount >= this.shape.entries;
  }

  get isDirty(): boolean {
    return this.headerDirty || (this.slots?.isDirty ?? false);
  }

  // ---- writing

  /**
   * Adds a key. Returns false when the file is full.
   * @param keyHash from `indexKeyHash`: not negative
   * @throws DiskError when gathered entries cannot be written; nothing has changed then
   */
  put(keyHash: number, phyOffset: number, storeTimestamp: number): boolean {
    const { facts } = this;
    const entry = facts.indexCount;
    if (entry >= this.shape.entries) return false;
    const slots = (this.slots ??= this.loadSlots());
    if (entry - this.gatheredFrom >= GATHERED_ENTRIES) this.writeGathered();
    this.gathered ??= Buffer.allocUnsafeSlow(
      Math.min(GATHERED_ENTRIES, this.shape.entries) * INDEX_ENTRY_BYTES,
    );

    const slot = keyHash % this.shape.slots;
    let previous = slots.get(slot);
    if (previous <= 0 || previous > entry) previous = 0;
    const at = (entry - this.gatheredFrom) * INDEX_ENTRY_BYTES;
    writeIndexEntry(this.gathered, at, keyHash, phyOffset, this.timeDiff(storeTimestamp), previous);
    slots.set(slot, entry);

    if (entry === 1) {
      facts.beginPhyOffset = phyOffset;
      facts.beginTimestamp = storeTimestamp;
    }
    if (previous === 0) facts.hashSlotCount++;
    facts.indexCount++;
    facts.endPhyOffset = phyOffset;
    facts.endTimestamp = storeTimestamp;
    this.headerDirty = true;
    return true;
  }

  private timeDiff(storeTimestamp: number): number {
    if (this.facts.beginTimestamp <= 0) return 0;
    return Math.min(MAX_INT, Math.max(0, Math.trunc((storeTimestamp - this.facts.beginTimestamp) / 1000)));
  }

  private writeGathered(): void {
    const count = this.facts.indexCount - this.gatheredFrom;
    if (count === 0) return;
    this.file().write(
      this.gathered!,
      entryPosition(this.shape, this.gatheredFrom),
      count * INDEX_ENTRY_BYTES,
    );
    this.gatheredFrom += count;
  }

  /**
   * Makes every key put before the call durable. Yields to the event loop.
   * @param vouch makes durable that everything up to an end timestamp is; called before the header says so too
   * @throws DiskError
   */
  async flush(vouch: (endTimestamp: number) => void = () => undefined): Promise<void> {
    if (this.destroyed) return;
    this.writeGathered();
    const flushed = { ...this.facts };
    for (let page = this.writeSlots(0); page >= 0; page = this.writeSlots(page)) await turn();
    this.slotsUpTo = flushed.indexCount;
    if (this.destroyed) return;
    await this.handles.sync(this.path);
    if (this.destroyed) return;
    vouch(flushed.endTimestamp);
    this.writeHeader(flushed);
    await this.handles.sync(this.path);
    this.headerDirty = flushed.indexCount !== this.facts.indexCount;
  }

  /** Entries first: a slot never leads to an entry that was not written before it. @returns as `SlotTable.writeSlice` */
  private writeSlots(from: number): number {
    if (this.slots === undefined || this.destroyed) return -1;
    this.writeGathered();
    const file = this.file();
    return this.slots.writeSlice(from, (source, position, length, start) =>
      file.write(source, position, length, start),
    );
  }

  private writeHeader(header: Readonly<IndexHeader>): void {
    const bytes = encodeIndexHeader(header);
    this.file().write(bytes, 0);
    this.writtenHeader = bytes.toString('hex');
  }

  /** Gives the memory of a file back that is full and flushed. */
  retire(): void {
    this.slots = undefined;
    this.gathered = undefined;
  }

  destroy(remove: (path: string) => void): void {
    this.destroyed = true;
    this.retire();
    this.handles.forget(this.path);
    remove(this.path);
  }

  // ---- reading

  /** Whether [begin, end] and the time of the file overlap, by upstream's rule. */
  overlaps(begin: number, end: number): boolean {
    const { beginTimestamp: first, endTimestamp: last } = this.facts;
    return (
      (begin < first && end > last) || (begin >= first && begin <= last) || (end >= first && end <= last)
    );
  }

  /**
   * Appends physical offsets of a key to `found`, newest first, until there are `maxNum`. Times are the entry's whole
   * seconds since the begin of the file: windows under a second miss or catch neighbours, like upstream.
   */
  async select(found: number[], keyHash: number, maxNum: number, begin: number, end: number): Promise<void> {
    const { facts } = this;
    if (facts.indexCount <= 1) return;
    let number = await this.slotValue(keyHash % this.shape.slots);
    if (number > facts.indexCount) return;
    while (number > 0 && found.length < maxNum && !this.destroyed) {
      const entry = this.gatheredEntry(number) ?? (await this.storedEntry(number));
      if (entry.timeDiff < 0) return;
      const time = facts.beginTimestamp + entry.timeDiff * 1000;
      if (entry.keyHash === keyHash && time >= begin && time <= end) found.push(entry.phyOffset);
      // A chain leads to older entries only; upstream follows one that damage has bent into a circle without end.
      if (entry.previous >= number || time < begin) return;
      number = entry.previous;
    }
  }

  private async slotValue(slot: number): Promise<number> {
    if (this.slots !== undefined) return this.slots.get(slot);
    const bytes = Buffer.alloc(4);
    await this.handles.readAsync(this.path, bytes, slotPosition(slot), bytes.length);
    return bytes.readInt32BE(0);
  }

  private gatheredEntry(number: number): IndexEntry | undefined {
    if (this.gathered === undefined || number < this.gatheredFrom || number >= this.facts.indexCount)
      return undefined;
    return readIndexEntry(this.gathered, (number - this.gatheredFrom) * INDEX_ENTRY_BYTES);
  }

  private async storedEntry(number: number): Promise<IndexEntry> {
    const bytes = Buffer.alloc(INDEX_ENTRY_BYTES);
    await this.handles.readAsync(this.path, bytes, entryPosition(this.shape, number), bytes.length);
    return readIndexEntry(bytes);
  }

  // ---- recovery (blocking)

  /**
   * Removes the keys of records that start at or behind `phyOffset`. Returns false when none are left.
   * The new end timestamp is exact to a second, rounded up. Durable with the next flush.
   */
  truncate(phyOffset: number): boolean {
    const { facts } = this;
    if (facts.indexCount <= 1) return false;
    if (facts.endPhyOffset < phyOffset) return true;
    for (let page = this.writeSlots(0); page >= 0;) page = this.writeSlots(page);
    let low = 1;
    let high = facts.indexCount;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.storedEntryNow(middle).phyOffset >= phyOffset) high = middle;
      else low = middle + 1;
    }
    if (low === 1) return false;
    const last = this.storedEntryNow(low - 1);
    facts.indexCount = this.gatheredFrom = low;
    facts.endPhyOffset = last.phyOffset;
    facts.endTimestamp = Math.min(facts.endTimestamp, facts.beginTimestamp + last.timeDiff * 1000 + 999);
    this.mendSlots();
    this.headerDirty = true;
    return true;
  }

  /** Brings slots that a crash left ahead of the header back to it: until then keys behind them are not found. */
  mendSlots(): void {
    const { facts } = this;
    const slots = (this.slots = this.loadSlots());
    facts.hashSlotCount = 0;
    for (let slot = 0; slot < this.shape.slots; slot++) if (slots.get(slot) !== 0) facts.hashSlotCount++;
  }

  /** Reads the slots. Where some are ahead of the header, a flush was cut short: they are made again. */
  private loadSlots(): SlotTable {
    if (this.slotsUpTo === 0) return this.slotsFromEntries();
    const slots = new SlotTable(this.shape.slots);
    const file = this.file();
    slots.load((target, position) => file.read(target, position));
    this.addToSlots(slots, this.slotsUpTo);
    return slots.areBelow(this.facts.indexCount) ? slots : this.slotsFromEntries();
  }

  /**
   * The slots as the valid entries say. Not by following the entries that slots ahead of the header lead to: those may
   * be lost, or be of an earlier time, before the log was cut.
   */
  private slotsFromEntries(): SlotTable {
    this.slotsUpTo = 0;
    const slots = new SlotTable(this.shape.slots);
    for (let slot = 0; slot < this.shape.slots; slot++) slots.set(slot, 0);
    this.addToSlots(slots, 1);
    return slots;
  }

  /** Makes the slots lead to the entries from `first` on. */
  private addToSlots(slots: SlotTable, first: number): void {
    const { indexCount } = this.facts;
    if (first >= indexCount) return;
    const block = Buffer.allocUnsafeSlow(Math.min(GATHERED_ENTRIES, indexCount - first) * INDEX_ENTRY_BYTES);
    for (let number = first; number < indexCount;) {
      const count = Math.min(block.length / INDEX_ENTRY_BYTES, indexCount - number);
      this.file().read(block, entryPosition(this.shape, number), count * INDEX_ENTRY_BYTES);
      for (let i = 0; i < count; i++, number++) {
        const keyHash = readInt32(block, i * INDEX_ENTRY_BYTES);
        // A hash below 0 is damage: no key has one.
        if (keyHash >= 0) slots.set(keyHash % this.shape.slots, number);
      }
    }
  }

  private storedEntryNow(number: number): IndexEntry {
    const bytes = Buffer.alloc(INDEX_ENTRY_BYTES);
    this.file().read(bytes, entryPosition(this.shape, number));
    return readIndexEntry(bytes);
  }

  private file(): DiskFile {
    return this.handles.use(this.path);
  }
}

/** The event loop's next turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
