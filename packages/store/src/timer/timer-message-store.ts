// Timers of any delay (upstream TimerMessageStore): messages of the timer topic wait in a wheel of one slot a second and are
// stored in their real topics when their time has come, to the millisecond where they tell it.
//
//   rmq_sys_wheel_timer ──enqueue──► timer log + wheel ──dequeue──► real topic
//
// Upstream polls with seven threads. Here an arrival starts the enqueueing and one timer waits for the next message that is
// due; nothing runs while nothing waits.
import { RepeatingTasks, type Clock, type Logger, type Timer } from '@mq/remoting';
import { TIMER_TOPIC, type TimerCheckpoint } from '@mq/remoting/protocol';
import type { DeliveryMarks } from '../delivery-marks.js';
import type { Disk } from '../disk/disk.js';
import type { MessageStore } from '../message-store.js';
import { Redelivery, type RedeliveryOptions } from '../redelivery/redelivery.js';
import type { MessageStoreSettings } from '../settings.js';
import { asStoreError } from '../store-error.js';
import { SlotProgress } from './slot-progress.js';
import { TimerCheckpointFile } from './timer-checkpoint-file.js';
import { TimerDelivery } from './timer-delivery.js';
import { TimerDequeue } from './timer-dequeue.js';
import { TimerEnqueue } from './timer-enqueue.js';
import { TimerLog } from './timer-log.js';
import { type MetricsFile, TimerCounts } from './timer-metrics.js';
import { type TimerParts, TimerPositions } from './timer-parts.js';
import { TimerRates } from './timer-rates.js';
import { recountTimers } from './timer-recount.js';
import { recoverTimers, rewind } from './timer-recovery.js';
import { TimerWheel } from './timer-wheel.js';

/** Arrivals are gathered this long before they are enqueued, at a precision of one second. */
const GATHER_MS = 50;
/** Longest sleep, so that a jump of the wall clock is noticed. */
const MAX_SLEEP_MS = 1000;
const FAILURE_PAUSE_MS = 1000;
const CLEAN_PERIOD_MS = 30_000;
const COUNTS_PERIOD_MS = 10_000;
const RECOUNT_PERIOD_MS = 45 * 60_000;
const RECOUNT_PAUSE_MS = 70 * 60_000;

/** What timers work with. */
export interface TimerMessageStoreOptions {
  /** Started. */
  readonly store: MessageStore;
  /** Of the wheel, its log and the checkpoint. */
  readonly disk: Disk;
  /** Its wall clock tells when a message is due. */
  readonly clock: Clock;
  /** Told of damage, and of messages that cannot be delivered yet. */
  readonly logger: Logger;
  /** As they are now: some change while the broker runs. */
  readonly settings: () => MessageStoreSettings;
  /** Host of the messages that are stored, as in `AppendMessage`. */
  readonly storeHost: () => Buffer;
  /** What was delivered, for the start after a kill; absent: up to a flush interval comes again. */
  readonly marks?: DeliveryMarks;
  /** config/timermetrics; memory only when absent. */
  readonly countsFile?: MetricsFile;
  /** Told of each message that reached its real topic. */
  readonly onStored?: RedeliveryOptions['onStored'];
  /** For flow control between once and twice the bound of a slot; [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/** Delivers messages of the timer topic when their time has come; upstream's `TimerMessageStore`. */
export class TimerMessageStore {
  /** Messages that wait, by topic. */
  readonly counts: TimerCounts;
  readonly #options: TimerMessageStoreOptions;
  readonly #wheel: TimerWheel;
  readonly #log: TimerLog;
  readonly #file: TimerCheckpointFile;
  readonly #parts: TimerParts;
  readonly #positions = new TimerPositions();
  readonly #delivery: TimerDelivery;
  readonly #enqueue: TimerEnqueue;
  readonly #dequeue: TimerDequeue;
  readonly #tasks: RepeatingTasks;
  #checkpoint: TimerCheckpoint;
  #status: 'new' | 'started' | 'leaving' | 'closed' = 'new';
  #shouldRunningDequeue = true;
  #enqueueTimer: Timer | undefined;
  #dequeueTimer: Timer | undefined;
  #enqueueing: Promise<void> | undefined;
  #dequeueing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #lastRecountMs: number;
  readonly #gatherMs: number;
  readonly #rates = new TimerRates();

