/**
 * `config/mq-delivered`: how far delayed messages and timers were delivered, written after every batch. Not an upstream
 * file. Upstream's own files (delayOffset.json, timercheck) tell what is durable and are written every few seconds, so a
 * broker that was killed would deliver those seconds again; what a killed process wrote last stands here. The marks are
 * not synced and therefore count only in the boot of the machine that they were written in.
 *
 *    0  magic            4   "MQDM"
 *    4  version          4   2
 *    8  boot             8   start of the SHA-256 of the boot's id
 *   16  timerReadTime    8   the slot that is being delivered, ms
 *   24  timerQueueOffset 8   next entry of the timer topic to look at
 *   32  wholePosition    8   what of the slot is delivered (SlotProgress): a timer log position, -1 none
 *   40  partPosition     8
 *   48  wholeDue         4   ms after the slot's time
 *   52  partDue          4
 *   56  levels           n * 8   next queue offset, from level 1 on
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { readInt32, readInt64, writeInt32, writeInt64 } from '@mq/remoting/message';
import type { Disk, DiskFile } from './disk/disk.js';
import { SlotProgress, type SlotReach } from './timer/slot-progress.js';

const MAGIC = 0x4d51444d;
const VERSION = 2;
const VERSION_AT = 4;
const BOOT_AT = 8;
const BOOT_BYTES = 8;
const TIMER_AT = 16;
const TIMER_BYTES = 40;
const LEVELS_AT = 56;
const LEVEL_BYTES = 8;
const FILE_BYTES = 4096;
const MAX_LEVELS = (FILE_BYTES - LEVELS_AT) / LEVEL_BYTES;

/** How far timers were delivered: the slot, ms, and what of it; the next queue offset of the timer topic. */
export interface TimerMark {
  /** The slot that is being delivered. */
  readonly readTimeMs: number;
  /** Next entry of the timer topic to look at. */
  readonly queueOffset: number;
  /** What of the slot is delivered. */
  readonly progress: SlotProgress;
}

/** The file `config/mq-delivered`, held open: what was delivered last, for a process that was killed. */
export class DeliveryMarks {
  readonly #file: DiskFile;
  readonly #bytes = Buffer.alloc(FILE_BYTES);
  /** What stood in the file is of this boot. */
  readonly #isOfThisBoot: boolean;

  /** @param bootId tells one boot of the machine from another; empty: not known, earlier marks do not count. @throws DiskError */
  constructor(disk: Disk, path: string, bootId: string) {
    const boot = createHash('sha256').update(bootId).digest().subarray(0, BOOT_BYTES);
    disk.mkdir(dirname(path));
    this.#file = disk.open(path, { create: true, sizeBytes: FILE_BYTES });
    this.#file.read(this.#bytes, 0, FILE_BYTES);
    this.#isOfThisBoot =
      bootId !== '' &&
      readInt32(this.#bytes, 0) === MAGIC &&
      readInt32(this.#bytes, VERSION_AT) === VERSION &&
      this.#bytes.compare(boot, 0, BOOT_BYTES, BOOT_AT, BOOT_AT + BOOT_BYTES) === 0;
    if (this.#isOfThisBoot) return;
    this.#bytes.fill(0);
    writeInt32(this.#bytes, 0, MAGIC);
    writeInt32(this.#bytes, VERSION_AT, VERSION);
    boot.copy(this.#bytes, BOOT_AT);
    this.#file.write(this.#bytes, 0);
  }

  /** Marks of a boot before this one do not count. */
  get timer(): TimerMark | undefined {
    const readTimeMs = readInt64(this.#bytes, TIMER_AT);
    if (readTimeMs === 0) return undefined;
    return {
      readTimeMs,
      queueOffset: readInt64(this.#bytes, TIMER_AT + 8),
      progress: new SlotProgress(this.#reach(0), this.#reach(1)),
    };
  }

  /** Writes how far timers were delivered; not synced. @throws DiskError */
  markTimer({ readTimeMs, queueOffset, progress: { whole, part } }: TimerMark): void {
    writeInt64(this.#bytes, TIMER_AT, readTimeMs);
    writeInt64(this.#bytes, TIMER_AT + 8, queueOffset);
    writeInt64(this.#bytes, TIMER_AT + 16, whole.position);
    writeInt64(this.#bytes, TIMER_AT + 24, part.position);
    writeInt32(this.#bytes, TIMER_AT + 32, whole.dueMs);
    writeInt32(this.#bytes, TIMER_AT + 36, part.dueMs);
    this.#file.write(this.#bytes, TIMER_AT, TIMER_BYTES, TIMER_AT);
  }

  /** Next queue offset of a level, 0 when it is not marked. */
  levelOffset(level: number): number {
    return level > MAX_LEVELS ? 0 : readInt64(this.#bytes, LEVELS_AT + (level - 1) * LEVEL_BYTES);
  }

  /** Writes the next queue offset of a delay level; not synced. @throws DiskError */
  markLevel(level: number, queueOffset: number): void {
    if (level > MAX_LEVELS) return;
    const at = LEVELS_AT + (level - 1) * LEVEL_BYTES;
    writeInt64(this.#bytes, at, queueOffset);
    this.#file.write(this.#bytes, at, LEVEL_BYTES, at);
  }

  #reach(index: 0 | 1): SlotReach {
    return {
      position: readInt64(this.#bytes, TIMER_AT + 16 + index * 8),
      dueMs: readInt32(this.#bytes, TIMER_AT + 32 + index * 4),
    };
  }

  /** Closes the file; does not sync. */
  close(): void {
    this.#file.close();
  }
}
