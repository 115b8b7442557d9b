// Delivers messages of the delay topic when they are due (upstream: ScheduleMessageService).
//
// Each level is a queue in which due times only grow, so each level needs one timer: for its first undelivered message.
// An arrival in an idle level arms it. Upstream polls every 100 ms; here a message is delivered within some ms of its time, in
// batches: entries of a level that are due within 10 ms are read, appended and written together.
//
// Delivery is at least once. delayOffset.json, written every 10 s, tells what is durable; after a mere kill the marks tell
// more, and only the batch under way is delivered again.
//
// messageDelayLevel may change between two runs. What waits in a level comes when the shorter of both delays is over; upstream
// delivers it at once where the level is shorter now. What waits in a level that is no more comes at the time it got; upstream
// keeps it until it is expired, or the level is configured again.
//
// Deliberate difference: FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT and SLAVE_NOT_AVAILABLE mean "stored", so they count as
// delivered. Upstream's synchronous mode delivers again every 100 ms until the status is PUT_OK.
import type { Clock, Logger, Timer } from '@mq/remoting';
import { PropertySlot } from '@mq/remoting/message';
import {
  type DataVersion,
  decodeDelayOffsetSerializeWrapper,
  type DelayOffsetSerializeWrapper,
  firstDataVersion,
  nextDataVersion,
  stringifyFastjson,
  SystemTopic,
} from '@mq/remoting/protocol';
import {
  type AppendMessage,
  type ConsumeQueueEntry,
  DelayLevels,
  type DeliveryMarks,
  isStored,
  type MessageStore,
  Redelivery,
  type RedeliveryOptions,
  type StoredRecord,
} from '@mq/store';

import type { ConfigText } from '../config/config-text.js';
import { levelOfQueueId, queueIdOfLevel } from './delayed-message.js';

/** Messages of one level that are delivered together, at most and at least looked at. */
const BATCH_ENTRIES = 256;
const LEAST_ENTRIES = 16;
/** Between two deliveries of a level that has no more than a batch: one wake-up for many messages, each this late at most. */
const GATHER_MS = 10;
/** Pause after a failure. */
const RETRY_MS = 100;
const FAILURE_PAUSE_MS = 10_000;
/** Longest sleep, so that a jump of the wall clock is noticed. */
const MAX_SLEEP_MS = 1_000;

export interface ScheduleMessageOptions {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Setting messageDelayLevel. */
  readonly messageDelayLevel: string;
  readonly storeHost: () => Buffer;
  /** config/delayOffset.json; memory only when absent. */
  readonly file?: ConfigText;
  readonly marks?: DeliveryMarks;
  /** Deliveries after which dataVersion moves on. */
  readonly updateVersionStep?: () => number;
  readonly onStored?: RedeliveryOptions['onStored'];
}

interface LevelState {
  readonly level: number;
  readonly queueId: number;
  timer: Timer | undefined;
  /** The run in progress, if any. */
  running: Promise<void> | undefined;
  /** Something arrived while a run was in progress. */
  arrived: boolean;
  /** Entries to look at next time: twice what was due. */
  lookAt: number;
  /** By how much the wall clock was set back, as far as the first message tells: it was stored in the future. ms */
  setBackMs: number;
  /** Queue offsets behind the level's own that were delivered while one before them was refused. */
  readonly ahead: Set<number>;
}

export class ScheduleMessageService {
  readonly levels: DelayLevels;
  readonly #options: ScheduleMessageOptions;
  readonly #redelivery: Redelivery;
  readonly #states = new Map<number, LevelState>();
  /**
   * level → queue offset of the next message to deliver, 0 for a level that is not in it. Keeps levels that
   * messageDelayLevel no longer has: messages may still wait there, and it may have them again after the next start.
   */
  readonly #offsets = new Map<number, number>();
  #dataVersion: DataVersion;
  #deliveries = 0;
  #isDirty = false;
  #status: 'new' | 'started' | 'closed' = 'new';

  constructor(options: ScheduleMessageOptions) {
    this.#options = options;
    this.#redelivery = new Redelivery(options);
    this.levels = new DelayLevels(options.messageDelayLevel);
    this.#dataVersion = firstDataVersion(options.clock.now());
    for (let level = 1; level <= this.levels.maxLevel; level++) this.#addLevel(level);
  }

