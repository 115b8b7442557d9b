// The store's settings: upstream's names (MessageStoreConfig) that this store honours, and a few of its own.
// Those that operators and tools expect to see but that steer nothing here: `unused-settings.ts`.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defineSettings, setting, type SettingProblem, type SettingsOf } from '@mq/remoting/settings';
import { timerSettings } from './timer/timer-settings.js';
import { unusedStoreSettings } from './unused-settings.js';

const DELAY_LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';
/** A commit log file must at least hold one record of an ordinary size and its blank record. */
const MIN_COMMIT_LOG_FILE_BYTES = 1024;
const MIB = 1024 * 1024;

/** Every setting of the store: those of upstream's `MessageStoreConfig` under their names, and a few of its own. */
export const messageStoreSettings = defineSettings(
  {
    storePathRootDir: setting.string({
      default: () => join(homedir(), 'store'),
      help: 'Store root directory.',
    }),
    storePathCommitLog: setting.string({
      default: '',
      help: 'Commit log directories, comma separated; empty = commitlog below the root.',
    }),
    readOnlyCommitLogStorePaths: setting.string({
      default: '',
      help: 'Commit log directories, comma separated, that get no new files.',
    }),

    mappedFileSizeCommitLog: setting.int({
      default: 1024 * MIB,
      min: MIN_COMMIT_LOG_FILE_BYTES,
      unit: 'bytes',
      help: 'Size of a commit log file; must match existing files.',
    }),
    mappedFileSizeConsumeQueue: setting.int({
      default: 6_000_000,
      min: 20,
      unit: 'bytes',
      help: 'Size of a consume queue file, rounded up to whole entries; must match existing files.',
    }),
    mappedFileSizeConsumeQueueExt: setting.int({
      default: 50_331_648,
      min: 20,
      unit: 'bytes',
      help: 'Size of a consumequeue_ext file; must match existing files.',
    }),
    enableConsumeQueueExt: setting.boolean({
      default: false,
      help: 'Give queue entries room for the bits of SQL92 groups (enableCalcFilterBitMap) beside their tags.',
    }),
    mapperFileSizeBatchConsumeQueue: setting.int({
      default: 13_800_000,
      min: 46,
      unit: 'bytes',
      help: 'Size of a batch consume queue file; must match existing files.',
    }),
    messageIndexEnable: setting.boolean({
      default: true,
      help: 'Build the index that answers queries by key.',
    }),
    maxHashSlotNum: setting.int({ default: 5_000_000, min: 1, help: 'Hash slots of an index file.' }),
    maxIndexNum: setting.int({ default: 20_000_000, min: 2, help: 'Entries of an index file.' }),
    maxMsgsNumBatch: setting.int({
      default: 64,
      min: 1,
      mutable: true,
      help: 'Most messages a query returns.',
    }),

    maxMessageSize: setting.int({
      default: 4 * MIB,
      min: 1,
      mutable: true,
      unit: 'bytes',
      help: 'Largest message body; the whole record may be 64 KiB larger.',
    }),
    enabledAppendPropCRC: setting.boolean({
      default: false,
      help: 'End each record with a checksum of all of it (5.2 and newer), 20 bytes, as its last property.',
    }),
    forceVerifyPropCRC: setting.boolean({
      default: false,
      help: 'Recovery checks that checksum of each record that has it, in place of the one of its body. Upstream: a record without it ends the log.',
    }),
    autoMessageVersionOnTopicLen: setting.boolean({
      default: true,
      help: 'Write version 2 records for topics over 127 bytes; false refuses such topics.',
    }),
    brokerRole: setting.oneOf(['ASYNC_MASTER', 'SYNC_MASTER', 'SLAVE'], {
      default: 'ASYNC_MASTER',
      help: 'A SLAVE refuses puts and keeps the offsets its readers ask for.',
    }),
    messageDelayLevel: setting.string({
      default: DELAY_LEVELS,
      pattern: /^\d+(\.\d+)?[smhd](\s+\d+(\.\d+)?[smhd])*$/,
      patternHelp: 'delays with a unit (s, m, h or d), as in "1s 10m 2h"',
      help: 'Delay levels, from 1; recovery computes delivery times of delayed messages from it.',
    }),

    flushDiskType: setting.oneOf(['ASYNC_FLUSH', 'SYNC_FLUSH'], {
      default: 'ASYNC_FLUSH',
      help: 'ASYNC_FLUSH acknowledges once written to the file, SYNC_FLUSH once on disk.',
    }),
    syncFlushTimeout: setting.int({
      default: 5000,
      min: 1,
      mutable: true,
      unit: 'ms',
      help: 'How long a put waits for the disk before FLUSH_DISK_TIMEOUT.',
    }),
    flushIntervalCommitLog: setting.int({
      default: 500,
      min: 1,
      unit: 'ms',
      help: 'Period of the asynchronous log flush.',
    }),
    flushCommitLogLeastPages: setting.int({
      default: 4,
      min: 0,
      mutable: true,
      unit: 'pages of 4096 bytes',
      help: 'Unflushed pages that make an asynchronous flush worth it.',
    }),
    flushCommitLogThoroughInterval: setting.int({
      default: 10_000,
      min: 1,
      mutable: true,
      unit: 'ms',
      help: 'Everything is flushed at least this often.',
    }),
    flushIntervalConsumeQueue: setting.int({
      default: 1000,
      min: 1,
      unit: 'ms',
      help: 'Period in which consume queues are written.',
    }),
    flushConsumeQueueThoroughInterval: setting.int({
      default: 60_000,
      min: 1,
      mutable: true,
      unit: 'ms',
      help: 'Consume queues and index are synced and the checkpoint written at least this often.',
    }),
    osPageCacheBusyTimeOutMills: setting.long({
      default: 1000,
      min: 1,
      mutable: true,
      unit: 'ms',
      help: 'A file write that blocked longer than this makes the store refuse puts for as long again.',
    }),
    maxAsyncPutMessageRequests: setting.int({
      default: 5000,
      min: 1,
      mutable: true,
      help: 'Puts that may wait for flush or replication; more are refused with OS_PAGE_CACHE_BUSY.',
    }),
    checkCRCOnRecover: setting.boolean({ default: true, help: 'Verify body checksums in recovery.' }),
    messageIndexSafe: setting.boolean({
      default: false,
      help: 'After an abnormal exit also begin early enough to complete the index.',
    }),

    maxTransferBytesOnMessageInMemory: setting.int({
      default: 262_144,
      min: 1,
      mutable: true,
      unit: 'bytes',
      help: 'Most bytes of a pull that reads fresh messages.',
    }),
    maxTransferCountOnMessageInMemory: setting.int({
      default: 32,
      min: 1,
      mutable: true,
      help: 'Most messages of a pull that reads fresh messages.',
    }),
    maxTransferBytesOnMessageInDisk: setting.int({
      default: 65_536,
      min: 1,
      mutable: true,
      unit: 'bytes',
      help: 'Most bytes of a pull that reads old messages.',
    }),
    maxTransferCountOnMessageInDisk: setting.int({
      default: 8,
      min: 1,
      mutable: true,
      help: 'Most messages of a pull that reads old messages.',
    }),
    accessMessageInMemoryMaxRatio: setting.int({
      default: 40,
      min: 0,
      max: 100,
      mutable: true,
      unit: 'percent of RAM',
      help: 'Messages this close to the end of the log count as fresh.',
    }),
    maxFilterMessageSize: setting.int({
      default: 16_000,
      min: 20,
      mutable: true,
      unit: 'bytes',
      help: 'Consume queue bytes scanned for one pull.',
    }),
    offsetCheckInSlave: setting.boolean({
      default: false,
      mutable: true,
      help: 'A SLAVE corrects offsets out of range as a master does.',
    }),

    fileReservedTime: setting.int({
      default: 72,
      min: 1,
      mutable: true,
      unit: 'hours',
      help: 'How long log files are kept, by their last modification.',
    }),
    deleteWhen: setting.string({
      default: '04',
      mutable: true,
      pattern: /^\s*([01]?\d|2[0-3])(\s*;\s*([01]?\d|2[0-3]))*\s*;?\s*$/,
      patternHelp: 'hours of the day (0-23) separated by ;',
      help: 'Hours of the day in which expired files are removed.',
    }),
    cleanResourceInterval: setting.int({
      default: 10_000,
      min: 1,
      unit: 'ms',
      help: 'Period of the expiry check.',
    }),
    deleteFileBatchMax: setting.int({
      default: 10,
      min: 1,
      mutable: true,
      help: 'Most log files removed in one run.',
    }),
    deleteCommitLogFilesInterval: setting.int({
      default: 100,
      min: 0,
      mutable: true,
      unit: 'ms',
      help: 'Pause between two removals of log files.',
    }),
    diskMaxUsedSpaceRatio: setting.int({
      default: 75,
      min: 10,
      max: 95,
      mutable: true,
      unit: 'percent',
      help: 'Above it expired files are removed at any hour.',
    }),
    diskSpaceCleanForciblyRatio: setting.int({
      default: 85,
      min: 30,
      max: 85,
      mutable: true,
      unit: 'percent',
      help: 'Above it files are removed whatever their age (with cleanFileForciblyEnable).',
    }),
    diskSpaceWarningLevelRatio: setting.int({
      default: 90,
      min: 35,
      max: 90,
      mutable: true,
      unit: 'percent',
      help: 'Above it puts are refused.',
    }),
    cleanFileForciblyEnable: setting.boolean({
      default: true,
      mutable: true,
      help: 'Allow removing files that have not expired when the disk is nearly full.',
    }),

    ...timerSettings,

    // Ours.
    tailCacheSize: setting.int({
      default: 64 * MIB,
      min: MIB,
      unit: 'bytes',
      help: 'Newest part of the log kept in memory for readers at the tail. Not an upstream setting.',
    }),
    maxOpenCommitLogFiles: setting.int({
      default: 32,
      min: 4,
      help: 'Log files kept open for reading. Not an upstream setting.',
    }),
    maxOpenConsumeQueueFiles: setting.int({
      default: 1024,
      min: 16,
      help: 'Consume queue files kept open. Not an upstream setting.',
    }),
    ...unusedStoreSettings,
  },
  { validate: checkRelations },
);

/** Values of `messageStoreSettings`. */
export type MessageStoreSettings = SettingsOf<typeof messageStoreSettings>;

function checkRelations(values: {
  readonly diskSpaceCleanForciblyRatio: number;
  readonly diskSpaceWarningLevelRatio: number;
}): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (values.diskSpaceCleanForciblyRatio > values.diskSpaceWarningLevelRatio) {
    problems.push({
      name: 'diskSpaceCleanForciblyRatio',
      text: 'diskSpaceCleanForciblyRatio must not exceed diskSpaceWarningLevelRatio: cleaning comes before refusing',
    });
  }
  return problems;
}
