// Looks through the half messages that nobody has decided and asks their producers (upstream:
// TransactionalMessageCheckService, TransactionalMessageServiceImpl#check).
//
// A round goes from the queue's progress to the end the queue had when it began. A message that is asked about is appended
// again at the end, so the progress moves past it. It is told to the consumer offsets, from where it reaches the disk, only
// once the log is synced behind the new copies: a power cut must not leave a progress without them.
import { type Clock, type Logger, RepeatingTask } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import { SystemGroup, SystemTopic } from '@mq/remoting/protocol';
import type { AppendMessage, ConsumeQueueEntry, MessageStore, PutResult } from '@mq/store';

import type { ProducerManager } from '../client/producer-manager.js';
import type { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import type { BrokerToClient } from '../out-api/broker-to-client.js';
import { isStored } from '../processor/send/put-status.js';
import { appendAgain } from '../schedule/stored-message.js';
import { checkRequest } from './check-request.js';
import { type CheckLimits, checkStep, checkTimesOf } from './check-step.js';
import {
  HALF_QUEUE_ID,
  HALF_TOPIC,
  halfAgain,
  type HalfMessage,
  readHalfMessage,
  storedProperties,
} from './half-message.js';
import type { TransactionState } from './transaction-state.js';

/** Half messages that are read, appended and asked about together. */
const CHUNK_MESSAGES = 64;
const CHUNK_BYTES = 1024 * 1024;
/** Longest time of one round (upstream: MAX_PROCESS_TIME_LIMIT). */
const ROUND_LIMIT_MS = 60_000;

/** Who commits the progress, in logs. */
const COMMITTER = 'transaction check';

export interface TransactionCheckDeps {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly brokerName: string;
  readonly storeHost: () => Buffer;
  readonly consumerOffsets: Pick<ConsumerOffsetManager, 'commit'>;
  readonly producers: Pick<ProducerManager, 'availableChannel'>;
  readonly toClient: Pick<BrokerToClient, 'oneway'>;
  readonly limits: () => CheckLimits;
  /** Setting transactionCheckInterval, ms. */
  readonly intervalMs: () => number;
  /** Resolves true when checks may be made: this broker is a master and knows its transactions. */
  readonly isReady: () => Promise<boolean>;
  /** Makes sure that TRANS_CHECK_MAX_TIME_TOPIC exists. */
  readonly createGiveUpTopic: () => void;
}

/** A progress that may be told once the log is synced up to `logOffset`. */
interface PendingProgress {
  readonly halfProgress: number;
  readonly logOffset: number;
}

export class TransactionCheckService {
  readonly #state: TransactionState;
  readonly #deps: TransactionCheckDeps;
  readonly #task: RepeatingTask;
  #isClosed = false;
  /** Groups that nobody of was online in this round; each is logged once. */
  readonly #offlineGroups = new Set<string>();
  #pending: PendingProgress | undefined;
  #published = -1;

  constructor(state: TransactionState, deps: TransactionCheckDeps) {
    this.#state = state;
    this.#deps = deps;
    const { clock, logger } = deps;
    this.#task = new RepeatingTask('check of transactions', () => this.#check(), deps.intervalMs, {
      clock,
      logger,
      failureLevel: 'error',
    });
  }

  start(): void {
    this.#task.start();
  }

  /** Begins no more chunks; resolves when the one in progress is done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#task.close();
  }

  /** Tells the progress if the log is synced that far. */
  publishProgress(): void {
    const pending = this.#pending;
    const { store, consumerOffsets } = this.#deps;
    if (pending === undefined || store.flushedWhere < pending.logOffset) return;
    this.#pending = undefined;
    if (pending.halfProgress === this.#published) return;
    this.#published = pending.halfProgress;
    const opProgress = this.#state.ops.progressFor(pending.halfProgress);
    for (const [topic, offset] of [
      [HALF_TOPIC, pending.halfProgress],
      [SystemTopic.TRANS_OP_HALF, opProgress],
    ] as const) {
      consumerOffsets.commit(COMMITTER, SystemGroup.SYS_RMQ_TRANS, topic, HALF_QUEUE_ID, offset);
    }
  }

  async #check(): Promise<void> {
    if (!(await this.#deps.isReady())) return;
    this.publishProgress();
    this.#offlineGroups.clear();
    const { store, clock } = this.#deps;
    const { ledger } = this.#state;
    const endMs = clock.monotonic() + ROUND_LIMIT_MS;
    const end = store.maxOffsetInQueue(HALF_TOPIC, HALF_QUEUE_ID);
    while (!this.#isClosed && ledger.progress < end && clock.monotonic() < endMs) {
      if (!(await this.#checkChunk(end))) break;
    }
    this.#pending = { halfProgress: ledger.progress, logOffset: store.maxPhyOffset };
    this.publishProgress();
  }

  /** Moves the progress over the next messages; false when it may not move further in this round. */
  async #checkChunk(end: number): Promise<boolean> {
    const { ledger } = this.#state;
    const { store, logger } = this.#deps;
    let from = ledger.progress;
    while (from < end && ledger.isDecided(from)) from++;
    ledger.advanceTo(from);
    if (from >= end) return false;
    const entries = bounded(
      await store.consumeQueueEntries(HALF_TOPIC, HALF_QUEUE_ID, from, Math.min(CHUNK_MESSAGES, end - from)),
    );
    if (entries.length === 0) {
      const min = store.minOffsetInQueue(HALF_TOPIC, HALF_QUEUE_ID);
      if (min <= from) return false;
      logger.warn('half messages expired before they ended', { from, min });
      ledger.advanceTo(min);
      return true;
    }
    const halves = await Promise.all(entries.map((entry) => this.#read(entry)));
    const moves: Promise<boolean>[] = [];
    for (const half of halves) {
      const move = half === undefined ? SETTLED : this.#treat(half);
      if (move === undefined) break;
      moves.push(move);
    }
    const moved = await Promise.all(moves);
    const failed = moved.indexOf(false);
    const settled = failed < 0 ? moved.length : failed;
    ledger.advanceTo(from + settled);
    return settled === entries.length;
  }

  /** Undefined for what needs no look: decided, or its record is gone. */
  async #read({ queueOffset, commitLogOffset }: ConsumeQueueEntry): Promise<HalfMessage | undefined> {
    if (this.#state.ledger.isDecided(queueOffset)) return undefined;
    const record = await this.#deps.store.recordAt(commitLogOffset);
    const half = record === undefined ? undefined : readHalfMessage(record);
    if (half === undefined) {
      this.#deps.logger.warn('half message skipped: its record is gone, or has no target', { queueOffset });
    }
    return half;
  }

  /** Resolves true when the message is settled at its place; undefined: it, and what is behind it, has time. */
  #treat(half: HalfMessage): Promise<boolean> | undefined {
    const { ledger, ending } = this.#state;
    if (ledger.waitingAt(half.origin, half.queueOffset) !== half.queueOffset) return SETTLED;
    if (ending.has(half.origin)) return undefined;
    const { clock, limits, storeHost } = this.#deps;
    const step = checkStep(half, clock.now(), limits());
    switch (step) {
      case 'later':
        return undefined;
      case 'give-up':
        return this.#moving(half, this.#giveUp(half));
      case 'immune':
        return this.#moving(half, this.#appendAgain(half, halfAgain(half, storeHost(), {})));
      case 'check':
        return this.#moving(half, this.#ask(half));
    }
  }

  #moving(half: HalfMessage, move: Promise<boolean>): Promise<boolean> {
    const { moving } = this.#state;
    moving.set(half.origin, move);
    return move.finally(() => moving.delete(half.origin));
  }

  async #ask(half: HalfMessage): Promise<boolean> {
    const { storeHost, producers, toClient, brokerName, logger } = this.#deps;
    const copy = halfAgain(half, storeHost(), { checkTimes: checkTimesOf(half) + 1 });
    let stored: PutResult | undefined;
    const isMoved = await this.#appendAgain(half, copy, (result) => (stored = result));
    if (!isMoved || stored === undefined) return false;
    const group = half.properties[MessageConst.PRODUCER_GROUP] ?? '';
    const producer = producers.availableChannel(group);
    if (producer === undefined) {
      if (!this.#offlineGroups.has(group)) {
        logger.warn('transactions not checked: no producer of their group is online', { group });
      }
      this.#offlineGroups.add(group);
    } else toClient.oneway(producer.connection, checkRequest(half, copy, stored, brokerName));
    return true;
  }

  /** Stores a new copy; the transaction waits there from then on. */
  async #appendAgain(
    half: HalfMessage,
    copy: AppendMessage,
    onStored?: (result: PutResult) => void,
  ): Promise<boolean> {
    const result = await this.#put(half, copy);
    if (result === undefined) return false;
    this.#state.ledger.move(half.origin, half.queueOffset, result.queueOffset);
    onStored?.(result);
    return true;
  }

  /** To TRANS_CHECK_MAX_TIME_TOPIC, where an operator finds it (upstream: resolveDiscardMsg). */
  async #giveUp(half: HalfMessage): Promise<boolean> {
    this.#deps.createGiveUpTopic();
    const result = await this.#put(half, {
      ...appendAgain(half, {
        topic: SystemTopic.TRANS_CHECK_MAX_TIME,
        queueId: 0,
        storeHost: this.#deps.storeHost(),
        properties: storedProperties(half),
      }),
      waitStoreMsgOk: true,
    });
    if (result === undefined) return false;
    this.#state.ledger.giveUp(half.origin, half.queueOffset);
    this.#state.metrics.add(half.realTopic, -1);
    this.#deps.logger.error('transaction given up: checked too often, or too old', {
      topic: half.realTopic,
      uniqKey: half.properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX],
      checks: checkTimesOf(half),
    });
    return true;
  }

  /** Undefined, and a warning, when the message is not stored; the next round tries again. */
  async #put(half: HalfMessage, message: AppendMessage): Promise<PutResult | undefined> {
    const result = await this.#deps.store.put(message);
    if (isStored(result.status)) return result;
    this.#deps.logger.warn('half message not moved', {
      topic: half.realTopic,
      status: result.status,
      remark: result.remark,
    });
    return undefined;
  }
}

const SETTLED = Promise.resolve(true);

/** As many as a chunk may hold, at least one. */
function bounded(entries: readonly ConsumeQueueEntry[]): readonly ConsumeQueueEntry[] {
  let bytes = 0;
  const over = entries.findIndex(({ sizeBytes }, index) => {
    bytes += sizeBytes;
    return index > 0 && bytes > CHUNK_BYTES;
  });
  return over < 0 ? entries : entries.slice(0, over);
}
