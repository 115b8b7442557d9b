/**
 * Compares, on a walk along the log, the entries of batch consume queues with the records they stand for. Both are in one
 * order: an entry and a record that share their place in the log or their base offset belong together, an entry before
 * both is of a record that is gone, and a record before both has none.
 */
import { join } from 'node:path';
import { BATCH_ENTRY_BYTES, readBatchEntry } from '../consume-queue/batch-consume-queue-entry.js';
import type { Disk } from '../disk/disk.js';

/** What a record says of itself. */
export interface BatchRecord {
  readonly baseOffset: number;
  readonly count: number;
  readonly logOffset: number;
  readonly sizeBytes: number;
}

/** An entry that is not what its record says. */
export interface DamagedBatchEntry {
  readonly path: string;
  /** In the file. */
  readonly position: number;
  readonly problem: string;
}

export class BatchQueueCheck {
  /** Of each queue's directory, byte position in the queue of the next entry. */
  readonly #next = new Map<string, number>();
  readonly #entry = Buffer.alloc(BATCH_ENTRY_BYTES);
  readonly #fileBytes: number;

  /** @param fileSizeBytes as the settings say; rounded up to whole entries */
  constructor(
    private readonly disk: Disk,
    private readonly rootDir: string,
    fileSizeBytes: number,
  ) {
    this.#fileBytes = Math.ceil(fileSizeBytes / BATCH_ENTRY_BYTES) * BATCH_ENTRY_BYTES;
  }

  /** Compares the next record of a queue, in the order of the log, with its entry. @throws DiskError */
  add(topic: string, queueId: number, record: BatchRecord): DamagedBatchEntry | undefined {
    const dir = join(this.rootDir, topic, String(queueId));
    for (let at = this.#next.get(dir) ?? this.#start(dir); ; at += BATCH_ENTRY_BYTES) {
      this.#next.set(dir, at);
      const fileStart = at - (at % this.#fileBytes);
      const path = join(dir, String(fileStart).padStart(20, '0'));
      const bytes = this.#read(path, at - fileStart);
      // What is missing at the end of a queue is rebuilt by every start.
      if (bytes === undefined || bytes.every((byte) => byte === 0)) return undefined;
      const entry = readBatchEntry(bytes);
      const isBefore =
        entry !== undefined &&
        entry.physicalOffset < record.logOffset &&
        entry.baseOffset < record.baseOffset;
      if (isBefore) continue;
      const isOfRecord =
        entry === undefined ||
        entry.physicalOffset === record.logOffset ||
        entry.baseOffset === record.baseOffset;
      if (!isOfRecord) return undefined;
      this.#next.set(dir, at + BATCH_ENTRY_BYTES);
      if (
        entry?.physicalOffset === record.logOffset &&
        entry.baseOffset === record.baseOffset &&
        entry.batchSize === record.count &&
        entry.sizeBytes === record.sizeBytes
      )
        return undefined;
      const problem = `the entry of the record at log offset ${record.logOffset} says other than the record`;
      return { path, position: at - fileStart, problem };
    }
  }

  #start(dir: string): number {
    return Number(this.disk.list(dir).find((name) => /^\d{20}$/.test(name)) ?? 0);
  }

  /** Undefined behind the last file. */
  #read(path: string, position: number): Buffer | undefined {
    if (this.disk.stat(path) === undefined) return undefined;
    const file = this.disk.open(path);
    try {
      return file.read(this.#entry, position) < BATCH_ENTRY_BYTES ? undefined : this.#entry;
    } finally {
      file.close();
    }
  }
}
