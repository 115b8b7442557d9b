// What a process knows, for the next one of the same boot of the machine: `mq-boot.journal`. Never synced.
//
// A kill takes nothing of what was written: all of it is in the page cache. So a process that finds the journal of another
// one, written since the machine was booted, goes on where that one was, though nothing of it may be on the device yet.
// After any other end (power cut, another machine, a copied or restored directory, another broker in between) the journal is
// not believed, and recovery goes by the durable mark (recovery-hint.ts). The proof: docs/decisions, "boot journal".
//
//   {"version":1,...}          whose journal it is
//   ["T",0,...]                a row of a queue (queue-row.ts)
//   x ["T",0]                  until its next row nothing is known of the queue
//   d "T"                      the topic was removed
//   m 1234 {...}               a mark, and the checksum of all lines since the header
//
// Rows hold together with the mark that follows them; those behind the last mark are not believed. `x` and `d` count at
// once.
import type { Clock } from '@mq/remoting';
import type { ConsumeQueueStore } from '../consume-queue/consume-queue-store.js';
import { decodeQueueRow, encodeQueueRow, type QueueRow } from '../consume-queue/queue-row.js';
import type { Disk, DiskFile } from '../disk/disk.js';
import type { IndexFileState } from '../index/index-file.js';
import { Slice } from '../slice.js';

const VERSION = 1;
/** Lines are written in chunks of about this many characters. */
const CHUNK_CHARACTERS = 64 * 1024;
const ROWS_A_SLICE = 512;
/** A journal this much longer than twice what it was with a row for each queue is begun anew. */
const ROOM_BYTES = 1024 * 1024;

/** As `RecoveryMark`, but nothing it speaks of has to be on the device. */
export interface BootMark {
  /** Everything before is in the log, its entries are in the files of the queues and of the index. */
  readonly logOffset: number;
  /** The last record before it. */
  readonly lastRecordOffset: number;
  /** CRC-32 of that whole record. */
  readonly lastRecordCrc: number;
  /** The log before it is on the device. */
  readonly flushedOffset: number;
  /** Of the checkpoint: physic, logics, index. Others mean that somebody wrote since, or that a newer durable mark exists. */
  readonly checkpointTimestamps: readonly number[];
  readonly index: readonly IndexFileState[];
}

export interface LoadedJournal {
  readonly mark: BootMark;
  readonly rows: readonly QueueRow[];
}

export interface BootJournalPaths {
  readonly journal: string;
  /** Written by Apache's broker at each of its starts, and by nobody else. */
  readonly lock: string;
}

export class BootJournal {
  #current: JournalFile | undefined;
  /** Takes the place of `#current` once it has a mark. */
  #next: JournalFile | undefined;
  /** Size of `#current` when it had a row for each queue and one mark. */
  #baseBytes = 0;
  #isAbandoned = false;

  /** @param bootId tells one boot of the machine from another; empty = not known: nothing is written or believed */
  constructor(
    private readonly disk: Disk,
    private readonly paths: BootJournalPaths,
    private readonly bootId: string,
  ) {}

  /** The last mark and the rows that hold with it, if this process may believe them; it has taken the store's lock. */
  load(): LoadedJournal | undefined {
    const text = this.bootId === '' ? undefined : this.disk.readFile(this.paths.journal)?.toString('utf8');
    if (text === undefined) return undefined;
    try {
      return parseJournal(text, this.#header(this.paths.journal));
    } catch {
      return undefined;
    }
  }

  /** The journal that was loaded is believed: what it says is kept up to date until a new one takes its place. @throws DiskError */
  keep(): void {
    this.#current = JournalFile.append(this.disk, this.paths.journal);
    this.#baseBytes = 0;
  }

  /** Nothing of it is to be believed from now on. @throws DiskError */
  discard(): void {
    this.close();
    this.disk.remove(this.paths.journal);
  }

  /** As `discard`, for good, and as well as it can be done: a disk has failed, what the cache shows may not be what it holds. */
  abandon(): void {
    this.#isAbandoned = true;
    try {
      this.discard();
    } catch {
      // On a disk that takes no change there is nothing to be done; the fence mark is beside it.
    }
  }

  /** Files of the queue are about to be removed or cut. @throws DiskError */
  distrustQueue(topic: string, queueId: number): void {
    this.#note(`x ${keyOf(topic, queueId)}`);
  }

  /** @throws DiskError */
  removeTopic(topic: string): void {
    this.#note(`d ${JSON.stringify(topic)}`);
  }

  #note(line: string): void {
    this.#current?.writeNow(line);
    this.#next?.writeNow(line);
  }

