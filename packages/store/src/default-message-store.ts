// The store: builds its parts, opens and closes them in order, and passes calls on. Decisions are in the parts.
import { totalmem } from 'node:os';
import {
  Lifespan,
  RepeatingTasks,
  silentLogger,
  systemClock,
  TurnScheduler,
  type Clock,
  type Logger,
} from '@mq/remoting';
import { isSystemTopic } from '@mq/remoting/protocol';
import { PutPipeline } from './commit-log/put-pipeline.js';
import type { QueueType } from './consume-queue/topic-kinds.js';
import { readBootId } from './disk/boot-id.js';
import type { Disk, DiskLock } from './disk/disk.js';
import { FileDisk } from './disk/file-disk.js';
import { ExpiryService } from './expiry/expiry-service.js';
import { DerivedFlusher } from './flush/derived-flusher.js';
import { FlushSchedule } from './flush/flush-schedule.js';
import { CommitLogStream } from './log-stream.js';
import type {
  AppendBatch,
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
import { MessageReader } from './reading/message-reader.js';
import { visitRecords } from './reading/record-visits.js';
import { StoreQueries } from './reading/store-queries.js';
import { openStore, type OpenStore } from './recovery/open-store.js';
import { RunningFlags } from './running-flags.js';
import { runtimeInfo } from './runtime-info.js';
import type { MessageStoreSettings } from './settings.js';
import { asStoreError } from './store-error.js';
import { StoreFiles } from './store-files.js';
import { StoreStats } from './store-stats.js';

/** How often a boot mark may be due. */
const BOOT_MARK_INTERVAL_MS = 250;
const SECOND_MS = 1000;

/** What a store takes from outside; each has a default, the machine's own. */
export interface MessageStoreDeps {
  /** Default: the machine's own file system. */
  disk?: Disk;
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: none is written. */
  logger?: Logger;
  /** Shared with the server, a turn's appends are acknowledged in the same pass. Default: one of its own. */
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
interface Parts extends OpenStore {
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
  /** Counters since the start: what was put, got and how long that took. */
  readonly stats: StoreStats;
  #settings: MessageStoreSettings;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #turn: TurnScheduler;
  readonly #deps: MessageStoreDeps;
  readonly #files: StoreFiles;
  readonly #tasks: RepeatingTasks;
  #parts: Parts | undefined;
  #lock: DiskLock | undefined;
  readonly #life = new Lifespan(
    () => this.#start(),
    () => this.#close(),
  );
  #onArrival: ArrivalListener | undefined;
  #filterBitMap: FilterBitMap | undefined;
  #earliestStoreTimestamp = -1;

  constructor(settings: MessageStoreSettings, deps: MessageStoreDeps = {}) {
    this.#settings = settings;
    this.#deps = deps;
    this.#disk = deps.disk ?? new FileDisk();
    this.#clock = deps.clock ?? systemClock;
    this.#logger = deps.logger ?? silentLogger;
    this.#turn = deps.turn ?? new TurnScheduler();
    this.stats = new StoreStats(this.#clock);
    this.#tasks = new RepeatingTasks({ clock: this.#clock, logger: this.#logger, failureLevel: 'error' });
    this.#files = new StoreFiles(settings, {
      disk: this.#disk,
      clock: this.#clock,
      logger: this.#logger,
      queueTypeOf: deps.queueTypeOf ?? (() => undefined),
    });
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

  /** Those it runs with; `updateSettings` replaces them as a whole. */
  get settings(): MessageStoreSettings {
    return this.#settings;
  }

  async #start(): Promise<void> {
    const disk = this.#disk;
    const { abort, root, lock } = this.#files.paths;
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
      this.#parts?.journal.close();
      this.#parts = undefined;
      throw storeError;
    }
  }

  async #open(abnormal: boolean): Promise<void> {
    const bootId = this.#deps.bootId ?? readBootId(this.#disk);
    const openParts = { files: this.#files, settings: this.#settings, disk: this.#disk, bootId };
    const deps = { clock: this.#clock, logger: this.#logger };
    const open = await openStore({ ...openParts, ...deps }, abnormal);
    const parts = (this.#parts = this.#build(open, bootId));
    const { pipeline, derived } = parts;
    pipeline.flusher.startAt(open.flushedOffset);
    parts.expiry.watchDisks();
    if (open.marked === undefined) await derived.flushThoroughly();
    else derived.startAt(open.marked.durableOffset, open.marked.bootOffset);
    this.#earliestStoreTimestamp = await this.earliestStoreTimestamp();
    pipeline.open();
    if (open.mustFlushLog) pipeline.flusher.request();
    this.#startTasks(parts, bootId !== '');
  }

  #build(open: OpenStore, bootId: string): Parts {
    const { dispatcher, index, journal } = open;
    const { log, logReader, consumeQueues, tagsCodes, pool } = this.#files;
    consumeQueues.onShrink = (topic, queueId) => journal.distrustQueue(topic, queueId);
    consumeQueues.onDelete = (topic) => journal.removeTopic(topic);
    const shared = {
      ...open,
      log,
      logReader,
      consumeQueues,
      tagsCodes,
      pool,
      queues: this.#files.queues,
      runningFlags: this.runningFlags,
      stats: this.stats,
      disk: this.#disk,
      clock: this.#clock,
      logger: this.#logger,
      turn: this.#turn,
      bootId,
      settings: () => this.#settings,
    };
    const stream = new CommitLogStream(log, logReader, pool, () => this.flushedWhere);
    const pipeline = new PutPipeline({
      ...shared,
      onProgress: () => stream.announce(),
      onFenced: (flushedOffset) => {
        open.fence.leave(flushedOffset);
        journal.abandon();
      },
    });
    dispatcher.onArrival = this.#onArrival;
    dispatcher.filterBitMap = this.#filterBitMap;
    return {
      ...open,
      pipeline,
      stream,
      reader: new MessageReader({
        ...shared,
        totalMemoryBytes: this.#deps.totalMemoryBytes ?? totalmem(),
      }),
      queries: new StoreQueries(consumeQueues, index, logReader, tagsCodes),
      derived: new DerivedFlusher({ ...shared, logFlusher: pipeline.flusher }),
      expiry: new ExpiryService({ ...shared, consumeQueueDir: this.#files.paths.consumeQueue }),
    };
  }

  #startTasks(parts: Parts, marksBoot: boolean): void {
    const tasks = this.#tasks;
    const settings = this.#settings;
    const schedule = new FlushSchedule({
      ...parts,
      clock: this.#clock,
      log: this.#files.log,
      logFlusher: parts.pipeline.flusher,
      settings: () => this.#settings,
      marksBoot,
      markAfterBytes: this.#deps.markAfterBytes,
    });
    tasks.every('log flush', settings.flushIntervalCommitLog, () => schedule.flushLog());
    tasks.every('queue flush', settings.flushIntervalConsumeQueue, () => schedule.writeQueues());
    if (marksBoot) tasks.every('boot mark', BOOT_MARK_INTERVAL_MS, () => schedule.markBoot());
    tasks.every('durable mark', settings.flushIntervalConsumeQueue, () => schedule.flushDerived());
    tasks.every('expiry', settings.cleanResourceInterval, async () => {
      await parts.expiry.run({ manual: false });
      this.#earliestStoreTimestamp = await this.earliestStoreTimestamp();
    });
    tasks.every('second', SECOND_MS, () => {
      this.stats.sample();
      parts.pipeline.dispatch();
      this.#files.log.prepareNextFile();
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
    await this.#tasks.close();
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
      this.#disk.remove(this.#files.paths.abort);
      this.#disk.syncDirectory(this.#files.paths.root);
    } else this.#logger.warn('abort file kept: the next start recovers', { flags: this.runningFlags.bits });
    parts.dispatcher.dropWaiting();
    this.runningFlags.raise('notReadable');
    this.#closeFiles();
  }

  #closeFiles(): void {
    this.#parts?.journal.close();
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

  appendBatch(batch: AppendBatch, waiter: PutWaiter): void {
    this.#running().pipeline.appendBatch(batch, waiter);
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
    return this.#files.consumeQueues.findAny(topic, queueId)?.minOffset ?? 0;
  }

  maxOffsetInQueue(topic: string, queueId: number): number {
    return this.#files.consumeQueues.findAny(topic, queueId)?.maxOffset ?? 0;
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
      return this.#files.logReader.storeTimestampAt(this.minPhyOffset);
    return this.storeTimestampOf(topic, queueId, this.minOffsetInQueue(topic, queueId));
  }

  recordAt(commitLogOffset: number): Promise<Buffer | undefined> {
    return this.#files.logReader.recordAt(commitLogOffset);
  }

  visitRecords(places: readonly RecordPlace[], visit: RecordVisitor): Promise<void> {
    return visitRecords(places, visit, this.#files);
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
    return this.#files.log.minOffset;
  }

  get maxPhyOffset(): number {
    return this.#files.log.writtenOffset;
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
    return this.#files.log.writtenOffset - (this.#parts?.dispatcher.dispatchedOffset ?? 0);
  }

  get logStream(): LogStream {
    return this.#running().stream;
  }

  // ---- administration

  topics(): Iterable<string> {
    return this.#files.consumeQueues.topics();
  }

  queueIds(topic: string): number[] {
    return this.#files.consumeQueues.queueIds(topic);
  }

  async deleteTopic(topic: string): Promise<void> {
    const { pipeline, derived } = this.#running();
    // What was accepted for the topic is dispatched first: it must not come back into a removed queue.
    pipeline.runAtTurnEnd();
    await pipeline.flusher.flushAll();
    this.#files.deleteTopic(topic);
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
      commitLogPaths: this.#files.logFiles.paths,
      consumeQueuePath: this.#files.paths.consumeQueue,
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
