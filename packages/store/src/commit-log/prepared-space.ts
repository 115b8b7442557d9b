// Zeros written to a log file ahead of the records. A file is sparse: bytes that come where none were make the file system
// find room for them and note where it is, and a sync waits for those notes as well. Where zeros stand already, a sync is
// of the bytes alone: a quarter less CPU time for each of SYNC_FLUSH, and less to wait for. To everybody who reads, zeros
// that were written are the same as space that never was.
import type { DiskFile } from '../disk/disk.js';
import type { LogFile } from './log-file.js';

/** What is prepared at once: room for some twenty groups of 64 ordinary messages. */
export const PREPARED_BYTES = 512 * 1024;

const ZEROS = Buffer.alloc(PREPARED_BYTES);

export class PreparedSpace {
  /** Log offset; what is before it in the same file needs no zeros. */
  #end = 0;

  /**
   * Call before records are written from log offset `from` up to `to`; nothing may stand at `from` or behind it yet.
   * Never throws: a disk that takes no zeros says so again when it is to take the records.
   */
  prepare(file: LogFile, handle: DiskFile, from: number, to: number): void {
    if (to <= this.#end) return;
    const start = Math.max(from, this.#end);
    const end = Math.min(to + PREPARED_BYTES, file.endOffset);
    this.#end = end;
    try {
      for (let at = start; at < end; at += ZEROS.length) {
        handle.write(ZEROS, at - file.baseOffset, Math.min(ZEROS.length, end - at));
      }
    } catch {
      // Not again in this file.
      this.#end = file.endOffset;
    }
  }

  /** The log goes on somewhere else. */
  clear(): void {
    this.#end = 0;
  }
}
