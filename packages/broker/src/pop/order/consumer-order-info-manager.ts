import type { Clock, Logger, Timer } from '@mq/remoting';
import {
  type ConsumerOrderInfo,
  decodeConsumerOrderInfo,
  encodeConsumerOrderInfo,
  messageOrderCountEntry,
  popRetryFlag,
  queueOrderCountEntry,
} from '@mq/remoting/protocol';

import type { ConfigText } from '../../config/config-text.js';
import { acked, blockedUntil, consumedCounts, nextOffset, offsetsOf, toOffsetList } from './order-info.js';

/** State of a queue nobody popped for so long is dropped (upstream: CLEAN_SPAN_FROM_LAST). */
const FORGET_AFTER_MS = 24 * 3_600_000;

export interface ConsumerOrderInfoOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `config/consumerOrderInfo.json`; memory only when absent. */
  readonly file?: ConfigText;
  /** Whether topic and group are still there, and have such a queue. */
  readonly isWanted: (topic: string, group: string, queueId: number) => boolean;
  /** Messages popped in order are visible again. */
  readonly onUnblocked: (topic: string, group: string, queueId: number) => void;
}

/**
 * Which messages a group popped in order and did not acknowledge yet: until all are, or their time is over, nobody of the
 * group gets messages of that queue (upstream: ConsumerOrderInfoManager and ConsumerOrderInfoLockManager).
 */
export class ConsumerOrderInfoManager {
  /** `topic@group` → queueId → state. */
  readonly #table = new Map<string, Map<number, ConsumerOrderInfo>>();
  /** One timer for each queue that is blocked. */
  readonly #unblocks = new Map<string, Timer>();
  readonly #options: ConsumerOrderInfoOptions;
  #isDirty = false;

  constructor(options: ConsumerOrderInfoOptions) {
    this.#options = options;
  }

  /** Reads the file, if there is one. Throws when it cannot be read. */
  load(): void {
    const text = this.#options.file?.load();
    if (text === undefined) return;
    for (const [key, queues] of Object.entries(decodeConsumerOrderInfo(text).table)) {
      this.#table.set(key, queues);
      const [topic, group] = key.split('@');
      if (topic === undefined || group === undefined) continue;
      for (const [queueId, info] of queues) this.#armUnblock(topic, group, queueId, info);
    }
  }

