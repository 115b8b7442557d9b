// The files of a store and what reads and writes them, made before any of them is opened.
import type { Clock, Logger } from '@mq/remoting';
import { CommitLog } from './commit-log/commit-log.js';
import { LogFiles } from './commit-log/log-files.js';
import { QueueTable } from './commit-log/queue-table.js';
import { SEGMENT_BYTES, TailCache } from './commit-log/tail-cache.js';
import { ConsumeQueueStore } from './consume-queue/consume-queue-store.js';
import { ExtTagsCodes } from './consume-queue/ext-tags-codes.js';
import { TopicKinds, type QueueType } from './consume-queue/topic-kinds.js';
import { descriptorShare } from './disk/descriptor-share.js';
import type { Disk } from './disk/disk.js';
import { BufferPool } from './reading/buffer-pool.js';
import { LogReader } from './reading/log-reader.js';
import type { MessageStoreSettings } from './settings.js';
import { storePaths, type StorePaths } from './store-paths.js';

export interface StoreFilesDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a topic's attribute queue.type says; undefined for a topic that is not known. */
  readonly queueTypeOf: (topic: string) => QueueType | undefined;
}

export class StoreFiles {
  readonly paths: StorePaths;
  readonly logFiles: LogFiles;
  readonly log: CommitLog;
  readonly logReader: LogReader;
  readonly consumeQueues: ConsumeQueueStore;
  readonly tagsCodes: ExtTagsCodes;
  readonly kinds: TopicKinds;
  readonly queues: QueueTable;
  readonly pool = new BufferPool();

  constructor(settings: MessageStoreSettings, { disk, clock, logger, queueTypeOf }: StoreFilesDeps) {
    const paths = (this.paths = storePaths(settings));
    const logOptions = {
      writePaths: paths.commitLogWrite,
      readOnlyPaths: paths.commitLogReadOnly,
      fileSizeBytes: settings.mappedFileSizeCommitLog,
      maxOpenFiles: descriptorShare(settings.maxOpenCommitLogFiles, 16),
    };
    this.logFiles = new LogFiles(disk, logOptions, logger);
    const segmentBytes = Math.min(SEGMENT_BYTES, settings.mappedFileSizeCommitLog);
    const tail = new TailCache(settings.tailCacheSize, segmentBytes);
    const isSync = settings.flushDiskType === 'SYNC_FLUSH';
    this.log = new CommitLog(this.logFiles, tail, isSync, settings.enabledAppendPropCRC);
    this.logReader = new LogReader(this.log, logger);
    const queueOptions = {
      dir: paths.consumeQueue,
      fileSizeBytes: settings.mappedFileSizeConsumeQueue,
      batchDir: paths.batchConsumeQueue,
      batchFileSizeBytes: settings.mapperFileSizeBatchConsumeQueue,
      maxOpenFiles: descriptorShare(settings.maxOpenConsumeQueueFiles, 8),
    };
    this.consumeQueues = new ConsumeQueueStore(queueOptions, { disk, logger, clock });
    const extOptions = { dir: paths.consumeQueueExt, fileSizeBytes: settings.mappedFileSizeConsumeQueueExt };
    this.tagsCodes = new ExtTagsCodes(extOptions, disk, logger);
    this.kinds = new TopicKinds(this.consumeQueues, queueTypeOf, logger);
    this.queues = new QueueTable(this.consumeQueues, this.kinds);
  }

  /** Removes a topic with its queues; its records stay in the log. */
  deleteTopic(topic: string): void {
    this.queues.deleteTopic(topic);
    this.consumeQueues.deleteTopic(topic);
    this.tagsCodes.deleteTopic(topic);
  }

  /** Closes what is open; nothing is written. */
  close(): void {
    this.tagsCodes.close();
    this.consumeQueues.close();
    this.logFiles.close();
  }
}
