// The timer log: `timerlog/<20 digits>`, units of all pending messages in the order in which they came. Appends gather in
// memory and reach the file with `write`; a position is the offset of a unit's first byte in the whole log.
import type { Disk } from '../disk/disk.js';
import { TimerLogFiles } from './timer-log-files.js';
import {
  BLANK_UNIT_BYTES,
  readUnit,
  UNIT_BYTES,
  unitKindAt,
  writeBlankUnit,
  writeUnit,
  type TimerUnit,
  type UnitKind,
} from './timer-unit.js';

/** Appends that wait for `write`; more are written at once. */
const BUFFER_BYTES = 256 * 1024;
/** Chains lead back through the log: what is read for one unit is kept for its neighbours. */
const BLOCK_BYTES = 8 * 1024;
/** 4 MiB. */
const MAX_BLOCKS = 512;
/** Whole units: a read never cuts one. */
const SCAN_BYTES = 20_000 * UNIT_BYTES;

export interface TimerLogOptions {
  readonly dir: string;
  /** Setting mappedFileSizeTimerLog; that of existing files. */
  readonly fileSizeBytes: number;
}

export class TimerLog {
  readonly #files: TimerLogFiles;
  readonly #fileSize: number;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  /** Bytes of the buffer in use; its first byte belongs at `#writtenEnd`. */
  #buffered = 0;
  #writtenEnd = 0;
  #syncedEnd = 0;
  /** By number; least recently used first. */
  readonly #blocks = new Map<number, Buffer>();

  constructor(disk: Disk, { dir, fileSizeBytes }: TimerLogOptions) {
    this.#fileSize = fileSizeBytes;
    this.#files = new TimerLogFiles(disk, dir, fileSizeBytes);
  }

  /** Finds the files. Nothing is known to be valid before `scan` and `endAt`. @throws StoreError, DiskError */
  load(): void {
    this.#files.load();
    this.#writtenEnd = this.#syncedEnd = this.#files.end;
  }

  /** Position of the first unit. */
  get start(): number {
    return this.#files.start;
  }

  /** Where the next unit goes, unless the file is full. */
  get end(): number {
    return this.#writtenEnd + this.#buffered;
  }

  get fileSizeBytes(): number {
    return this.#fileSize;
  }

  /** Start of the file that holds a position. */
  fileStart(position: number): number {
    return this.#files.fileStart(position);
  }

  /**
   * Visits the units from `from` on, until `visit` answers false or nothing valid follows; returns the position behind the
   * last one that was visited with another answer.
   * @param from start of a unit @throws DiskError
   */
  scan(from: number, visit: (unit: TimerUnit, position: number) => boolean | void): number {
    const bytes = Buffer.alloc(SCAN_BYTES);
    let position = from;
    while (position + BLANK_UNIT_BYTES <= this.end) {
      const fileEnd = this.fileStart(position) + this.#fileSize;
      const length = this.#files.read(bytes, position, Math.min(bytes.length, fileEnd - position));
      let kind: UnitKind = 'none';
      let at = 0;
      for (; at + BLANK_UNIT_BYTES <= length; at += UNIT_BYTES) {
        kind = unitKindAt(bytes, at, length);
        if (kind !== 'unit' || visit(readUnit(bytes, at), position + at) === false) break;
      }
      if (kind === 'blank') position = fileEnd;
      else if (at === 0 || at + BLANK_UNIT_BYTES <= length) return position + at;
      else position += at;
    }
    return position;
  }

  /** What recovery found: the log ends here. What stood behind reads as zero. @throws DiskError */
  endAt(position: number): void {
    this.#files.cut(position);
    this.#buffered = 0;
    this.#writtenEnd = position;
    this.#syncedEnd = Math.min(this.#syncedEnd, position);
    this.#blocks.clear();
  }

