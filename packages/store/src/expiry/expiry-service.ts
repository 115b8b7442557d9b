// Removes what is too old, or what must go because the disk is full, and says when writes must stop (upstream:
// CleanCommitLogService). The newest log file is never removed; queues and index follow the log's new beginning.
import type { Clock, Logger } from '@mq/remoting';
import type { CommitLog } from '../commit-log/commit-log.js';
import type { LogFile } from '../commit-log/log-file.js';
import type { ExtTagsCodes } from '../consume-queue/ext-tags-codes.js';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import type { Disk } from '../disk/disk.js';
import type { IndexService } from '../index/index-service.js';
import type { ExpiryReport } from '../message-store.js';
import type { RunningFlags } from '../running-flags.js';
import type { MessageStoreSettings } from '../settings.js';
import { diskState, isDeleteHour, usedRatio, type DiskState } from './disk-watch.js';

const HOUR_MS = 3_600_000;
const NOTHING: ExpiryReport = { deletedCommitLogFiles: 0, deletedConsumeQueueFiles: 0, deletedIndexFiles: 0 };

export interface ExpiryParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: CommitLog;
  readonly consumeQueues: ConsumeQueueStore;
  readonly tagsCodes: ExtTagsCodes;
  readonly index: IndexService | undefined;
  readonly runningFlags: RunningFlags;
  readonly settings: () => MessageStoreSettings;
  readonly consumeQueueDir: string;
}

export class ExpiryService {
  #running: Promise<ExpiryReport> | undefined;
  /** The log's beginning that queues and index were last brought in line with. */
  #cleanedUpTo = 0;
  #closed = false;

  constructor(private readonly parts: ExpiryParts) {}

  /** How full the disks are; also raises and clears the flags that refuse writes. */
  watchDisks(): DiskState {
    const { disk, log, runningFlags, logger, consumeQueueDir } = this.parts;
    const settings = this.parts.settings();
    const state = diskState(disk, log.files.paths, settings);
    log.files.setFullPaths(state.fullPaths);
    if (state.pressure === 'FULL') {
      if (runningFlags.raise('diskFull'))
        logger.error('commit log disk full: puts are refused', facts(state));
    } else if (runningFlags.clear('diskFull')) logger.info('commit log disk has room again', facts(state));
    const queueRatio = usedRatio(disk, consumeQueueDir);
    if (queueRatio > settings.diskSpaceWarningLevelRatio / 100) {
      if (runningFlags.raise('logicDiskFull'))
        logger.error('consume queue disk full: puts are refused', { queueRatio });
    } else if (runningFlags.clear('logicDiskFull'))
      logger.info('consume queue disk has room again', { queueRatio });
    return state;
  }

  /**
   * One round. Runs do not overlap: a second call gets the first one's report.
   * @param manual whatever the hour
   */
  run({ manual }: { manual: boolean }): Promise<ExpiryReport> {
    this.#running ??= this.#round(manual).finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Stops after the file that is being removed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.catch(() => undefined);
  }

  async #round(manual: boolean): Promise<ExpiryReport> {
    const { clock } = this.parts;
    const settings = this.parts.settings();
    const { pressure } = this.watchDisks();
    const isDue = manual || pressure !== 'NONE' || isDeleteHour(settings.deleteWhen, clock.now());
    const forcibly =
      settings.cleanFileForciblyEnable && (pressure === 'CLEAN_FORCIBLY' || pressure === 'FULL');
    const deletedCommitLogFiles = isDue ? await this.#deleteLogFiles(forcibly) : 0;
    const derived = await this.#deleteDerived();
    if (deletedCommitLogFiles > 0) this.watchDisks();
    return { ...derived, deletedCommitLogFiles };
  }

  /** Oldest first, at most a batch, up to the first that may stay. */
  async #deleteLogFiles(forcibly: boolean): Promise<number> {
    const { log, clock, logger } = this.parts;
    const { deleteFileBatchMax, deleteCommitLogFilesInterval } = this.parts.settings();
    let deleted = 0;
    while (deleted < deleteFileBatchMax && !this.#closed) {
      const file = log.files.first;
      if (file === undefined || !this.#mayGo(file, forcibly)) break;
      log.files.removeFirst(file);
      deleted++;
      logger.info('expired log file removed', { path: file.path, forcibly });
      if (deleted < deleteFileBatchMax) await pause(clock, deleteCommitLogFilesInterval);
    }
    return deleted;
  }

  #mayGo(file: LogFile, forcibly: boolean): boolean {
    const { log, disk, clock } = this.parts;
    if (file.endOffset > log.writtenOffset) return false;
    if (forcibly) return true;
    const modifiedMs = disk.stat(file.path)?.mtimeMs ?? Infinity;
    return clock.now() >= modifiedMs + this.parts.settings().fileReservedTime * HOUR_MS;
  }

  async #deleteDerived(): Promise<ExpiryReport> {
    const { log, consumeQueues, tagsCodes, index } = this.parts;
    const { minOffset } = log;
    if (minOffset <= this.#cleanedUpTo) return NOTHING;
    const deletedConsumeQueueFiles = await consumeQueues.deleteExpired(minOffset);
    tagsCodes.deleteExpired(consumeQueues);
    const deletedIndexFiles = index?.deleteExpired(minOffset) ?? 0;
    this.#cleanedUpTo = minOffset;
    return { deletedCommitLogFiles: 0, deletedConsumeQueueFiles, deletedIndexFiles };
  }
}

function facts(state: DiskState): Record<string, unknown> {
  return { ratios: Object.fromEntries(state.ratios) };
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}