  /** Writes the file if something changed since it was written last. Throws DiskError. */
  persist(): void {
    if (!this.#isDirty || this.#options.file === undefined) return;
    this.#clean();
    const table = Object.fromEntries(this.#table);
    this.#options.file.persist(encodeConsumerOrderInfo({ table }, { pretty: true }).toString());
    this.#isDirty = false;
  }

  close(): void {
    for (const timer of this.#unblocks.values()) timer.cancel();
    this.#unblocks.clear();
  }

  /** True when messages popped before keep the queue from being popped; not for the attempt that popped them. */
  isBlocked(
    attemptId: string | undefined,
    topic: string,
    group: string,
    queueId: number,
    invisibleTime: number,
  ): boolean {
    const info = this.#find(topic, group, queueId);
    if (info === undefined || info.offsetList.length === 0) return false;
    if (info.attemptId !== undefined && info.attemptId === attemptId) return false;
    const now = this.#options.clock.now();
    return blockedUntil(info, info.invisibleTime || invisibleTime, now) > now;
  }

  /**
   * These messages were popped in order. Returns the entries of orderCountInfo: of each message that was delivered before,
   * and of the queue.
   */
  update(
    attemptId: string | undefined,
    topic: string,
    group: string,
    queueId: number,
    popTime: number,
    invisibleTime: number,
    offsets: readonly number[],
  ): string[] {
    const before = this.#find(topic, group, queueId);
    const counts = before === undefined ? undefined : consumedCounts(before, attemptId, offsets);
    const info: ConsumerOrderInfo = {
      attemptId,
      popTime,
      invisibleTime,
      offsetList: toOffsetList(offsets),
      lastConsumeTimestamp: this.#options.clock.now(),
      commitOffsetBit: 0,
      offsetConsumedCount: counts,
    };
    this.#set(topic, group, queueId, info);
    const flag = popRetryFlag(topic);
    const entries: string[] = [];
    for (const [offset, count] of counts ?? [])
      entries.push(messageOrderCountEntry(flag, queueId, offset, count));
    const isPartial = counts === undefined || counts.size !== offsets.length;
    entries.push(queueOrderCountEntry(flag, queueId, isPartial ? 0 : Math.min(...counts.values())));
    return entries;
  }

  /**
   * Acknowledges one message. Returns the group's next offset; -1 when no such message was popped, -2 when the handle is of
   * an earlier pop.
   */
  commitAndNext(topic: string, group: string, queueId: number, queueOffset: number, popTime: number): number {
    const info = this.#find(topic, group, queueId);
    if (info === undefined) return queueOffset + 1;
    if (info.offsetList.length === 0) return -1;
    if (info.popTime !== popTime) return -2;
    const index = offsetsOf(info).indexOf(queueOffset);
    if (index < 0) return -1;
    const after = acked(info, index);
    this.#set(topic, group, queueId, after);
    return nextOffset(after);
  }

  /** The message is visible again at `nextVisibleTime`, wall clock. Does nothing for a handle of an earlier pop. */
  updateNextVisibleTime(
    topic: string,
    group: string,
    queueId: number,
    queueOffset: number,
    popTime: number,
    nextVisibleTime: number,
  ): void {
    const info = this.#find(topic, group, queueId);
    if (info === undefined || info.popTime !== popTime) return;
    const offsetNextVisibleTime = new Map(info.offsetNextVisibleTime).set(queueOffset, nextVisibleTime);
    this.#set(topic, group, queueId, { ...info, offsetNextVisibleTime });
  }

  /** The group's offset was set by an operator. */
  clearBlock(topic: string, group: string, queueId: number): void {
    if (this.#table.get(`${topic}@${group}`)?.delete(queueId) === true) this.#isDirty = true;
  }

  #find(topic: string, group: string, queueId: number): ConsumerOrderInfo | undefined {
    return this.#table.get(`${topic}@${group}`)?.get(queueId);
  }

  #set(topic: string, group: string, queueId: number, info: ConsumerOrderInfo): void {
    const key = `${topic}@${group}`;
    let queues = this.#table.get(key);
    if (queues === undefined) this.#table.set(key, (queues = new Map()));
    queues.set(queueId, info);
    this.#isDirty = true;
    this.#armUnblock(topic, group, queueId, info);
  }

  #armUnblock(topic: string, group: string, queueId: number, info: ConsumerOrderInfo): void {
    const { clock, onUnblocked } = this.#options;
    const key = `${topic}@${group}@${queueId}`;
    this.#unblocks.get(key)?.cancel();
    this.#unblocks.delete(key);
    const now = clock.now();
    const until = blockedUntil(info, info.invisibleTime ?? 0, now);
    if (until <= now) return;
    const timer = clock.setTimeout(() => {
      this.#unblocks.delete(key);
      onUnblocked(topic, group, queueId);
    }, until - now);
    timer.unref?.();
    this.#unblocks.set(key, timer);
  }

  #clean(): void {
    const oldest = this.#options.clock.now() - FORGET_AFTER_MS;
    for (const [key, queues] of this.#table) {
      const [topic, group, ...more] = key.split('@');
      if (topic === undefined || group === undefined || more.length > 0) continue;
      for (const [queueId, info] of queues) {
        const isOld = info.lastConsumeTimestamp < oldest;
        if (isOld || !this.#options.isWanted(topic, group, queueId)) queues.delete(queueId);
      }
      if (queues.size === 0) this.#table.delete(key);
    }
  }
}
