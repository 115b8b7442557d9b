// A message with a delay level is stored in the delay topic first: queue = level - 1, its true target in REAL_TOPIC and
// REAL_QID (upstream: HookUtils#transformDelayLevelMessage).
import { MessageConst, transactionType, SysFlag, encodeProperties } from '@mq/remoting/message';
import { SystemTopic } from '@mq/remoting/protocol';
import type { AppendMessage, DelayLevels } from '@mq/store';

/** Upstream: ScheduleMessageService#delayLevel2QueueId and back. */
export const queueIdOfLevel = (level: number): number => level - 1;
export const levelOfQueueId = (queueId: number): number => queueId + 1;

/** Only ordinary and committed messages are delayed; half and rollback records are stored as they are. */
export function mayBeDelayed(sysFlag: number): boolean {
  const type = transactionType(sysFlag);
  return type === SysFlag.TRANSACTION_NOT || type === SysFlag.TRANSACTION_COMMIT;
}

/**
 * Turns `message`, whose properties are `properties`, into its delayed form. Changes both.
 * `level` must be above 0; above the highest it counts as the highest. The store computes the delivery time, which the
 * queue entry holds in place of the tags code, from the record's own store time.
 */
export function delayMessage(
  message: AppendMessage,
  properties: Record<string, string>,
  level: number,
  levels: DelayLevels,
): void {
  const clamped = Math.min(level, levels.maxLevel);
  properties[MessageConst.DELAY_TIME_LEVEL] = String(clamped);
  properties[MessageConst.REAL_TOPIC] = message.topic;
  properties[MessageConst.REAL_QUEUE_ID] = String(message.queueId);
  message.properties = Buffer.from(encodeProperties(properties));
  message.topic = SystemTopic.SCHEDULE;
  message.queueId = queueIdOfLevel(clamped);
}
