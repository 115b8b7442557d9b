// The store: builds its parts, opens and closes them in order, and passes calls on. Decisions are in the parts.
import { totalmem } from 'node:os';
import { Lifespan, silentLogger, systemClock, TurnScheduler, type Clock, type Logger } from '@mq/remoting';
import { isSystemTopic } from '@mq/remoting/protocol';
import { StoreCheckpoint } from './checkpoint.js';
import { CommitLog } from './commit-log/commit-log.js';
import { DelayLevels } from './commit-log/delay-levels.js';
import { LogFiles } from './commit-log/log-files.js';
import { PutPipeline } from './commit-log/put-pipeline.js';
import { QueueTable } from './commit-log/queue-table.js';
import { SEGMENT_BYTES, TailCache } from './commit-log/tail-cache.js';
import { ConsumeQueueStore } from './consume-queue/consume-queue-store.js';
import { readBootId } from './disk/boot-id.js';
import { descriptorShare } from './disk/descriptor-share.js';
import { TopicKinds, type QueueType } from './consume-queue/topic-kinds.js';
import { ExtTagsCodes } from './consume-queue/ext-tags-codes.js';
import type { Disk, DiskLock } from './disk/disk.js';
import { FileDisk } from './disk/file-disk.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { ExpiryService } from './expiry/expiry-service.js';
import { DerivedFlusher } from './flush/derived-flusher.js';
import { FlushSchedule } from './flush/flush-schedule.js';
import { IndexService } from './index/index-service.js';
import { CommitLogStream } from './log-stream.js';
import type {
  AppendMessage,
  ArrivalListener,
  ConsumeQueueEntry,
  ExpiryReport,
  FilterBitMap,
  GetMessageRequest,
  GetMessageResult,
  LogStream,
  MessageStore,
  PutResult,
  PutWaiter,
  QueryMessageResult,
  RecordPlace,
  RecordVisitor,
} from './message-store.js';
import { Periodic } from './periodic.js';
import { BufferPool } from './reading/buffer-pool.js';
import { LogReader } from './reading/log-reader.js';
import { MessageReader } from './reading/message-reader.js';
import { visitRecords } from './reading/record-visits.js';
import { StoreQueries } from './reading/store-queries.js';
import { BootJournal } from './recovery/boot-journal.js';
import { FenceMark, rewriteLog } from './recovery/fence-mark.js';
import { recoverStore, type RecoveredLog, type ResumedMark } from './recovery/recover.js';
import { isOfLastRun, isPageCacheWhole, RecoveryHint } from './recovery/recovery-hint.js';
import { Redispatcher } from './recovery/redispatch.js';
import { giveUpResuming, resume } from './recovery/resume.js';
import { RunningFlags } from './running-flags.js';
import { runtimeInfo } from './runtime-info.js';
import type { MessageStoreSettings } from './settings.js';
import { asStoreError } from './store-error.js';
import { storePaths, type StorePaths } from './store-paths.js';
import { StoreStats } from './store-stats.js';

/** How often a boot mark may be due. */
const BOOT_MARK_INTERVAL_MS = 250;
const SECOND_MS = 1000;

/** What a store takes from outside; each has a default, the machine's own. */
export interface MessageStoreDeps {
  disk?: Disk;
  clock?: Clock;
  logger?: Logger;
  turn?: TurnScheduler;
  /** RAM that "fresh" is measured by. Default: the machine's. */
  totalMemoryBytes?: number;
  /** Tells one boot of the machine from another; empty = not known. Default: Linux' own. */
  bootId?: string;
  /**
   * What a topic's attribute queue.type says; undefined for a topic that is not known. Asked when its first queue is made, in
   * recovery too. Default: nothing is known, and new topics have plain queues.
   */
  queueTypeOf?: (topic: string) => QueueType | undefined;
  /** Fewer log bytes than this behind the last recovery mark make no new one. Default 16 MiB; less is for tests. */
  markAfterBytes?: number;
}

/** What exists between start and close. */
interface Parts {
  readonly checkpoint: StoreCheckpoint;
  readonly index: IndexService | undefined;
  readonly dispatcher: Dispatcher;
  readonly pipeline: PutPipeline;
  readonly reader: MessageReader;
  readonly queries: StoreQueries;
  readonly derived: DerivedFlusher;
  readonly expiry: ExpiryService;
  readonly stream: CommitLogStream;
}

