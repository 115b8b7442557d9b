// Where a message goes that is not to be delivered yet (upstream: HookUtils#handleScheduleMessage). One with a delay level
// waits in the delay topic, queue = level - 1; one with a delay or delivery time of its own in the timer topic. Its true
// target stands in REAL_TOPIC and REAL_QID, which are added behind the properties it has: of a repeated name the last value
// counts, for every reader.
import {
  encodeProperty,
  MessageConst,
  type PropertyScanner,
  PropertySlot,
  SysFlag,
  transactionType,
} from '@mq/remoting/message';
import { SystemTopic, TIMER_TOPIC } from '@mq/remoting/protocol';
import {
  type AppendMessage,
  type DelayLevels,
  deliveryTime,
  type MessageStoreSettings,
  type PutStatus,
  type TimerMessageStore,
} from '@mq/store';

/** Upstream: ScheduleMessageService#delayLevel2QueueId and back. */
export const queueIdOfLevel = (level: number): number => level - 1;
export const levelOfQueueId = (queueId: number): number => queueId + 1;

/** Only ordinary and committed messages are delayed; half and rollback records are stored as they are. */
export function mayBeDelayed(sysFlag: number): boolean {
  const type = transactionType(sysFlag);
  return type === SysFlag.TRANSACTION_NOT || type === SysFlag.TRANSACTION_COMMIT;
}

/** A place to wait, and the properties that tell the way from there, as text. */
export interface WaitingPlace {
  readonly topic: string;
  readonly queueId: number;
  readonly added: string;
  /** Timers: when the message is due, ms, rounded to the slot before. */
  readonly outMs?: number;
}

/** Moves `message` there. Its properties and their suffix stay as they are, with the place's between them. */
export function waitIn(place: WaitingPlace, message: AppendMessage): void {
  const { propertiesSuffix } = message;
  message.topic = place.topic;
  message.queueId = place.queueId;
  const added = Buffer.from(place.added);
  message.propertiesSuffix =
    propertiesSuffix === undefined ? added : Buffer.concat([added, propertiesSuffix]);
}

/** The place of a delay level above 0; above the highest it counts as the highest. */
export function placeOfLevel(
  level: number,
  levels: DelayLevels,
  { topic, queueId }: Pick<AppendMessage, 'topic' | 'queueId'>,
): WaitingPlace {
  const clamped = Math.min(level, levels.maxLevel);
  let added = targetProperties(topic, queueId);
  if (clamped !== level) {
    added = encodeProperty(MessageConst.DELAY_TIME_LEVEL, String(clamped)) + added;
  }
  return { topic: SystemTopic.SCHEDULE, queueId: queueIdOfLevel(clamped), added };
}

/** REAL_TOPIC and REAL_QID as text. */
export function targetProperties(topic: string, queueId: number): string {
  return (
    encodeProperty(MessageConst.REAL_TOPIC, topic) +
    encodeProperty(MessageConst.REAL_QUEUE_ID, String(queueId))
  );
}

/** Whether a message asks for a delivery time; whether it has a delay level too, which would count alone, is not asked. */
export function asksForTime(properties: PropertyScanner): boolean {
  return (
    properties.has(PropertySlot.TIMER_DELAY_MS) ||
    properties.has(PropertySlot.TIMER_DELIVER_MS) ||
    properties.has(PropertySlot.TIMER_DELAY_SEC)
  );
}

/** Why a timer message is refused. */
export type TimerRefusal = Extract<
  PutStatus,
  'WHEEL_TIMER_NOT_ENABLE' | 'WHEEL_TIMER_MSG_ILLEGAL' | 'WHEEL_TIMER_FLOW_CONTROL'
>;

/**
 * The place of a message that asks for a delivery time: TIMER_DELAY_SEC, else TIMER_DELAY_MS, else TIMER_DELIVER_MS.
 * undefined: it is to be delivered at once.
 */
export function placeOfTimer(
  properties: PropertyScanner,
  { topic, queueId }: Pick<AppendMessage, 'topic' | 'queueId'>,
  nowMs: number,
  settings: MessageStoreSettings,
  timers: Pick<TimerMessageStore, 'isReject'> | undefined,
): WaitingPlace | TimerRefusal | undefined {
  // In the wheel already, or out of it again: a message that a consumer sends on as it came.
  if (topic === TIMER_TOPIC || properties.has(PropertySlot.TIMER_OUT_MS)) return undefined;
  if (timers === undefined) return 'WHEEL_TIMER_NOT_ENABLE';
  const deliverMs = deliveryTime(properties, nowMs);
  if (deliverMs === undefined) return 'WHEEL_TIMER_MSG_ILLEGAL';
  if (deliverMs <= nowMs)
    return properties.has(PropertySlot.TIMER_DEL_UNIQKEY) ? 'WHEEL_TIMER_MSG_ILLEGAL' : undefined;
  if (deliverMs - nowMs > settings.timerMaxDelaySec * 1000) return 'WHEEL_TIMER_MSG_ILLEGAL';
  const outMs = slotBefore(deliverMs, settings.timerPrecisionMs);
  if (timers.isReject(outMs)) return 'WHEEL_TIMER_FLOW_CONTROL';
  const added = encodeProperty(MessageConst.TIMER_OUT_MS, String(outMs)) + targetProperties(topic, queueId);
  return { topic: TIMER_TOPIC, queueId: 0, added, outMs };
}

/** What upstream tells a producer whose timer message is refused. */
export function remarkOfRefusal(refusal: TimerRefusal, settings: MessageStoreSettings): string {
  const { timerMaxDelaySec, timerWheelEnable, timerCongestNumEachSlot: limit } = settings;
  switch (refusal) {
    case 'WHEEL_TIMER_NOT_ENABLE':
      return `accurate timer message is not enabled, timerWheelEnable is ${timerWheelEnable}`;
    case 'WHEEL_TIMER_MSG_ILLEGAL':
      return `timer message illegal, the delay time should not be bigger than the max delay ${timerMaxDelaySec * 1000}ms; or if set del msg, the delay time should be bigger than the current time`;
    case 'WHEEL_TIMER_FLOW_CONTROL':
      return `timer message is under flow control, max num limit is ${limit * 2} or the current value is greater than ${limit} and less than ${limit * 2}, trigger random flow control`;
  }
}

/** A slot is over when its last message is due: its own slot, or the one before for an exact multiple. */
function slotBefore(deliverMs: number, precisionMs: number): number {
  return (Math.ceil(deliverMs / precisionMs) - 1) * precisionMs;
}
