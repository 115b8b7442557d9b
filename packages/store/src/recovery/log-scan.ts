// Walks the records of the log from one offset to where valid ones end.
import {
  BLANK_RECORD_BYTES,
  checkRecord,
  recordSize,
  recordStoreTimestamp,
  RecordLayout,
  type RecordDefect,
} from '@mq/remoting/message';
import type { LogFile } from '../commit-log/log-file.js';
import type { LogFiles } from '../commit-log/log-files.js';

const CHUNK_BYTES = 4 * 1024 * 1024;
/** A size field above this is damage, whatever the settings said when it was written. */
const MAX_RECORD_BYTES = 256 * 1024 * 1024;
/** The smallest unit that a device writes whole or not at all. */
const SECTOR_BYTES = 512;

/** Why there is no record; `TORN`: part of its properties never reached the disk. */
export type ScanDefect = RecordDefect | 'TORN';

/** Called for each record `buffer[at, at + sizeBytes)` that starts at log offset `offset`; the bytes are valid during the call. */
export type RecordVisitor = (buffer: Buffer, at: number, sizeBytes: number, offset: number) => void;

export interface ScanOptions {
  checkBodyCrc: boolean;
  /** Check all of a record that ends with a checksum of it. */
  checkPropertyCrc?: boolean;
  /** Where to stop although records may follow; default: where valid ones end. */
  until?: number;
  visit?: RecordVisitor;
}

export interface ScanEnd {
  /** Behind the last valid record: where the log ends, or what stands there is damaged. */
  readonly endOffset: number;
  /** Start of the last valid record; -1 when there was none. */
  readonly lastRecordOffset: number;
  /** Its store time; 0 when there was none. */
  readonly lastStoreTimestamp: number;
  /** Why the scan ended before the last file did; undefined at the end of the last file or at `until`. */
  readonly defect: ScanDefect | undefined;
}

/** Scans from `from`, which must be the start of a record, of a blank, or of a file. @throws DiskError */
export async function scanLog(files: LogFiles, from: number, options: ScanOptions): Promise<ScanEnd> {
  return new LogScan(files, options).run(from);
}

class LogScan {
  private buffer: Buffer;
  /** The chunk holds log bytes `[chunkStart, chunkStart + chunkLength)`. */
  private chunkStart = 0;
  private chunkLength = 0;
  private lastRecordOffset = -1;
  private lastStoreTimestamp = 0;
  private readonly layout = new RecordLayout();

  constructor(
    private readonly files: LogFiles,
    private readonly options: ScanOptions,
  ) {
    this.buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, files.fileSizeBytes));
  }

  async run(from: number): Promise<ScanEnd> {
    let offset = from;
    for (;;) {
      const file = this.files.fileAt(offset);
      if (file === undefined || offset >= (this.options.until ?? Infinity))
        return this.end(offset, undefined);
      const next = await this.scanFile(file, offset);
      if (next.defect !== undefined) return next;
      offset = next.endOffset;
    }
  }

  /** Up to the end of the file (its blank record), `until`, or the first defect. */
  private async scanFile(file: LogFile, from: number): Promise<ScanEnd> {
    const until = Math.min(file.endOffset, this.options.until ?? Infinity);
    let offset = from;
    while (offset < until) {
      await this.ensure(file, offset, BLANK_RECORD_BYTES);
      if (file.endOffset - offset < BLANK_RECORD_BYTES) return this.end(offset, 'TOO_SHORT');
      const size = recordSize(this.buffer, offset - this.chunkStart);
      if (size > file.endOffset - offset || size > MAX_RECORD_BYTES) return this.end(offset, 'SIZE');
      if (size > BLANK_RECORD_BYTES) await this.ensure(file, offset, size);
      const at = offset - this.chunkStart;
      const { layout } = this;
      const { checkBodyCrc, checkPropertyCrc = false } = this.options;
      const options = { checkBodyCrc, checkPropertyCrc, physicalOffset: offset, layout };
      const check = checkRecord(this.buffer, at, this.chunkLength, options);
      if (check.kind === 'bad') return this.end(offset, check.reason);
      if (check.kind === 'blank') return this.end(file.endOffset, undefined);
      if (this.isTorn(offset - file.baseOffset - at)) return this.end(offset, 'TORN');
      this.lastRecordOffset = offset;
      this.lastStoreTimestamp = recordStoreTimestamp(this.buffer, at);
      this.options.visit?.(this.buffer, at, check.sizeBytes, offset);
      offset += check.sizeBytes;
    }
    return this.end(offset, undefined);
  }

  /**
   * Whether a whole sector's share of the topic and properties is zero. No checksum covers them, so a record whose last
   * sector was lost in a power cut passes every other check; text has no such zeros, but lengths of nothing are zeros.
   * @param shift position in the file of byte 0 of the buffer
   */
  private isTorn(shift: number): boolean {
    const { bodyEnd, topicStart, topicEnd, propertiesStart, propertiesEnd } = this.layout;
    let textEnd = topicEnd > topicStart ? topicEnd : bodyEnd;
    if (propertiesEnd > propertiesStart) textEnd = propertiesEnd;
    const first = Math.ceil((bodyEnd + shift) / SECTOR_BYTES) * SECTOR_BYTES - shift;
    for (let from = first; from < textEnd; from += SECTOR_BYTES) {
      if (isZero(this.buffer, from, Math.min(from + SECTOR_BYTES, textEnd))) return true;
    }
    return false;
  }

  private end(endOffset: number, defect: ScanDefect | undefined): ScanEnd {
    const { lastRecordOffset, lastStoreTimestamp } = this;
    return { endOffset, lastRecordOffset, lastStoreTimestamp, defect };
  }

  /** Loads the file from `offset` on unless the chunk holds `length` bytes from there (or all the file has). */
  private async ensure(file: LogFile, offset: number, length: number): Promise<void> {
    const wantedEnd = Math.min(offset + length, file.endOffset);
    if (offset >= this.chunkStart && wantedEnd <= this.chunkStart + this.chunkLength) return;
    if (length > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(length);
    const bytes = Math.min(this.buffer.length, file.endOffset - offset);
    this.chunkStart = offset;
    this.chunkLength = await this.files.readAsync(file, this.buffer, offset - file.baseOffset, bytes);
  }
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
