/**
 * Looks at every byte of a store directory that nobody is using and says what is damaged; changes nothing.
 *
 *   log     records that are not whole, with whole ones behind them, or whose queue offset cannot be of their queue;
 *           missing or short files
 *   queue   files that do not fit, entries that do not lead to the record whose place they hold
 *   index   files that do not fit
 *
 * A torn end of the log is no damage: every start after a crash cuts it.
 */
import { join } from 'node:path';
import { RecordLayout, recordQueueId, recordQueueOffset, recordSysFlag } from '@mq/remoting/message';
import { silentLogger } from '@mq/remoting';
import { batchSpanOf } from '../commit-log/batch-suffix.js';
import { isInQueue } from '../commit-log/commit-log.js';
import { LOG_FILE_NAME } from '../commit-log/log-file.js';
import { LogFiles } from '../commit-log/log-files.js';
import { BATCH_ENTRY_BYTES, MAX_BATCH_SIZE } from '../consume-queue/batch-consume-queue-entry.js';
import { ENTRY_BYTES, entryPhysicalOffset, entrySize } from '../consume-queue/consume-queue-entry.js';
import type { Disk } from '../disk/disk.js';
import { FileDisk } from '../disk/file-disk.js';
import { indexFileSize } from '../index/index-file-format.js';
import { inspectTail } from '../recovery/log-tail.js';
import { scanLog } from '../recovery/log-scan.js';
import type { MessageStoreSettings } from '../settings.js';
import { asStoreError } from '../store-error.js';
import { storePaths } from '../store-paths.js';
import { BatchQueueCheck } from './batch-queue-check.js';
import { QueueOrder, type OrderedRecord } from './queue-order.js';

/** One damaged place of a store, in a file of the log, of a queue or of the index. */
export interface StoreFinding {
  /** What the file belongs to. */
  readonly kind: 'log' | 'queue' | 'index';
  /** The file. */
  readonly path: string;
  /** Byte position inside that file. */
  readonly position: number;
  /** Length of the damaged range; 0 when it is the whole file. */
  readonly sizeBytes: number;
  /** What is wrong, for a person. */
  readonly problem: string;
}

/** What a check found. No findings: the store is sound. */
export interface StoreReport {
  /** In the order they were found. */
  readonly findings: readonly StoreFinding[];
  /** Whole records found in the log. */
  readonly records: number;
  /** Log offsets the log begins and ends at. */
  readonly minOffset: number;
  /** Log offset the log ends at. */
  readonly maxOffset: number;
}

/** Where the store lies. Default: the machine's own file system. */
export interface CheckOptions {
  /** Default: the machine's own file system. */
  disk?: Disk;
}

/**
 * Checks the directory `settings.storePathRootDir`. Takes its lock for as long as it runs.
 * @throws StoreError `LOCKED` when a broker uses it, `FILE_SIZE_MISMATCH`, `IO`
 */
export async function checkStore(
  settings: MessageStoreSettings,
  { disk = new FileDisk() }: CheckOptions = {},
): Promise<StoreReport> {
  let lock;
  try {
    lock = disk.lock(storePaths(settings).lock);
    return await new StoreCheck(settings, disk).run();
  } catch (error) {
    throw asStoreError(error);
  } finally {
    lock?.release();
  }
}

class StoreCheck {
  private readonly findings: StoreFinding[] = [];
  private readonly layout = new RecordLayout();
  private readonly order = new QueueOrder();
  private readonly batches: BatchQueueCheck;
  private readonly batchTopics: ReadonlySet<string>;
  private readonly entry = Buffer.alloc(ENTRY_BYTES);
  /** Queue files that were opened, or undefined where there is none; `damaged` ones are reported once. */
  private readonly queueFiles = new Map<string, Buffer | undefined>();
  private readonly damaged = new Set<string>();
  private readonly queueFileBytes: number;
  private readonly batchFileBytes: number;
  private records = 0;

