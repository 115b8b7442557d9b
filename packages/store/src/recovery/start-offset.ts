// Where Apache's brokers begin to read the log after a stop, made earlier where queues are missing.
import { MAGIC_V1, MAGIC_V2, recordMagic, recordStoreTimestamp } from '@mq/remoting/message';
import type { LogFile } from '../commit-log/log-file.js';
import type { LogFiles } from '../commit-log/log-files.js';

const HEADER_BYTES = 80;

/** After a clean stop: the last file that starts at or before the end of the queues, else the first. */
export function startAfterCleanStop(files: LogFiles, maxQueuePhysicalOffset: number): number {
  const file = files.all.findLast((candidate) => candidate.baseOffset <= maxQueuePhysicalOffset);
  return (file ?? files.first)?.baseOffset ?? 0;
}

/**
 * After a crash: the last file whose first record was stored at or before the time the checkpoint vouches for.
 * Different on purpose: never behind the end of the queues. Upstream leaves a hole when `consumequeue` was lost and
 * `checkpoint` was not.
 */
export function startAfterCrash(
  files: LogFiles,
  vouchedForMs: number,
  maxQueuePhysicalOffset: number,
): number {
  const file = files.all.findLast(
    (candidate) =>
      candidate.baseOffset <= Math.max(0, maxQueuePhysicalOffset) &&
      isStoredBy(files, candidate, vouchedForMs),
  );
  return (file ?? files.first)?.baseOffset ?? 0;
}

function isStoredBy(files: LogFiles, file: LogFile, timeMs: number): boolean {
  const header = Buffer.alloc(HEADER_BYTES);
  files.handle(file).read(header, 0, HEADER_BYTES);
  const magic = recordMagic(header, 0);
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return false;
  const storeTimestamp = recordStoreTimestamp(header, 0);
  return storeTimestamp !== 0 && storeTimestamp <= timeMs;
}
