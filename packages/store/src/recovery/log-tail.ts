// What stands behind the end of the log: nothing (zeros), rubbish of a torn write, or records that were valid once.
import { checkRecord, RecordOffset, recordSize, recordStoreTimestamp, readInt64 } from '@mq/remoting/message';
import type { LogFile } from '../commit-log/log-file.js';
import type { LogFiles } from '../commit-log/log-files.js';

const CHUNK_BYTES = 1024 * 1024;
/** The first three bytes of both record magics. */
const MAGIC_PREFIX = Buffer.from([0xda, 0xa3, 0x20]);
/** Enough of a candidate to see whether it names its own offset. */
const HEADER_BYTES = RecordOffset.PHYSICAL_OFFSET + 8;

export interface LogTail {
  /** Ranges of log bytes that are not zero, half-open, in chunks; only of the file that holds the end. */
  readonly dirtyRanges: readonly { readonly from: number; readonly to: number }[];
  /** First whole, valid record behind the end that is not older than `notBefore`. */
  readonly validRecordAt: number | undefined;
}

/**
 * Looks at everything from `end` to the end of the last file.
 * @param notBefore store time of the last record before `end`: what is older was left there by an earlier cut
 * @param zeroBytes so many zeros in a row end the search: after a kill nothing can stand behind them
 * @throws DiskError
 */
export async function inspectTail(
  files: LogFiles,
  end: number,
  notBefore: number,
  zeroBytes = Infinity,
): Promise<LogTail> {
  const dirtyRanges: { from: number; to: number }[] = [];
  const file = files.fileAt(end);
  if (file === undefined) return { dirtyRanges, validRecordAt: undefined };
  const search = new RecordSearch(files, notBefore);
  const chunkBytes = Math.min(CHUNK_BYTES, files.fileSizeBytes);
  const zeros = Buffer.alloc(chunkBytes);
  const chunk = Buffer.allocUnsafeSlow(chunkBytes + HEADER_BYTES);
  let dirtyEnd = end;
  for (let from = end; from < file.endOffset && from - dirtyEnd < zeroBytes; from += chunkBytes) {
    // Overlapping, so that a header on the border of two chunks is seen whole.
    const wanted = Math.min(chunk.length, file.endOffset - from);
    const got = await files.readAsync(file, chunk, from - file.baseOffset, wanted);
    const length = Math.min(got, chunkBytes);
    if (chunk.compare(zeros, 0, length, 0, length) === 0) continue;
    dirtyRanges.push({ from, to: from + length });
    dirtyEnd = from + length;
    await search.lookThrough(file, chunk, got, from, end);
  }
  for (const later of files.all) {
    if (later.baseOffset > end) await search.tryAt(later, later.baseOffset);
  }
  return { dirtyRanges, validRecordAt: search.found };
}

class RecordSearch {
  found: number | undefined;

  constructor(
    private readonly files: LogFiles,
    private readonly notBefore: number,
  ) {}

  /** Tries every place in a chunk where a magic stands and the record names its own offset. */
  async lookThrough(file: LogFile, chunk: Buffer, length: number, from: number, end: number): Promise<void> {
    const bytes = chunk.subarray(0, length);
    let at = bytes.indexOf(MAGIC_PREFIX);
    for (; at >= 0 && this.found === undefined; at = bytes.indexOf(MAGIC_PREFIX, at + 1)) {
      const start = at - RecordOffset.MAGIC;
      const offset = from + start;
      if (start < 0 || offset <= end || start + HEADER_BYTES > length) continue;
      if (readInt64(bytes, start + RecordOffset.PHYSICAL_OFFSET) === offset) await this.tryAt(file, offset);
    }
  }

  /** Notes the record at `offset` if it is whole, sound and new enough. */
  async tryAt(file: LogFile, offset: number): Promise<void> {
    if (this.found !== undefined) return;
    const position = offset - file.baseOffset;
    const header = Buffer.alloc(HEADER_BYTES);
    await this.files.readAsync(file, header, position, HEADER_BYTES);
    const size = recordSize(header, 0);
    if (size < HEADER_BYTES || offset + size > file.endOffset) return;
    const record = Buffer.allocUnsafeSlow(size);
    if ((await this.files.readAsync(file, record, position, size)) < size) return;
    const check = checkRecord(record, 0, size, { physicalOffset: offset });
    if (check.kind === 'record' && recordStoreTimestamp(record, 0) >= this.notBefore) this.found = offset;
  }
}

/** Overwrites what is not zero behind the end, so that stale records cannot come back. @throws DiskError */
export function clearTail(files: LogFiles, tail: LogTail): void {
  for (const { from, to } of tail.dirtyRanges) {
    const file = files.fileAt(from);
    if (file !== undefined) files.handle(file).write(Buffer.alloc(to - from), from - file.baseOffset);
  }
}
