// What a broker knows of its transactions after a start: read from the half queue, the op queue and the log, since the last
// moments before a crash left no other trace. Reads what Apache's brokers wrote as well.
//
//   op queue        [opProgress, max): which half messages have ended
//   half queue      [halfProgress, max): which are copies of the same transaction; the newest one waits
//   log             from the last op message's mark on: commits that no op message tells of
import type { Logger } from '@mq/remoting';
import { MessageConst } from '@mq/remoting/message';
import { SystemGroup, SystemTopic } from '@mq/remoting/protocol';
import type { ConsumeQueueEntry, MessageStore } from '@mq/store';

import type { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import { readStoredMessage } from '../schedule/stored-message.js';
import { HALF_QUEUE_ID, HALF_TOPIC, readHalfMessage, wholeNumber } from './half-message.js';
import type { HalfLedger } from './half-ledger.js';
import { visitCommits } from './log-commits.js';
import { COMMITS_RECORDED_BELOW, type OpBatch } from './op-batch.js';
import { OP_TAG, readOpBody } from './op-body.js';

const READ_ENTRIES = 64;

export interface RecoveryDeps {
  readonly store: MessageStore;
  readonly consumerOffsets: Pick<ConsumerOffsetManager, 'query'>;
  readonly ledger: HalfLedger;
  readonly ops: OpBatch;
  readonly logger: Logger;
}

/** A half message that no op message tells of. */
interface Undecided {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly origin: number;
}

/** Brings ledger and op batch to where the store is. Nothing may be decided meanwhile. @throws DiskError */
export async function recoverTransactions(deps: RecoveryDeps): Promise<void> {
  const { ledger, ops, logger } = deps;
  ledger.reset(startOf(deps, HALF_TOPIC));
  ops.reset(startOf(deps, SystemTopic.TRANS_OP_HALF));
  const { endedBelow, recordedBelow } = await readOps(deps);
  const undecided = await readHalves(deps, endedBelow);
  if (undecided.length > 0) await readLog(deps, undecided, recordedBelow);
  const waiting = undecided.filter(({ queueOffset }) => !ledger.isDecided(queueOffset)).length;
  logger.info('transactions recovered', { halfProgress: ledger.progress, waiting });
}

/** The group's progress, within what the queue holds (upstream: fetchConsumeOffset). */
function startOf({ store, consumerOffsets }: RecoveryDeps, topic: string): number {
  const stored = consumerOffsets.query(SystemGroup.SYS_RMQ_TRANS, topic, HALF_QUEUE_ID);
  const min = store.minOffsetInQueue(topic, HALF_QUEUE_ID);
  return Math.max(min, Math.min(stored, store.maxOffsetInQueue(topic, HALF_QUEUE_ID)));
}

interface OpsRead {
  /** Ended half messages below the progress: op messages of transactions that have been moved since. */
  readonly endedBelow: ReadonlySet<number>;
  /** The last mark, -1 without one. */
  readonly recordedBelow: number;
}

async function readOps({ store, ledger, ops }: RecoveryDeps): Promise<OpsRead> {
  const endedBelow = new Set<number>();
  let recordedBelow = -1;
  const from = ops.progress;
  await visitQueue(store, SystemTopic.TRANS_OP_HALF, from, (record, { queueOffset }) => {
    const op = readStoredMessage(record);
    const offsets = op?.properties[MessageConst.TAGS] === OP_TAG ? readOpBody(op.body) : [];
    let highest = -1;
    for (const offset of offsets) {
      if (offset > highest) highest = offset;
      if (offset < ledger.progress) endedBelow.add(offset);
      else ledger.decide(offset);
    }
    ops.found(queueOffset, highest);
    recordedBelow = wholeNumber(op?.properties[COMMITS_RECORDED_BELOW]) ?? recordedBelow;
  });
  return { endedBelow, recordedBelow };
}

/**
 * Finds which half messages are copies of one transaction. Decides those that a newer copy replaces, and those of which an
 * other copy has ended; returns the rest.
 */
async function readHalves(
  { store, ledger }: RecoveryDeps,
  endedBelow: ReadonlySet<number>,
): Promise<Undecided[]> {
  const undecided = new Map<number, Undecided>();
  const ended = new Set<number>();
  await visitQueue(store, HALF_TOPIC, ledger.progress, (record, { queueOffset }) => {
    const half = readHalfMessage(record);
    if (half === undefined) return;
    const { origin, commitLogOffset } = half;
    const isCopy = origin !== queueOffset;
    const before = undecided.get(origin);
    // The first copy is decided without having been replaced: an op message told of it.
    const hasFirstEnded = isCopy && before === undefined && ledger.isDecided(origin);
    if (ledger.isDecided(queueOffset) || hasFirstEnded || endedBelow.has(origin) || ended.has(origin)) {
      ledger.decide(queueOffset);
      if (isCopy) ended.add(origin);
      return;
    }
    if (isCopy) ledger.move(origin, before?.queueOffset ?? origin, queueOffset);
    undecided.set(origin, { queueOffset, commitLogOffset, origin });
  });
  for (const origin of ended) {
    const half = undecided.get(origin);
    if (half !== undefined) ledger.end(origin, half.queueOffset);
    undecided.delete(origin);
  }
  return [...undecided.values()];
}

async function readLog(
  { store, ledger, ops, logger }: RecoveryDeps,
  undecided: readonly Undecided[],
  recordedBelow: number,
): Promise<void> {
  const byLogOffset = new Map(undecided.map((half) => [half.commitLogOffset, half]));
  const copies = new Map(
    undecided.filter(({ origin, queueOffset }) => origin !== queueOffset).map((half) => [half.origin, half]),
  );
  const ofOthers: number[] = [];
  const end = (half: Undecided): void => {
    ledger.end(half.origin, half.queueOffset);
    ops.add(half.queueOffset);
  };
  // No commit is older than its half message.
  const oldest = undecided.reduce((least, half) => Math.min(least, half.commitLogOffset), Infinity);
  const from = Math.max(oldest, recordedBelow);
  const to = store.maxPhyOffset;
  const stoppedAt = await visitCommits(store.logStream, from, to, (halfCommitLogOffset) => {
    const half = byLogOffset.get(halfCommitLogOffset);
    if (half !== undefined) end(half);
    else if (copies.size > 0) ofOthers.push(halfCommitLogOffset);
  });
  if (stoppedAt < to) logger.warn('the log could not be searched for commits to its end', { stoppedAt, to });
  // A producer may have committed an older copy of what waits.
  for (const halfCommitLogOffset of ofOthers) {
    const record = await store.recordAt(halfCommitLogOffset);
    const origin = record === undefined ? undefined : readHalfMessage(record)?.origin;
    const half = origin === undefined ? undefined : copies.get(origin);
    if (half !== undefined) end(half);
  }
}

/** Reads a queue from `from` to its end of now; records that are gone are left out. @throws DiskError */
async function visitQueue(
  store: MessageStore,
  topic: string,
  from: number,
  visit: (record: Buffer, entry: ConsumeQueueEntry) => void,
): Promise<void> {
  const end = store.maxOffsetInQueue(topic, HALF_QUEUE_ID);
  let offset = from;
  while (offset < end) {
    const entries = await store.consumeQueueEntries(topic, HALF_QUEUE_ID, offset, READ_ENTRIES);
    const records = await Promise.all(entries.map(({ commitLogOffset }) => store.recordAt(commitLogOffset)));
    for (const [index, entry] of entries.entries()) {
      const record = records[index];
      if (record !== undefined) visit(record, entry);
    }
    const last = entries.at(-1);
    if (last === undefined) return;
    offset = last.queueOffset + 1;
  }
}