/** The store of a broker, on a `Disk`; upstream's `DefaultMessageStore`. */
export class DefaultMessageStore implements MessageStore {
  readonly runningFlags = new RunningFlags();
  readonly stats: StoreStats;
  #settings: MessageStoreSettings;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #turn: TurnScheduler;
  readonly #deps: MessageStoreDeps;
  readonly #paths: StorePaths;
  readonly #files: LogFiles;
  readonly #log: CommitLog;
  readonly #consumeQueues: ConsumeQueueStore;
  readonly #tagsCodes: ExtTagsCodes;
  readonly #kinds: TopicKinds;
  readonly #queues: QueueTable;
  readonly #logReader: LogReader;
  readonly #pool = new BufferPool();
  readonly #periodics: Periodic[] = [];
  #parts: Parts | undefined;
  #lock: DiskLock | undefined;
  readonly #life = new Lifespan(
    () => this.#start(),
    () => this.#close(),
  );
  #onArrival: ArrivalListener | undefined;
  #filterBitMap: FilterBitMap | undefined;
  #bootId = '';
  #journal: BootJournal | undefined;
  #earliestStoreTimestamp = -1;

  constructor(settings: MessageStoreSettings, deps: MessageStoreDeps = {}) {
    this.#settings = settings;
    this.#deps = deps;
    this.#disk = deps.disk ?? new FileDisk();
    this.#clock = deps.clock ?? systemClock;
    this.#logger = deps.logger ?? silentLogger;
    this.#turn = deps.turn ?? new TurnScheduler();
    this.stats = new StoreStats(this.#clock);
    const paths = (this.#paths = storePaths(settings));
    const fileOptions = {
      writePaths: paths.commitLogWrite,
      readOnlyPaths: paths.commitLogReadOnly,
      fileSizeBytes: settings.mappedFileSizeCommitLog,
      maxOpenFiles: descriptorShare(settings.maxOpenCommitLogFiles, 16),
    };
    this.#files = new LogFiles(this.#disk, fileOptions, this.#logger);
    const segmentBytes = Math.min(SEGMENT_BYTES, settings.mappedFileSizeCommitLog);
    const tail = new TailCache(settings.tailCacheSize, segmentBytes);
    this.#log = new CommitLog(
      this.#files,
      tail,
      settings.flushDiskType === 'SYNC_FLUSH',
      settings.enabledAppendPropCRC,
    );
    const queueOptions = {
      dir: paths.consumeQueue,
      fileSizeBytes: settings.mappedFileSizeConsumeQueue,
      batchDir: paths.batchConsumeQueue,
      batchFileSizeBytes: settings.mapperFileSizeBatchConsumeQueue,
      maxOpenFiles: descriptorShare(settings.maxOpenConsumeQueueFiles, 8),
    };
    this.#consumeQueues = new ConsumeQueueStore(queueOptions, {
      disk: this.#disk,
      logger: this.#logger,
      clock: this.#clock,
    });
    const extOptions = { dir: paths.consumeQueueExt, fileSizeBytes: settings.mappedFileSizeConsumeQueueExt };
    this.#tagsCodes = new ExtTagsCodes(extOptions, this.#disk, this.#logger);
    const queueTypeOf = deps.queueTypeOf ?? (() => undefined);
    this.#kinds = new TopicKinds(this.#consumeQueues, queueTypeOf, this.#logger);
    this.#queues = new QueueTable(this.#consumeQueues, this.#kinds);
    this.#logReader = new LogReader(this.#log, this.#logger);
  }

  // ---- life

  start(): Promise<void> {
    return this.#life.start();
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Settings that were changed at run time; those that are not mutable must be the same. */
  updateSettings(settings: MessageStoreSettings): void {
    this.#settings = settings;
  }

  get settings(): MessageStoreSettings {
    return this.#settings;
  }

  async #start(): Promise<void> {
    const disk = this.#disk;
    const { abort, root, lock } = this.#paths;
    let abnormal = true;
    try {
      disk.mkdir(root);
      this.#lock = disk.lock(lock);
      abnormal = disk.stat(abort) !== undefined;
      // Before anything is changed: a kill during recovery is an abnormal exit too.
      disk.writeFile(abort, String(process.pid));
      disk.syncDirectory(root);
      await this.#open(abnormal);
    } catch (error) {
      const storeError = asStoreError(error);
      // Refused before anything was changed: the next start shall judge the directory as this one did.
      if (storeError.code === 'CORRUPT' || storeError.code === 'FILE_SIZE_MISMATCH') {
        if (!abnormal) disk.remove(abort);
      }
      // A start that failed halfway is no store: close must not write anything.
      this.#parts = undefined;
      throw storeError;
    }
  }

  async #open(abnormal: boolean): Promise<void> {
    const paths = this.#paths;
    const bootId = (this.#bootId = this.#deps.bootId ?? readBootId(this.#disk));
    const hint = new RecoveryHint(this.#disk, paths.recoveryHint);
    this.#files.load();
    const checkpoint = new StoreCheckpoint(this.#disk, paths.checkpoint);
    const fence = new FenceMark(this.#disk, paths.fenceMark);
    const doubtFrom = fence.load();
    const journal = (this.#journal = new BootJournal(
      this.#disk,
      { journal: paths.bootJournal, lock: paths.lock },
      // Extended entries are made durable for the durable mark alone.
      this.#settings.enableConsumeQueueExt ? '' : bootId,
    ));
    const index = this.#makeIndex(checkpoint);
    const dispatcher = new Dispatcher(index, new DelayLevels(this.#settings.messageDelayLevel));
    const mark = hint.load();
    const resumeParts = {
      journal,
      files: this.#files,
      consumeQueues: this.#consumeQueues,
      index,
      checkpoint,
      isFenced: doubtFrom !== undefined,
    };
    const recover = (resumed: ResumedMark | undefined): Promise<RecoveredLog | undefined> => {
      if (resumed === undefined) this.#consumeQueues.load();
      // Index files that this store wrote are whole up to their header, whatever happened; Apache's are not.
      const isOurs = mark !== undefined && isOfLastRun(mark, checkpoint.physicMsgTimestamp);
      index?.load(!abnormal || isOurs || resumed !== undefined, resumed?.mark.index);
      return recoverStore(
        {
          disk: this.#disk,
          files: this.#files,
          consumeQueues: this.#consumeQueues,
          index,
          checkpoint,
          redispatcher: new Redispatcher(
            dispatcher,
            this.#consumeQueues,
            this.#kinds,
            () => this.#files.first?.baseOffset === 0,
            this.#logger,
          ),
          settings: this.#settings,
          logger: this.#logger,
          asideDir: paths.aside,
        },
        { abnormal, mark, bootId, resumed },
      );
    };
    let resumed = await resume(resumeParts);
    let recovered = await recover(resumed);
    if (recovered === undefined) {
      giveUpResuming(resumeParts);
      resumed = undefined;
      recovered = (await recover(undefined))!;
    }
    if (abnormal) this.#tagsCodes.cutFrom(recovered.beginOffset, this.#consumeQueues);
    if (this.#settings.enableConsumeQueueExt) dispatcher.extended = this.#tagsCodes;
    // What a killed process wrote is in the page cache only. It is shown from now on, so it must stay: with ASYNC_FLUSH, and
    // where it was shown before, as soon as may be; else before anybody sees it.
    if (doubtFrom !== undefined) rewriteLog(this.#files, doubtFrom, recovered.endOffset);
    const unsyncedFrom =
      resumed?.mark.flushedOffset ?? Math.min(recovered.beginOffset, doubtFrom ?? Infinity);
    const syncsLater = resumed !== undefined && this.#settings.flushDiskType !== 'SYNC_FLUSH';
    for (const file of this.#files.all) {
      if (file.endOffset <= unsyncedFrom) continue;
      if (syncsLater) this.#log.distrustSync(file);
      else await this.#files.sync(file);
    }
    if (doubtFrom !== undefined) fence.clear();
    this.#log.startAt(recovered.endOffset, recovered.lastStoreTimestamp);
    const parts = this.#build(checkpoint, index, dispatcher, hint, journal, bootId);
    this.#parts = parts;
    dispatcher.startAt(recovered.endOffset, recovered.lastRecordOffset);
    parts.pipeline.flusher.startAt(
      syncsLater ? Math.min(unsyncedFrom, recovered.endOffset) : recovered.endOffset,
    );
    parts.expiry.watchDisks();
    // Where a mark still holds, what was built again can wait for the next flush, however many queues it went to.
    const durable =
      mark !== undefined && isPageCacheWhole(mark, checkpoint.physicMsgTimestamp, bootId) ? mark : undefined;
    if (resumed !== undefined) parts.derived.startAt(durable?.logOffset ?? 0, resumed.mark.logOffset);
    else if (abnormal && durable?.logOffset === recovered.beginOffset)
      parts.derived.startAt(recovered.beginOffset, 0);
    else await parts.derived.flushThoroughly();
    this.#earliestStoreTimestamp = await this.earliestStoreTimestamp();
    parts.pipeline.open();
    if (syncsLater) parts.pipeline.flusher.request();
    this.#startPeriodics(parts);
  }

  #makeIndex(checkpoint: StoreCheckpoint): IndexService | undefined {
    const { messageIndexEnable, maxHashSlotNum, maxIndexNum, maxMsgsNumBatch } = this.#settings;
    if (!messageIndexEnable) return undefined;
    const options = { dir: this.#paths.index, maxHashSlotNum, maxIndexNum, maxMsgsNumBatch };
    const deps = { disk: this.#disk, checkpoint, clock: this.#clock, logger: this.#logger };
    return new IndexService(options, deps);
  }

  #build(
    checkpoint: StoreCheckpoint,
    index: IndexService | undefined,
    dispatcher: Dispatcher,
    hint: RecoveryHint,
    journal: BootJournal,
    bootId: string,
  ): Parts {
    this.#consumeQueues.onShrink = (topic, queueId) => journal.distrustQueue(topic, queueId);
    this.#consumeQueues.onDelete = (topic) => journal.removeTopic(topic);
    const shared = {
      log: this.#log,
      consumeQueues: this.#consumeQueues,
      tagsCodes: this.#tagsCodes,
      index,
      dispatcher,
      checkpoint,
      logReader: this.#logReader,
      runningFlags: this.runningFlags,
      stats: this.stats,
      disk: this.#disk,
      clock: this.#clock,
      logger: this.#logger,
      pool: this.#pool,
      settings: () => this.#settings,
    };
    const stream = new CommitLogStream(this.#log, this.#logReader, this.#pool, () => this.flushedWhere);
    const onProgress = (): void => stream.announce();
    const pipeline = new PutPipeline({
      ...shared,
      queues: this.#queues,
      turn: this.#turn,
      onProgress,
      onFenced: (flushedOffset) => {
        new FenceMark(this.#disk, this.#paths.fenceMark).leave(flushedOffset);
        journal.abandon();
      },
    });
    const totalMemoryBytes = this.#deps.totalMemoryBytes ?? totalmem();
    dispatcher.onArrival = this.#onArrival;
    dispatcher.filterBitMap = this.#filterBitMap;
    return {
      checkpoint,
      index,
      dispatcher,
      pipeline,
      stream,
      reader: new MessageReader({ ...shared, totalMemoryBytes }),
      queries: new StoreQueries(this.#consumeQueues, index, this.#logReader, this.#tagsCodes),
      derived: new DerivedFlusher({ ...shared, hint, journal, bootId, logFlusher: pipeline.flusher }),
      expiry: new ExpiryService({ ...shared, consumeQueueDir: this.#paths.consumeQueue }),
    };
  }

  #startPeriodics(parts: Parts): void {
    const every = (name: string, intervalMs: number, work: () => Promise<void> | void): void => {
      const periodic = new Periodic(name, work, { clock: this.#clock, logger: this.#logger });
      periodic.start(intervalMs);
      this.#periodics.push(periodic);
    };
    const settings = this.#settings;
    const marksBoot = this.#bootId !== '';
    const schedule = new FlushSchedule({
      ...parts,
      clock: this.#clock,
      log: this.#log,
      logFlusher: parts.pipeline.flusher,
      settings: () => this.#settings,
      marksBoot,
      markAfterBytes: this.#deps.markAfterBytes,
    });
    every('log flush', settings.flushIntervalCommitLog, () => schedule.flushLog());
    every('queue flush', settings.flushIntervalConsumeQueue, () => schedule.writeQueues());
    if (marksBoot) every('boot mark', BOOT_MARK_INTERVAL_MS, () => schedule.markBoot());
    every('durable mark', settings.flushIntervalConsumeQueue, () => schedule.flushDerived());
    every('expiry', settings.cleanResourceInterval, async () => {
      await parts.expiry.run({ manual: false });
      this.#earliestStoreTimestamp = await this.earliestStoreTimestamp();
    });
    every('second', SECOND_MS, () => {
      this.stats.sample();
      parts.pipeline.dispatch();
      this.#log.prepareNextFile();
    });
  }

  async #close(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return this.#closeFiles();
    let isWhole = true;
    try {
      await parts.pipeline.drain();
    } catch (error) {
      isWhole = false;
      this.#logger.error('the log could not be flushed at shutdown', { error: String(error) });
    }
    await parts.expiry.close();
    for (const periodic of this.#periodics) await periodic.stop();
    try {
      await parts.derived.flushThoroughly({ closing: true });
    } catch (error) {
      isWhole = false;
      this.#logger.error('queues could not be flushed at shutdown', { error: String(error) });
    }
    isWhole &&= this.runningFlags.isWriteable && this.dispatchBehindBytes === 0;
    parts.checkpoint.close();
    parts.index?.close();
    if (isWhole) {
      this.#disk.remove(this.#paths.abort);
      this.#disk.syncDirectory(this.#paths.root);
    } else this.#logger.warn('abort file kept: the next start recovers', { flags: this.runningFlags.bits });
    parts.dispatcher.dropWaiting();
    this.runningFlags.raise('notReadable');
    this.#closeFiles();
  }

  #closeFiles(): void {
    this.#journal?.close();
    this.#tagsCodes.close();
    this.#consumeQueues.close();
    this.#files.close();
    this.#lock?.release();
    this.#lock = undefined;
  }

  // ---- writing

  get isWriteable(): boolean {
    return this.runningFlags.isWriteable;
  }

  get isOSPageCacheBusy(): boolean {
    return this.#parts?.pipeline.isBusy ?? false;
  }

  append(message: AppendMessage, waiter: PutWaiter): void {
    this.#running().pipeline.append(message, waiter);
  }

  appendBatch(messages: readonly AppendMessage[], waiter: PutWaiter): void {
    this.#running().pipeline.appendBatch(messages, waiter);
  }

  put(message: AppendMessage): Promise<PutResult> {
    return new Promise((resolve) => this.append(message, { onPutResult: resolve }));
  }

  get onArrival(): ArrivalListener | undefined {
    return this.#onArrival;
  }

  set onArrival(listener: ArrivalListener | undefined) {
    this.#onArrival = listener;
    if (this.#parts !== undefined) this.#parts.dispatcher.onArrival = listener;
  }

  get filterBitMap(): FilterBitMap | undefined {
    return this.#filterBitMap;
  }

  set filterBitMap(calculator: FilterBitMap | undefined) {
    this.#filterBitMap = calculator;
    if (this.#parts !== undefined) this.#parts.dispatcher.filterBitMap = calculator;
  }

  // ---- reading

  getMessage(request: GetMessageRequest): GetMessageResult | Promise<GetMessageResult> {
    const result = this.#running().reader.getMessage(request);
    if (result instanceof Promise) return this.#counted(result);
    this.stats.countGet(result.messageCount);
    return result;
  }

  async #counted(promise: Promise<GetMessageResult>): Promise<GetMessageResult> {
    const startMs = this.#clock.monotonic();
    const result = await promise;
    this.stats.countGet(result.messageCount);
    const elapsedMs = Math.round(this.#clock.monotonic() - startMs);
    if (elapsedMs > this.stats.getMessageEntireTimeMax) this.stats.getMessageEntireTimeMax = elapsedMs;
    return result;
  }

  minOffsetInQueue(topic: string, queueId: number): number {
    return this.#consumeQueues.findAny(topic, queueId)?.minOffset ?? 0;
  }

  maxOffsetInQueue(topic: string, queueId: number): number {
    return this.#consumeQueues.findAny(topic, queueId)?.maxOffset ?? 0;
  }

  offsetInQueueByTime(
    topic: string,
    queueId: number,
    timestamp: number,
    boundary: 'LOWER' | 'UPPER' = 'LOWER',
  ): Promise<number> {
    return this.#running().queries.offsetByTime(topic, queueId, timestamp, boundary);
  }

  storeTimestampOf(topic: string, queueId: number, queueOffset: number): Promise<number> {
    return this.#running().queries.storeTimestampOf(topic, queueId, queueOffset);
  }

  async earliestStoreTimestamp(topic?: string, queueId?: number): Promise<number> {
    if (topic === undefined || queueId === undefined)
      return this.#logReader.storeTimestampAt(this.minPhyOffset);
    return this.storeTimestampOf(topic, queueId, this.minOffsetInQueue(topic, queueId));
  }

  recordAt(commitLogOffset: number): Promise<Buffer | undefined> {
    return this.#logReader.recordAt(commitLogOffset);
  }

  visitRecords(places: readonly RecordPlace[], visit: RecordVisitor): Promise<void> {
    return visitRecords(places, visit, { log: this.#log, logReader: this.#logReader, pool: this.#pool });
  }

  queryMessage(
    topic: string,
    key: string,
    maxNum: number,
    beginMs: number,
    endMs: number,
    { unique = false }: { unique?: boolean } = {},
  ): Promise<QueryMessageResult> {
    return this.#running().queries.query(topic, key, maxNum, beginMs, endMs, unique);
  }

  consumeQueueEntries(
    topic: string,
    queueId: number,
    fromIndex: number,
    count: number,
  ): Promise<ConsumeQueueEntry[]> {
    return this.#running().queries.entries(topic, queueId, fromIndex, count);
  }

  get minPhyOffset(): number {
    return this.#log.minOffset;
  }

  get maxPhyOffset(): number {
    return this.#log.writtenOffset;
  }

  get flushedWhere(): number {
    return this.#parts?.pipeline.flusher.flushedOffset ?? 0;
  }

  flushLog(): Promise<void> {
    const { pipeline } = this.#running();
    pipeline.runAtTurnEnd();
    return pipeline.flusher.flushAll();
  }

  get dispatchBehindBytes(): number {
    return this.#log.writtenOffset - (this.#parts?.dispatcher.dispatchedOffset ?? 0);
  }

  get logStream(): LogStream {
    return this.#running().stream;
  }

  // ---- administration

  topics(): Iterable<string> {
    return this.#consumeQueues.topics();
  }

  queueIds(topic: string): number[] {
    return this.#consumeQueues.queueIds(topic);
  }

  async deleteTopic(topic: string): Promise<void> {
    const { pipeline, derived } = this.#running();
    // What was accepted for the topic is dispatched first: it must not come back into a removed queue.
    pipeline.runAtTurnEnd();
    await pipeline.flusher.flushAll();
    this.#queues.deleteTopic(topic);
    this.#consumeQueues.deleteTopic(topic);
    this.#tagsCodes.deleteTopic(topic);
    // A recovery that began earlier would build the queues again.
    await derived.flushThoroughly();
  }

  async cleanUnusedTopics(retain: ReadonlySet<string>): Promise<string[]> {
    const unused = [...this.topics()].filter((topic) => !retain.has(topic) && !isSystemTopic(topic));
    for (const topic of unused) await this.deleteTopic(topic);
    return unused;
  }

  executeDeleteExpired(): Promise<ExpiryReport> {
    return this.#running().expiry.run({ manual: true });
  }

  runtimeInfo(): Record<string, string> {
    return runtimeInfo({
      disk: this.#disk,
      stats: this.stats,
      commitLogPaths: this.#files.paths,
      consumeQueuePath: this.#paths.consumeQueue,
      minPhyOffset: this.minPhyOffset,
      maxPhyOffset: this.maxPhyOffset,
      flushedWhere: this.flushedWhere,
      dispatchBehindBytes: this.dispatchBehindBytes,
      lastWriteMs: this.#parts?.pipeline.lastWriteMs ?? 0,
      earliestStoreTimestamp: this.#earliestStoreTimestamp,
    });
  }

  #running(): Parts {
    if (this.#parts === undefined) throw new Error('the message store has not been started');
    return this.#parts;
  }
}
