// The body of an op message: queue offsets of half messages that have ended. 5.x writes many, a comma after each; 4.x one
// without a comma. Tag `d` (upstream: TransactionalMessageUtil.REMOVE_TAG).
import { wholeNumber } from './half-message.js';

export const OP_TAG = 'd';
const SEPARATOR = ',';

/** One offset as 5.x writes it. */
export function opEntry(halfOffset: number): string {
  return `${halfOffset}${SEPARATOR}`;
}

/** The offsets of a body of either version; what is no number is left out. */
export function readOpBody(body: Buffer): number[] {
  const offsets: number[] = [];
  for (const text of body.toString('latin1').split(SEPARATOR)) {
    const offset = wholeNumber(text);
    if (offset !== undefined) offsets.push(offset);
  }
  return offsets;
}
