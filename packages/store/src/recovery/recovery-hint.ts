// Our own, finer recovery mark: `config/mq-recovery.json`, which Apache's broker does not look at.
//
// It says: up to `logOffset` the log was on disk, and so were all queue entries and index keys of it, when this was
// written. It is believed only if the log still holds the very record it names last and the queues and the index
// reach as far as they did; otherwise (another broker recovered the directory, somebody removed files) recovery goes
// by Apache's rules. Data appended since by another broker does no harm: the mark is then merely old.
import { crc32, recordPhysicalOffset } from '@mq/remoting/message';
import { ConfigFile } from '@mq/remoting/settings';
import type { Disk } from '../disk/disk.js';

/** The place in the log that a mark names, and how it is recognized. */
export interface MarkedRecord {
  /** Recovery may begin here. */
  readonly logOffset: number;
  /** The last record before it; -1 when the log was empty. */
  readonly lastRecordOffset: number;
  /** CRC-32 of that whole record. */
  readonly lastRecordCrc: number;
}

export interface RecoveryMark extends MarkedRecord {
  /** End of the last record that has a queue entry. */
  readonly maxQueuePhysicalOffset: number;
  /** Entries of all queues together, expired ones included: a queue that was cut short or removed changes it. */
  readonly queueEntries: number;
  /** Start of the last record that has an index key; 0 without index. */
  readonly indexEndOffset: number;
  /** The checkpoint's physicMsgTimestamp before and after this mark: another value means another broker ran since. */
  readonly checkpointTimestamps: readonly [number, number];
  /** Which boot of the machine wrote it; empty where the system does not tell. */
  readonly bootId: string;
}

const NUMBERS = [
  'logOffset',
  'lastRecordOffset',
  'lastRecordCrc',
  'maxQueuePhysicalOffset',
  'queueEntries',
  'indexEndOffset',
] as const;

export class RecoveryHint {
  readonly #file: ConfigFile;

  constructor(disk: Disk, path: string) {
    this.#file = new ConfigFile(disk, path, { check: (text) => void parseMark(text) });
  }

  /** The mark as written; undefined when there is none or it cannot be read, which only costs time. */
  load(): RecoveryMark | undefined {
    try {
      const text = this.#file.load();
      return text === undefined ? undefined : parseMark(text);
    } catch {
      return undefined;
    }
  }

  /** @throws DiskError */
  persist(mark: RecoveryMark): void {
    this.#file.persist(JSON.stringify({ ...mark, crc: checksum(mark) }));
  }
}

function parseMark(text: string): RecoveryMark {
  const { crc, ...mark } = JSON.parse(text) as RecoveryMark & { crc: number };
  if (crc !== checksum(mark)) throw new Error('its checksum is another one');
  for (const name of NUMBERS) {
    if (!Number.isSafeInteger(mark[name])) throw new Error(`${name} is no whole number`);
  }
  if (!Array.isArray(mark.checkpointTimestamps)) throw new Error('checkpointTimestamps is no list');
  if (typeof mark.bootId !== 'string') throw new Error('bootId is no text');
  return mark;
}

/** Whether this store was the last that wrote to the directory: another broker would have moved the checkpoint. */
export function isOfLastRun(mark: RecoveryMark, checkpointTimestamp: number): boolean {
  return mark.checkpointTimestamps.includes(checkpointTimestamp);
}

/**
 * Whether the machine, not just the process, went down since this store wrote the mark, and nobody wrote in between. The
 * part of the log behind the mark that was not synced may then have holes: pages reach the disk in any order.
 */
export function explainsHoles(mark: RecoveryMark, checkpointTimestamp: number, bootId: string): boolean {
  if (mark.bootId === '' || bootId === '' || mark.bootId === bootId) return false;
  return isOfLastRun(mark, checkpointTimestamp);
}

/**
 * Whether only the process ended since this store wrote the mark: all that it wrote is in the page cache, in the order
 * in which it was written.
 */
export function isPageCacheWhole(mark: RecoveryMark, checkpointTimestamp: number, bootId: string): boolean {
  return mark.bootId !== '' && mark.bootId === bootId && isOfLastRun(mark, checkpointTimestamp);
}

/** Whether `record` is the one the mark names last. */
export function isMarkedRecord(mark: MarkedRecord, record: Buffer): boolean {
  return recordPhysicalOffset(record, 0) === mark.lastRecordOffset && crc32(record) === mark.lastRecordCrc;
}

function checksum(mark: RecoveryMark): number {
  return crc32(Buffer.from(JSON.stringify(mark)));
}
