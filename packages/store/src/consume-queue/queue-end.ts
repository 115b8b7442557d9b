/** Where a queue ends in its files: nothing in them says so but the entries themselves. Positions are byte offsets. */
import { ENTRY_BYTES, entryPhysicalOffset, entrySize, isBlank, isWritten } from './consume-queue-entry.js';
import type { QueueFiles } from './queue-files.js';

const SCAN_BLOCK_BYTES = 3200 * ENTRY_BYTES;
/** Files looked at after a crash (upstream ConsumeQueue.recover). */
const SCANNED_FILES = 3;

/** After a clean stop the last file is entries, then zeros: the border is searched for. */
export function endAfterCleanStop(files: QueueFiles): number {
  const entry = Buffer.allocUnsafe(ENTRY_BYTES);
  let low = files.endBytes - files.fileSizeBytes;
  let high = files.endBytes;
  while (low < high) {
    const middle = low + Math.floor((high - low) / ENTRY_BYTES / 2) * ENTRY_BYTES;
    files.read(entry, middle, ENTRY_BYTES);
    if (isWritten(entry, 0)) low = middle + ENTRY_BYTES;
    else high = middle;
  }
  return low;
}

/** After a crash: the first entry of the last files that was not written, or lies before its predecessor in the log. */
export function endAfterCrash(files: QueueFiles): number {
  const block = Buffer.allocUnsafe(Math.min(SCAN_BLOCK_BYTES, files.fileSizeBytes));
  let position = Math.max(files.startBytes, files.endBytes - SCANNED_FILES * files.fileSizeBytes);
  let logEnd = 0;
  while (position < files.endBytes) {
    const got = files.read(block, position, block.length);
    for (let at = 0; at < got; at += ENTRY_BYTES, position += ENTRY_BYTES) {
      if (!isWritten(block, at) || entryPhysicalOffset(block, at) < logEnd) return position;
      logEnd = entryPhysicalOffset(block, at) + (isBlank(block, at) ? 0 : entrySize(block, at));
    }
  }
  return position;
}
