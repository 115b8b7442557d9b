// The last entry of a batch consume queue says at which queue offset the queue goes on. No checksum covers it, and a number
// that damage made larger or smaller would be given to new messages; so it is compared with its record before anybody puts.
import { BLANK_RECORD_BYTES, recordSize } from '@mq/remoting/message';
import type { LogFiles } from '../commit-log/log-files.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import { BatchEntryCheck } from '../reading/batch-entry-check.js';

/**
 * Log offset from which on entries have to be built again because a queue's last one is not what its record says; undefined
 * where there is none. What is no record at all is left to whoever reads it. Blocking, one record for each queue.
 * @throws DiskError
 */
export function damagedBatchEnd(files: LogFiles, consumeQueues: ConsumeQueueStore): number | undefined {
  const check = new BatchEntryCheck();
  let from: number | undefined;
  for (const queue of consumeQueues.batchQueues()) {
    const { first, end } = queue.range;
    if (first === end) continue;
    const last = queue.entriesNow(end - 1, 1);
    const record = recordNow(files, last.physicalOffset(0));
    if (record === undefined || check.isOf(record, queue, last, 0)) continue;
    const before = end - 1 === first ? 0 : queue.entriesNow(end - 2, 1).physicalOffset(0);
    from = Math.min(from ?? Infinity, before);
  }
  return from;
}

/** As many bytes as the record at `offset` says it has; undefined where that cannot be. */
function recordNow(files: LogFiles, offset: number): Buffer | undefined {
  const file = files.fileAt(offset);
  if (file === undefined) return undefined;
  const position = offset - file.baseOffset;
  const header = Buffer.alloc(BLANK_RECORD_BYTES);
  files.handle(file).read(header, position);
  const size = recordSize(header, 0);
  if (size <= BLANK_RECORD_BYTES || offset + size > file.endOffset) return undefined;
  const record = Buffer.allocUnsafe(size);
  return files.handle(file).read(record, position) < size ? undefined : record;
}