  constructor(
    private readonly settings: MessageStoreSettings,
    private readonly disk: Disk,
  ) {
    const { mappedFileSizeConsumeQueue, mapperFileSizeBatchConsumeQueue } = settings;
    this.queueFileBytes = Math.ceil(mappedFileSizeConsumeQueue / ENTRY_BYTES) * ENTRY_BYTES;
    this.batchFileBytes = Math.ceil(mapperFileSizeBatchConsumeQueue / BATCH_ENTRY_BYTES) * BATCH_ENTRY_BYTES;
    const { batchConsumeQueue } = storePaths(settings);
    this.batchTopics = new Set(disk.list(batchConsumeQueue));
    this.batches = new BatchQueueCheck(disk, batchConsumeQueue, mapperFileSizeBatchConsumeQueue);
  }

  async run(): Promise<StoreReport> {
    const paths = storePaths(this.settings);
    const { findings, settings } = this;
    for (const dir of [...paths.commitLogWrite, ...paths.commitLogReadOnly]) this.checkLogFiles(dir);
    if (findings.length > 0) return { findings, records: 0, minOffset: 0, maxOffset: 0 };
    const options = {
      writePaths: paths.commitLogWrite,
      readOnlyPaths: paths.commitLogReadOnly,
      fileSizeBytes: settings.mappedFileSizeCommitLog,
      maxOpenFiles: settings.maxOpenCommitLogFiles,
    };
    const files = new LogFiles(this.disk, options, silentLogger);
    try {
      files.load();
      this.checkQueueFiles(paths.consumeQueue, this.queueFileBytes);
      this.checkQueueFiles(paths.batchConsumeQueue, this.batchFileBytes);
      this.checkIndexFiles(paths.index);
      const maxOffset = await this.checkRecords(files, paths.consumeQueue);
      this.checkOrder(files);
      return { findings, records: this.records, minOffset: files.first?.baseOffset ?? 0, maxOffset };
    } finally {
      files.close();
    }
  }

  private found(
    kind: StoreFinding['kind'],
    path: string,
    problem: string,
    position = 0,
    sizeBytes = 0,
  ): void {
    this.findings.push({ kind, path, problem, position, sizeBytes });
  }

  private checkLogFiles(dir: string): void {
    const size = this.settings.mappedFileSizeCommitLog;
    const names = this.disk.list(dir).filter((name) => LOG_FILE_NAME.test(name));
    names.forEach((name, i) => {
      const sizeBytes = this.disk.stat(join(dir, name))?.sizeBytes ?? 0;
      const isLast = i === names.length - 1;
      if (sizeBytes < size && !(isLast && sizeBytes === 0))
        this.found('log', join(dir, name), `has ${sizeBytes} of ${size} bytes`);
    });
  }

  /** Walks the log, over damaged places too. Returns where it ends. */
  private async checkRecords(files: LogFiles, queueDir: string): Promise<number> {
    let from = files.first?.baseOffset ?? 0;
    let newest = 0;
    for (;;) {
      const end = await scanLog(files, from, {
        checkBodyCrc: true,
        checkPropertyCrc: this.settings.forceVerifyPropCRC,
        visit: (buffer, at, sizeBytes, offset) => {
          this.records++;
          this.checkEntry(queueDir, buffer, at, sizeBytes, offset);
        },
      });
      if (end.defect === undefined) return end.endOffset;
      // What is older than the last whole record was left there by an earlier cut.
      newest = Math.max(newest, end.lastStoreTimestamp);
      const { validRecordAt: next } = await inspectTail(files, end.endOffset, newest);
      if (next === undefined) return end.endOffset;
      const file = files.fileAt(end.endOffset)!;
      const problem = `no whole record (${end.defect}) at log offset ${end.endOffset}; the next one is at ${next}`;
      const damageEnd = Math.min(next, file.endOffset);
      this.found('log', file.path, problem, end.endOffset - file.baseOffset, damageEnd - end.endOffset);
      from = damageEnd;
    }
  }

  /** A record that claims a place far from its queue is damaged there: no start can give it one. */
  private checkOrder(files: LogFiles): void {
    for (const { queueOffset, logOffset, sizeBytes } of this.order.finish()) {
      const file = files.fileAt(logOffset)!;
      const problem = `the record at log offset ${logOffset} names queue offset ${queueOffset}, far from its queue`;
      this.found('log', file.path, problem, logOffset - file.baseOffset, sizeBytes);
    }
  }

