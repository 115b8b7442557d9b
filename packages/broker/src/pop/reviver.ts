// Delivers popped messages again whose time is over (upstream: PopReviveService#reviveMsgFromCk and #reviveRetry): each one
// becomes a message of the group's retry topic, or of its dead letter topic once it was delivered often enough.
//
// A deliberate difference: upstream has no dead letters here; there a message that fails for ever is acknowledged by the
// Java client in the end, that is, lost.
import type { Clock, Logger } from '@mq/remoting';
import { encodeProperties, MessageConst, recordQueueOffset, recordSize } from '@mq/remoting/message';
import { isRetryTopic, normalTopic, PermName, popRetryTopicV1, popRetryTopicV2 } from '@mq/remoting/protocol';
import type { AppendMessage, MessageStore } from '@mq/store';

import type { ConsumerOffsetManager } from '../offset/consumer-offset-manager.js';
import { isStored } from '../processor/send/put-status.js';
import { appendAgain, readStoredMessage, type StoredMessage } from '../schedule/stored-message.js';
import type { BrokerSettings } from '../settings.js';
import type { BrokerStatsManager } from '../stats/broker-stats-manager.js';
import type { SubscriptionGroupManager } from '../subscription/subscription-group-manager.js';
import type { TopicConfigManager } from '../topic/topic-config-manager.js';
import { CheckPoint } from './check-point.js';
import type { CheckPoints } from './check-points.js';
import { REVIVE_GROUP } from './revive-log.js';

/** Checkpoints revived at a time; further ones wait. */
const MAX_AT_A_TIME = 32;
/** Queues of a pop retry topic (upstream: PopAckConstants.retryQueueNum). */
const RETRY_QUEUES = 1;
/** Upstream: PopReviveService.ckRewriteIntervalsInSeconds. */
const PUT_OFF_SECONDS = [10, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];

export interface ReviverDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: { readonly broker: BrokerSettings };
  readonly store: MessageStore;
  readonly storeHost: Buffer;
  readonly topicConfig: TopicConfigManager;
  readonly subscriptionGroups: SubscriptionGroupManager;
  readonly consumerOffsets: ConsumerOffsetManager;
  readonly stats: BrokerStatsManager;
  readonly checkPoints: () => CheckPoints;
  /** The dead letter topic of a group, created on first use. */
  readonly deadLetterTopicOf: (group: string) => { readonly topic: string; readonly queueId: number };
  /** Messages of `topic`, as consumers name it, can be popped by the group again. */
  readonly onRevived: (topic: string, group: string) => void;
}

export class Reviver {
  readonly #deps: ReviverDeps;
  readonly #waiting: CheckPoint[] = [];
  readonly #running = new Set<Promise<void>>();
  #state: 'new' | 'started' | 'closed' = 'new';
  /** Messages delivered again by this run of the broker. */
  revivedMessages = 0;

  constructor(deps: ReviverDeps) {
    this.#deps = deps;
  }

  /** Revives from now on; what was added before had to wait. May be called again. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.#runMore();
  }

  /** The time of what is not acknowledged is over. */
  add(checkPoint: CheckPoint): void {
    this.#waiting.push(checkPoint);
    this.#runMore();
  }