  /** What config/delayOffset.json holds, and the answer of GET_ALL_DELAY_OFFSET. */
  serializeWrapper(): DelayOffsetSerializeWrapper {
    return { dataVersion: this.#dataVersion, offsetTable: this.#offsets };
  }

  /** Reads the file, if there is one; 4.9 writes no dataVersion. Throws when it cannot be read. */
  load(): void {
    const text = this.#options.file?.load();
    if (text === undefined) return;
    const { dataVersion, offsetTable } = decodeDelayOffsetSerializeWrapper(Buffer.from(text));
    if (dataVersion !== undefined) this.#dataVersion = dataVersion;
    for (const [level, offset] of offsetTable) this.#offsets.set(level, offset);
  }

  /**
   * Writes the file if an offset moved since it was written last, after what was delivered up to there is on disk: a power
   * cut must not leave an offset without its messages. Rejects with DiskError.
   */
  async persist(): Promise<void> {
    if (!this.#isDirty || this.#options.file === undefined) return;
    const text = stringifyFastjson(this.serializeWrapper(), { pretty: true });
    this.#isDirty = false;
    try {
      await this.#options.store.flushLog();
      this.#options.file.persist(text);
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }

  /** The rows `scheduleMessageOffset_<level>` of the runtime info: delivered offset and end of the queue. */
  runtimeInfo(): Record<string, string> {
    const rows: Record<string, string> = {};
    for (const [level, offset] of this.#offsets) {
      const max = this.#options.store.maxOffsetInQueue(SystemTopic.SCHEDULE, queueIdOfLevel(level));
      rows[`scheduleMessageOffset_${level}`] = `${offset},${max}`;
    }
    return rows;
  }

  start(): void {
    if (this.#status !== 'new') return;
    this.#status = 'started';
    // Levels that were configured before: what waits there was acknowledged.
    for (const queueId of this.#options.store.queueIds(SystemTopic.SCHEDULE)) {
      const level = levelOfQueueId(queueId);
      if (!this.#states.has(level)) this.#addLevel(level);
    }
    for (const state of this.#states.values()) {
      const marked = this.#options.marks?.levelOffset(state.level) ?? 0;
      if (marked > this.#offsetOf(state)) this.#setOffset(state, marked);
      this.#correctOffset(state);
      this.#runLater(state, 0);
    }
  }

  /** Waits for the deliveries in progress; starts no more. */
  async close(): Promise<void> {
    this.#status = 'closed';
    const states = [...this.#states.values()];
    for (const state of states) state.timer?.cancel();
    await Promise.all(states.map((state) => state.running));
  }

  /** A message became visible in the delay topic. */
  notifyArrival(queueId: number): void {
    const state = this.#states.get(levelOfQueueId(queueId));
    if (state === undefined || this.#status !== 'started') return;
    if (state.running !== undefined) state.arrived = true;
    else if (state.timer === undefined) this.#runLater(state, this.levels.deliverTimestamp(state.level, 0));
  }

  #addLevel(level: number): void {
    this.#states.set(level, {
      level,
      queueId: queueIdOfLevel(level),
      timer: undefined,
      running: undefined,
      arrived: false,
      lookAt: LEAST_ENTRIES,
      setBackMs: 0,
      ahead: new Set<number>(),
    });
  }

  /** The stored offset may lie outside of what the queue still holds (expired, or another store's file). */
  #correctOffset(state: LevelState): void {
    const { store } = this.#options;
    const min = store.minOffsetInQueue(SystemTopic.SCHEDULE, state.queueId);
    const max = store.maxOffsetInQueue(SystemTopic.SCHEDULE, state.queueId);
    const { level } = state;
    const offset = this.#offsetOf(state);
    const corrected = Math.max(min, Math.min(offset, max));
    if (corrected === offset) return;
    this.#options.logger.warn('delay offset corrected', { level, offset, corrected });
    this.#setOffset(state, corrected);
  }

  #runLater(state: LevelState, delayMs: number): void {
    state.timer?.cancel();
    state.timer = this.#options.clock.setTimeout(
      () => {
        state.timer = undefined;
        state.running = this.#run(state);
      },
      Math.min(delayMs, MAX_SLEEP_MS),
    );
  }

  /** Delivers what is due, then sleeps until the next message is, or until an arrival when there is none. */
  async #run(state: LevelState): Promise<void> {
    let pauseMs: number | undefined;
    state.arrived = false;
    try {
      do pauseMs = await this.#deliverDue(state);
      while (pauseMs === 0 && this.#status === 'started');
    } catch (error) {
      this.#options.logger.error('delayed delivery failed', {
        level: state.level,
        offset: this.#offsetOf(state),
        error,
      });
      pauseMs = FAILURE_PAUSE_MS;
    }
    state.running = undefined;
    if (this.#status !== 'started') return;
    if (pauseMs === undefined && state.arrived) pauseMs = 0;
    if (pauseMs !== undefined) this.#runLater(state, pauseMs);
  }

  /** Time until the next message of the level is due; undefined when the level is empty, 0 to go on at once. */
  async #deliverDue(state: LevelState): Promise<number | undefined> {
    const { store, clock } = this.#options;
    const max = store.maxOffsetInQueue(SystemTopic.SCHEDULE, state.queueId);
    const offset = this.#offsetOf(state);
    if (offset >= max) return undefined;
    const entries = await store.consumeQueueEntries(
      SystemTopic.SCHEDULE,
      state.queueId,
      offset,
      state.lookAt,
    );
    if (entries.length === 0) {
      this.#correctOffset(state);
      return RETRY_MS;
    }
    const now = clock.now();
    const due: ConsumeQueueEntry[] = [];
    let pauseMs = 0;
    for (const entry of entries) {
      const isBeyond = entry.tagsCode > this.#latestDueTime(state, now);
      if (!isBeyond) state.setBackMs = 0;
      const dueMs = isBeyond ? await this.#dueTimeBeyond(state, entry, now) : entry.tagsCode;
      pauseMs = dueMs - now;
      if (pauseMs > 0) break;
      due.push(entry);
    }
    state.lookAt = Math.max(LEAST_ENTRIES, Math.min(2 * due.length, BATCH_ENTRIES));
    if (due.length > 0 && !(await this.#deliverAll(state, due))) return RETRY_MS;
    if (due.length === entries.length) return 0;
    return due.length === 0 ? pauseMs : Math.max(pauseMs, GATHER_MS);
  }

  /** No message that was stored by now is due later, unless its level was longer then; a level that is no more has no bound. */
  #latestDueTime({ level }: LevelState, now: number): number {
    return level > this.levels.maxLevel ? Infinity : this.levels.deliverTimestamp(level, now);
  }

  /**
   * Due time of an entry that is beyond the level's own delay, as soon as that is over: the level was longer, or the wall clock
   * was set back, and the delay then counts anew. Upstream delivers both at once. A record that is gone is due now.
   */
  async #dueTimeBeyond(state: LevelState, entry: ConsumeQueueEntry, now: number): Promise<number> {
    const { level, queueId } = state;
    const { store } = this.#options;
    const storedMs = await store.storeTimestampOf(SystemTopic.SCHEDULE, queueId, entry.queueOffset);
    if (storedMs < 0) return now;
    if (storedMs <= now) return this.levels.deliverTimestamp(level, storedMs);
    state.setBackMs = Math.max(state.setBackMs, storedMs - now);
    return this.levels.deliverTimestamp(level, storedMs - state.setBackMs);
  }

