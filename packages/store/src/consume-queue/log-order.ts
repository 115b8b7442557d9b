/** Where the log's positions lie in a queue: its entries are in the order of the log. Entries are counted by their number. */
import type { QueueBlock } from './queue-block.js';

/** A queue that is searched; its reads block. */
export interface Searched {
  entriesNow(fromIndex: number, count: number): QueueBlock;
}

/**
 * Whether the record of an entry starts at or behind `physicalOffset`. Grows from false to true along a queue; a hole that a
 * power cut left counts as true.
 */
export function isAtOrBehind(queue: Searched, index: number, physicalOffset: number): boolean {
  const entry = queue.entriesNow(index, 1);
  return entry.sizeBytes(0) <= 0 || entry.physicalOffset(0) >= physicalOffset;
}

/** Whether an entry leads to a record of the log, which starts at `minPhysicalOffset`. */
export function isLive(queue: Searched, index: number, minPhysicalOffset: number): boolean {
  const entry = queue.entriesNow(index, 1);
  return !entry.isBlank(0) && entry.physicalOffset(0) >= minPhysicalOffset;
}

/** The first entry of [from, end) that `isAtOrBehind`, else `end`. */
export function firstAtOrBehind(queue: Searched, from: number, end: number, physicalOffset: number): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isAtOrBehind(queue, middle, physicalOffset)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** End of the last record that has an entry in [from, end); -1 when there are blanks only. */
export function physicalEnd(queue: Searched, from: number, end: number): number {
  for (let index = end - 1; index >= from; index--) {
    const entry = queue.entriesNow(index, 1);
    if (entry.sizeBytes(0) > 0 && !entry.isBlank(0)) return entry.physicalOffset(0) + entry.sizeBytes(0);
  }
  return -1;
}
