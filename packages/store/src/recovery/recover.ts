// Finds the end of the log after a stop or a crash, and brings the queues and the index in line with it.
//
//   1. where to begin     the boot mark if there is one, else our durable mark if it can be believed, else Apache's rule
//   2. read to the end    size, magic, lengths, checksum and own offset of every record
//   3. judge the end      zeros or a torn record: the log ends here. Valid records behind damage: refuse
//   4. cut                clear what stands behind the end; drop entries of records that are not there
//   5. dispatch again     from the beginning found in 1
//
// Steps 1 to 3 change nothing, so a store that is refused is as it was.
import type { Logger } from '@mq/remoting';
import type { StoreCheckpoint } from '../checkpoint.js';
import type { LogFiles } from '../commit-log/log-files.js';
import type { ConsumeQueueStore, QueueReach } from '../consume-queue/consume-queue-store.js';
import type { Disk } from '../disk/disk.js';
import type { IndexService } from '../index/index-service.js';
import type { MessageStoreSettings } from '../settings.js';
import { StoreError } from '../store-error.js';
import { damagedBatchEnd } from './batch-ends.js';
import { setAside } from './cut-log.js';
import { scanLog, type ScanEnd } from './log-scan.js';
import { clearTail, inspectTail, type LogTail } from './log-tail.js';
import type { Redispatcher } from './redispatch.js';
import {
  explainsHoles,
  isMarkedRecord,
  isOfLastRun,
  isPageCacheWhole,
  type MarkedRecord,
  type RecoveryMark,
} from './recovery-hint.js';
import type { BootMark } from './boot-journal.js';
import { startAfterCleanStop, startAfterCrash } from './start-offset.js';

/** At least what one write of the log may have, apart from a message. */
const TORN_BYTES = 16 * 1024 * 1024;

export interface RecoveryParts {
  readonly disk: Disk;
  readonly files: LogFiles;
  readonly consumeQueues: ConsumeQueueStore;
  readonly index: IndexService | undefined;
  readonly checkpoint: StoreCheckpoint;
  readonly redispatcher: Redispatcher;
  readonly settings: MessageStoreSettings;
  readonly logger: Logger;
  /** Where bytes go that are cut although they look valid. */
  readonly asideDir: string;
}

export interface RecoveryFacts {
  /** The process before did not close the store. */
  readonly abnormal: boolean;
  readonly mark: RecoveryMark | undefined;
  readonly bootId: string;
  /** The queues and the index were restored with it: nothing but a kill (or nothing at all) happened since. */
  readonly resumed?: ResumedMark | undefined;
}

/** A boot mark that is believed. */
export interface ResumedMark {
  readonly mark: BootMark;
  /** Of the record it names last. */
  readonly storeTimestamp: number;
}

export interface RecoveredLog {
  /** What stands before this was on disk when the store was opened. */
  readonly beginOffset: number;
  readonly endOffset: number;
  readonly lastRecordOffset: number;
  readonly lastStoreTimestamp: number;
}

/** Where recovery begins, and whether our own mark vouches for what stands before. */
interface Beginning {
  readonly offset: number;
  readonly mark: MarkedRecord | undefined;
  /** Store time of the mark's last record; 0 without a mark. */
  readonly storeTimestamp: number;
  /** Entries from `offset` on are not trusted, whether the last stop was clean or not. */
  readonly rebuilds?: boolean;
}

/**
 * Files, queues, index and checkpoint are loaded; the log is not open for writing.
 * @returns undefined when the boot mark must not be believed after all: load everything without it, and recover again
 * @throws StoreError CORRUPT naming file and position; DiskError
 */
