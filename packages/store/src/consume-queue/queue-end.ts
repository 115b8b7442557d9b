/** Where a queue ends in its files: nothing in them says so but the entries themselves. Positions are byte offsets. */
import { entryPhysicalOffset, entrySize, isBlank } from './consume-queue-entry.js';
import type { QueueFiles } from './queue-files.js';

const SCAN_BLOCK_ENTRIES = 3200;
/** Files looked at after a crash (upstream ConsumeQueue.recover). */
const SCANNED_FILES = 3;

/** The entries of one kind of queue. All kinds begin with the physical offset and the size of their record. */
export interface EntryFormat {
  readonly entryBytes: number;
  /** Whether an entry was written at byte `at`: what recovery goes by. */
  readonly isWritten: (source: Buffer, at: number) => boolean;
}

/** What the one read that settles most queues shows; -1 where it does not. */
export interface QueueEnd {
  readonly end: number;
  /** End in the log of the last record that has an entry. */
  readonly lastPhysicalEnd: number;
  /** Start in the log of the first one, if its entry is the first of all. */
  readonly firstPhysicalOffset: number;
  /** False where the page shows something else than entries in log order and zeros behind them: it is damaged. */
  readonly isWhole: boolean;
}

/**
 * Where the last file is entries, then zeros: the border is searched for, first in the `page` at its begin. Most queues
 * of a store with many of them end there, and cost one read.
 * @param page scratch, whole entries
 */
export function endOfContiguous(files: QueueFiles, format: EntryFormat, page: Buffer): QueueEnd {
  const { entryBytes } = format;
  const start = files.endBytes - files.fileSizeBytes;
  const got = files.read(page, start, Math.min(page.length, files.fileSizeBytes));
  const inPage = border(0, got, entryBytes, (at) => format.isWritten(page, at));
  if (inPage === got)
    return {
      end: searchEnd(files, format, start + got),
      lastPhysicalEnd: -1,
      firstPhysicalOffset: -1,
      isWhole: isInOrder(page, format, got),
    };
  let last = inPage - entryBytes;
  while (last >= 0 && isBlank(page, last)) last -= entryBytes;
  const knowsFirst = inPage > 0 && start === files.startBytes && !isBlank(page, 0);
  return {
    end: start + inPage,
    lastPhysicalEnd: last < 0 ? -1 : entryPhysicalOffset(page, last) + entrySize(page, last),
    firstPhysicalOffset: knowsFirst ? entryPhysicalOffset(page, 0) : -1,
    isWhole: isInOrder(page, format, inPage) && isZero(page, inPage, got),
  };
}

/** Whether [0, end) holds written entries whose records follow one another in the log. */
function isInOrder(bytes: Buffer, { entryBytes, isWritten }: EntryFormat, end: number): boolean {
  let logEnd = 0;
  for (let at = 0; at < end; at += entryBytes) {
    if (!isWritten(bytes, at) || entryPhysicalOffset(bytes, at) < logEnd) return false;
    logEnd = entryPhysicalOffset(bytes, at) + (isBlank(bytes, at) ? 0 : entrySize(bytes, at));
  }
  return true;
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

function searchEnd(files: QueueFiles, { entryBytes, isWritten }: EntryFormat, from: number): number {
  const entry = Buffer.allocUnsafe(entryBytes);
  return border(from, files.endBytes, entryBytes, (position) => {
    files.read(entry, position, entryBytes);
    return isWritten(entry, 0);
  });
}

/** First entry position in [low, high) for which `isBefore` does not hold any more, else `high`. */
function border(
  low: number,
  high: number,
  entryBytes: number,
  isBefore: (position: number) => boolean,
): number {
  while (low < high) {
    const middle = low + Math.floor((high - low) / entryBytes / 2) * entryBytes;
    if (isBefore(middle)) low = middle + entryBytes;
    else high = middle;
  }
  return low;
}

/**
 * After a crash: the first entry of the last files that was not written, or lies before its predecessor in the log. Where
 * the entry does follow the one before its predecessor, it is the predecessor that is wrong. Where nothing was written at the
 * begin of those files, a power cut may have left holes in the files before them as well.
 */
export function endAfterCrash(files: QueueFiles, format: EntryFormat): number {
  let first = files.endBytes;
  let end = first;
  while (end === first && first > files.startBytes) {
    first = Math.max(files.startBytes, first - SCANNED_FILES * files.fileSizeBytes);
    end = firstWrong(files, format, first);
  }
  return end;
}

/** Position of the first entry from `first` on that is not what should follow there; the end of the files if all are. */
function firstWrong(files: QueueFiles, { entryBytes, isWritten }: EntryFormat, first: number): number {
  const block = Buffer.allocUnsafe(Math.min(SCAN_BLOCK_ENTRIES * entryBytes, files.fileSizeBytes));
  let position = first;
  let logEnd = 0;
  let logEndBefore = 0;
  while (position < files.endBytes) {
    const got = files.read(block, position, block.length);
    for (let at = 0; at < got; at += entryBytes, position += entryBytes) {
      if (!isWritten(block, at)) return position;
      const physicalOffset = entryPhysicalOffset(block, at);
      if (physicalOffset < logEnd) {
        return physicalOffset >= logEndBefore && position > first ? position - entryBytes : position;
      }
      logEndBefore = logEnd;
      logEnd = physicalOffset + (isBlank(block, at) ? 0 : entrySize(block, at));
    }
  }
  return position;
}
