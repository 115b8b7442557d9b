import { MQClientError } from '../errors.js';

/**
 * Cuts a list into runs whose sizes add up to at most `maxBytes`, keeping the order.
 * @param sizeOf bytes of one item
 * @throws MQClientError MESSAGE_ILLEGAL when one item alone is larger
 */
export function splitBatch<T>(items: readonly T[], maxBytes: number, sizeOf: (item: T) => number): T[][] {
  const runs: T[][] = [];
  let run: T[] = [];
  let runBytes = 0;
  for (const item of items) {
    const bytes = sizeOf(item);
    if (bytes > maxBytes) {
      throw new MQClientError(
        'MESSAGE_ILLEGAL',
        `one message takes ${bytes} bytes, more than a batch of ${maxBytes}`,
      );
    }
    if (run.length > 0 && runBytes + bytes > maxBytes) {
      runs.push(run);
      run = [];
      runBytes = 0;
    }
    run.push(item);
    runBytes += bytes;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
