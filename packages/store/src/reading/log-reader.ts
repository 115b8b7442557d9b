// Bytes of the log by offset: slices of the tail cache where it has them, else reads on the thread pool.
import {
  checkRecord,
  RecordLayout,
  RecordOffset,
  recordQueueId,
  recordQueueOffset,
  recordSize,
  recordStoreTimestamp,
} from '@mq/remoting/message';
import type { Logger } from '@mq/remoting';
import type { CommitLog } from '../commit-log/commit-log.js';
import type { TailSegment } from '../commit-log/tail-cache.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { AnyQueue } from '../consume-queue/entry-queue.js';

/** Enough to hold the fields of a record up to its store time, whatever its hosts. */
const HEADER_BYTES = 80;
/** A first guess at the size of a record: one read instead of two for most. */
const GUESS_BYTES = 4096;

const LIGHT_TOPIC_PREFIX = '%LMQ%';

export class LogReader {
  /** Where the parts of the record are that was checked last. */
  readonly #layout = new RecordLayout();
  /** One object for all checks. */
  readonly #check = { physicalOffset: 0, layout: this.#layout, checkBodyCrc: true };
  /** Topic of the queue that was asked for last, as records hold it: cold reads ask for runs of one queue. */
  #topic = '';
  #topicBytes = Buffer.alloc(0);

  constructor(
    private readonly log: CommitLog,
    private readonly logger: Logger,
  ) {}

  /** Whether `[offset, offset + length)` lies inside one file and is written. */
  contains(offset: number, length: number): boolean {
    const file = this.log.files.fileAt(offset);
    return file !== undefined && offset + length <= Math.min(file.endOffset, this.log.writtenOffset);
  }

  /** Bytes of one file into `target`, off the loop; fewer at its end. @throws DiskError */
  async readFile(offset: number, target: Buffer, length: number): Promise<number> {
    const file = this.log.files.fileAt(offset);
    if (file === undefined) return 0;
    const wanted = Math.min(length, file.endOffset - offset);
    return this.log.files.readAsync(file, target, offset - file.baseOffset, wanted);
  }

  /**
   * The record at `offset` in a buffer of its own; undefined when no whole, undamaged record starts there.
   * @throws DiskError
   */
  async recordAt(offset: number): Promise<Buffer | undefined> {
    if (!this.contains(offset, RecordOffset.BORN_HOST)) return undefined;
    const segment = this.log.tail.find(offset);
    if (segment !== undefined) return this.#recordOf(segment, offset);
    let bytes = await this.#read(offset, GUESS_BYTES);
    if (bytes.length < RecordOffset.BORN_HOST) return undefined;
    const size = recordSize(bytes, 0);
    if (size < RecordOffset.BORN_HOST || !this.contains(offset, size)) return undefined;
    if (size > bytes.length) bytes = await this.#read(offset, size);
    if (bytes.length < size || !this.isSound(bytes, 0, size, offset)) return undefined;
    return bytes.length === size ? bytes : bytes.subarray(0, size);
  }

  /** A copy of the record at `offset` of the log; a record does not go on in another segment. */
  #recordOf({ buffer, base, written }: TailSegment, offset: number): Buffer | undefined {
    const start = offset - base;
    if (start + RecordOffset.BORN_HOST > written) return undefined;
    const size = recordSize(buffer, start);
    if (size < RecordOffset.BORN_HOST || start + size > written || !this.contains(offset, size))
      return undefined;
    return this.isSound(buffer, start, size, offset)
      ? Buffer.from(buffer.subarray(start, start + size))
      : undefined;
  }

  /** Store time of the record at `offset`; -1 when it is gone. @throws DiskError */
  async storeTimestampAt(offset: number): Promise<number> {
    if (!this.contains(offset, RecordOffset.BORN_HOST)) return -1;
    const segment = this.log.tail.find(offset);
    if (segment !== undefined) return recordStoreTimestamp(segment.buffer, offset - segment.base);
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    const got = await this.readFile(offset, header, HEADER_BYTES);
    return got < HEADER_BYTES ? -1 : recordStoreTimestamp(header, 0);
  }

  /**
   * Whether a whole record of `size` bytes that belongs at log offset `offset` stands at `at`. Logs what is damaged.
   * @param checkBodyCrc false only for a record that was sound since these bytes were read from disk
   */
  isSound(bytes: Buffer, at: number, size: number, offset: number, checkBodyCrc = true): boolean {
    this.#check.physicalOffset = offset;
    this.#check.checkBodyCrc = checkBodyCrc;
    const check = checkRecord(bytes, at, at + size, this.#check);
    if (check.kind === 'record' && check.sizeBytes === size) return true;
    const file = this.log.files.fileAt(offset);
    this.logger.error('damaged record in the commit log is not served', {
      path: file?.path,
      position: offset - (file?.baseOffset ?? 0),
      reason: check.kind === 'bad' ? check.reason : check.kind,
    });
    return false;
  }

  /**
   * Whether a sound record is the one that stands at a place of a queue; an entry with a flipped bit leads to another's.
   * Call for the record that `isSound` has just said yes to: what it found is used. Queues of light topics hold records of
   * other topics and are not checked. Logs what does not belong.
   */
  belongs(bytes: Buffer, at: number, queue: ConsumeQueue, queueOffset: number): boolean {
    if (queue.topic.startsWith(LIGHT_TOPIC_PREFIX)) return true;
    if (
      recordQueueOffset(bytes, at) === queueOffset &&
      recordQueueId(bytes, at) === queue.queueId &&
      this.#isOfTopic(bytes, queue.topic)
    ) {
      return true;
    }
    this.reportEntry(queue, queueOffset, 'leads to a record of another place');
    return false;
  }

  #isOfTopic(bytes: Buffer, topic: string): boolean {
    if (topic !== this.#topic) {
      this.#topic = topic;
      this.#topicBytes = Buffer.from(topic, 'utf8');
    }
    const expected = this.#topicBytes;
    const start = this.#layout.topicStart;
    if (this.#layout.topicEnd - start !== expected.length) return false;
    for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false;
    return true;
  }

  /** An entry of a queue is damaged: its message is not served. */
  reportEntry(queue: AnyQueue, queueOffset: number, problem: string): void {
    const { topic, queueId } = queue;
    this.logger.error('damaged consume queue entry, its message is not served', {
      topic,
      queueId,
      queueOffset,
      problem,
    });
  }

  /** Up to `length` bytes of the file; fewer at the end of what is written. */
  async #read(offset: number, length: number): Promise<Buffer> {
    const file = this.log.files.fileAt(offset);
    const end = Math.min(this.log.writtenOffset, file?.endOffset ?? 0);
    const bytes = Buffer.allocUnsafe(Math.min(length, end - offset));
    const got = await this.readFile(offset, bytes, bytes.length);
    return bytes.subarray(0, got);
  }
}
