// Opens the files of a store: whatever the last process left behind, they then hold the log up to its end and all that is
// derived from it.
import type { Clock, Logger } from '@mq/remoting';
import { StoreCheckpoint } from '../checkpoint.js';
import { DelayLevels } from '../commit-log/delay-levels.js';
import type { Disk } from '../disk/disk.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { IndexService } from '../index/index-service.js';
import type { MessageStoreSettings } from '../settings.js';
import type { StoreFiles } from '../store-files.js';
import { BootJournal } from './boot-journal.js';
import { FenceMark, rewriteLog } from './fence-mark.js';
import { recoverStore, type RecoveredLog, type ResumedMark } from './recover.js';
import { isOfLastRun, isPageCacheWhole, RecoveryHint, type RecoveryMark } from './recovery-hint.js';
import { Redispatcher } from './redispatch.js';
import { giveUpResuming, resume, type ResumeParts } from './resume.js';

export interface OpenStoreParts {
  readonly files: StoreFiles;
  readonly settings: MessageStoreSettings;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the machine; empty: not known. */
  readonly bootId: string;
}

/** What an open store knows besides its files. */
export interface OpenStore {
  readonly checkpoint: StoreCheckpoint;
  readonly index: IndexService | undefined;
  readonly dispatcher: Dispatcher;
  readonly hint: RecoveryHint;
  readonly fence: FenceMark;
  readonly journal: BootJournal;
  /** The log before it is on the device; */
  readonly flushedOffset: number;
  /** what follows is shown already, and shall be there soon. */
  readonly mustFlushLog: boolean;
  /** What the marks vouch for; undefined: queues and index must be flushed before anybody writes. */
  readonly marked: { readonly durableOffset: number; readonly bootOffset: number } | undefined;
}

/**
 * @param abnormal the process before did not close the store
 * @throws StoreError CORRUPT and others; DiskError. Files that were opened are left to be closed with `parts.files`
 */
export async function openStore(parts: OpenStoreParts, abnormal: boolean): Promise<OpenStore> {
  const { files, settings, disk, bootId } = parts;
  const { paths } = files;
  const journal = new BootJournal(
    disk,
    { journal: paths.bootJournal, lock: paths.lock },
    // Extended entries are made durable for the durable mark alone.
    settings.enableConsumeQueueExt ? '' : bootId,
  );
  try {
    return await open(parts, abnormal, journal);
  } catch (error) {
    journal.close();
    throw error;
  }
}

async function open(parts: OpenStoreParts, abnormal: boolean, journal: BootJournal): Promise<OpenStore> {
  const { files, settings, disk, bootId } = parts;
  const { paths, logFiles, log, tagsCodes, consumeQueues } = files;
  const hint = new RecoveryHint(disk, paths.recoveryHint);
  logFiles.load();
  const checkpoint = new StoreCheckpoint(disk, paths.checkpoint);
  const fence = new FenceMark(disk, paths.fenceMark);
  const doubtFrom = fence.load();
  const index = makeIndex(parts, checkpoint);
  const dispatcher = new Dispatcher(index, new DelayLevels(settings.messageDelayLevel));
  const mark = hint.load();
  const isFenced = doubtFrom !== undefined;
  const resumeParts = { journal, files: logFiles, consumeQueues, index, checkpoint, isFenced };
  const { recovered, resumed } = await recover(parts, resumeParts, dispatcher, mark, abnormal);

  if (abnormal) tagsCodes.cutFrom(recovered.beginOffset, consumeQueues);
  if (settings.enableConsumeQueueExt) dispatcher.extended = tagsCodes;
  if (doubtFrom !== undefined) rewriteLog(logFiles, doubtFrom, recovered.endOffset);
  const unsyncedFrom = resumed?.mark.flushedOffset ?? Math.min(recovered.beginOffset, doubtFrom ?? Infinity);
  const mustFlushLog = resumed !== undefined && settings.flushDiskType !== 'SYNC_FLUSH';
  await keepWhatIsShown(files, unsyncedFrom, mustFlushLog);
  if (doubtFrom !== undefined) fence.clear();
  log.startAt(recovered.endOffset, recovered.lastStoreTimestamp);
  dispatcher.startAt(recovered.endOffset, recovered.lastRecordOffset);

  // Where a mark still holds, what was built again can wait for the next flush, however many queues it went to.
  const durable =
    mark !== undefined && isPageCacheWhole(mark, checkpoint.physicMsgTimestamp, bootId) ? mark : undefined;
  return {
    checkpoint,
    index,
    dispatcher,
    hint,
    fence,
    journal,
    mustFlushLog,
    flushedOffset: mustFlushLog ? Math.min(unsyncedFrom, recovered.endOffset) : recovered.endOffset,
    marked: markedOffsets(resumed, durable?.logOffset, abnormal ? recovered.beginOffset : undefined),
  };
}

