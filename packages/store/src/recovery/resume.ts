// Whether this process goes on where an earlier one of the same boot was: every condition of the boot journal's proof
// (docs/decisions) that can be looked at before the end of the log is known.
import type { StoreCheckpoint } from '../checkpoint.js';
import type { LogFiles } from '../commit-log/log-files.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { IndexService } from '../index/index-service.js';
import type { BootJournal } from './boot-journal.js';
import { findMarkedRecord, type ResumedMark } from './recover.js';

export interface ResumeParts {
  readonly journal: BootJournal;
  readonly files: LogFiles;
  readonly consumeQueues: ConsumeQueueStore;
  /** Not loaded yet. */
  readonly index: IndexService | undefined;
  readonly checkpoint: StoreCheckpoint;
  /** A sync failed: the cache is not believed. */
  readonly isFenced: boolean;
}

/**
 * Restores the queues by the boot journal; where it is not believed, it is removed and no queue is loaded.
 * @throws DiskError
 */
export async function resume(parts: ResumeParts): Promise<ResumedMark | undefined> {
  const resumed = await tryToResume(parts);
  if (resumed === undefined) giveUpResuming(parts);
  else parts.journal.keep();
  return resumed;
}

/** Nothing of the journal is believed any more. @throws DiskError */
export function giveUpResuming({ journal, consumeQueues }: ResumeParts): void {
  consumeQueues.forget();
  journal.discard();
}

async function tryToResume(parts: ResumeParts): Promise<ResumedMark | undefined> {
  const { journal, files, consumeQueues, index, checkpoint } = parts;
  const loaded = parts.isFenced ? undefined : journal.load();
  if (loaded === undefined) return undefined;
  const { mark, rows } = loaded;
  if (mark.checkpointTimestamps.join() !== checkpoint.timestamps.join()) return undefined;
  if (index === undefined ? mark.index.length > 0 : !index.areAsIn(mark.index)) return undefined;
  const storeTimestamp = await findMarkedRecord(files, mark);
  if (storeTimestamp === undefined) return undefined;
  try {
    return consumeQueues.restore(rows, mark.logOffset) ? { mark, storeTimestamp } : undefined;
  } catch (error) {
    // A queue whose files are not in order: loading all of them says which.
    if ((error as Error).name === 'DiskError') throw error;
    return undefined;
  }
}