  /** Appends a unit; returns its position. @throws DiskError when gathered units could not be written */
  append(unit: TimerUnit): number {
    const remaining = this.#fileSize - (this.end % this.#fileSize);
    if (remaining < UNIT_BYTES + BLANK_UNIT_BYTES) {
      // The blank is written with the file's last units; the next unit begins a file.
      writeBlankUnit(this.#buffer, this.#room(BLANK_UNIT_BYTES), remaining);
      this.#buffered += BLANK_UNIT_BYTES;
      this.write();
      this.#writtenEnd += remaining - BLANK_UNIT_BYTES;
    }
    const at = this.#room(UNIT_BYTES);
    const position = this.end;
    writeUnit(this.#buffer, at, unit);
    this.#buffered += UNIT_BYTES;
    return position;
  }

  /** Hands what was gathered to the file. @throws DiskError; it is written again by the next call */
  write(): void {
    if (this.#buffered === 0) return;
    this.#files.write(this.#buffer, this.#buffered, this.#writtenEnd);
    this.#writtenEnd += this.#buffered;
    this.#buffered = 0;
  }

  /** The unit at a position; undefined when nothing valid stands there. A small read when it is not in memory. */
  unitAt(position: number): TimerUnit | undefined {
    if (position < this.start || position + UNIT_BYTES > this.end) return undefined;
    if (position >= this.#writtenEnd) return readUnit(this.#buffer, position - this.#writtenEnd);
    const fileStart = this.fileStart(position);
    const inFile = position - fileStart;
    const blockStart = fileStart + inFile - (inFile % BLOCK_BYTES);
    const at = position - blockStart;
    const block = this.#block(blockStart);
    if (at + UNIT_BYTES <= block.length) return asUnit(block, at);
    // It stands in two blocks, or was appended after its block was read.
    const bytes = Buffer.allocUnsafe(UNIT_BYTES);
    return this.#files.read(bytes, position, UNIT_BYTES) < UNIT_BYTES ? undefined : asUnit(bytes, 0);
  }

  /** Resolves when everything written before the call is on disk. @throws DiskError */
  async sync(): Promise<void> {
    const from = this.#syncedEnd;
    const to = this.#writtenEnd;
    if (from === to) return;
    await this.#files.sync(from, to);
    this.#syncedEnd = Math.max(this.#syncedEnd, to);
  }

  /**
   * Removes files whose messages all are in log files that are gone; never the last file.
   * @returns how many went
   */
  removeBefore(minCommitLogOffset: number): number {
    let removed = 0;
    while (this.start + this.#fileSize < this.#files.end) {
      const last = this.unitAt(this.start + this.#lastUnitInFile());
      if (last !== undefined && last.commitLogOffset >= minCommitLogOffset) break;
      this.#files.removeFirst();
      removed++;
    }
    if (removed > 0) this.#blocks.clear();
    return removed;
  }

  close(): void {
    this.#files.close();
  }

  #lastUnitInFile(): number {
    return (Math.floor((this.#fileSize - BLANK_UNIT_BYTES) / UNIT_BYTES) - 1) * UNIT_BYTES;
  }

  /** Where in the buffer so many bytes fit; writes it first when they do not. */
  #room(bytes: number): number {
    if (this.#buffered + bytes > this.#buffer.length) this.write();
    return this.#buffered;
  }

  #block(start: number): Buffer {
    let block = this.#blocks.get(start);
    const isWhole = start + BLOCK_BYTES <= this.#writtenEnd;
    if (block === undefined || (block.length < BLOCK_BYTES && isWhole)) {
      block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      block = block.subarray(
        0,
        this.#files.read(block, start, Math.min(BLOCK_BYTES, this.#writtenEnd - start)),
      );
    } else this.#blocks.delete(start);
    this.#blocks.set(start, block);
    if (this.#blocks.size > MAX_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value!);
    return block;
  }
}

function asUnit(bytes: Buffer, at: number): TimerUnit | undefined {
  return unitKindAt(bytes, at, at + UNIT_BYTES) === 'unit' ? readUnit(bytes, at) : undefined;
}
