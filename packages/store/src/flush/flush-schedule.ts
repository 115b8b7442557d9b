// When what is in memory or in the page cache goes on to the files and to the device. What is done is LogFlusher's and
// DerivedFlusher's; when is decided here, anew in each period.
import type { Clock } from '@mq/remoting';
import type { CommitLog } from '../commit-log/commit-log.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { MessageStoreSettings } from '../settings.js';
import type { DerivedFlusher } from './derived-flusher.js';
import type { LogFlusher } from './log-flusher.js';

/** What a restart reads again: fewer log bytes than this behind the last recovery mark make no new one (default), */
const MARK_AFTER_BYTES = 16 * 1024 * 1024;
/** nor do more of them sooner than this after the one before. */
const MARK_PAUSE_MS = 2000;
/** Where a boot mark does for a kill, a durable one is for power cuts alone. */
const DURABLE_MARK_PAUSE_MS = 10_000;
/**
 * With many queues marks take long: this many times as long no other one of the kind is made, unless it is due. (A
 * thousand topics of eight queues: 4 s, and a third of what sends cost when they came every 24 s.)
 */
const BOOT_MARK_REST = 20;
const DURABLE_MARK_REST = 20;
const MARK_REST = 1;
/** Queues with this many dirty pages are written between thorough flushes. */
const QUEUE_PAGES = 2;
const PAGE_BYTES = 4096;

export interface FlushScheduleParts {
  readonly clock: Clock;
  readonly log: Pick<CommitLog, 'writtenOffset'>;
  readonly logFlusher: Pick<LogFlusher, 'flushedOffset' | 'request'>;
  readonly dispatcher: Pick<Dispatcher, 'dispatchedOffset'>;
  readonly derived: Pick<
    DerivedFlusher,
    'markedOffset' | 'bootMarkedOffset' | 'writeQueues' | 'markBoot' | 'flushThoroughly'
  >;
  readonly settings: () => MessageStoreSettings;
  /** Whether boot marks are made, too. */
  readonly marksBoot: boolean;
  /** Instead of MARK_AFTER_BYTES. */
  readonly markAfterBytes: number | undefined;
}

export class FlushSchedule {
  readonly #parts: FlushScheduleParts;
  readonly #markAfterBytes: number;
  #lastLogFlushMs: number;
  #lastThoroughMs: number;
  #nextMarkMs = 0;
  #nextBootMarkMs = 0;

  constructor(parts: FlushScheduleParts) {
    this.#parts = parts;
    this.#markAfterBytes = parts.markAfterBytes ?? MARK_AFTER_BYTES;
    this.#lastThoroughMs = this.#lastLogFlushMs = parts.clock.monotonic();
  }

  /** Has the log synced when enough of it is dirty, or it has been for long. */
  flushLog(): void {
    const { clock, log, logFlusher, settings } = this.#parts;
    const nowMs = clock.monotonic();
    const { flushCommitLogLeastPages, flushCommitLogThoroughInterval } = settings();
    const dirtyPages =
      Math.floor(log.writtenOffset / PAGE_BYTES) - Math.floor(logFlusher.flushedOffset / PAGE_BYTES);
    const isThorough = nowMs >= this.#lastLogFlushMs + flushCommitLogThoroughInterval;
    if (!isThorough && dirtyPages < flushCommitLogLeastPages) return;
    if (isThorough) this.#lastLogFlushMs = nowMs;
    logFlusher.request();
  }

  /** Writes queues of which enough is pending. @throws DiskError */
  writeQueues(): Promise<void> {
    return this.#parts.derived.writeQueues(QUEUE_PAGES);
  }

  /** Makes a boot mark when the last one is far behind. @throws DiskError */
  async markBoot(): Promise<void> {
    const { clock, dispatcher, derived } = this.#parts;
    const startMs = clock.monotonic();
    const unmarked = dispatcher.dispatchedOffset - derived.bootMarkedOffset;
    if (unmarked < this.#markAfterBytes || startMs < this.#nextBootMarkMs) return;
    await derived.markBoot();
    const endMs = clock.monotonic();
    this.#nextBootMarkMs = endMs + BOOT_MARK_REST * (endMs - startMs);
  }

  /** Makes a durable mark when the last one is far behind, or old. @throws DiskError */
  async flushDerived(): Promise<void> {
    const { clock, dispatcher, derived, settings, marksBoot } = this.#parts;
    const nowMs = clock.monotonic();
    const unmarked = dispatcher.dispatchedOffset - derived.markedOffset;
    const isDue = nowMs >= this.#lastThoroughMs + settings().flushConsumeQueueThoroughInterval;
    const isFarBehind = unmarked >= this.#markAfterBytes && nowMs >= this.#nextMarkMs;
    if (!isFarBehind && !(isDue && unmarked > 0)) return;
    this.#lastThoroughMs = nowMs;
    await derived.flushThoroughly();
    const endMs = clock.monotonic();
    // Counted from its end: one that takes longer than the interval would be followed by the next at once.
    this.#lastThoroughMs = endMs;
    const [pauseMs, rest] = marksBoot
      ? [DURABLE_MARK_PAUSE_MS, DURABLE_MARK_REST]
      : [MARK_PAUSE_MS, MARK_REST];
    this.#nextMarkMs = endMs + Math.max(pauseMs, rest * (endMs - nowMs));
  }
}