export async function recoverStore(
  parts: RecoveryParts,
  facts: RecoveryFacts,
): Promise<RecoveredLog | undefined> {
  const { files, consumeQueues, index, logger } = parts;
  if (files.first === undefined) {
    consumeQueues.destroyAll();
    index?.destroy();
    return { beginOffset: 0, endOffset: 0, lastRecordOffset: -1, lastStoreTimestamp: 0 };
  }
  const startedAt = performance.now();
  const { resumed } = facts;
  if (resumed === undefined)
    consumeQueues.recover({ abnormal: facts.abnormal && !isQueueCacheWhole(parts, facts) });
  const beginning =
    resumed === undefined ? await begin(parts, facts) : { ...resumed, offset: resumed.mark.logOffset };
  const { checkCRCOnRecover: checkBodyCrc, forceVerifyPropCRC } = parts.settings;
  const checkPropertyCrc = checkBodyCrc && forceVerifyPropCRC;
  const scanned = await scanLog(files, beginning.offset, { checkBodyCrc, checkPropertyCrc });
  const end = scanned.lastRecordOffset >= 0 ? scanned : withLastOf(beginning, scanned);
  // A kill may leave a torn record at the end; one that has an entry was whole, and is damaged.
  if (resumed !== undefined && consumeQueues.maxPhysicalOffset > end.endOffset) return undefined;
  if (resumed !== undefined && damagedBatchEnd(files, consumeQueues) !== undefined) return undefined;
  await settleEnd(parts, facts, beginning, end);
  await redispatch(parts, facts, trusted(parts, facts, beginning, end), end.endOffset);
  consumeQueues.correctMinOffset(files.first?.baseOffset ?? 0);
  logger.info('store recovered', {
    abnormal: facts.abnormal,
    from: beginning.offset,
    byOwnMark: beginning.mark !== undefined,
    byBootMark: resumed !== undefined,
    end: end.endOffset,
    ms: Math.round(performance.now() - startedAt),
  });
  return { ...end, beginOffset: beginning.offset };
}

/** After a clean stop no entry leads behind the end of the log; one that does is damaged, and so may others be. */
function trusted(
  { files, consumeQueues, logger }: RecoveryParts,
  facts: RecoveryFacts,
  beginning: Beginning,
  end: ScanEnd,
): Beginning {
  if (facts.abnormal || facts.resumed !== undefined || consumeQueues.maxPhysicalOffset <= end.endOffset)
    return beginning;
  logger.warn('entries of queues lead behind the end of the log: all queues are built again', {
    end: end.endOffset,
    entriesReach: consumeQueues.maxPhysicalOffset,
  });
  return rebuild(files.first?.baseOffset ?? 0);
}

/** A kill leaves no holes in the queues, and looking for some would read all of every file. */
function isQueueCacheWhole({ checkpoint }: RecoveryParts, { mark, bootId }: RecoveryFacts): boolean {
  return mark !== undefined && isPageCacheWhole(mark, checkpoint.physicMsgTimestamp, bootId);
}

/** Nothing was scanned: the last record is the mark's. */
function withLastOf(beginning: Beginning, end: ScanEnd): ScanEnd {
  const lastRecordOffset = beginning.mark?.lastRecordOffset ?? -1;
  return { ...end, lastRecordOffset, lastStoreTimestamp: beginning.storeTimestamp };
}

