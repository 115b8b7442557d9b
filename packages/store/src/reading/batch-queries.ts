// Look-ups in batch consume queues: by time, and single entries.
import type { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { ConsumeQueueEntry } from '../message-store.js';

/**
 * Queue offset of the first message of a record by its store time. LOWER: of the first record that is not older; behind the
 * last record, of that one. UPPER: where several records are of that very time, of the last one of them; where there is
 * none, of the next record or, as upstream's search happens to end, the queue's `minOffset`.
 * Upstream: BatchConsumeQueue#getOffsetInQueueByTime and binarySearchRight.
 */
export async function batchOffsetByTime(
  queue: BatchConsumeQueue,
  timestamp: number,
  boundary: 'LOWER' | 'UPPER',
): Promise<number> {
  const { minOffset } = queue;
  const { first, end } = queue.range;
  if (first === end) return minOffset;
  let low = first;
  let high = end - 1;
  const last = await queue.entry(high);
  if (timestamp >= last.storeTimestamp(0)) return last.baseOffset(0);
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const entry = await queue.entry(middle);
    const time = entry.storeTimestamp(0);
    if (middle === low || middle === high) {
      if (time >= timestamp) return entry.baseOffset(0);
      if (middle === high) break;
      low = middle + 1;
    } else if (boundary === 'LOWER') {
      if (time < timestamp) low = middle + 1;
      else high = middle;
    } else if (time <= timestamp) low = middle;
    else high = middle - 1;
  }
  return minOffset;
}

/** Store time of the message at a queue offset; -1 when there is none. */
export async function batchStoreTimestamp(queue: BatchConsumeQueue, queueOffset: number): Promise<number> {
  if (queueOffset < queue.minOffset || queueOffset >= queue.maxOffset) return -1;
  const block = await queue.entries(await queue.indexOf(queueOffset), 1);
  return block.count === 0 || block.baseOffset(0) > queueOffset ? -1 : block.storeTimestamp(0);
}

/** Entries from the one that holds `fromOffset` on, at most `count`. */
export async function batchEntries(
  queue: BatchConsumeQueue,
  fromOffset: number,
  count: number,
): Promise<ConsumeQueueEntry[]> {
  const entries: ConsumeQueueEntry[] = [];
  let next = await queue.indexOf(Math.max(fromOffset, queue.minOffset));
  while (entries.length < count && next < queue.range.end) {
    const block = await queue.entries(next, count - entries.length);
    if (block.count === 0) break;
    for (let i = 0; i < block.count; i++) {
      entries.push({
        queueOffset: block.baseOffset(i),
        commitLogOffset: block.physicalOffset(i),
        sizeBytes: block.sizeBytes(i),
        tagsCode: block.tagsCode(i),
        batchSize: block.batchSize(i),
      });
    }
    next += block.count;
  }
  return entries;
}