  /**
   * Writes the rows that changed, and the mark that they and all others hold with. Does not overlap itself.
   * @throws DiskError; the journal then says what it said before
   */
  async commit(mark: BootMark, consumeQueues: ConsumeQueueStore, clock: Clock): Promise<void> {
    if (this.bootId === '' || this.#isAbandoned) return;
    const current = this.#current;
    const begins =
      current === undefined || current.sizeBytes > 2 * this.#baseBytes + ROOM_BYTES || this.#baseBytes === 0;
    const file = begins ? this.#begin() : current;
    if (file === undefined) return;
    try {
      const slice = new Slice(clock, ROWS_A_SLICE);
      for (const queue of consumeQueues.takeRowsDue({ all: begins })) {
        const row = queue.row();
        if (row !== undefined) file.write(encodeQueueRow(row));
        if (slice.isOver()) await slice.next();
      }
      if (this.#isAbandoned) return;
      file.writeMark(JSON.stringify(mark));
      if (begins) this.#replace(file);
    } catch (error) {
      // Rows that were taken are not in it: the next mark begins with all of them.
      this.#baseBytes = 0;
      if (begins) file.close();
      throw error;
    } finally {
      this.#next = undefined;
    }
  }

  #begin(): JournalFile | undefined {
    const path = `${this.paths.journal}.new`;
    this.disk.remove(path);
    const file = JournalFile.create(this.disk, path);
    const header = this.#header(path);
    if (header === undefined) return void file.close();
    file.writeHeader(header);
    return (this.#next = file);
  }

  #replace(file: JournalFile): void {
    this.disk.rename(file.path, this.paths.journal);
    this.#current?.close();
    this.#current = file;
    this.#baseBytes = file.sizeBytes;
  }

  /** First line of a journal in the file `path`; undefined where the file system does not tell one file from another. */
  #header(path: string): string | undefined {
    const identity = this.disk.stat(path)?.identity ?? '';
    const lock = this.disk.stat(this.paths.lock);
    if (identity === '' || lock === undefined) return undefined;
    const { bootId } = this;
    return JSON.stringify({
      version: VERSION,
      bootId,
      identity,
      lock: `${lock.identity} ${lock.changeStamp}`,
    });
  }

  /** Idempotent. */
  close(): void {
    this.#current?.close();
    this.#current = undefined;
  }
}

/** Lines on their way to the file, with the checksum of all of them. */
class JournalFile {
  #lines = '';
  #checksum = 0;

  private constructor(
    private readonly file: DiskFile,
    public sizeBytes: number,
  ) {}

  static create(disk: Disk, path: string): JournalFile {
    return new JournalFile(disk.open(path, { create: true }), 0);
  }

  /** For notes only: the checksum of what it holds is not known. */
  static append(disk: Disk, path: string): JournalFile {
    const file = disk.open(path);
    const journal = new JournalFile(file, file.sizeBytes);
    // A line that a kill has cut off ends here; it makes the journal unreadable, which costs time only.
    const last = Buffer.alloc(1);
    if (file.read(last, file.sizeBytes - 1) === 1 && last.toString() !== '\n') journal.writeNow('');
    return journal;
  }

  get path(): string {
    return this.file.path;
  }

  writeHeader(line: string): void {
    this.#lines = `${line}\n`;
  }

  write(line: string): void {
    this.#checksum = extendChecksum(this.#checksum, line);
    this.#lines += `${line}\n`;
    if (this.#lines.length >= CHUNK_CHARACTERS) this.#writeOut();
  }

  writeNow(line: string): void {
    this.write(line);
    this.#writeOut();
  }

  writeMark(text: string): void {
    this.writeNow(`m ${extendChecksum(this.#checksum, text)} ${text}`);
  }

  #writeOut(): void {
    const bytes = Buffer.from(this.#lines, 'utf8');
    this.#lines = '';
    this.file.write(bytes, this.sizeBytes);
    this.sizeBytes += bytes.length;
  }

  close(): void {
    this.file.close();
  }
}

/** @throws Error when a line is none */
function parseJournal(text: string, header: string | undefined): LoadedJournal | undefined {
  const lines = text.split('\n');
  // Behind the last line end: a line that was cut off.
  lines.pop();
  if (header === undefined || lines[0] !== header) return undefined;
  const rows = new Map<string, QueueRow>();
  const fresh = new Map<string, QueueRow>();
  let mark: BootMark | undefined;
  let checksum = 0;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.startsWith('[')) {
      const row = decodeQueueRow(line);
      fresh.set(keyOf(row.topic, row.queueId), row);
    } else if (line.startsWith('x ')) {
      rows.delete(line.slice(2));
      fresh.delete(line.slice(2));
    } else if (line.startsWith('d ')) {
      removeTopic(rows, line.slice(2));
      removeTopic(fresh, line.slice(2));
    } else {
      const [, wanted, text] = /^m (\d+) (.*)$/.exec(line) ?? [];
      if (text === undefined || Number(wanted) !== extendChecksum(checksum, text)) return undefined;
      mark = JSON.parse(text) as BootMark;
      for (const [key, row] of fresh) rows.set(key, row);
      fresh.clear();
    }
    checksum = extendChecksum(checksum, line);
  }
  return mark === undefined ? undefined : { mark, rows: [...rows.values()] };
}

function removeTopic(rows: Map<string, QueueRow>, topic: string): void {
  for (const [key, row] of rows) if (JSON.stringify(row.topic) === topic) rows.delete(key);
}

function keyOf(topic: string, queueId: number): string {
  return `[${JSON.stringify(topic)},${queueId}]`;
}

/** FNV-1a over UTF-16 units: each step can be undone, so no change of one character goes unseen. Never negative. */
function extendChecksum(checksum: number, line: string): number {
  let hash = checksum ^ 0x811c9dc5;
  for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
