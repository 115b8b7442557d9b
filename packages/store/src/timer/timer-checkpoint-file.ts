/**
 * `config/timercheck`, 4,096 bytes of which 56 are used: up to where timers were read, enqueued and delivered when the
 * timer log and the wheel were last on disk (upstream store/timer/TimerCheckpoint). The format is that of the answer to
 * GET_TIMER_CHECK_POINT.
 */
import { dirname } from 'node:path';
import {
  decodeTimerCheckpoint,
  encodeTimerCheckpoint,
  TIMER_CHECKPOINT_BYTES,
  type TimerCheckpoint,
} from '@mq/remoting/protocol';
import type { Disk, DiskFile } from '../disk/disk.js';

const FILE_BYTES = 4096;

export class TimerCheckpointFile {
  /** There was none before this start. */
  readonly isNew: boolean;
  readonly #file: DiskFile;

  constructor(disk: Disk, path: string) {
    this.isNew = (disk.stat(path)?.sizeBytes ?? 0) < TIMER_CHECKPOINT_BYTES;
    disk.mkdir(dirname(path));
    this.#file = disk.open(path, { create: true, sizeBytes: FILE_BYTES });
    if (this.isNew) disk.syncDirectory(dirname(path));
  }

  /** All zero in a new file. @throws RemotingError when a value is beyond 2^53; DiskError */
  read(): TimerCheckpoint {
    const bytes = Buffer.alloc(TIMER_CHECKPOINT_BYTES);
    this.#file.read(bytes, 0, bytes.length);
    return decodeTimerCheckpoint(bytes);
  }

  /** One write inside one sector: all or nothing. Durable when this resolves. @throws DiskError */
  async write(checkpoint: TimerCheckpoint): Promise<void> {
    this.#file.write(encodeTimerCheckpoint(checkpoint), 0);
    await this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }
}