  /** Opens the files. @throws StoreError FILE_SIZE_MISMATCH, CORRUPT, IO */
  constructor(options: TimerMessageStoreOptions) {
    const { disk, clock, settings, store, logger } = options;
    const { storePathRootDir: root, timerPrecisionMs, mappedFileSizeTimerLog } = settings();
    this.#options = options;
    this.#tasks = new RepeatingTasks({ clock, logger, failureLevel: 'error' });
    this.counts = new TimerCounts(clock, options.countsFile);
    try {
      this.#wheel = new TimerWheel(disk, { path: `${root}/timerwheel`, precisionMs: timerPrecisionMs });
      this.#log = new TimerLog(disk, { dir: `${root}/timerlog`, fileSizeBytes: mappedFileSizeTimerLog });
      this.#log.load();
      this.#file = new TimerCheckpointFile(disk, `${root}/config/timercheck`);
      this.#checkpoint = this.#file.read();
    } catch (error) {
      throw asStoreError(error);
    }
    const { onStored } = options;
    const redelivery = new Redelivery({
      store,
      logger,
      storeHost: options.storeHost,
      onStored: (topic, queueId, sizeBytes) => {
        this.#rates.dequeued++;
        onStored?.(topic, queueId, sizeBytes);
      },
    });
    this.#parts = {
      store,
      wheel: this.#wheel,
      log: this.#log,
      positions: this.#positions,
      counts: this.counts,
      redelivery,
      marks: options.marks,
      clock,
      logger,
      settings,
      isDelivering: () => this.#shouldRunningDequeue,
      mayDeliver: () => this.#mayDeliver(),
    };
    this.#delivery = new TimerDelivery(this.#parts);
    this.#enqueue = new TimerEnqueue(this.#parts, this.#delivery);
    this.#dequeue = new TimerDequeue(this.#parts, this.#delivery);
    this.#lastRecountMs = clock.monotonic();
    this.#gatherMs = Math.max(1, (GATHER_MS * timerPrecisionMs) / 1000);
  }

  // ---- life