/** Goes on from the boot journal where that is believed and proves right, else from the durable mark. */
async function recover(
  parts: OpenStoreParts,
  resumeParts: ResumeParts,
  dispatcher: Dispatcher,
  mark: RecoveryMark | undefined,
  abnormal: boolean,
): Promise<{ recovered: RecoveredLog; resumed: ResumedMark | undefined }> {
  const { files, settings, disk, bootId, logger } = parts;
  const { index, consumeQueues, checkpoint } = resumeParts;
  const isFirstFileThere = (): boolean => files.logFiles.first?.baseOffset === 0;
  const recoverFrom = (resumed: ResumedMark | undefined): Promise<RecoveredLog | undefined> => {
    if (resumed === undefined) consumeQueues.load();
    // Index files that this store wrote are whole up to their header, whatever happened; Apache's are not.
    const isOurs = mark !== undefined && isOfLastRun(mark, checkpoint.physicMsgTimestamp);
    index?.load(!abnormal, {
      isTrusted: !abnormal || isOurs || resumed !== undefined,
      states: resumed?.mark.index ?? [],
    });
    const redispatcher = new Redispatcher(dispatcher, consumeQueues, files.kinds, isFirstFileThere, logger);
    return recoverStore(
      { ...resumeParts, disk, redispatcher, settings, logger, asideDir: files.paths.aside },
      { abnormal, mark, bootId, resumed },
    );
  };
  const resumed = await resume(resumeParts);
  const recovered = await recoverFrom(resumed);
  if (recovered !== undefined) return { recovered, resumed };
  giveUpResuming(resumeParts);
  return { recovered: (await recoverFrom(undefined))!, resumed: undefined };
}

/**
 * What a killed process wrote is in the page cache only. It is shown from now on, so it must stay: with ASYNC_FLUSH, and where
 * it was shown before, as soon as may be (`isLater`); else before anybody sees it.
 */
async function keepWhatIsShown(
  { log, logFiles }: StoreFiles,
  unsyncedFrom: number,
  isLater: boolean,
): Promise<void> {
  for (const file of logFiles.all) {
    if (file.endOffset <= unsyncedFrom) continue;
    if (isLater) log.distrustSync(file);
    else await logFiles.sync(file);
  }
}

function markedOffsets(
  resumed: ResumedMark | undefined,
  durableOffset: number | undefined,
  rebuiltFrom: number | undefined,
): OpenStore['marked'] {
  if (resumed !== undefined) {
    return { durableOffset: durableOffset ?? 0, bootOffset: resumed.mark.logOffset };
  }
  if (durableOffset !== undefined && durableOffset === rebuiltFrom) return { durableOffset, bootOffset: 0 };
  return undefined;
}

function makeIndex(
  { files, settings, disk, clock, logger }: OpenStoreParts,
  checkpoint: StoreCheckpoint,
): IndexService | undefined {
  const { messageIndexEnable, maxHashSlotNum, maxIndexNum, maxMsgsNumBatch } = settings;
  if (!messageIndexEnable) return undefined;
  const options = { dir: files.paths.index, maxHashSlotNum, maxIndexNum, maxMsgsNumBatch };
  return new IndexService(options, { disk, checkpoint, clock, logger });
}