  /** Compares the queue entry of a record with the record. */
  private checkEntry(queueDir: string, buffer: Buffer, at: number, sizeBytes: number, offset: number): void {
    if (!isInQueue(recordSysFlag(buffer, at)) || !this.layout.locate(buffer, at, at + sizeBytes)) return;
    const topic = buffer.toString('utf8', this.layout.topicStart, this.layout.topicEnd);
    const queueOffset = recordQueueOffset(buffer, at);
    const queueId = recordQueueId(buffer, at);
    this.order.add(`${topic}/${queueId}`, { queueOffset, logOffset: offset, sizeBytes });
    this.checkBatchEntry(topic, queueId, buffer, at, { queueOffset, logOffset: offset, sizeBytes });
    const position = queueOffset * ENTRY_BYTES;
    const fileStart = position - (position % this.queueFileBytes);
    const dir = join(queueDir, topic, String(queueId));
    const path = join(dir, String(fileStart).padStart(20, '0'));
    const bytes = this.queueFile(path);
    // What is missing at the end of a queue is rebuilt by every start.
    if (bytes === undefined || this.damaged.has(path)) return;
    bytes.copy(this.entry, 0, position - fileStart, position - fileStart + ENTRY_BYTES);
    if (entryPhysicalOffset(this.entry, 0) === offset && entrySize(this.entry, 0) === sizeBytes) return;
    if (this.entry.every((byte) => byte === 0)) return;
    this.damaged.add(path);
    const problem = `the entry of the record at log offset ${offset} leads to ${entryPhysicalOffset(this.entry, 0)}`;
    this.found('queue', path, problem, position - fileStart, ENTRY_BYTES);
  }

  /** As `checkEntry`, for a record that holds several messages; its parts were located. */
  private checkBatchEntry(
    topic: string,
    queueId: number,
    buffer: Buffer,
    at: number,
    { queueOffset: baseOffset, logOffset, sizeBytes }: OrderedRecord,
  ): void {
    const { propertiesStart, propertiesEnd } = this.layout;
    if (!this.batchTopics.has(topic)) return;
    const span = batchSpanOf(buffer, propertiesStart, propertiesEnd, recordSysFlag(buffer, at));
    if (span === undefined) return;
    const count = Math.min(span.count, MAX_BATCH_SIZE);
    const damaged = this.batches.add(topic, queueId, { baseOffset, count, logOffset, sizeBytes });
    if (damaged === undefined || this.damaged.has(damaged.path)) return;
    this.damaged.add(damaged.path);
    this.found('queue', damaged.path, damaged.problem, damaged.position, BATCH_ENTRY_BYTES);
  }

  /** Content of a queue file; the last few are kept. */
  private queueFile(path: string): Buffer | undefined {
    if (this.queueFiles.has(path)) return this.queueFiles.get(path);
    const bytes = this.disk.stat(path) === undefined ? undefined : this.disk.readFile(path);
    if (this.queueFiles.size >= 64) this.queueFiles.delete(this.queueFiles.keys().next().value!);
    this.queueFiles.set(path, bytes);
    return bytes;
  }

  private checkQueueFiles(queueDir: string, fileBytes: number): void {
    for (const topic of this.disk.list(queueDir)) {
      for (const queueId of this.disk.list(join(queueDir, topic))) {
        const dir = join(queueDir, topic, queueId);
        const names = this.disk.list(dir).filter((name) => /^\d{20}$/.test(name));
        names.forEach((name, i) => {
          const path = join(dir, name);
          const sizeBytes = this.disk.stat(path)?.sizeBytes ?? 0;
          const isLast = i === names.length - 1;
          if (sizeBytes > fileBytes || (sizeBytes < fileBytes && !isLast)) {
            this.damaged.add(path);
            this.found('queue', path, `has ${sizeBytes} of ${fileBytes} bytes`);
          }
        });
      }
    }
  }

  private checkIndexFiles(dir: string): void {
    const { messageIndexEnable, maxHashSlotNum, maxIndexNum } = this.settings;
    if (!messageIndexEnable) return;
    const size = indexFileSize({ slots: maxHashSlotNum, entries: maxIndexNum });
    for (const name of this.disk.list(dir)) {
      const sizeBytes = this.disk.stat(join(dir, name))?.sizeBytes ?? 0;
      if (sizeBytes !== 0 && sizeBytes !== size)
        this.found('index', join(dir, name), `has ${sizeBytes} of ${size} bytes`);
    }
  }
}