  /** Recovers. Call once, after the message store has started. @throws StoreError */
  async load(): Promise<void> {
    try {
      this.counts.load();
      await recoverTimers(this.#parts, this.#checkpoint);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Starts to deliver, unless `shouldRunningDequeue` is false. */
  start(): void {
    if (this.#status !== 'new') return;
    this.#status = 'started';
    this.#startTasks();
    this.notifyArrival();
    this.#wakeDequeue(0);
  }

  #startTasks(): void {
    const tasks = this.#tasks;
    tasks.every(
      'flush of timers',
      () => this.#options.settings().timerFlushIntervalMs,
      () => this.flush(),
    );
    tasks.every('cleaning of the timer log', CLEAN_PERIOD_MS, () => {
      this.#log.write();
      this.#log.removeBefore(this.#options.store.minPhyOffset);
    });
    tasks.every('writing of timer counts', COUNTS_PERIOD_MS, () => this.counts.persist());
    tasks.every('recount of timers', RECOUNT_PERIOD_MS, () => this.#recount());
  }

  /** Waits for what is under way, then writes and syncs everything. May be called twice. */
  async close(): Promise<void> {
    if (this.#status === 'closed') return;
    const wasStarted = this.#status === 'started';
    this.#status = 'closed';
    const tasksEnd = this.#tasks.close();
    this.#enqueueTimer?.cancel();
    this.#dequeueTimer?.cancel();
    this.#delivery.wake();
    await Promise.all([this.#enqueueing, this.#dequeueing, tasksEnd]);
    try {
      if (wasStarted) await this.#leave();
      this.counts.persist();
    } finally {
      this.#wheel.close();
      this.#log.close();
      this.#file.close();
    }
  }

  async #leave(): Promise<void> {
    this.#status = 'leaving';
    try {
      await this.#dequeue.putOff();
    } catch (error) {
      this.#options.logger.error('the open slot could not be put off', { error: String(error) });
    }
    this.#status = 'closed';
    await this.flush();
  }

  // ---- the broker's side

  /** A message became visible in the timer topic. */
  notifyArrival(): void {
    if (this.#status !== 'started' || this.#enqueueTimer !== undefined || this.#enqueueing !== undefined)
      return;
    this.#enqueueTimer = this.#options.clock.setTimeout(() => this.#startEnqueue(), this.#gatherMs);
  }

  /**
   * Whether the slot of a time has so many messages that one more is refused: never up to timerCongestNumEachSlot, always
   * from twice as many on, by chance in between.
   */
  isReject(deliverMs: number): boolean {
    const limit = this.#options.settings().timerCongestNumEachSlot;
    const count = this.#wheel.get(deliverMs)?.num ?? 0;
    if (count <= limit) return false;
    if (count >= limit * 2) return true;
    const random = Math.floor((this.#options.random ?? Math.random)() * 1000);
    return random > (1000 * (count - limit)) / (limit + 0.1);
  }

  /** False on a slave that is no acting master: it keeps the wheel and delivers nothing. */
  get shouldRunningDequeue(): boolean {
    return this.#shouldRunningDequeue;
  }

  set shouldRunningDequeue(should: boolean) {
    if (should === this.#shouldRunningDequeue) return;
    this.#shouldRunningDequeue = should;
    this.#delivery.wake();
    if (should) {
      // What the former master had not taken into its wheel is taken again, what it delivered is not delivered again.
      this.#positions.queueOffset = Math.min(
        this.#positions.queueOffset,
        this.#checkpoint.masterTimerQueueOffset,
      );
    }
    this.syncLastReadTimeMs();
    this.notifyArrival();
    this.#wakeDequeue(0);
  }

  /** The state that slaves copy; also the answer to GET_TIMER_CHECK_POINT. */
  get checkpoint(): TimerCheckpoint {
    return this.#checkpoint;
  }

  /** A slave heard its master's checkpoint: it goes on reading and enqueueing up to where the master is. */
  takeMasterCheckpoint({ lastReadTimeMs, masterTimerQueueOffset, dataVersion }: TimerCheckpoint): void {
    if (this.#shouldRunningDequeue) return;
    this.#checkpoint = { ...this.#checkpoint, lastReadTimeMs, masterTimerQueueOffset, dataVersion };
    this.syncLastReadTimeMs();
    this.notifyArrival();
  }

  /** Goes on delivering from the checkpoint's time: what came before was delivered by the former master. */
  syncLastReadTimeMs(): void {
    const { lastReadTimeMs } = this.#checkpoint;
    if (this.#dequeueing !== undefined || lastReadTimeMs === 0) return;
    this.#positions.readTimeMs = this.#wheel.floor(lastReadTimeMs);
    this.#positions.progress = new SlotProgress();
    this.#positions.nextDueMs = undefined;
  }

  /** Messages that wait in the wheel. */
  get pending(): number {
    return this.#positions.pending;
  }

  /** Messages of the timer topic that are not in the wheel yet. */
  get enqueueBehind(): number {
    return this.#options.store.maxOffsetInQueue(TIMER_TOPIC, 0) - this.#positions.queueOffset;
  }

  /** Milliseconds by which delivery is behind the clock; 0 when nothing waits. */
  get dequeueBehindMs(): number {
    const due = this.#positions.nextDueMs;
    return due === undefined ? 0 : Math.max(0, this.#options.clock.now() - due - this.#wheel.precisionMs);
  }

  /** Rows of the broker's runtime info. */
  runtimeInfo(): Record<string, string> {
    const { enqueueTps, dequeueTps } = this.#rates.read(this.#options.clock.monotonic());
    return {
      timerReadBehind: String(Math.floor(this.dequeueBehindMs / 1000)),
      timerOffsetBehind: String(this.enqueueBehind),
      timerCongestNum: String(this.pending),
      timerEnqueueTps: enqueueTps.toFixed(1),
      timerDequeueTps: dequeueTps.toFixed(1),
    };
  }

  /**
   * Makes the state durable: log, wheel and what was delivered first, then the checkpoint that says so.
   * @throws DiskError and errors of the message store; the former checkpoint holds
   */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    const { readTimeMs, queueOffset } = this.#positions;
    const before = this.#checkpoint;
    this.#log.write();
    this.#wheel.write();
    const lastTimerLogFlushPos = this.#log.end;
    // Nothing moved: an idle broker syncs nothing. (The read time alone moves with every second of it.)
    const isMaster = this.#shouldRunningDequeue;
    const masterTimerQueueOffset = isMaster ? queueOffset : before.masterTimerQueueOffset;
    const lastTimerQueueOffset = Math.min(queueOffset, masterTimerQueueOffset);
    const isMoved =
      lastTimerLogFlushPos !== before.lastTimerLogFlushPos ||
      lastTimerQueueOffset !== before.lastTimerQueueOffset ||
      readTimeMs !== before.lastReadTimeMs ||
      masterTimerQueueOffset !== before.masterTimerQueueOffset;
    if (!isMoved) return;
    await Promise.all([
      this.#log.sync(),
      this.#wheel.sync(),
      isMaster ? this.#options.store.flushLog() : undefined,
    ]);
    const { stateVersion, counter } = before.dataVersion;
    const dataVersion = isMaster
      ? { stateVersion, timestamp: this.#options.clock.now(), counter: counter + 1 }
      : this.#checkpoint.dataVersion;
    const lastReadTimeMs = isMaster ? readTimeMs : this.#checkpoint.lastReadTimeMs;
    const next = {
      lastReadTimeMs,
      lastTimerLogFlushPos,
      lastTimerQueueOffset,
      masterTimerQueueOffset,
      dataVersion,
    };
    await this.#file.write(next);
    this.#checkpoint = next;
  }

  // ---- running

  #mayDeliver(): boolean {
    const isRunning = this.#status === 'started' || this.#status === 'leaving';
    return isRunning && this.#shouldRunningDequeue && !this.#options.settings().timerStopDequeue;
  }

  #startEnqueue(): void {
    this.#enqueueTimer = undefined;
    this.#enqueueing = this.#runEnqueue().then((pauseMs) => {
      this.#enqueueing = undefined;
      this.#afterEnqueue(pauseMs);
    });
  }

  /** Never rejects; returns the pause that a failure asks for. */
  async #runEnqueue(): Promise<number | undefined> {
    try {
      while (this.#status === 'started') {
        const until = this.#enqueueLimit();
        const before = this.#positions.queueOffset;
        if (before >= until) return undefined;
        if (this.#options.settings().timerStopEnqueue) return FAILURE_PAUSE_MS;
        this.#moveWriteTime();
        const isWhole = await this.#enqueue.run(until);
        this.#rates.enqueued += this.#positions.queueOffset - before;
        if (!isWhole || this.#positions.queueOffset === before) return FAILURE_PAUSE_MS;
      }
      return undefined;
    } catch (error) {
      this.#options.logger.error('timers could not be enqueued', { error: String(error) });
      return FAILURE_PAUSE_MS;
    }
  }

  #afterEnqueue(pauseMs: number | undefined): void {
    if (this.#status !== 'started') return;
    this.#armDequeue();
    if (pauseMs !== undefined)
      this.#enqueueTimer = this.#options.clock.setTimeout(() => this.#startEnqueue(), pauseMs);
    else if (this.#positions.queueOffset < this.#enqueueLimit()) this.notifyArrival();
  }

  /** A slave stays behind its master. */
  #enqueueLimit(): number {
    const max = this.#options.store.maxOffsetInQueue(TIMER_TOPIC, 0);
    return this.#shouldRunningDequeue ? max : Math.min(max, this.#checkpoint.masterTimerQueueOffset);
  }

  /** Time goes on; when the clock was set back and nothing is being delivered, so do the slots. */
  #moveWriteTime(): void {
    const nowMs = this.#wheel.floor(this.#options.clock.now());
    const positions = this.#positions;
    if (nowMs >= positions.writeTimeMs) positions.writeTimeMs = nowMs;
    else if (this.#dequeueing === undefined) {
      rewind(this.#parts, nowMs);
      positions.writeTimeMs = nowMs;
    }
  }

  /** Never rejects; false when the disk failed. */
  async #runDequeue(): Promise<boolean> {
    try {
      await this.#catchUp();
      await this.#dequeue.run();
      return true;
    } catch (error) {
      this.#options.logger.error('timers could not be delivered', { error: String(error) });
      return false;
    }
  }

  /** What came by now is in the wheel: a recall that was acknowledged before its message is due holds. */
  async #catchUp(): Promise<void> {
    if (this.#enqueueing === undefined && this.#positions.queueOffset < this.#enqueueLimit()) {
      this.#enqueueTimer?.cancel();
      this.#startEnqueue();
    }
    await this.#enqueueing;
  }

  #afterDequeue(isWhole: boolean): void {
    if (this.#status !== 'started') return;
    if (!isWhole || !this.#mayDeliver()) this.#wakeDequeue(FAILURE_PAUSE_MS);
    else this.#armDequeue();
  }

  /** Sleeps until the next message is due; for ever while none is. */
  #armDequeue(): void {
    const { dueMs } = this.#dequeue;
    if (dueMs === undefined || this.#dequeueing !== undefined) return;
    this.#wakeDequeue(Math.max(0, Math.min(dueMs - this.#options.clock.now(), MAX_SLEEP_MS)));
  }

  #wakeDequeue(delayMs: number): void {
    if (this.#status !== 'started' || this.#dequeueing !== undefined) return;
    this.#dequeueTimer?.cancel();
    this.#dequeueTimer = this.#options.clock.setTimeout(() => {
      this.#moveWriteTime();
      if (!this.#mayDeliver()) return this.#wakeDequeue(FAILURE_PAUSE_MS);
      this.#dequeueing = this.#runDequeue().then((isWhole) => {
        this.#dequeueing = undefined;
        this.#afterDequeue(isWhole);
      });
    }, delayMs);
  }

  async #recount(): Promise<void> {
    const { timerEnableCheckMetrics, timerCheckMetricsWhen } = this.#options.settings();
    const { clock } = this.#options;
    if (!timerEnableCheckMetrics || clock.monotonic() - this.#lastRecountMs < RECOUNT_PAUSE_MS) return;
    const hour = String(new Date(clock.now()).getHours()).padStart(2, '0');
    if (!timerCheckMetricsWhen.split(';').includes(hour)) return;
    this.#lastRecountMs = clock.monotonic();
    await recountTimers(this.#parts);
  }

  /** Periodic work that never overlaps itself. */
}
