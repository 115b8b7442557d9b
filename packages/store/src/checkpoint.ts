/**
 * `checkpoint`, 4,096 bytes: up to when the files were on disk, so that recovery knows where to begin.
 *
 *    0  physicMsgTimestamp    8   store time of the last flushed log record
 *    8  logicsMsgTimestamp    8   store time of the last record whose queue entry is flushed
 *   16  indexMsgTimestamp     8   store time of the last record in a flushed index file
 *   24  masterFlushedOffset   8   5.x replication
 *   32  confirmPhyOffset      8   5.x controller mode
 *   40  kept as found
 *
 * Upstream: store/StoreCheckpoint. The fields are plain and in memory; `flush` makes them durable, and nothing that
 * is not on disk yet may be set before it. A missing file reads as all zero: recovery then begins at the first file.
 */
import { dirname } from 'node:path';
import type { Disk, DiskFile } from './disk/disk.js';

const FILE_SIZE = 4096;
const PHYSIC_AT = 0;
const LOGICS_AT = PHYSIC_AT + 8;
const INDEX_AT = LOGICS_AT + 8;
const MASTER_FLUSHED_AT = INDEX_AT + 8;
const CONFIRM_AT = MASTER_FLUSHED_AT + 8;
const USED_BYTES = CONFIRM_AT + 8;

/** How much earlier than the recorded time a rebuild starts, milliseconds (upstream `getMinTimestamp`). */
const SAFETY_MARGIN_MS = 3000;

/** The file `checkpoint`, held open; times in ms, offsets in bytes of the log. Upstream's `StoreCheckpoint`. */
export class StoreCheckpoint {
  /** Store time of the last flushed log record. */
  physicMsgTimestamp = 0;
  /** Store time of the last record whose queue entry is flushed. */
  logicsMsgTimestamp = 0;
  /** Store time of the last record in a flushed index file. */
  indexMsgTimestamp = 0;
  /** Of 5.x replication: kept as found. */
  masterFlushedOffset = 0;
  /** Of 5.x controller mode: kept as found. */
  confirmPhyOffset = 0;
  private readonly file: DiskFile;
  private readonly bytes = Buffer.alloc(FILE_SIZE);

  constructor(disk: Disk, path: string) {
    const isNew = disk.stat(path) === undefined;
    this.file = disk.open(path, { create: true, sizeBytes: FILE_SIZE });
    if (isNew) disk.syncDirectory(dirname(path));
    this.file.read(this.bytes, 0, FILE_SIZE);
    this.physicMsgTimestamp = this.load(PHYSIC_AT);
    this.logicsMsgTimestamp = this.load(LOGICS_AT);
    this.indexMsgTimestamp = this.load(INDEX_AT);
    this.masterFlushedOffset = this.load(MASTER_FLUSHED_AT);
    this.confirmPhyOffset = this.load(CONFIRM_AT);
  }

  /** The three that recovery goes by: physic, logics, index. */
  get timestamps(): readonly number[] {
    return [this.physicMsgTimestamp, this.logicsMsgTimestamp, this.indexMsgTimestamp];
  }

  /** From when on records may be missing in the queues. Never negative. */
  get minTimestamp(): number {
    return Math.max(0, Math.min(this.physicMsgTimestamp, this.logicsMsgTimestamp) - SAFETY_MARGIN_MS);
  }

  /** As `minTimestamp`, for a recovery that also has to complete the index (`messageIndexSafe`). */
  get minTimestampIndex(): number {
    return Math.min(this.minTimestamp, this.indexMsgTimestamp);
  }

  /** Writes the fields and syncs, blocking; they fit one sector, so the write is all or nothing. @throws DiskError */
  flush(): void {
    this.store(PHYSIC_AT, this.physicMsgTimestamp);
    this.store(LOGICS_AT, this.logicsMsgTimestamp);
    this.store(INDEX_AT, this.indexMsgTimestamp);
    this.store(MASTER_FLUSHED_AT, this.masterFlushedOffset);
    this.store(CONFIRM_AT, this.confirmPhyOffset);
    this.file.write(this.bytes, 0, USED_BYTES);
    this.file.syncNow();
  }

  /** Closes the handle without flushing. Idempotent. */
  close(): void {
    this.file.close();
  }

  private load(at: number): number {
    return Number(this.bytes.readBigInt64BE(at));
  }

  private store(at: number, value: number): void {
    this.bytes.writeBigInt64BE(BigInt(value), at);
  }
}