async function begin(parts: RecoveryParts, facts: RecoveryFacts): Promise<Beginning> {
  const { files, consumeQueues } = parts;
  const storeTimestamp = facts.mark === undefined ? undefined : await believe(parts, facts.mark);
  if (facts.mark !== undefined && storeTimestamp !== undefined) {
    if (consumeQueues.entriesBefore(facts.mark.logOffset) === facts.mark.queueEntries) {
      return { offset: facts.mark.logOffset, mark: facts.mark, storeTimestamp };
    }
    parts.logger.warn('queues are not what they were: all of them are rebuilt', {
      wanted: facts.mark.queueEntries,
    });
    return rebuild(files.first?.baseOffset ?? 0);
  }
  const maxQueue = consumeQueues.maxPlainPhysicalOffset;
  const start = facts.abnormal ? crashStart(parts, maxQueue) : startAfterCleanStop(files, maxQueue);
  const damagedFrom = smaller(consumeQueues.damagedFrom, damagedBatchEnd(files, consumeQueues));
  if (damagedFrom === undefined) return { offset: start, mark: undefined, storeTimestamp: 0 };
  parts.logger.warn('torn or damaged queues are built again', { from: damagedFrom });
  return rebuild(Math.min(start, files.fileAt(damagedFrom)?.baseOffset ?? files.first?.baseOffset ?? 0));
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function rebuild(offset: number): Beginning {
  return { offset, mark: undefined, storeTimestamp: 0, rebuilds: true };
}

/** Different on purpose: not behind the keys of index files that were newer than the checkpoint. Upstream loses these. */
function crashStart(
  { files, checkpoint, settings, index }: RecoveryParts,
  maxQueuePhysicalOffset: number,
): number {
  const withIndex = settings.messageIndexEnable && settings.messageIndexSafe;
  const vouchedFor = withIndex ? checkpoint.minTimestampIndex : checkpoint.minTimestamp;
  const start = startAfterCrash(files, vouchedFor, maxQueuePhysicalOffset);
  if (index?.missingFrom === undefined) return start;
  return Math.min(start, (files.fileAt(index.missingFrom) ?? files.first)?.baseOffset ?? 0);
}

/** Store time of the record the mark names last, if the directory still is what the mark says; else undefined. */
async function believe(parts: RecoveryParts, mark: RecoveryMark): Promise<number | undefined> {
  const { files, consumeQueues, index } = parts;
  const indexEnd = index?.endPhyOffset ?? 0;
  if (consumeQueues.maxPhysicalOffset < mark.maxQueuePhysicalOffset) return undefined;
  if (index !== undefined && indexEnd < mark.indexEndOffset) return undefined;
  return findMarkedRecord(files, mark);
}

/** Store time of the record the mark names last; undefined when it is not in the log, or the log does not go on from it. */
export async function findMarkedRecord(files: LogFiles, mark: MarkedRecord): Promise<number | undefined> {
  if (
    mark.lastRecordOffset < 0 ||
    files.fileAt(mark.lastRecordOffset) === undefined ||
    mark.logOffset <= mark.lastRecordOffset
  )
    return undefined;
  let isThere = false;
  const end = await scanLog(files, mark.lastRecordOffset, {
    checkBodyCrc: true,
    until: mark.logOffset,
    visit: (buffer, at, sizeBytes, offset) => {
      if (offset === mark.lastRecordOffset)
        isThere = isMarkedRecord(mark, buffer.subarray(at, at + sizeBytes));
    },
  });
  return isThere && end.endOffset === mark.logOffset ? end.lastStoreTimestamp : undefined;
}

/** Makes the log end at `end`, or refuses. */
async function settleEnd(
  parts: RecoveryParts,
  facts: RecoveryFacts,
  beginning: Beginning,
  end: ScanEnd,
): Promise<void> {
  const { files, logger } = parts;
  // A clean stop of our own: nothing stands behind its mark.
  if (!facts.abnormal && beginning.mark !== undefined && end.endOffset === beginning.offset) return;
  if (!facts.abnormal && wasEmpty(parts, facts) && end.endOffset === facts.mark?.logOffset) return;
  // A kill leaves no more behind the end than a part of one write; a body may be zeros.
  const zeroBytes = facts.resumed === undefined ? Infinity : TORN_BYTES + 2 * parts.settings.maxMessageSize;
  const tail = await inspectTail(files, end.endOffset, end.lastStoreTimestamp, zeroBytes);
  if (tail.validRecordAt !== undefined) judgeDamage(parts, facts, end, tail);
  if (tail.dirtyRanges.length > 0) {
    logger.warn('bytes behind the end of the log cleared', { end: end.endOffset, defect: end.defect });
    clearTail(files, tail);
  }
  files.removeBehind(end.endOffset);
}

/** No record vouches for the mark of an empty log; that nobody wrote to the store since does. */
function wasEmpty({ checkpoint, consumeQueues }: RecoveryParts, { mark }: RecoveryFacts): boolean {
  if (mark === undefined || mark.lastRecordOffset >= 0 || consumeQueues.maxPhysicalOffset >= 0) return false;
  return isOfLastRun(mark, checkpoint.physicMsgTimestamp);
}

/** Valid records stand behind the place where the scan ended. */
function judgeDamage(parts: RecoveryParts, facts: RecoveryFacts, end: ScanEnd, tail: LogTail): void {
  const { files, consumeQueues, checkpoint, logger } = parts;
  const { mark, bootId } = facts;
  const validRecordAt = tail.validRecordAt!;
  // After a clean stop the queues are complete: records that none of them knows were cut off by an earlier recovery.
  if (!facts.abnormal && consumeQueues.maxPhysicalOffset <= end.endOffset) return;
  // What was synced when the mark was written has no holes; what came later may.
  const isBehindMark = mark !== undefined && end.endOffset >= mark.logOffset;
  if (isBehindMark && explainsHoles(mark, checkpoint.physicMsgTimestamp, bootId)) {
    const path = setAside(parts.disk, files, tail, end.endOffset, parts.asideDir);
    logger.error(
      'records behind a hole that the machine crash left in the unsynced end of the log were set aside',
      {
        end: end.endOffset,
        validRecordAt,
        path,
      },
    );
    return;
  }
  const file = files.fileAt(end.endOffset);
  const position = end.endOffset - (file?.baseOffset ?? 0);
  throw new StoreError({
    code: 'CORRUPT',
    path: file?.path,
    position,
    message:
      `${file?.path} is damaged at byte ${position} (log offset ${end.endOffset}, ${end.defect}), and valid records ` +
      `follow at log offset ${validRecordAt}: cutting here would lose them. Restore the file from a copy, or set ` +
      `the damaged part aside (mqstore repair <store dir> --set-aside).`,
  });
}

async function redispatch(
  parts: RecoveryParts,
  facts: RecoveryFacts,
  { offset: from, rebuilds = false }: Beginning,
  end: number,
): Promise<void> {
  const { consumeQueues, index } = parts;
  if (facts.resumed !== undefined) {
    // What stands behind the mark in the queues is right, or comes again as it was; a newer index file begins anew.
    index?.truncateDirty(from);
    return dispatchFrom(parts, from, end);
  }
  // The last entries before a crash may be torn in ways nothing shows: all that is built again is dropped first.
  const keep = facts.abnormal || rebuilds ? from : end;
  const reach = consumeQueues.reachOf(keep, end);
  consumeQueues.truncateDirty(keep);
  await consumeQueues.settleTruncation();
  index?.truncateDirty(keep);
  if (facts.abnormal) index?.mendSlots();
  await dispatchFrom(
    parts,
    facts.abnormal || rebuilds ? from : Math.max(from, consumeQueues.maxPhysicalOffset),
    end,
  );
  reportShorter(parts, reach);
}

/**
 * A queue reaches less far than its entries did, and the log was not cut there: a record that was this queue's names another
 * one now. Topic, queue and queue offset of a record have no checksum; this is where damage to them shows.
 */
function reportShorter({ consumeQueues, logger }: RecoveryParts, reach: readonly QueueReach[]): void {
  for (const { topic, queueId, maxOffset } of reach) {
    const found = consumeQueues.findAny(topic, queueId)?.maxOffset ?? 0;
    if (found >= maxOffset) continue;
    logger.warn('records of a queue name another one: they are damaged, or entries of the queue were', {
      topic,
      queueId,
      lost: maxOffset - found,
      from: found,
    });
  }
}

async function dispatchFrom(parts: RecoveryParts, from: number, end: number): Promise<void> {
  await scanLog(parts.files, from, {
    checkBodyCrc: false,
    until: end,
    visit: (buffer, at, sizeBytes, offset) => parts.redispatcher.dispatch(buffer, at, sizeBytes, offset),
  });
}
