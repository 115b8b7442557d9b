// A record on its way to the queue and the index, whether it was just appended or read back from the log.
import type { BatchConsumeQueue } from '../consume-queue/batch-consume-queue.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';

/** Where the entry of a record goes whose topic has batch consume queues. */
export interface BatchPlace {
  readonly queue: BatchConsumeQueue;
  /** Messages of the record. */
  readonly count: number;
}

export interface DispatchRecord {
  readonly topic: string;
  readonly queueId: number;
  /** Gets the entry; undefined where `batch` does, or no queue. */
  readonly consumeQueue: ConsumeQueue | undefined;
  readonly batch: BatchPlace | undefined;
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly sizeBytes: number;
  readonly sysFlag: number;
  readonly storeTimestamp: number;
  /** Replaces the tags code computed from the properties. */
  readonly tagsCode: number | undefined;
  /** True: the positions below are known (start = end: absent), and `tagsCode` is set. False: dispatch looks for them. */
  readonly isScanned: boolean;
  readonly uniqKeyStart: number;
  readonly uniqKeyEnd: number;
  readonly keysStart: number;
  readonly keysEnd: number;
  /** Holds the properties text at `[propertiesStart, propertiesEnd)`. */
  readonly buffer: Buffer;
  readonly propertiesStart: number;
  readonly propertiesEnd: number;
}