  /** Appends all in order and moves the offset over those that were stored. False when one was not. */
  async #deliverAll(state: LevelState, due: readonly ConsumeQueueEntry[]): Promise<boolean> {
    const { ahead, level } = state;
    const places = ahead.size === 0 ? due : due.filter(({ queueOffset }) => !ahead.has(queueOffset));
    const outcomes = await this.#redelivery.deliver(places, (_, record, message) =>
      this.#route(record, message),
    );
    const refused = outcomes.findIndex((status) => status !== undefined && !isStored(status));
    const end = due[due.length - 1]!.queueOffset + 1;
    if (refused < 0) {
      ahead.clear();
      this.#advance(state, end, places.length);
      return true;
    }
    // What was stored behind a refused one is not stored again with it.
    outcomes.forEach((status, index) => {
      if (status === undefined || isStored(status)) ahead.add(places[index]!.queueOffset);
    });
    const offset = places[refused]!.queueOffset;
    const status = outcomes[refused];
    this.#options.logger.warn('delayed message not delivered', { level, offset, status });
    for (const delivered of ahead) if (delivered < offset) ahead.delete(delivered);
    if (offset > this.#offsetOf(state)) this.#advance(state, offset, refused);
    return false;
  }

  #offsetOf({ level }: LevelState): number {
    return this.#offsets.get(level) ?? 0;
  }

  #setOffset(state: LevelState, offset: number): void {
    this.#offsets.set(state.level, offset);
    this.#isDirty = true;
  }

  #advance(state: LevelState, offset: number, deliveries: number): void {
    const { updateVersionStep, clock, marks } = this.#options;
    this.#setOffset(state, offset);
    marks?.markLevel(state.level, offset);
    const step = updateVersionStep?.() ?? 200;
    const before = Math.floor(this.#deliveries / step);
    this.#deliveries += deliveries;
    for (let n = before; n < Math.floor(this.#deliveries / step); n++)
      this.#dataVersion = nextDataVersion(this.#dataVersion, clock.now());
  }

  /**
   * Sends a record to its real topic; false: it can never be delivered. The properties keep DELAY, REAL_TOPIC and
   * REAL_QID, as the records of Apache's broker do.
   */
  #route(record: StoredRecord | undefined, message: AppendMessage): boolean {
    const { logger } = this.#options;
    const topic = record?.realTopic;
    const queueId = record?.realQueueId ?? -1;
    if (record === undefined || topic === undefined || queueId < 0) {
      logger.warn('delayed message skipped: its record or its real topic is gone', { topic, queueId });
      return false;
    }
    if (topic === SystemTopic.TRANS_HALF) {
      const uniqKey = record.properties.text(PropertySlot.UNIQ_KEY);
      logger.error('delayed message discarded: its topic is the half topic', { uniqKey });
      return false;
    }
    record.copyTo(message, topic, queueId);
    return true;
  }
}