  /** Waits for those under way; the others are in the revive log. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await Promise.all(this.#running);
  }

  #runMore(): void {
    while (this.#state === 'started' && this.#running.size < MAX_AT_A_TIME) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const run = this.#revive(next).catch((error: unknown) => {
        const { topic, group, queueId } = next.queue;
        this.#deps.logger.error('revival of popped messages failed', { topic, group, queueId, error });
        this.#putOff(next, next.offsetsOf(~next.bits));
      });
      this.#running.add(run);
      void run.finally(() => {
        this.#running.delete(run);
        this.#runMore();
      });
    }
  }

  async #revive(checkPoint: CheckPoint): Promise<void> {
    const { topic, group } = checkPoint.queue;
    const original = normalTopic(topic, group);
    const config = this.#deps.subscriptionGroups.find(group);
    if (this.#deps.topicConfig.select(original) === undefined || config === undefined) {
      this.#deps.logger.warn('popped messages are forgotten: their topic or group is gone', { topic, group });
      this.#deps.checkPoints().finish(checkPoint);
      return;
    }
    const failed: number[] = [];
    const puts: Promise<void>[] = [];
    await this.#read(checkPoint, checkPoint.offsetsOf(~checkPoint.bits), (offset, stored) => {
      // Acknowledged while it was read.
      if (checkPoint.isAckedAt(offset)) return;
      puts.push(
        this.#deliverAgain(checkPoint, stored, config.retryMaxTimes).then((isDone) => {
          if (!isDone) failed.push(offset);
        }),
      );
    });
    await Promise.all(puts);
    this.revivedMessages += puts.length - failed.length;
    this.#end(checkPoint, failed);
    if (puts.length > failed.length) this.#deps.onRevived(original, group);
  }

  /** Gives the messages at `offsets`, ascending; those that are gone from the store are passed over. */
  async #read(
    { queue: { topic, group, queueId } }: CheckPoint,
    offsets: readonly number[],
    take: (offset: number, stored: StoredMessage) => void,
  ): Promise<void> {
    const { store, logger } = this.#deps;
    for (let at = 0; at < offsets.length;) {
      const offset = offsets[at] as number;
      const maxMsgNums = Math.min((offsets.at(-1) as number) - offset + 1, 32);
      const result = await store.getMessage({ group: REVIVE_GROUP, topic, queueId, offset, maxMsgNums });
      try {
        for (const buffer of result.buffers) {
          for (let start = 0; start < buffer.length; start += recordSize(buffer, start)) {
            const found = recordQueueOffset(buffer, start);
            while (at < offsets.length && (offsets[at] as number) < found) at++;
            if (offsets[at] !== found) continue;
            const stored = readStoredMessage(buffer.subarray(start, start + recordSize(buffer, start)));
            if (stored !== undefined) take(found, stored);
            at++;
          }
        }
      } finally {
        result.release();
      }
      if (offsets[at] !== offset) continue;
      logger.warn('a popped message is gone from the store', {
        topic,
        group,
        queueId,
        offset,
        status: result.status,
      });
      at++;
    }
  }

  /** True when the message is stored. Appends before it first waits. */
  async #deliverAgain(
    checkPoint: CheckPoint,
    stored: StoredMessage,
    retryMaxTimes: number,
  ): Promise<boolean> {
    const { store, stats, logger } = this.#deps;
    const { topic, group } = checkPoint.queue;
    const isDeadLetter = stored.reconsumeTimes >= retryMaxTimes;
    const message = this.#messageOf(checkPoint, stored, isDeadLetter);
    const result = await store.put(message);
    if (!isStored(result.status)) {
      logger.error('a popped message could not be delivered again', { topic, group, status: result.status });
      return false;
    }
    stats.recordPut(message.topic, message.queueId, 1, result.sizeBytes);
    if (isDeadLetter) {
      stats.recordDeadLetter(group, normalTopic(topic, group));
      logger.info('message became a dead letter', { group, topic, reconsumeTimes: stored.reconsumeTimes });
    }
    return true;
  }

  #messageOf(checkPoint: CheckPoint, stored: StoredMessage, isDeadLetter: boolean): AppendMessage {
    const { topic, group } = checkPoint.queue;
    const properties = { ...stored.properties };
    if (stored.reconsumeTimes === 0 || properties[MessageConst.FIRST_POP_TIME] === undefined) {
      properties[MessageConst.FIRST_POP_TIME] = String(checkPoint.popTime);
    }
    if (isDeadLetter) properties[MessageConst.RETRY_TOPIC] ??= normalTopic(topic, group);
    const target = isDeadLetter
      ? this.#deps.deadLetterTopicOf(group)
      : { topic: this.#retryTopicOf(topic, group), queueId: 0 };
    const message = appendAgain(stored, {
      ...target,
      storeHost: this.#deps.storeHost,
      properties: Buffer.from(encodeProperties(properties)),
    });
    message.reconsumeTimes = stored.reconsumeTimes + 1;
    message.waitStoreMsgOk = true;
    return message;
  }

  #retryTopicOf(topic: string, group: string): string {
    const { topicConfig, consumerOffsets, settings } = this.#deps;
    const { enableRetryTopicV2 } = settings.broker;
    const retry = isRetryTopic(topic)
      ? topic
      : enableRetryTopicV2
        ? popRetryTopicV2(topic, group)
        : popRetryTopicV1(topic, group);
    if (topicConfig.select(retry) === undefined) {
      topicConfig.createInSendBackMethod(retry, RETRY_QUEUES, PermName.PERM_READ | PermName.PERM_WRITE, 0);
      if (consumerOffsets.query(group, retry, 0) < 0) consumerOffsets.commit('pop retry', group, retry, 0, 0);
    }
    return retry;
  }

  /** What was stored again counts as acknowledged, also after a restart; the rest is tried again later. */
  #end(checkPoint: CheckPoint, failed: readonly number[]): void {
    if (failed.length > 0) this.#putOff(checkPoint, failed);
    else this.#acknowledge(checkPoint);
  }

  #acknowledge(checkPoint: CheckPoint): void {
    const checkPoints = this.#deps.checkPoints();
    const rest = checkPoint.offsetsOf(~checkPoint.bits);
    checkPoints.ack(checkPoint.queue, checkPoint, rest, { onAcked: () => checkPoints.finish(checkPoint) });
  }

  /** New checkpoints for the messages that failed, due later each time; the old one is done when they are in the log. */
  #putOff(checkPoint: CheckPoint, failed: readonly number[]): void {
    const { queue, popTime, reviveQueueId, brokerName, rePutTimes } = checkPoint;
    const { clock, settings, logger } = this.#deps;
    const checkPoints = this.#deps.checkPoints();
    const facts = { topic: queue.topic, group: queue.group, queueId: queue.queueId, rePutTimes };
    const isLast = rePutTimes >= PUT_OFF_SECONDS.length;
    if (isLast && settings.broker.skipWhenCKRePutReachMaxTimes) {
      logger.error('popped messages are given up', facts);
      checkPoints.finish(checkPoint);
      return;
    }
    const seconds = PUT_OFF_SECONDS[Math.min(rePutTimes, PUT_OFF_SECONDS.length - 1)] as number;
    const dueAtMs = Math.max(clock.now(), checkPoint.reviveTime) + seconds * 1_000;
    logger.warn('revival of popped messages is put off', { ...facts, seconds, messages: failed.length });
    let open = failed.length;
    let isSafe = true;
    for (const offset of failed) {
      const next = new CheckPoint(
        queue,
        offset,
        popTime,
        dueAtMs - popTime,
        reviveQueueId,
        [offset],
        brokerName,
      );
      next.rePutTimes = rePutTimes + 1;
      checkPoints.openAgain(next, (isLogged) => {
        isSafe &&= isLogged;
        if (--open > 0) return;
        if (isSafe) this.#acknowledge(checkPoint);
        else checkPoints.retryLater(checkPoint, seconds * 1_000);
      });
    }
  }
}
