// The entry of a batch consume queue to begin with, for a queue offset. The queue searches by the offsets in its entries, so
// one that is damaged may lead a search astray: to the entry behind it, over sound ones before it, or to itself, far before
// the wanted one. Either shows at what was found; then the search is done again by entries that are what their records say.
import type { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { BatchEntryBlock } from '../consume-queue/batch-entry-block.js';

/** Whether an entry, alone in its block, is what its record says. */
export type IsSoundEntry = (entry: BatchEntryBlock) => Promise<boolean>;

/**
 * Checks what `queue.indexOf` found, and finds what it should have.
 * @param found number of an entry, or that behind the last one
 * @returns number of the first sound entry that ends behind `queueOffset`, or of a damaged one just before it
 * @throws DiskError
 */
export async function soundIndexOf(
  queue: BatchConsumeQueue,
  queueOffset: number,
  found: number,
  isSound: IsSoundEntry,
): Promise<number> {
  return (await isPlausible(queue, queueOffset, found, isSound))
    ? found
    : searchSound(queue, queueOffset, isSound);
}

async function isPlausible(
  queue: BatchConsumeQueue,
  queueOffset: number,
  index: number,
  isSound: IsSoundEntry,
): Promise<boolean> {
  const { first, end } = queue.range;
  if (index >= end) return true;
  const entry = await queue.entry(index);
  if (entry.baseOffset(0) <= queueOffset)
    return index + 1 === end || (await queue.entry(index + 1)).baseOffset(0) >= entry.endOffset(0);
  // In a gap: there are such, unless an entry beside it is damaged.
  return (await isSound(entry)) && (index === first || (await isSound(await queue.entry(index - 1))));
}

async function searchSound(
  queue: BatchConsumeQueue,
  queueOffset: number,
  isSound: IsSoundEntry,
): Promise<number> {
  let { first: low, end: high } = queue.range;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    let at = middle;
    let entry = await queue.entry(at);
    while (!(await isSound(entry)) && ++at < high) entry = await queue.entry(at);
    if (at === high || entry.endOffset(0) > queueOffset) high = middle;
    else low = at + 1;
  }
  return low;
}
