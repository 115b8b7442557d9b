// What one group popped in order from one queue, as rules over the stored form (upstream: ConsumerOrderInfoManager.OrderInfo).
import type { ConsumerOrderInfo } from '@mq/remoting/protocol';

/** Queue offset of message `index`. */
export function offsetAt({ offsetList }: ConsumerOrderInfo, index: number): number {
  const first = offsetList[0] as number;
  return index === 0 ? first : first + (offsetList[index] as number);
}

export function offsetsOf(info: ConsumerOrderInfo): number[] {
  return info.offsetList.map((_offset, index) => offsetAt(info, index));
}

export function toOffsetList(offsets: readonly number[]): number[] {
  const first = offsets[0] as number;
  return offsets.map((offset, index) => (index === 0 ? offset : offset - first));
}

/** `commitOffsetBit` is a Java long: bits beyond 31 need arithmetic. */
export function isAcked({ commitOffsetBit }: ConsumerOrderInfo, index: number): boolean {
  return Math.floor(commitOffsetBit / 2 ** index) % 2 === 1;
}

/** The same with message `index` acknowledged. */
export function acked(info: ConsumerOrderInfo, index: number): ConsumerOrderInfo {
  return isAcked(info, index) ? info : { ...info, commitOffsetBit: info.commitOffsetBit + 2 ** index };
}

/** Offset of the first message not acknowledged; behind the last one when all are. -2 when there is none. */
export function nextOffset(info: ConsumerOrderInfo): number {
  const { length } = info.offsetList;
  if (length === 0) return -2;
  for (let index = 0; index < length; index++) if (!isAcked(info, index)) return offsetAt(info, index);
  return offsetAt(info, length - 1) + 1;
}

/** Wall clock ms until which a message not acknowledged keeps the queue to its consumer; `nowMs` when none does. */
export function blockedUntil(info: ConsumerOrderInfo, invisibleTime: number, nowMs: number): number {
  for (let index = 0; index < info.offsetList.length; index++) {
    if (isAcked(info, index)) continue;
    const visibleAt = info.offsetNextVisibleTime?.get(offsetAt(info, index)) ?? info.popTime + invisibleTime;
    if (nowMs < visibleAt) return visibleAt;
  }
  return nowMs;
}

/** How often each message that was in the pop before, too, has been delivered. */
export function consumedCounts(
  before: ConsumerOrderInfo,
  attemptId: string | undefined,
  offsets: readonly number[],
): Map<number, number> {
  const counts = before.offsetConsumedCount ?? new Map<number, number>();
  // The same attempt asked again: its answer was lost, nothing was delivered.
  if (before.attemptId !== undefined && before.attemptId === attemptId) return counts;
  const known = new Set(offsetsOf(before));
  return new Map(
    offsets.filter((offset) => known.has(offset)).map((offset) => [offset, (counts.get(offset) ?? 0) + 1]),
  );
}
